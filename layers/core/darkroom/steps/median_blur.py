"""Median smoothing."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import from_float, step, to_float

BLOCK_PIXELS = 1 << 16
"""Pixels of one block of the 16-bit median: its planes stay in a core's cache."""


class MedianBlur(Params, frozen=True):
    size: Annotated[int, param("side of the square window, odd", ge=1, le=31, unit="px")] = 3
    strength: Strength = 1.0

    neutral = {"size": 1}
    scene = "specks"

    def check(self) -> None:
        if self.size % 2 == 0:
            raise ValueError(f"'size' is {self.size} but must be odd")


@step("median_blur", stage="filter", params=MedianBlur, on="native")
def median_blur(image: Array, params: MedianBlur) -> Array:
    """Median smoothing.

    Each sample becomes the median of the `size` x `size` px window around it, per channel; beyond the edge the border
    pixels repeat (SciPy's mode "nearest"). Integers are exact; float32 is exact up to 5 px and to half a 16-bit level
    (7.6e-6) above that. For uint8 the cost hardly depends on the size (the histograms of Perreault and Hebert, "Median
    Filtering in Constant Time", 2007); for uint16 and float32 above 5 px it grows with the window's area.

    Reference: ``scipy.ndimage.median_filter(image, size, mode="nearest")`` per channel.
    """
    return median(image, params.size)


def median(image: Array, size: int) -> Array:
    """The median of every `size` x `size` window of HxW or HxWx3; see `median_blur` for precision and edges."""
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
