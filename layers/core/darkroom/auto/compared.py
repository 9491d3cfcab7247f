"""Whether a photo got worse by what somebody did to it, by stated evidence: what the last look at `auto`'s own results
goes by, and what became of texture.

Imports neither OpenCV nor, until a picture is looked at, ONNX Runtime.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from darkroom.auto.guard import MOST_LOST, MOST_TORN, RESTORED, luma_of, newly_lost, torn, what_is_wrong
from darkroom.diagnosis.network import diagnose
from darkroom.picture import Array, Picture

MOST_RISEN = 0.5
"""Defects by which what is wrong may rise: less is doubt."""

LEAST_KEPT = 0.5
"""Of texture that must be left."""

TILE_PX, TILES, BLOCK_PX = 256, 4, 16
"""Texture is looked at in so many tiles each way, in blocks."""

LEAST_FINE, LEAST_COARSE = 1.5 / 255, 1.5 / 255
"""Deviations of luma from which a block has texture."""

NOISE_LIKE = 2.0
"""Times that the finest differences are stronger than those three times as coarse: some 3 in white noise, 1 in texture.
Noise is no texture that could be lost."""

FEWEST = 24
"""Blocks with texture that tell what became of it."""


class Comparison(msgspec.Struct, frozen=True):
    """What two pictures tell of what became of one of them."""

    worse: Annotated[tuple[str, ...], Meta(description="why it got worse, in sentences; none where it did not")]
    lost: Annotated[float | None, Meta(description="share of the pixels that lost differences to black or white")]
    torn: Annotated[float | None, Meta(description="times that soft steps in highlights became as high")]
    texture: Annotated[float | None, Meta(description="how much of the texture is left: 1 is all")]
    wrong_before: Annotated[float, Meta(description="what is wrong, in defects")]
    wrong_after: float


def compare(before: Picture, after: Picture) -> Comparison:
    """Whether `after` is worse than `before`. Pixels, as they are shown, are compared where both have one size; else
    what they tell is None.

    Soft highlights and texture say nothing where what was restored by itself makes other single steps: noise, blur and
    what else hides the detail.
    """
    pixels = before.shown(), after.shown()
    first, second = diagnose(pixels[0]), diagnose(pixels[1], traces=False)
    rough = any(first[name].present for name in RESTORED)
    at_first, now = sum(one.probability for one in first.defects), what_is_wrong(second, first, ())
    lost = steeper = kept = None
    if pixels[0].shape[:2] == pixels[1].shape[:2]:
        if pixels[0].ndim != pixels[1].ndim:
            pixels = luma_of(pixels[0]), luma_of(pixels[1])
        lost = newly_lost(*pixels)
        steeper = None if rough else torn(*pixels)
        kept = None if rough else texture_kept(*pixels)
    worse = []
    if lost is not None and lost > MOST_LOST:
        worse.append(f"clipped: {lost:.0%} of the pixels lost their differences to black or white")
    if steeper is not None and steeper > MOST_TORN:
        worse.append(f"torn: soft steps in highlights became {steeper:.1f} times as high")
    if kept is not None and kept < LEAST_KEPT:
        worse.append(f"smoothed: {kept:.0%} of the texture is left")
    if now > at_first + MOST_RISEN:
        more = max(second.defects, key=lambda one: one.probability - first[one.name].probability)
        worse.append(f"spoiled: what is wrong rose from {at_first:.1f} to {now:.1f} defects, most by: {more.words}")
    return Comparison(tuple(worse), lost, steeper, kept, round(at_first, 4), round(now, 4))


def texture_kept(before: Array, after: Array) -> float | None:
    """How much of the texture is left, beside what is three times as coarse: a change of contrast takes or adds both.

    before, after: HxW or HxWx3 of one size. The median over blocks that have texture, not noise; None where they are
    too few.
    """
    found = []
    for rows, columns in _tiles(before.shape):
        fine, coarse = _bands(luma_of(before[rows, columns]))
        fine_now, coarse_now = _bands(luma_of(after[rows, columns]))
        has = (fine >= LEAST_FINE) & (coarse >= LEAST_COARSE) & (fine < NOISE_LIKE * coarse)
        has &= coarse_now >= LEAST_COARSE / 4
        found.append((fine_now[has] / coarse_now[has]) / (fine[has] / coarse[has]))
    kept = np.concatenate(found) if found else np.empty(0)
    return float(np.median(kept)) if len(kept) >= FEWEST else None


def _tiles(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Evenly spread, each once."""
    starts = [np.unique(np.linspace(0, max(size - TILE_PX, 0), TILES).astype(int)).tolist() for size in shape[:2]]
    return [(slice(top, top + TILE_PX), slice(left, left + TILE_PX)) for top in starts[0] for left in starts[1]]


def _bands(luma: Array) -> tuple[Array, Array]:
    """By block, the deviation of what 3x3 px average away, and of what is left of that by 9x9 px."""
    smooth = _box(luma, 1)
    return _deviation(luma - smooth), _deviation(smooth - _box(smooth, 4))


def _box(luma: Array, radius: int) -> Array:
    """The mean of a square about each pixel."""
    side = 2 * radius + 1
    for axis in (0, 1):
        around = [(0, 0), (0, 0)]
        around[axis] = (radius + 1, radius)
        sums = np.cumsum(np.pad(luma, around, mode="edge"), axis=axis, dtype=np.float64)
        ends = np.take(sums, range(side, sums.shape[axis]), axis), np.take(sums, range(sums.shape[axis] - side), axis)
        luma = (ends[0] - ends[1]) / side
    return luma


def _deviation(band: Array) -> Array:
    rows, columns = (size // BLOCK_PX for size in band.shape)
    blocks = band[: rows * BLOCK_PX, : columns * BLOCK_PX].reshape(rows, BLOCK_PX, columns, BLOCK_PX)
    return np.asarray(np.sqrt((blocks**2).mean(axis=(1, 3))))
