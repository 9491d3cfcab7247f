"""The curve of a finish: black and white points, middle tones, contrast and ends that roll off, found on the tones."""

from __future__ import annotations

import numpy as np

from darkroom.auto.curves import Points, as_points
from darkroom.auto.exposures import between
from darkroom.picture import Array

DARK, OFTEN_DARK = 0.2, (0.08, 0.45)
"""Luma of shadows; the share of them from which something lies in them, and from which much."""

BLACK, WHITE = 0.02, 0.98
"""Where the darkest and the lightest hundredth of a photo should lie."""

MOST_BLACK, MOST_WHITE = 0.1, 0.14
"""How far they are moved at most: a mist is to stay one."""

MIDDLE = (0.36, 0.62)
"""Mean luma between which a photo is as light as usual."""

MOST_MIDDLE = 0.08
DARK_ON_PURPOSE, LIGHT_ON_PURPOSE = 0.02, 0.04
"""How much lighter a photo becomes by its tones alone that misses no light by what it shows, and how much too light it
may be before it becomes darker."""

DEPTH = 0.24
"""Deviation of luma from which contrast is strong enough."""

MOST_CONTRAST = 0.5
DARKER_HALF = 0.4
"""Of the contrast that is given above a level, how much is given below: a face in the shade is not to go black."""

KEPT_DARK = 0.5
"""How much less a photo that is dark in large parts gets of a darker black point and of that contrast."""

FLATTEST, STEEPEST = 0.6, 1.9
"""Slopes between which the curve stays."""

SHOULDER, TOE = 0.86, 0.1
"""Levels from which the curve bends towards white and black."""

LEVELS = np.linspace(0, 1, 33)


def shadowy(tones: Array) -> float:
    """How much of a photo of these tones lies in shadows, from next to nothing, 0, to large parts, 1."""
    return between(float((tones < DARK).mean()), *OFTEN_DARK)


def finish_curve(
    tones: Array,
    share: float,
    brighter: float | None = None,
    *,
    ends: Array | None = None,
    darker: bool = True,
    lighter: float = 0.0,
    whiter: float = 1.0,
) -> Points:
    """Points [in, out] of the curve for a photo of these tones (encoded luma of equal shares of the pixels).

    share: how much of a finish it gets, in 0–1. brighter: by how much its mean should be higher by what it shows
    (`Diagnosis.brighter`); None where that is not known. ends: luma of the darkest and the lightest hundredth; None for
    the tones' own. darker: whether its middle tones may become so. lighter: by how much it becomes so at least, if it
    does. whiter: how much of what its lights miss to white they get, in 0–1.
    """
    low, high = np.percentile(tones, (1, 99)) if ends is None else ends
    darkened = 1 - KEPT_DARK * shadowy(tones)
    black = share * darkened * float(np.clip(low - BLACK, 0, MOST_BLACK))
    white = share * whiter * float(np.clip(WHITE - high, 0, MOST_WHITE))
    out = (LEVELS - black) / (1 - black - white)
    moved = (tones - black) / (1 - black - white)
    deviation = float(moved.std())
    contrast = share * MOST_CONTRAST * between(deviation, DEPTH, 0)
    about = float(np.clip(tones.mean(), 0.35, 0.6))
    mean = float(tones.mean())
    least = -MOST_MIDDLE if darker else 0.0
    usual = share * float(np.clip(_missing(mean, brighter), least, MOST_MIDDLE))
    wanted = mean + (max(lighter, usual) if lighter else usual)
    low, high = -0.15, 0.2
    for _ in range(10):
        lift = (low + high) / 2
        lifted = _lifted(out, lift)
        curve = _bounded(lifted + contrast * _s_curve(lifted, about, darkened * DARKER_HALF))
        low, high = (lift, high) if np.interp(tones, LEVELS, curve).mean() < wanted else (low, lift)
    return as_points(LEVELS, curve)


def _missing(mean: float, brighter: float | None) -> float:
    """By how much a mean should be higher by what is usual, and by what the photo shows where that is known."""
    usual = float(np.clip(mean, *MIDDLE)) - mean
    if brighter is None:
        return usual
    return min(usual, max(brighter, 0) + DARK_ON_PURPOSE) if usual > 0 else min(brighter + LIGHT_ON_PURPOSE, 0)


def _lifted(levels: Array, by: float) -> Array:
    """Middle tones moved by about `by`, the ends where they are."""
    inside = np.clip(levels, 0, 1)
    return np.asarray(levels + 4 * by * inside * (1 - inside) * (1.3 - 0.6 * inside))


def _s_curve(levels: Array, about: float, darker: float) -> Array:
    """Darker below a level and lighter above it, nothing at the ends."""
    inside = np.clip(levels, 0, 1)
    return np.asarray(inside * (1 - inside) * np.tanh(3 * (inside - about)) * np.where(inside < about, darker, 1))


def _bounded(out: Array) -> Array:
    """The curve with slopes in bounds, from black to white, rolling off into both."""
    slopes = np.clip(np.diff(out) / np.diff(LEVELS), FLATTEST, STEEPEST)
    middle = len(LEVELS) // 2
    rise = slopes * np.diff(LEVELS)
    curve = np.empty_like(out)
    curve[middle] = out[middle]
    curve[middle + 1 :] = curve[middle] + np.cumsum(rise[middle:])
    curve[:middle] = curve[middle] - np.cumsum(rise[:middle][::-1])[::-1]
    return _rolled_off(curve)


def _rolled_off(curve: Array) -> Array:
    """Ends that pass 0 or 1 bent to reach them smoothly; those that stay within are drawn out to reach them."""
    result = curve.copy()
    over = curve > SHOULDER
    reach = max(curve[-1] - SHOULDER, 1e-6)
    room = 1 - SHOULDER
    t = (curve[over] - SHOULDER) / reach
    # Cubic Hermite from the curve's own slope to a slope of a third of it.
    start = min(reach, 2.9 * room)
    result[over] = SHOULDER + _hermite(t, room, start, 0.35 * start if reach > room else start)
    under = curve < TOE
    depth = max(TOE - curve[0], 1e-6)
    t = (TOE - curve[under]) / depth
    start = min(depth, 2.9 * TOE)
    result[under] = TOE - _hermite(t, TOE, start, 0.35 * start if depth > TOE else start)
    result[0], result[-1] = 0.0, 1.0
    return np.maximum.accumulate(np.clip(result, 0, 1))


def _hermite(t: Array, height: float, start: float, end: float) -> Array:
    """From 0 to `height` over t in 0-1 with these slopes at its ends."""
    return np.asarray((t**3 - 2 * t**2 + t) * start + (3 * t**2 - 2 * t**3) * height + (t**3 - t**2) * end)
