"""Deriche's recursive smoothing and second derivative: the same few operations a pixel at any scale.

Kernels are ``(A + B |n|) p ** |n|`` with ``p = exp(-alpha)``. The z-transforms of their two halves are first-order
numerators over one and the same ``(1 - p / z)²``, so one recursion in each direction serves both kernels:

    causal (n >= 0):     (A + (B - A) p / z) / (1 - p / z)²
    anticausal (n < 0):  ((A + B) p z - A p² z²) / (1 - p z)²

Normalised on the discrete kernels, not on the integrals of the continuous ones: the smoothing sums to 1, and the
second derivative sums to 0 and gives 1 for ``n² / 2``, exactly, at any alpha.

Deriche, "Using Canny's Criteria to Derive a Recursively Implemented Optimal Edge Detector", IJCV 1(2), 1987, and "Fast
Algorithms for Low-Level Vision", IEEE PAMI 12(1), 1990.
"""

from __future__ import annotations

import math

import numpy as np

from darkroom.picture import Array

Kernel = tuple[float, float]
"""A and B of ``(A + B |n|) p ** |n|``."""

NEGLIGIBLE = 14.0
"""``alpha * n`` from which what remains of the smoothing weighs under 1e-5."""


def reach(alpha: float) -> int:
    """Pixels beyond which the kernels weigh nothing."""
    return math.ceil(NEGLIGIBLE / alpha)


def smoothing_kernel(alpha: float) -> Kernel:
    """S of Deriche 1990: a smoothing of standard deviation about ``2 / alpha`` px."""
    p = math.exp(-alpha)
    a = (1 - p) ** 2 / (1 + 2 * alpha * p - p * p)
    return a, a * alpha


def second_derivative_kernel(alpha: float) -> Kernel:
    """The second derivative of Deriche 1990, ``(1 - k alpha |n|)`` with the k that makes its sum 0."""
    p = math.exp(-alpha)
    a = -2 * ((1 - p) / (1 + p)) ** 3
    return a, -a * (1 - p * p) / (2 * p)


def laplacian(plane: Array, alpha: float) -> Array:
    """The Laplacian of a smoothed plane: each axis's second derivative, smoothed along the other; HxW float32.

    Beyond the edge the plane continues with its border pixels' values.
    """
    smooth, bend = smoothing_kernel(alpha), second_derivative_kernel(alpha)
    smooth_down, bend_down = filter_columns(plane, alpha, (smooth, bend))
    across = np.ascontiguousarray(bend_down.T)
    total = filter_columns(across, alpha, (smooth,))[0]
    across = np.ascontiguousarray(smooth_down.T)
    total += filter_columns(across, alpha, (bend,))[0]
    return np.ascontiguousarray(total.T)


def filter_columns(plane: Array, alpha: float, kernels: tuple[Kernel, ...]) -> list[Array]:
    """Every column of HxW float32 convolved with each kernel."""
    p = np.float32(math.exp(-alpha))
    forward = _recursion(plane, p)
    results = [np.float32(a) * forward[2:] + np.float32((b - a) * p) * forward[1:-1] for a, b in kernels]
    backward = _recursion(plane[::-1], p)
    for result, (a, b) in zip(results, kernels, strict=True):
        turned = np.float32((a + b) * p) * backward[1:-1]
        turned -= np.float32(a * p * p) * backward[:-2]
        result += turned[::-1]
    return results


def _recursion(plane: Array, p: np.float32) -> Array:
    """``1 / (1 - p / z)²`` down the rows: (H + 2)xW, after two rows of the steady state before the first row."""
    height, width = plane.shape
    state = np.empty((height + 2, width), np.float32)
    np.multiply(plane[0], 1 / (1 - p) ** 2, out=state[0])
    state[1] = state[0]
    twice, square = 2 * p, p * p
    scratch = np.empty(width, np.float32)
    for row in range(height):
        new = state[row + 2]
        np.multiply(state[row + 1], twice, out=new)
        np.multiply(state[row], square, out=scratch)
        new -= scratch
        new += plane[row]
    return state
