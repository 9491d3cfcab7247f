"""Contrast-limited adaptive histogram equalisation (CLAHE)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from darkroom.color.conversions import with_luma
from darkroom.kernels import loops
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import POINTWISE_BAND_PIXELS, step, to_float

BINS = 256
"""Bins of a tile's histogram, whatever the picture's dtype."""

FINE = 257
"""Luma is looked up in this many steps between two bins, at the levels of ``uint16``: 16-bit pictures keep theirs."""

SMALL_TILE = 64
"""Pixels of a tile under which a whole count in one bin is more than four times the mean bin."""

TOE = 4 / 255
"""Luma below which lightening does not multiply colour along with light: there it is mostly noise."""


class EqualizeAdaptive(Params, frozen=True):
    clip_limit: Annotated[
        float, param("most that contrast may grow: a bin's limit as a multiple of the mean bin", ge=1, le=40)
    ] = 2.0
    tiles: Annotated[int, param("tiles across and tiles down", ge=1, le=64)] = 8
    strength: Strength = 1.0

    scene = "hazy"


@dataclass(frozen=True, slots=True)
class Grid:
    """A picture cut into rows x columns of equal tiles, which may reach past its edge at the right and the bottom.

    OpenCV's geometry: where either side does not divide evenly, both are extended to the next multiple.
    """

    height: int
    width: int
    rows: int
    columns: int

    @property
    def tile_height(self) -> int:
        return self.height // self.rows + self._extended

    @property
    def tile_width(self) -> int:
        return self.width // self.columns + self._extended

    @property
    def _extended(self) -> bool:
        return bool(self.height % self.rows or self.width % self.columns)


@step("equalize_adaptive", stage="correct_color", params=EqualizeAdaptive, on="native")
def equalize_adaptive(image: Array, params: EqualizeAdaptive) -> Array:
    """Contrast-limited adaptive histogram equalisation (CLAHE).

    The luma (Y' of BT.601, encoded) of each tile is equalised with its histogram clipped at `clip_limit` times the mean
    bin. That bounds the slope (to the limit, and one more from what was cut and is spread over all bins) and with it
    the noise in flat regions. Between tiles' centres the curves are interpolated. Colour follows luma with hue and
    saturation kept and nothing clipped (`darkroom.color.conversions.with_luma`).

    Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994. Reference: OpenCV's
    ``createCLAHE`` on grey ``uint8``, within 1 level. One difference: a limit under one count, which OpenCV raises to
    one, stays what was asked for in tiles of under 64 pixels, where one count would be no limit. Pictures with fewer
    rows or columns than tiles get a tile for each.
    """
    height, width = image.shape[:2]
    grid = Grid(height, width, min(params.tiles, height), min(params.tiles, width))
    if loops.available():
        return _by_kernel(image, grid, params.clip_limit)
    index = np.empty((height, width), np.uint16)
    for rows in _row_bands(0, height, width):
        index[rows] = np.rint(np.clip(_exact_luma(to_float(image[rows])), 0, 1) * np.float32(FINE * (BINS - 1)))

    def count(rows: Array, columns: Array) -> Array:
        bins = ((index[np.ix_(rows, columns)] + np.uint32(FINE // 2)) // np.uint32(FINE)).astype(np.uint8)
        return np.bincount(bins.reshape(-1), minlength=BINS)

    curves = tile_curves(grid, params.clip_limit, count)
    result = np.empty_like(image)
    fine: dict[int, Array] = {}
    for rows, upper, lower, weight in _strips(grid):
        fine = {row: fine[row] if row in fine else refined(curves[row]) for row in (upper, lower)}
        new_luma = _interpolate(index[rows], fine[upper], fine[lower], weight, grid)
        result[rows] = with_luma(image[rows], new_luma, TOE)
    return result


def _exact_luma(image: Array) -> Array:
    """`darkroom.color.conversions.luma` with each product and sum rounded in this order, so that it is the same by
    whatever means: where a level lies in the middle between two bins, rounding chooses one of them."""
    if image.ndim == 2:
        return image
    red, green, blue = (image[..., c] * LUMA_WEIGHTS[c] for c in range(3))
    return np.asarray(red + green + blue)


def _by_kernel(image: Array, grid: Grid, clip_limit: float) -> Array:
    bins = loops.luma_bins(image)
    curves = tile_curves(grid, clip_limit, lambda rows, columns: loops.count_bins(bins, rows, columns))
    rows = _nearest(grid.tile_height, grid.rows, grid.height)
    return loops.equalize_rows(image, curves, rows, _nearest(grid.tile_width, grid.columns, grid.width), TOE)


def _nearest(tile: int, count: int, size: int) -> tuple[Array, Array, Array]:
    """Of each pixel along an axis: the two tiles whose centres it lies between, and the second's weight."""
    first, second, share = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.float32)
    for start, stop, before, after, weight in _cells(tile, count, size):
        first[start:stop], second[start:stop], share[start:stop] = before, after, weight
    return first, second, share


def tile_curves(grid: Grid, clip_limit: float, count: Callable[[Array, Array], Array]) -> Array:
    """Each tile's curve, rows x columns x `BINS` float32 in 0–1.

    count: how often each bin is found in these rows and columns (int64) of the picture.
    """
    curves = np.empty((grid.rows, grid.columns, BINS), np.float32)
    down = _mirrored(grid.rows * grid.tile_height, grid.height).reshape(grid.rows, -1)
    across = _mirrored(grid.columns * grid.tile_width, grid.width).reshape(grid.columns, -1)
    for row, rows in enumerate(down):
        for column, columns in enumerate(across):
            counts = clip_histogram(count(rows, columns), clip_limit)
            curves[row, column] = np.cumsum(counts) / (len(rows) * len(columns))
    return curves


def refined(curves: Array) -> Array:
    """Curves (N x `BINS`) with `FINE` steps from bin to bin, on straight lines: one value a ``uint16`` level."""
    steps = np.arange(FINE, dtype=np.float32) / np.float32(FINE)
    between = curves[:, :-1, None] + np.diff(curves, axis=1)[:, :, None] * steps
    return np.concatenate((between.reshape(len(curves), -1), curves[:, -1:]), axis=1)


def clip_histogram(counts: Array, clip_limit: float) -> Array:
    """Counts cut at `clip_limit` times their mean, and what was cut spread over all bins: the sum stays.

    Whole counts, at least 1, and the remainder dealt out at even steps, as OpenCV does; fractions for few pixels.
    """
    pixels = int(counts.sum())
    limit = clip_limit * pixels / BINS
    if limit < 1 and pixels < SMALL_TILE:
        kept = np.minimum(counts, limit)
        return np.asarray(kept + (pixels - kept.sum()) / BINS)
    clipped: Array = np.minimum(counts, max(int(limit), 1))
    each, rest = divmod(pixels - int(clipped.sum()), BINS)
    clipped += each
    if rest:
        clipped[:: max(BINS // rest, 1)][:rest] += 1
    return clipped


def _mirrored(length: int, size: int) -> Array:
    """0 … length - 1 as positions in `size` pixels, mirrored about the last pixel (OpenCV's BORDER_REFLECT_101)."""
    if size == 1:
        return np.zeros(length, np.intp)
    period = 2 * (size - 1)
    position = np.arange(length) % period
    return np.minimum(position, period - position)


def _row_bands(start: int, stop: int, width: int) -> Iterator[slice]:
    rows = max(POINTWISE_BAND_PIXELS // width, 1)
    for top in range(start, stop, rows):
        yield slice(top, min(top + rows, stop))


def _cells(tile: int, count: int, size: int) -> Iterator[tuple[int, int, int, int, Array]]:
    """Along one axis: start and stop of each stretch between tiles' centres, the two tiles, and the second's weight."""
    position = np.arange(size, dtype=np.float32) / np.float32(tile) - np.float32(0.5)
    first = np.floor(position).astype(np.intp)
    starts = np.flatnonzero(np.diff(first, prepend=first[0] - 1))
    for start, stop in zip(starts, [*starts[1:], size], strict=True):
        tile_before = int(first[start])
        weight = position[start:stop] - np.float32(tile_before)
        yield int(start), int(stop), max(tile_before, 0), min(tile_before + 1, count - 1), weight


def _strips(grid: Grid) -> Iterator[tuple[slice, int, int, Array]]:
    """Rows in bounded bands that lie between two rows of tiles: the rows, both tiles' rows, the lower one's weight."""
    for start, stop, upper, lower, weight in _cells(grid.tile_height, grid.rows, grid.height):
        for rows in _row_bands(start, stop, grid.width):
            yield rows, upper, lower, weight[rows.start - start : rows.stop - start, None]


def _interpolate(index: Array, upper: Array, lower: Array, weight: Array, grid: Grid) -> Array:
    """New luma, float32 in 0–1: at each pixel the bilinear mix of the curves of its four nearest tiles."""
    result = np.empty(index.shape, np.float32)
    for start, stop, left, right, across in _cells(grid.tile_width, grid.columns, grid.width):
        cell = index[:, start:stop]
        top = _between(np.take(upper[left], cell), np.take(upper[right], cell), across)
        bottom = _between(np.take(lower[left], cell), np.take(lower[right], cell), across)
        result[:, start:stop] = _between(top, bottom, weight)
    return np.clip(result, 0, 1, out=result)


def _between(first: Array, second: Array, weight: Array) -> Array:
    second -= first
    second *= weight
    second += first
    return second
