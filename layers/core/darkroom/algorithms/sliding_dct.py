"""Shrinkage of noise in the cosine transform of every block of a picture: sliding-window DCT denoising.

All blocks at one offset tile the plane, so the transform of all of them is two matrix products; the offsets are looped
over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from darkroom.algorithms.dct import dct_matrix
from darkroom.kernels import loops
from darkroom.picture import Array

CHUNK_WIDTH = 1024
CHUNK_SAMPLES = 1 << 18
"""Columns and samples transformed at a time: they stay in a core's cache. Products of matrices this small are also not
spread over threads by OpenBLAS, whose threads would spend more time waiting than computing here."""

Shrink = Callable[[Array, Array | None], Array]
"""Gets coefficients CxNxBxW (N rows of blocks; frequency down along B; blocks, and frequency across in each, along W)
and those of the pilot. Changes the former in place; returns the share of each one's noise power that is left."""


def hard_threshold(planes: Array, size: int, step: int, thresholds: Array) -> Array:
    """CxHxW with all coefficients of each block up to their threshold removed, and overlapping blocks averaged.

    thresholds: CxBxB for blocks of `size` B. The mean of a block is always kept.
    """

    if _is_compiled(planes, size):
        return loops.shrink_blocks(planes, None, step, dct_matrix(size), thresholds)

    def shrink(coefficients: Array, _: Array | None) -> Array:
        across = np.tile(thresholds, (1, 1, coefficients.shape[3] // size))[:, None]
        kept = (np.abs(coefficients) > across).astype(np.float32)
        kept[:, :, 0, ::size] = 1
        coefficients *= kept
        return kept

    return _aggregate(planes, None, size, step, shrink)


def wiener(planes: Array, pilot: Array, size: int, step: int, sigmas: Array) -> Array:
    """CxHxW with each coefficient scaled by what share of it is signal, judged by the pilot (an earlier result).

    sigmas: CxBxB, the noise of each coefficient. A block's mean is the pilot's, which had more pixels to average.
    """

    if _is_compiled(planes, size):
        return loops.shrink_blocks(planes, np.ascontiguousarray(pilot), step, dct_matrix(size), np.square(sigmas))

    def shrink(coefficients: Array, of_pilot: Array | None) -> Array:
        assert of_pilot is not None
        variance = np.tile(np.square(sigmas), (1, 1, coefficients.shape[3] // size))[:, None]
        gain = np.square(of_pilot)
        gain /= gain + (variance + np.float32(1e-12))
        coefficients *= gain
        coefficients[:, :, 0, ::size] = of_pilot[:, :, 0, ::size]
        gain[:, :, 0, ::size] = 1
        return np.square(gain, out=gain)

    return _aggregate(planes, pilot, size, step, shrink)


def _is_compiled(planes: Array, size: int) -> bool:
    return size in (8, 16) and planes.dtype == np.float32 and planes.flags.c_contiguous and loops.available()


def _aggregate(planes: Array, pilot: Array | None, size: int, step: int, shrink: Shrink) -> Array:
    """The mean of all overlapping shrunk blocks, weighted against the noise that each has left.

    As many blocks begin as on a grid of `step` px (even) each way, but on a lattice: every `step` / 2 px across, and
    there every 2 `step` px down, shifted from column to column. That sees edges in more places, and is never in step
    with a JPEG's blocks. H and W are at least twice and a multiple of `size`, which is at least twice `step`.
    """
    channels, height, width = planes.shape
    matrix = dct_matrix(size)
    total = np.zeros_like(planes)
    weights = np.zeros_like(planes)
    for column, dx in enumerate(range(0, size, step // 2)):
        blocks_across = (width - dx) // size
        columns = slice(dx, dx + blocks_across * size)
        horizontal = _rows_times(planes[:, :, columns], matrix.T)
        pilot_horizontal = None if pilot is None else _rows_times(pilot[:, :, columns], matrix.T)
        column_total = np.zeros_like(horizontal)
        column_weights = np.zeros((channels, height, blocks_across), np.float32)
        for dy in range(3 * column % (2 * step), size, 2 * step):
            for down, across in _chunks((height - dy) // size, blocks_across, channels, size):
                shape = (channels, down.stop - down.start, size, (across.stop - across.start) * size)
                chunk = np.s_[
                    :, dy + down.start * size : dy + down.stop * size, across.start * size : across.stop * size
                ]
                coefficients = np.matmul(matrix, horizontal[chunk].reshape(shape))
                of_pilot = None
                if pilot_horizontal is not None:
                    of_pilot = np.matmul(matrix, pilot_horizontal[chunk].reshape(shape))
                left_over = shrink(coefficients, of_pilot).sum(axis=2)
                weight = 1 / left_over.reshape(*shape[:2], -1, size).sum(axis=3)
                coefficients *= np.repeat(weight, size, axis=2)[:, :, None]
                column_total[chunk] += np.matmul(matrix.T, coefficients).reshape(channels, shape[1] * size, -1)
                column_weights[:, chunk[1], across] += np.repeat(weight, size, axis=1)
        total[:, :, columns] += _rows_times(column_total, matrix)
        weights[:, :, columns] += np.repeat(column_weights, size, axis=2)
    return np.divide(total, weights, out=total)


def _chunks(down: int, across: int, channels: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Slices of blocks, down and across, that make chunks of a grid of blocks."""
    width = min(across, CHUNK_WIDTH // size)
    height = max(1, CHUNK_SAMPLES // (channels * width * size * size))
    for top in range(0, down, height):
        for left in range(0, across, width):
            yield slice(top, min(top + height, down)), slice(left, min(left + width, across))


def _rows_times(planes: Array, matrix: Array) -> Array:
    """Every run of B samples along the rows of CxHxW times a BxB matrix."""
    runs = planes.reshape(*planes.shape[:2], -1, len(matrix))
    product: Array = np.matmul(runs, matrix)
    return product.reshape(planes.shape)
