"""Removal of impulses: single samples stuck at black or white."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, max_level, step

CROWD = 5
"""Side of the square in which equal extremes are counted: impulses scatter, saturated areas crowd."""

CROWD_CHANCE = 1e-4
"""Chance of an impulse to have more impulses around than are allowed it."""

TYPICAL_DENSITY = 0.005
"""Density of impulses at which `threshold` holds as it is. At lower ones a black or white sample is more likely a part
of the picture, so the threshold rises, up to MAX_CAUTION times; at higher ones it falls."""

MAX_CAUTION = 3.0

MIN_SCATTERED_SHARE = 0.3
"""Share of the lone extremes expected of impulses all over that must be there to believe their density."""


class RemoveSaltPepper(Params, frozen=True):
    max_window: Annotated[int, param("side of the largest window, odd", ge=3, le=15, unit="px")] = 7
    tolerance: Annotated[float, param("how far from black or white, in 0-1, an impulse may be", ge=0, le=0.2)] = 0.0
    threshold: Annotated[
        float,
        param("least difference of an impulse from all its neighbours, in 0-1, at a density of 0.5 %", ge=0, le=1),
    ] = 0.1
    strength: Strength = 1.0

    neutral = {"threshold": 1.0}
    scene = "specks"

    def check(self) -> None:
        if self.max_window % 2 == 0:
            raise ValueError(f"'max_window' is {self.max_window} but must be odd")


def _extremes(image: Array, tolerance: float) -> tuple[Array, Array]:
    """Two masks: samples at (or within the tolerance of) black, and of white."""
    white = max_level(image.dtype)
    if image.dtype != np.float32:
        return image <= tolerance * white, image >= (1 - tolerance) * white
    slack = np.float32(tolerance + 1e-6)
    return image <= slack, image >= 1 - slack


def _densities(image: Array, params: RemoveSaltPepper) -> Analysed:
    """The densities of pepper and of salt."""
    pepper, salt = (_scattered_density(mask) for mask in _extremes(image, params.tolerance))
    return Analysed((pepper, salt), {"pepper_density": round(pepper, 4), "salt_density": round(salt, 4)})


def _crowd_limit(density: float) -> int:
    """The most equals that impulses of this density have around them, but for CROWD_CHANCE (Poisson)."""
    mean = density * (CROWD * CROWD - 1)
    term = total = math.exp(-mean)
    count = 0
    while 1 - total > CROWD_CHANCE:
        count += 1
        term *= mean / count
        total += term
    return count


def _scattered_density(mask: Array) -> float:
    """The density p of impulses, from those that are alone or in pairs: saturated areas hardly have such.

    Of independent impulses, p (1 - p)^8 of all samples are impulses without an equal among the eight neighbours, and
    those with one are 8 p / (1 - p) times as many.
    """
    counts = _count_around(mask, 3)[mask]
    alone, paired = int((counts == 0).sum()), int((counts == 1).sum())
    if alone == 0:
        return 0.0
    p = paired / (8 * alone + paired)
    share_alone = alone / mask.size
    return p if share_alone >= MIN_SCATTERED_SHARE * p * (1 - p) ** 8 else share_alone


def _count_around(mask: Array, side: int) -> Array:
    """How many True each sample of HxW or HxWx3 has around it, itself left out."""
    ones = mask.view(np.uint8)
    return cv2.boxFilter(ones, -1, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT) - ones


@step(
    "remove_salt_pepper",
    stage="filter",
    params=RemoveSaltPepper,
    halo=lambda p: CROWD // 2 + p.max_window // 2,
    analyse=_densities,
)
def remove_salt_pepper(image: Array, params: RemoveSaltPepper, analysis: tuple[float, float]) -> Array:
    """Removal of impulses: single samples stuck at black or white.

    An adaptive median, per channel, for impulses hit channels one by one as well as all at once. A sample is an
    impulse if it is black or white (within `tolerance`), has no more equals around than scattered impulses would, and
    differs from all its neighbours by `threshold`, which falls as impulses become frequent. Their density is measured
    from those that stand alone. So saturated skies and shadows stay, and so does every sample in between, bit for bit.
    An impulse becomes the median of those samples around it that are none, in the smallest window, from 3x3 px up to
    `max_window`, that has any. A lone star on black cannot be told from salt.

    Source: Hwang and Haddad, "Adaptive Median Filters: New Algorithms and Results", 1995; their test, that an impulse
    is a window's extreme, is narrowed to the range's ends, for it takes every local maximum of a clean picture too.
    """
    if image.ndim == 2:
        return _filtered(image, params, analysis)
    return np.dstack([_filtered(image[..., channel], params, analysis) for channel in range(image.shape[2])])


def _filtered(plane: Array, params: RemoveSaltPepper, densities: tuple[float, float]) -> Array:
    suspect = np.zeros(plane.shape, np.bool_)
    least = np.zeros(plane.shape, np.float32)
    for mask, density in zip(_extremes(plane, params.tolerance), densities, strict=True):
        suspect |= mask & (_count_around(mask, CROWD) <= _crowd_limit(density))
        least[mask] = params.threshold * min(TYPICAL_DENSITY / max(density, 1e-6), MAX_CAUTION)
    result = plane.copy()
    ys, xs = np.nonzero(suspect)
    reach = params.max_window // 2
    good = np.pad(np.where(suspect, np.float32(np.nan), plane), reach, constant_values=np.nan)
    for radius in range(1, reach + 1):
        if ys.size == 0:
            break
        lowest, median, highest = _good_around(good, ys + reach, xs + reach, radius)
        found = np.isfinite(median)
        value = plane[ys, xs]
        far = found & (np.minimum(np.abs(value - lowest), np.abs(highest - value)) > least[ys, xs])
        result[ys[far], xs[far]] = median[far]
        ys, xs = ys[~found], xs[~found]
    return result


def _good_around(padded: Array, ys: Array, xs: Array, radius: int) -> tuple[Array, Array, Array]:
    """Lowest, median and highest of the samples that are not NaN in the square around each position; NaN if none is."""
    offsets = range(-radius, radius + 1)
    around = np.stack([padded[ys + dy, xs + dx] for dy in offsets for dx in offsets], axis=1)
    around.sort(axis=1)  # NaN last
    count = np.isfinite(around).sum(axis=1)
    rows = np.arange(len(around))
    last = np.maximum(count - 1, 0)
    median = (around[rows, last // 2] + around[rows, (last + 1) // 2]) / 2
    return around[:, 0], median, around[rows, last]
