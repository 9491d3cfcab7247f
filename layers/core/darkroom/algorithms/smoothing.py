"""Smoothing of arrays: Gaussian, bilateral, median."""

from __future__ import annotations

import math

import cv2
import numpy as np

from darkroom.picture import Array
from darkroom.step import from_float, to_float

GAUSSIAN_TRUNCATE = 4.0
"""Standard deviations at which the kernel ends: what is cut off weighs under 1e-4."""

BILATERAL_TRUNCATE = 2.0
"""Standard deviations at which the window ends. Its rim weighs 0.14 of the centre, as is usual for this filter."""

BLOCK_PIXELS = 1 << 16
"""Pixels of one block of the 16-bit median: its planes stay in a core's cache."""


def kernel_radius(sigma: float) -> int:
    """Pixels that the Gaussian reaches from its centre."""
    return math.ceil(GAUSSIAN_TRUNCATE * sigma)


def gaussian(image: Array, sigma: float) -> Array:
    """The filter on float32, HxW or HxWx3; see the step `gaussian_blur`."""
    size = 2 * kernel_radius(sigma) + 1
    return cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REFLECT)


def window_radius(sigma_space: float) -> int:
    """Pixels that the bilateral window reaches from its centre."""
    return max(1, math.ceil(BILATERAL_TRUNCATE * sigma_space))


def bilateral(image: Array, sigma_space: float, sigma_color: float) -> Array:
    """The filter on float32, HxW or HxWx3; see the step `bilateral_filter`."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    return cv2.bilateralFilter(
        image,
        2 * window_radius(sigma_space) + 1,
        sigmaColor=sigma_color * channels,  # OpenCV's difference is the channels' sum
        sigmaSpace=sigma_space,
        borderType=cv2.BORDER_REFLECT,
    )


def median(image: Array, size: int) -> Array:
    """The median of every `size` x `size` window of HxW or HxWx3, any dtype; see the step `median_blur`."""
    if size <= 5 or image.dtype == np.uint8:
        return cv2.medianBlur(image, size)
    if image.dtype == np.float32:
        return to_float(median(from_float(image.copy(), np.dtype(np.uint16)), size))
    planes = image[..., None] if image.ndim == 2 else image
    result = np.stack([_median_16_bit(np.ascontiguousarray(planes[..., c]), size) for c in range(planes.shape[2])], 2)
    return result[..., 0] if image.ndim == 2 else result


def _median_16_bit(plane: Array, size: int) -> Array:
    """The median of a uint16 plane: the high byte by 8-bit histograms, the low byte bit by bit.

    A median commutes with every monotonic function, so the median of the high bytes is the median's high byte. Below
    it, a bit is set where at most half of the window's samples are less than the value with that bit set.
    """
    height, width = plane.shape
    halo = size // 2
    result = cv2.medianBlur((plane >> 8).astype(np.uint8), size).astype(np.uint16) << 8
    padded = np.pad(plane, halo, mode="edge")
    rows = max(1, BLOCK_PIXELS // width)
    for top in range(0, height, rows):
        block = result[top : top + rows]
        less = np.empty(block.shape, np.bool_)
        for bit in range(7, -1, -1):
            trial = block | np.uint16(1 << bit)
            count = np.zeros(block.shape, np.uint16)
            for dy in range(size):
                for dx in range(size):
                    window = padded[top + dy : top + dy + block.shape[0], dx : dx + width]
                    np.less(window, trial, out=less)
                    count += less.view(np.uint8)
            np.copyto(block, trial, where=count <= size * size // 2)
    return result
