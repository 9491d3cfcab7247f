"""Sharpening by linear derivative kernels."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.algorithms import deriche
from darkroom.color.conversions import luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

Operator = Literal["sobel", "scharr", "robinson", "deriche", "laplacian"]


def _turned(kernel: Array, eighths: int) -> Array:
    """A 3x3 kernel with its border moved around the centre by some eighths of a turn."""
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    result = kernel.copy()
    for place, (row, column) in enumerate(ring):
        result[row, column] = kernel[ring[(place + eighths) % 8]]
    return result


SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SCHARR = np.array([[-3.0, 0, 3], [-10, 0, 10], [-3, 0, 3]])
KERNELS = {
    "sobel": (SOBEL, SOBEL.T),
    "scharr": (SCHARR, SCHARR.T),
    "robinson": tuple(_turned(SOBEL, eighths) for eighths in range(8)),
}
"""First derivatives as published, as weights on the pixels (not turned for convolution)."""

LAPLACIAN = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])


class SharpenGradient(Params, frozen=True):
    operator: Annotated[Operator, param("the derivative")] = "sobel"
    amount: Annotated[float, param("how many times the second derivative is subtracted", ge=0, le=10)] = 1.0
    alpha: Annotated[
        float, param("deriche: fineness; structures of about 2 / alpha px; does not change the cost", ge=0.1, le=5)
    ] = 1.0
    channels: Annotated[Literal["luminance", "each"], param("sharpen luminance, or each of R, G and B alone")] = (
        "luminance"
    )
    strength: Strength = 1.0

    neutral = {"amount": 0.0}
    scene = "soft"


def _context(params: SharpenGradient) -> int:
    return deriche.reach(params.alpha) if params.operator == "deriche" else 2


@step("sharpen_gradient", stage="sharpen", params=SharpenGradient, halo=_context)
def sharpen_gradient(image: Array, params: SharpenGradient) -> Array:
    """Sharpening by linear derivative kernels.

    ``out = in - amount * D``, with D the second derivative (Laplacian) of luminance (Y of BT.601, on the encoded
    values) as the operator sees it: at the foot of an edge D is positive and at its shoulder negative, so that edges
    steepen, and ramps and flat areas stay. The same D is taken from R, G and B, so the colour stays. All kernels are
    linear; adding the gradient's magnitude instead, as some textbooks do, would lighten edges and not steepen them.

    - laplacian: the four-neighbour kernel (0 1 0; 1 -4 1; 0 1 0). It answers most to the finest detail, and to noise.
    - sobel, scharr: the gradient's kernels (Sobel & Feldman 1968; Scharr 2000: 3, 10, 3) applied twice along each axis
      and added up. They do not answer to the finest detail, so they leave noise from pixel to pixel alone.
    - robinson: the eight compass masks, each applied twice, added up. The masks are the five-level ones of Robinson,
      "Edge Detection by Compass Gradient Masks", 1977, which are Sobel's kernel with its border moved around by eighths
      of a turn. (The name is also given to his three-level masks, and to Prewitt's compass masks with -2 inside.)
    - deriche: the Laplacian of Deriche's smoothing (1987, 1990), by recursive filters of second order, times the
      smoothing's variance ``4 / alpha²``, so that an `amount` is as strong at every scale (Lindeberg 1998). See
      `darkroom.algorithms.deriche` for its normalisation, of which several are in circulation.

    Kernels applied twice are scaled to give the true Laplacian of a paraboloid, as the plain Laplacian does. Beyond the
    edge the picture is mirrored about its border pixels' outer side; for deriche its border pixels are repeated.
    """
    if image.ndim == 2:
        return image - second_derivative(image, params)
    if params.channels == "luminance":
        return np.asarray(image - second_derivative(luma(image), params)[..., None])
    planes = [np.ascontiguousarray(image[..., channel]) for channel in range(3)]
    return np.stack([plane - second_derivative(plane, params) for plane in planes], axis=-1)


def second_derivative(plane: Array, params: SharpenGradient) -> Array:
    """What is subtracted from HxW float32: `amount` times the operator's Laplacian."""
    if params.operator == "deriche":
        return deriche.laplacian(plane, params.alpha) * np.float32(4 * params.amount / params.alpha**2)
    kernel = laplacian_kernel(params.operator)
    return np.asarray(cv2.filter2D(plane, -1, kernel * params.amount, borderType=cv2.BORDER_REFLECT))


@cache
def laplacian_kernel(operator: Operator) -> Array:
    """3x3 or 5x5 weights; symmetric, so convolution and correlation are the same."""
    if operator == "laplacian":
        return LAPLACIAN
    total = np.zeros((5, 5))
    for kernel in KERNELS[operator]:
        padded = np.pad(kernel, 3)
        for row, column in np.ndindex(3, 3):
            total += kernel[row, column] * padded[row + 1 : row + 6, column + 1 : column + 6]
    y, x = np.mgrid[-2:3, -2:3]
    return np.asarray(total * 4 / np.sum(total * (x * x + y * y)))
