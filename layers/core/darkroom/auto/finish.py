"""The last part of `auto`: the tone and colour that a careful editor gives a photo in ten seconds.

Shadows opened where much lies in them that is not meant to. A curve of luminance, found on the photo's own tones: black
and white points, middle tones towards a usual brightness, contrast about the middle, highlights that roll off. Then
local contrast, and a little vibrance for pale colours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.auto.curves import Points, after, as_points, through
from darkroom.auto.exposures import between, on_white
from darkroom.auto.scenes import unjudged
from darkroom.measurements import Measurements
from darkroom.picture import Array
from darkroom.recipe import Finish, StepCall
from darkroom.report import Decision, Diagnosis

SHARES: Mapping[Finish, float] = {"none": 0.0, "gentle": 0.8, "full": 1.0}

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
FLATTEST, STEEPEST = 0.6, 1.9
"""Slopes between which the curve stays."""

PALE = 0.32
"""Mean chroma from which colours are strong enough."""

MOST_VIBRANCE = 0.35
LEAST_CHANGE = 0.008
"""Mean change of luma below which a curve is not worth a change."""

DARK, OFTEN_DARK, DARK_BY_CHANCE = 0.2, (0.15, 0.5), (-0.02, 0.05)
"""Luma of shadows; the share of them from which they are opened, and from which in full; and how much lighter the photo
should be by what it shows, likewise: what is dark on purpose stays."""

MOST_OPENED, OPENED_UP_TO, LEAST_OPENED = 0.28, 0.5, 0.06
"""`amount` and `range` of `lift_shadows`."""

LOCAL, MOST_LOCAL, LEAST_LOCAL = (0.16, 0.32), 0.35, 0.08
"""Deviation of luma up to which local contrast is raised in full, and from which not at all; its strength."""

LOCAL_CONTRAST = {"clip_limit": 1.6, "tiles": 5}

GRAINY = 3.0
"""Levels of measured noise from which local contrast would bring it out."""

GREY = 0.02
"""Mean chroma below which a photo is black and white."""

LEAST_VIBRANCE = 0.04

SHOULDER, TOE = 0.86, 0.1
"""Levels from which the curve bends towards white and black."""

LEVELS = np.linspace(0, 1, 33)

UNFINISHED = ("salt and pepper", "noise", "haze", "underexposed", "low contrast")
"""Repairs after which contrast would bring back what was taken out, or is what it should be."""

STEEPENED, SHADOWS_ALONE = "overexposed", (0.4, 0.75)
"""The repair after which soft highlights are as steep as they may be; and the levels up to which a curve then goes on
from there, and from which nothing changes any more."""

UNTONED = "backlight"
"""The repair after which nobody knows the tones before it is done."""

REMAINING_LEVELS = 5.0
"""Levels of measured noise of which enough is left for contrast to bring it back."""


def finish(wanted: Finish, diagnosis: Diagnosis, measurements: Measurements, repairs: Sequence[Decision]) -> Decision:
    """The finish of a photo. repairs: the decisions to do something about a defect before."""
    share = SHARES[wanted]
    if not share:
        return Decision("finish", False, "no finish was asked for")
    if why := unjudged("finish", diagnosis, measurements):
        return Decision("finish", False, f"no finish: {why}")
    noise = max(measurements.noise_luma, measurements.noise_chroma)
    repaired = [repair.defect for repair in repairs]
    for name in repaired:
        if name in UNFINISHED and (noise >= REMAINING_LEVELS or name != "noise"):
            return Decision("finish", False, f"no finish: its contrast is settled once it is repaired ({name})")
    if not measurements.tones:
        return Decision("finish", False, "no finish: its tones are not known")
    before = np.array(measurements.tones)
    tones = after(before, [call for repair in repairs for call in repair.steps])
    brighter = diagnosis.brighter - float(tones.mean() - before.mean()) if diagnosis.scene else None
    steps, told = [], []
    if UNTONED not in repaired:
        if lift := _opened(tones, share, brighter):
            steps.append(StepCall("lift_shadows", {"amount": lift, "range": OPENED_UP_TO}))
            told.append("shadows opened")
        points = finish_curve(tones, share, brighter, darker=not on_white(measurements))
        if STEEPENED in repaired:
            points = [[at, round(at + (to - at) * (1 - between(at, *SHADOWS_ALONE)), 4)] for at, to in points]
        moved = through(points, tones)
        if float(np.abs(moved - tones).mean()) >= LEAST_CHANGE:
            steps.append(StepCall("stretch_nonlinear", {"method": "curve", "points": points}))
            mean = float(moved.mean() - tones.mean())
            way = "lighter" if mean > 0.01 else "darker" if mean < -0.01 else "as light as before"
            told.append(f"middle tones {way}")
            told.append("more contrast by a smooth curve")
    local = round(share * MOST_LOCAL * (1 - between(float(tones.std()), *LOCAL)), 2)
    if local >= LEAST_LOCAL and noise < GRAINY and STEEPENED not in repaired:
        steps.append(StepCall("equalize_adaptive", {**LOCAL_CONTRAST, "strength": local}))
        told.append("more local contrast")
    vibrance = round(share * MOST_VIBRANCE * between(measurements.saturation, PALE, 0), 2)
    if vibrance >= LEAST_VIBRANCE and measurements.saturation >= GREY:
        steps.append(StepCall("adjust_color", {"vibrance": vibrance}))
        told.append(f"pale colours {vibrance:+.0%}")
    if not steps:
        return Decision("finish", False, "no finish: its tones and colours are as they should be")
    return Decision("finish", True, f"finish, {wanted}: {', '.join(told)}", steps)


def _opened(tones: Array, share: float, brighter: float | None) -> float:
    """How far shadows are opened, as `lift_shadows` takes it; 0 for not."""
    if brighter is None:
        return 0.0
    dark = between(float((tones < DARK).mean()), *OFTEN_DARK)
    amount = round(share * MOST_OPENED * dark * between(brighter, *DARK_BY_CHANCE), 2)
    return amount if amount >= LEAST_OPENED else 0.0


def finish_curve(tones: Array, share: float, brighter: float | None = None, *, darker: bool = True) -> Points:
    """Points [in, out] of the curve for a photo of these tones (encoded luma of equal shares of the pixels).

    brighter: by how much its mean should be higher by what it shows (`Diagnosis.brighter`); None where that is not
    known. darker: whether its middle tones may become so.
    """
    low, high = float(np.percentile(tones, 1)), float(np.percentile(tones, 99))
    black = share * float(np.clip(low - BLACK, 0, MOST_BLACK))
    white = share * float(np.clip(WHITE - high, 0, MOST_WHITE))
    out = (LEVELS - black) / (1 - black - white)
    moved = (tones - black) / (1 - black - white)
    mean, deviation = float(moved.mean()), float(moved.std())
    usual = float(np.clip(mean, *MIDDLE)) - mean
    if brighter is not None:
        usual = min(usual, max(brighter, 0) + DARK_ON_PURPOSE) if usual > 0 else min(usual, brighter + LIGHT_ON_PURPOSE)
    lift = share * float(np.clip(usual, -MOST_MIDDLE if darker else 0, MOST_MIDDLE))
    out = _lifted(out, lift)
    contrast = share * MOST_CONTRAST * between(deviation, DEPTH, 0)
    about = float(np.clip(mean + lift, 0.35, 0.6))
    out = out + contrast * _s_curve(out, about)
    return as_points(LEVELS, _bounded(out))


def _lifted(levels: Array, by: float) -> Array:
    """Middle tones moved by about `by`, the ends where they are."""
    inside = np.clip(levels, 0, 1)
    return np.asarray(levels + 4 * by * inside * (1 - inside) * (1.3 - 0.6 * inside))


def _s_curve(levels: Array, about: float) -> Array:
    """Darker below a level and lighter above it, nothing at the ends."""
    inside = np.clip(levels, 0, 1)
    return np.asarray(inside * (1 - inside) * np.tanh(3 * (inside - about)))


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
