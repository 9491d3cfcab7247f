"""Removal of impulses: single samples stuck at black or white."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np

from darkroom.color.conversions import luma
from darkroom.estimates.measure import sample_tiles
from darkroom.estimates.specks import blurred_specks
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import highest, lowest
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

BLURRED, PALED = 12 / 255, 60 / 255
"""How far from black or white a JPEG leaves an impulse: its darkest or lightest channel, and its luma, which loses what
clipping takes from it beside colours."""

STANDS_OUT = 0.06
"""Difference of luma from the median around, from which a pixel near black or white is looked at in a JPEG."""

LEAST_BLURRED, OF_TEXTURE = 0.08, 0.3
"""Least difference of luma of such an impulse from all its neighbours, and the same as a share of the range that these
have: ringing and texture make smaller ones."""


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
    """The densities of pepper and of salt, and whether a JPEG has blurred them."""
    blurred = blurred_specks(sample_tiles(image))
    if blurred.density:
        pepper, salt = blurred.pepper, blurred.salt
    else:
        pepper, salt = (_scattered_density(mask) for mask in _extremes(image, params.tolerance))
    details = {"pepper_density": round(pepper, 4), "salt_density": round(salt, 4), "blurred": blurred.density > 0}
    return Analysed((pepper, salt, blurred.density > 0), details)


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
    halo=lambda p: 2 * (CROWD // 2) + p.max_window // 2,
    analyse=_densities,
)
def remove_salt_pepper(image: Array, params: RemoveSaltPepper, analysis: tuple[float, float, bool]) -> Array:
    """Removal of impulses: single samples stuck at black or white.

    An adaptive median, per channel, for impulses hit channels one by one as well as all at once. A sample is an
    impulse if it is black or white (within `tolerance`), has no more equals around than scattered impulses would, and
    differs from all its neighbours by `threshold`, which falls as impulses become frequent. Their density is measured
    from those that stand alone. So saturated skies and shadows stay, and so does every sample in between, bit for bit.
    An impulse becomes the median of those samples around it that are none, in the smallest window, from 3x3 px up to
    `max_window`, that has any. A lone star on black cannot be told from salt.

    A JPEG leaves few impulses quite black or white. Where lone pixels near both ends of luma are far more frequent than
    lone ones in between, as no clean photo has them, whole pixels are looked for in luma, with more tolerance.

    Source: Hwang and Haddad, "Adaptive Median Filters: New Algorithms and Results", 1995; their test, that an impulse
    is a window's extreme, is narrowed to the range's ends, for it takes every local maximum of a clean picture too.
    """
    *_, blurred = analysis
    result = image.copy()
    channels = [result] if image.ndim == 2 else [result[..., channel] for channel in range(image.shape[2])]
    if blurred:
        brightness = luma(image)
        masks = _blurred_extremes(image, brightness, params.tolerance)
        _replace(channels, brightness, masks, analysis, params)
    else:
        for channel in channels:
            masks = _extremes(channel, params.tolerance)
            _replace([channel], channel, masks, analysis, params)
    return result


def _blurred_extremes(image: Array, brightness: Array, tolerance: float) -> tuple[Array, Array]:
    """Two masks, HxW: pixels near black, and near white, that stand out, as a JPEG leaves impulses."""
    slack = BLURRED + tolerance
    darkest, lightest = (image, image) if image.ndim == 2 else (lowest(image), highest(image))
    above = brightness - cv2.medianBlur(brightness, CROWD)
    pepper = (darkest <= slack) & (brightness <= PALED) & (above < -STANDS_OUT)
    return pepper, (lightest >= 1 - slack) & (brightness >= 1 - PALED) & (above > STANDS_OUT)


def _replace(
    channels: Sequence[Array],
    plane: Array,
    extremes: tuple[Array, Array],
    analysis: tuple[float, float, bool],
    params: RemoveSaltPepper,
) -> None:
    """Replace, in channels, those extremes of a plane, which may be one of them, that are impulses: all are HxW."""
    *densities, blurred = analysis
    at_least, of_range = (LEAST_BLURRED, OF_TEXTURE) if blurred else (0.0, 0.0)
    suspect = np.zeros(plane.shape, np.bool_)
    least = np.zeros(plane.shape, np.float32)
    for mask, density in zip(extremes, densities, strict=True):
        suspect |= mask & (_count_around(mask, CROWD) <= _crowd_limit(density))
        threshold = params.threshold * min(TYPICAL_DENSITY / max(density, 1e-6), MAX_CAUTION)
        least[mask] = max(threshold, at_least)
    ys, xs = np.nonzero(suspect)
    reach = params.max_window // 2

    def without_suspects(samples: Array) -> Array:
        return np.pad(np.where(suspect, np.float32(np.nan), samples), reach, constant_values=np.nan)

    good = without_suspects(plane)
    fillings = [good if channel is plane else without_suspects(channel) for channel in channels]
    for radius in range(1, reach + 1):
        if ys.size == 0:
            break
        low, median, high = _good_around(good, ys + reach, xs + reach, radius)
        found = np.isfinite(low)
        value = plane[ys, xs]
        away = np.minimum(np.abs(value - low), np.abs(high - value))
        far = found & (away > least[ys, xs]) & (away >= of_range * (high - low))
        for channel, filling in zip(channels, fillings, strict=True):
            if filling is good:
                channel[ys[far], xs[far]] = median[far]
            else:
                channel[ys[far], xs[far]] = _good_around(filling, ys[far] + reach, xs[far] + reach, radius)[1]
        ys, xs = ys[~found], xs[~found]


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
