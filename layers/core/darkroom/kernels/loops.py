"""The loops in which photos spend their time, compiled: the C beside this file.

Where there is no build for the processor `available` is false, and callers do the same by NumPy, more slowly; that code
is the reference. Pictures are C-contiguous, HxW or HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1, and never changed.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from darkroom.kernels.compiled import call, in_parts, kind, library, long, over, worth_a_thread
from darkroom.picture import Array

MOST_REACH = 64
"""Pixels that `sharpen_rows` reaches at most from its middle."""

MOST_TILES = 64
"""Tiles across that `equalize_rows` takes at most."""


def available() -> bool:
    """Whether the loops below can be called."""
    return library() is not None


def round_samples(image: Array, dtype: np.dtype[Any]) -> Array:
    """`darkroom.step.from_float` of C-contiguous float32 of any shape."""
    result = np.empty(image.shape, dtype)
    call("round_samples", image, result, kind(result), long(0), long(image.size))
    return result


def blend_samples(before: Array, after: Array, strength: float) -> Array:
    """``before + strength * (after - before)``, rounded; both of one shape and dtype."""
    result = np.empty_like(before)
    over("blend_samples", before.size, (before, after, result, kind(after)), (ctypes.c_float(strength),), least=3)
    return result


def widen_pixels(image: Array) -> Array:
    """HxWx3 of ``uint8`` with a fourth channel of nothing."""
    result = np.empty((*image.shape[:2], 4), np.uint8)
    call("widen_pixels", image, result, long(0), long(result.size // 4))
    return result


def take_lumas(image: Array) -> Array:
    """`darkroom.color.conversions.luma` of HxWx3."""
    result = np.empty(image.shape[:2], np.float32)
    over("take_lumas", result.size, (image, kind(image), result))
    return result


def set_lumas(image: Array, luma: Array, toe: float) -> Array:
    """`darkroom.color.conversions.with_luma` of HxWx3."""
    result = np.empty_like(image)
    over("set_lumas", luma.size, (image, luma, result, kind(image)), (ctypes.c_float(toe),))
    return result


def spare_skin(result: Array, plain: Array, skin: Array, share: float) -> None:
    """`darkroom.estimates.skin.spare_skin` of HxWx3, by eight numbers of what skin is (float32); see `lumas.c`."""
    over("spare_skin", plain.size // 3, (result, plain, kind(plain)), (skin, ctypes.c_float(share)))


def turn_colors(image: Array, table: Array | None, dtype: np.dtype[Any], matrices: Array, turn: Array) -> Array:
    """Chroma and hue of Oklab turned, gamut kept, sRGB-encoded, in `dtype`; see `pictures.c`.

    image: HxWx3 of integers with a table (levels x 3, linear light), or float32 of linear light.
    """
    result = np.empty(image.shape, dtype)
    over("turn_colors", image.size // 3, (image, table, result, kind(result)), (matrices, turn))
    return result


def luma_bins(image: Array) -> Array:
    """Luma as ``uint8``, HxW."""
    bins = np.empty(image.shape[:2], np.uint8)
    over("luma_bins", bins.size, (image, kind(image), _channels(image), bins))
    return bins


def count_bins(bins: Array, rows: Array, columns: Array) -> Array:
    """How often each of 256 bins is found in these rows and columns (int64) of HxW."""
    counts = np.empty(256, np.int64)
    call("count_bins", bins, long(bins.shape[1]), rows, long(len(rows)), columns, long(len(columns)), counts)
    return counts


def equalize_rows(
    image: Array, curves: Array, down: tuple[Array, Array, Array], across: tuple[Array, Array, Array], toe: float
) -> Array:
    """The picture with the luma that its tiles' curves give.

    curves: tiles down x across x 256, float32. down: of each row, the tiles above and below (int64) and the second
    one's share (float32); across: of each column likewise.
    """
    assert curves.shape[1] <= MOST_TILES
    result = np.empty_like(image)
    height, width = image.shape[:2]

    def part(first: int, count: int) -> None:
        rows = (long(width), long(first), long(first + count))
        tiles = (curves, long(curves.shape[1]), *down, *across, ctypes.c_float(toe))
        call("equalize_rows", image, result, kind(image), _channels(image), *rows, *tiles)

    in_parts(part, height, worth_a_thread(width))
    return result


def sharpen_rows(
    image: Array, weights: Array, amount: float, threshold: float, strength: float, around: int, halo: float
) -> Array:
    """The picture with `amount` times its luma's detail above `threshold` added.

    weights: of the Gaussian, float32, from its middle outwards, to `MOST_REACH` at most. strength: the result's share.
    halo: how far luma may pass that of the pixels up to `around` away, no further than the weights; 1 for any distance.
    """
    assert around < len(weights) <= MOST_REACH + 1
    result = np.empty_like(image)
    height, width = image.shape[:2]
    reach = len(weights) - 1

    def part(first: int, count: int) -> None:
        scratch = np.empty((3 * (2 * reach + 1) + 1) * (width + 2 * reach), np.float32)
        size = (long(width), long(height), long(first), long(first + count))
        numbers = (ctypes.c_float(value) for value in (amount, threshold, strength))
        picture = (image, result, kind(image), _channels(image))
        bound = (long(around), ctypes.c_float(halo))
        call("sharpen_rows", *picture, *size, weights, long(reach), *numbers, *bound, scratch)

    in_parts(part, height, max(worth_a_thread(width), 8 * reach))
    return result


def raise_levels(plane: Array, raising: Array, low: float, distance: float, centers: int) -> Array:
    """What remapping adds to each level itself, between the two about it of `centers` centres.

    plane: HxW float32. raising: the amount, ``-1 / (2 sigma²)``, and the square of the difference that is noise,
    float32. low, distance: the first centre, and how far apart they are.
    """
    result = np.empty_like(plane)
    lattice = (ctypes.c_float(low), ctypes.c_float(distance), ctypes.c_int32(centers - 2))
    over("raise_levels", plane.size, (plane, result), (raising, *lattice))
    return result


def raise_down(plane: Array, raising: Array, distance: float, centers: Array, result: Array) -> None:
    """A plane, remapped about each of K centres and halved as by OpenCV's pyrDown, into a result of KxH/2xW/2.

    centers: Kx2 float32: where each is, `distance` apart, and the amount times the exponential of its distance from the
    first. plane, raising: as in `raise_levels`.
    """
    height, width = plane.shape

    def part(first: int, rows: int) -> None:
        scratch = np.empty(5 * result.shape[2] * len(centers) + 8 * (result.shape[2] + 2), np.float32)
        how = (raising, ctypes.c_float(distance), centers, long(len(centers)))
        bounds = (long(first), long(first + rows))
        call("raise_down", plane, long(width), long(height), *how, result, *bounds, scratch)

    in_parts(part, result.shape[1], worth_a_thread(width * len(centers)))


def add_detail(
    change: Array, plane: Array, remapped: Array | None, smaller: Array, centers: Array, distance: float
) -> None:
    """Add to `change` what a level of remapped pyramids has beyond their smaller ones, where `plane` is near a centre.

    remapped: KxHxW, of K centres, 64 at most; None where it is 0. smaller: KxH/2xW/2; the others HxW float32. centers:
    as in `raise_down`.
    """
    height, width = plane.shape

    def part(first: int, rows: int) -> None:
        scratch = np.empty((smaller.shape[2] + 2) * len(centers), np.float32)
        pyramid = (plane, remapped, smaller, long(width), long(height), centers, long(len(centers)))
        call("add_detail", *pyramid, ctypes.c_float(distance), change, long(first), long(first + rows), scratch)

    in_parts(part, height, worth_a_thread(width))


def shrink_blocks(planes: Array, pilot: Array | None, step: int, matrix: Array, limits: Array) -> Array:
    """Planes (CxHxW, float32) with the cosine transform of every block shrunk; see `darkroom.algorithms.sliding_dct`.

    matrix: BxB of the transform, B 8 or 16. limits: CxBxB, thresholds; with a pilot the variances of the noise.
    """
    channels, height, width = planes.shape
    result, weights = np.zeros_like(planes), np.zeros_like(planes)
    across_first = np.ascontiguousarray(limits.transpose(0, 2, 1))

    def part(first: int, count: int) -> None:
        for c in range(first, first + count):
            data = (planes[c], None if pilot is None else pilot[c], result[c], weights[c])
            size = (long(width), long(height), ctypes.c_int(len(matrix)), ctypes.c_int(step))
            call("shrink_blocks", *data, *size, matrix, across_first[c])

    in_parts(part, channels, 1)
    return result


def _channels(image: Array) -> ctypes.c_int:
    return ctypes.c_int(1 if image.ndim == 2 else image.shape[2])
