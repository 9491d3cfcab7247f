"""Local histogram equalisation in a sliding window."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.color.conversions import luma, with_luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import max_level, step, to_float

BINS = 256
"""Bins of a window's histogram, whatever the picture's dtype."""

TILE = 384
"""Side of the square that is worked on at once, in px, at least; with its surroundings it stays in the cache."""

TOE = 4 / 255
"""Luma below which lightening does not multiply colour along with light: there it is mostly noise."""


class EqualizeLocal(Params, frozen=True):
    radius: Annotated[
        int, param("the window reaches this far each way; does not change the cost", ge=1, le=500, unit="px")
    ] = 64
    strength: Strength = 1.0

    example = {"strength": 0.6}
    scene = "dark"


@step(
    "equalize_local",
    stage="correct_color",
    params=EqualizeLocal,
    on="native",
    discontinuous="where luma lies between two bins, a rounding decides which of them a neighbour counts in",
)
def equalize_local(image: Array, params: EqualizeLocal) -> Array:
    """Local histogram equalisation in a sliding window.

    Every pixel's luminance (Y of BT.601, encoded) becomes the share of pixels that are no lighter in the square window
    of ``2 radius + 1`` px around it; windows end at the picture's edge. Hue is kept. A window's histogram has 256 bins;
    luminance between two of them (16 bits, float32, colour) is looked up between them, so that gradation is kept.

    Shows all there is to see in any light, noise in flat areas included: see `equalize_adaptive` for the version that
    limits contrast. Time does not depend on the radius: for each bin, the pixels up to it are summed up once (an
    integral image, Crow 1984), and each pixel reads the sum at its own window's corners for its own bin.

    Reference: ``skimage.filters.rank.equalize`` with a square footprint, equal for grey ``uint8``, where the share is
    rounded down as it is there.
    """
    height, width = image.shape[:2]
    side = max(TILE, 4 * params.radius)
    result = np.empty_like(image)
    for top in range(0, height, side):
        for left in range(0, width, side):
            _fill_tile(image, result, slice(top, min(top + side, height)), slice(left, min(left + side, width)), params)
    return result


def _fill_tile(image: Array, result: Array, rows: slice, columns: slice, params: EqualizeLocal) -> None:
    above, before = max(rows.start - params.radius, 0), max(columns.start - params.radius, 0)
    around = image[above : rows.stop + params.radius, before : columns.stop + params.radius]
    levels = luma(to_float(around)) * np.float32(BINS - 1)
    inner = slice(rows.start - above, rows.stop - above), slice(columns.start - before, columns.stop - before)
    if image.ndim == 3:
        share = shares(levels, inner, params.radius).astype(np.float32)
        result[rows, columns] = with_luma(image[rows, columns], share, TOE)
    elif image.dtype == np.float32:
        result[rows, columns] = shares(levels, inner, params.radius)
    else:
        white = max_level(image.dtype)
        result[rows, columns] = np.floor(shares(levels, inner, params.radius, white))


def shares(levels: Array, inner: tuple[slice, slice], radius: int, white: float = 1.0) -> Array:
    """The share of each window's pixels that are no lighter than its centre, times `white`; float64.

    levels: luminance in bins, HxW float32 from 0 to ``BINS - 1``; windows end where it ends.
    inner: the rows and columns that are wanted; the result has their shape.
    """
    height, width = levels.shape
    bins = np.rint(levels).astype(np.uint8)
    wanted = levels[inner]
    # The window's corners in an integral image, which has a row and a column of zeros before the first.
    y, x = np.arange(height)[inner[0]], np.arange(width)[inner[1]]
    first_row, end_row = np.maximum(y - radius, 0)[:, None], np.minimum(y + radius + 1, height)[:, None]
    first_column, end_column = np.maximum(x - radius, 0), np.minimum(x + radius + 1, width)
    # Pixels in order of their bin, so that each bin's turn is a slice.
    lower = np.floor(wanted + np.float32(1e-3)).astype(np.uint8)  # a whole level stays whole in spite of rounding
    order = np.argsort(lower, axis=None, kind="stable")
    starts = np.searchsorted(lower.reshape(-1)[order], np.arange(BINS + 1))
    corners = [
        (row * (width + 1) + column).reshape(-1)[order]
        for row, column in (
            (end_row, end_column), (first_row, first_column), (first_row, end_column), (end_row, first_column)
        )
    ]  # fmt: skip
    fraction = np.maximum(wanted - lower, 0).reshape(-1)[order]
    fraction[fraction < 1e-3] = 0
    between = bool(fraction.any())
    count = np.empty(order.size)
    for level in range(BINS):
        start, end = starts[level], starts[level + 1]
        previous = starts[level - 1] if between and level > 0 else start
        if previous == end:
            continue
        up_to = np.asarray(cv2.integral((bins <= np.uint8(level)).view(np.uint8))).reshape(-1)
        count[start:end] = _window_sums(up_to, corners, slice(start, end))
        more = _window_sums(up_to, corners, slice(previous, start))
        count[previous:start] += fraction[previous:start] * (more - count[previous:start])
    population = ((end_row - first_row) * (end_column - first_column)).reshape(-1)[order]
    result = np.empty(order.size)
    result[order] = count * white / population
    return result.reshape(wanted.shape)


def _window_sums(integral: Array, corners: list[Array], part: slice) -> Array:
    end, start, right, bottom = (integral[corner[part]] for corner in corners)
    return end + start - right - bottom
