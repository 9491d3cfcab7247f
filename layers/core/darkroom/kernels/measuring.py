"""The compiled loops of estimates; see `darkroom.kernels.loops`."""

from __future__ import annotations

import ctypes
import math

import numpy as np

from darkroom.kernels.compiled import call, kind, long, over
from darkroom.picture import Array


def opponent_planes(image: Array, scale: float, matrix: Array) -> Array:
    """`darkroom.estimates.noise.opponent_planes` of HxWx3 by a 3x3 matrix, float32."""
    result = np.empty((3, *image.shape[:2]), np.float32)
    total = result[0].size
    over("opponent_planes", total, (image, kind(image), ctypes.c_float(scale), matrix, result, long(total)))
    return result


def halve_planes(planes: Array, scale: float) -> Array:
    """The sums of 2x2 pixels of ...xHxW, float32, times `scale`; of an odd side without its last row or column."""
    *others, height, width = planes.shape
    result = np.empty((*others, height // 2, width // 2), np.float32)
    size = (long(math.prod(others)), long(height), long(width))
    call("halve_planes", planes, *size, result, ctypes.c_float(scale))
    return result


def measure_blocks(tiles: Array, stride: int, matrix: Array, are_high: Array) -> tuple[Array, Array, Array]:
    """Level, low and high energies of `darkroom.estimates.blocks.Blocks`.

    matrix: 8x8 of the transform. are_high: 8x8 of 1 where a frequency is high, else 0; float32.
    """
    count, height, width = tiles.shape
    number = count * ((height - 8) // stride + 1) * ((width - 8) // stride + 1)
    level, low, high = np.empty((3, number), np.float32)
    size = map(long, (count, height, width, stride))
    call("measure_blocks", tiles, *size, matrix, are_high, level, low, high)
    return level, low, high


def count_levels(image: Array, stride: int, limit: int) -> Array:
    """3xL (int64): how often HxWx3 of integers, whose rows may lie apart, has each level.

    Of every `stride`-th pixel both ways, of which a channel is below `limit`.
    """
    if image.strides[1:] != (3 * image.itemsize, image.itemsize):
        image = np.ascontiguousarray(image)
    counts = np.zeros((3, np.iinfo(image.dtype).max + 1), np.int64)
    size = (long(image.shape[0]), long(image.shape[1]), long(image.strides[0] // image.itemsize))
    call("count_levels", ctypes.c_void_p(image.ctypes.data), kind(image), *size, long(stride), long(limit), counts)
    return counts
