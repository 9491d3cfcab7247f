"""Tone curves that `auto` plans: points for `stretch_nonlinear`, found on the shares of tones that a photo has."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from darkroom.picture import Array
from darkroom.recipe import StepCall
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact

STEEPEST = 2.2
"""Slope that the curve may reach above where a lowered exposure fades out: more would tear soft highlights."""

WHITE_LOWERED, BLOWN_OUT, LEAST_WHITE = (0.3, 0.05), (0.15, 0.25), 0.94
"""Share of the change that clipped white takes part in, and the share of white pixels up to which it does by the first
and from which by the second. What little was clipped lies hardly above white, and all below it comes back as it was; a
sky that is blown out, snow or a wall would be a grey sheet. And the level that white keeps at least."""

CURVE_LEVELS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
SHOULDER_POINTS = 17
LIGHTENED_LEVELS = np.linspace(0, 1, 41) ** 2
"""Denser in the shadows, where a curve that lightens bends."""

Points = list[list[float]]


def exposure_curve(ev: float, clipped: float) -> Points:
    """Points [in, out] of the curve that lowers exposure by `-ev`, and passes smoothly into white, lowered less.

    clipped: the share of pixels that are white, in 0-1. Up to some level the curve is the exposure's own, from there
    its slope grows to `STEEPEST` and stays.
    """
    levels = np.linspace(0, 1, 1025)
    lowered = linear_to_srgb_exact(srgb_to_linear_exact(levels) * 2**ev)
    white = max(1 - float(np.interp(clipped, BLOWN_OUT, WHITE_LOWERED)) * (1 - lowered[-1]), LEAST_WHITE)
    slopes = np.gradient(lowered, levels)

    def passing(knee: int) -> Array:
        share = np.clip((levels - levels[knee]) / (0.3 * (1 - levels[knee])), 0, 1)
        slope = np.where(levels > levels[knee], slopes[knee] + share * (STEEPEST - slopes[knee]), slopes)
        above = lowered[knee] + np.cumsum(np.where(np.arange(1025) > knee, slope, 0)) / 1024
        return np.where(np.arange(1025) <= knee, lowered, above)

    low, high = 512, 1023
    while high - low > 1:
        knee = (low + high) // 2
        low, high = (knee, high) if passing(knee)[-1] > white else (low, knee)
    curve = passing(low)
    at = np.union1d(CURVE_LEVELS, np.linspace(min(levels[low], 0.95), 1, SHOULDER_POINTS))
    return as_points(at, np.minimum(np.interp(at, levels, curve), 1))


def steep_from(points: Points) -> float:
    """The level, of those that come out of a curve, from which on it is steeper than none; 1 where it nowhere is."""
    at, out = np.array(points).T
    steep = out[:-1][np.diff(out) > np.diff(at)]
    return float(steep[0]) if steep.size else 1.0


def lightening_curve(ev: float, white: float) -> Points:
    """Points [in, out] of the curve that raises exposure by `ev`; what passes white rolls off towards it.

    white: the brightest level of the photo, encoded, which becomes white where it would pass it. The roll-off is
    Reinhard et al., "Photographic Tone Reproduction for Digital Images", 2002, eq. 4; what stays below white as it is
    lightened is lightened the less the nearer it comes.
    """
    more = srgb_to_linear_exact(LIGHTENED_LEVELS) * 2**ev
    burn = max(float(srgb_to_linear_exact(white)) * 2**ev, 1.0)
    return as_points(LIGHTENED_LEVELS, linear_to_srgb_exact(np.minimum(more * (1 + more / burn**2) / (1 + more), 1)))


def as_points(levels: Array, out: Array) -> Points:
    return [[round(float(level), 4), round(float(value), 4)] for level, value in zip(levels, out, strict=True)]


def through(points: Points, levels: Array) -> Array:
    """Levels through a curve, its points joined by straight lines."""
    at, out = np.array(points).T
    return np.asarray(np.interp(levels, at, out))


def after(tones: Array, calls: Iterable[StepCall]) -> Array:
    """What becomes of tones (encoded luma) by steps that change exposure; others are passed over."""
    for call in calls:
        if call.name == "stretch_nonlinear":
            tones = through(call.params["points"], tones)
        elif call.name == "adjust_color" and "exposure" in call.params:
            lighter = srgb_to_linear_exact(tones) * 2 ** call.params["exposure"]
            tones = linear_to_srgb_exact(np.minimum(lighter, 1))
    return tones


def ev_that_changes_mean(by: float, tones: Array, curve: Callable[[float], Points], low: float, high: float) -> float:
    """The exposure in EV, between `low` and `high`, whose curve raises the mean of `tones` by `by`, or nearly.

    tones: encoded luma of equal shares of the pixels.
    """
    wanted = float(tones.mean()) + by
    for _ in range(12):
        ev = (low + high) / 2
        low, high = (ev, high) if through(curve(ev), tones).mean() < wanted else (low, ev)
    return (low + high) / 2
