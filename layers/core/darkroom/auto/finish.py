"""The last part of `auto`: the tone and colour that a careful editor gives a photo in ten seconds.

Shadows opened where much lies in them that is not meant to; local contrast. A curve of luminance, found on the photo's
own tones: black and white points, middle tones towards a usual brightness, contrast about the middle, highlights that
roll off. Then vibrance for pale colours. Bold where a photo is full of detail, as snapshots are, and quiet where it is
calm, where its light has a colour of its own, and where it may be no photo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.auto.curves import after, steep_from, through
from darkroom.auto.exposures import between, on_white
from darkroom.auto.finish_curve import finish_curve, shadowy
from darkroom.auto.scenes import unjudged
from darkroom.measurements import Measurements
from darkroom.picture import Array
from darkroom.recipe import Finish, StepCall
from darkroom.report import Decision, Diagnosis

SHARES: Mapping[Finish, float] = {"none": 0.0, "gentle": 0.8, "full": 1.0}

PHOTO = (0.3, 0.7)
"""Probability that it is a photo, up to which nothing is done, and from which what is asked for is done in full."""

BUSY, QUIET = (0.42, 0.6), 0.85
"""Share of a photo that shows detail (`Measurements.detail`) up to which the finish is quiet, and from which it is
bold: a sky, a backdrop or blur shows every change of tone, leaves and a crowd bear it. And how much of the contrast a
quiet one has; of the light that a photo misses it has all."""

GLOWING = (0.3, 0.7)
"""Probability that a photo's light should have its colour, as at dusk or on a stage, from which its tones may be meant
to be as they are, and from which they stay, but for a quiet finish."""

LIGHTER, SURELY_LIGHTER = (-0.03, 0.03), (0.01, 0.05)
AS_LIGHT_AS, MOST_LIGHTER = 0.52, 0.12
"""How much lighter a photo should be by what it shows, from where on a bold finish lightens its middle tones and where
in full, and where even a quiet one; up to what mean, and by how much at most."""

MISSED = (0.035, 0.07)
"""How much lighter it should be from where on a finish gives some of that, however light it is, and from where all:
finished photos hardly ever seem to miss as much."""

LIGHT_ENOUGH = (0.2, 0.6)
"""Probability that a photo is overexposed from which its lights get less than they miss to white, and from which
nothing."""

PALE = 0.4
"""Mean chroma from which colours are strong enough."""

MOST_VIBRANCE, MORE_VIBRANCE = 0.45, 0.3
"""Of a quiet finish; and how much more of a bold one."""

OPENED = (0.1, 0.5)
"""`amount` of opened shadows from which vibrance is less, and from which there is none: with light colours grow too,
and skin in the shade would turn orange."""

SPARED = {"spare_skin": 0.8, "spare_greys": 1.0}
"""How much of vibrance skin is spared, and the faint violet of greys: of a koala, of snow in the shade."""

TONED = (10.0, 16.0)
"""`LightEvidence.hues` up to which a picture has one colour a luma, as a toned print, and from which it has not."""

COLD = (0.6, 1.2)
"""How far blue is above red in a tint that is left in the light, in stops, for each unit of mean chroma, from which
vibrance is less, and from which there is none: it would bring out the cold light, as teal in a wood in snow."""

LEAST_CHANGE = 0.008
"""Mean change of luma below which a curve is not worth a change."""

DARK_BY_CHANCE = (-0.01, 0.05)
"""How much lighter a photo should be by what it shows for its shadows to be opened, and to be so in full: what is dark
on purpose stays."""

MOST_OPENED, OPENED_UP_TO, LEAST_OPENED = 0.4, 0.55, 0.06
"""`amount` and `range` of `lift_shadows`."""

DEEP, MATT = (0.26, 0.3), (0.08, 0.16)
"""Deviation of luma from which a photo lives by its contrast, and level of its darkest hundredth from which its blacks
are matt by intent: from the first of either on its shadows are opened less, and from the second not. Where contrast is
so strong, middle tones do not become lighter by chance either, and by half of what they surely miss."""

FADED = (0.06, 0.13)
"""Level of the darkest hundredth from which a calm picture, in which nothing was wrong, is left ever more as it is: its
soft tones are meant, and a portrait would turn harsh."""

LOW_KEY = (0.1, 0.3)
"""Probability of a night or a low key from which shadows may be meant to be dark, and from which they stay."""

LOCAL, MOST_LOCAL, LEAST_LOCAL = (0.2, 0.4), 0.6, 0.08
"""Deviation of luma up to which local contrast is raised in full, and from which not at all; its `amount`."""

LOCAL_CONTRAST = {"sigma": 0.2, "spare_skin": 0.6, "spare_shadows": 1.0}

GRAINY = 3.0
"""Levels of measured noise from which local contrast would bring it out."""

GREY = 0.02
"""Mean chroma below which a photo is black and white."""

LEAST_VIBRANCE = 0.04

UNFINISHED = ("salt and pepper", "noise", "haze", "underexposed", "low contrast")
"""Repairs after which contrast would bring back what was taken out, or is what it should be."""

STEEPENED, SHADOWS_ALONE = "overexposed", 0.35
"""The repair after which soft highlights are as steep as they may be: from where its curve is steep the finish changes
nothing; and over how many levels below that it fades out."""

STILL_LIGHT = 0.05
"""How much of too much light, as mean luma, is left after that repair, which takes out no more than is sure."""

UNTONED = "backlight"
"""The repair after which nobody knows the tones before it is done."""

REMAINING_LEVELS = 6.5
"""Levels of measured noise of which enough is left for contrast to bring it back."""


def finish(wanted: Finish, diagnosis: Diagnosis, measurements: Measurements, repairs: Sequence[Decision]) -> Decision:
    """The finish of a photo. repairs: the decisions to do something about a defect before."""
    share = SHARES[wanted]
    if not share:
        return Decision("finish", False, "no finish was asked for")
    if why := unjudged("finish", diagnosis, measurements):
        return Decision("finish", False, f"no finish: {why}")
    noise = measurements.noise_levels
    repaired = [repair.defect for repair in repairs]
    for name in repaired:
        if name in UNFINISHED and (noise >= REMAINING_LEVELS or name != "noise"):
            return Decision("finish", False, f"no finish: its contrast is settled once it is repaired ({name})")
    if not measurements.tones:
        return Decision("finish", False, "no finish: its tones are not known")
    share *= between(diagnosis.scene["photo"], *PHOTO) if diagnosis.scene else 1.0
    plain = 1 - between(diagnosis.glow, *GLOWING)
    bold = between(measurements.detail, *BUSY) * plain
    light, bold, share = share * plain, share * bold, share * (QUIET + (1 - QUIET) * bold)
    before = np.array(measurements.tones)
    calls = [call for repair in repairs for call in repair.steps]
    tones = after(before, calls)
    brighter = None
    if diagnosis.scene:
        missed = diagnosis.brighter - float(tones.mean() - before.mean())
        brighter = min(missed, 0.0) - STILL_LIGHT if STEEPENED in repaired else min(missed, plain * missed)
    steps, told = [], []
    ends = after(np.array((measurements.luma_p1, measurements.luma_p99)), calls)
    flat = 1 - between(float(tones.std()), *DEEP)
    if not repaired:
        unmeant = 1 - (1 - bold) * between(float(ends[0]), *FADED)
        light, bold, share = light * unmeant, bold * unmeant, share * unmeant
    open_to = bold * flat * (1 - between(float(ends[0]), *MATT))
    lift = 0.0 if UNTONED in repaired else _opened(tones, open_to, brighter, diagnosis.scene.get("night", 0.0))
    if lift:
        steps.append(StepCall("lift_shadows", {"amount": lift, "range": OPENED_UP_TO}))
        told.append("shadows opened")
    local = round(bold * MOST_LOCAL * (1 - between(float(tones.std()), *LOCAL)), 2)
    if local >= LEAST_LOCAL and noise < GRAINY and STEEPENED not in repaired:
        steps.append(StepCall("stretch_local", {"amount": local, **LOCAL_CONTRAST}))
        told.append("more local contrast")
    if UNTONED not in repaired:
        lighter = _lighter(float(tones.mean()), light * (1 + flat) / 2, bold * flat, brighter)
        light_enough = between(diagnosis["overexposed"].probability, *LIGHT_ENOUGH)
        points = finish_curve(
            tones,
            share,
            brighter,
            ends=ends,
            darker=not on_white(measurements),
            lighter=lighter,
            whiter=plain * (1 - light_enough),
        )
        if STEEPENED in repaired:
            (lowered,) = (repair.steps[0] for repair in repairs if repair.defect == STEEPENED)
            steep = steep_from(lowered.params["points"])
            points = [[at, round(at + (to - at) * between(at, steep, steep - SHADOWS_ALONE), 4)] for at, to in points]
        moved = through(points, tones)
        if float(np.abs(moved - tones).mean()) >= LEAST_CHANGE:
            steps.append(StepCall("stretch_nonlinear", {"method": "curve", "points": points, "spare_colors": 1.0}))
            mean = float(moved.mean() - tones.mean())
            way = "lighter" if mean > 0.01 else "darker" if mean < -0.01 else "as light as before"
            told += [f"middle tones {way}", "more contrast by a smooth curve"]
    red, blue = (0.0, 0.0) if "colour cast" in repaired else diagnosis.tint
    vibrance = round(_vibrance(measurements, share, bold, blue - red) * (1 - between(lift, *OPENED)), 2)
    if vibrance >= LEAST_VIBRANCE:
        steps.append(StepCall("adjust_color", {"vibrance": vibrance, **SPARED}))
        told.append(f"pale colours {vibrance:+.0%}")
    if not steps:
        return Decision("finish", False, "no finish: its tones and colours are as they should be")
    return Decision("finish", True, f"finish, {wanted}: {', '.join(told)}", steps)


def _vibrance(measurements: Measurements, share: float, bold: float, cold: float) -> float:
    """How much livelier pale colours become; 0 for a picture without, or of one colour, or of hardly more than a tint.

    cold: how far blue is above red in its light, in stops.
    """
    if measurements.saturation < GREY:
        return 0.0
    hues = 1.0 if measurements.light is None else between(measurements.light.hues, *TONED)
    most = share * MOST_VIBRANCE + bold * MORE_VIBRANCE
    own = 1 - between(cold / measurements.saturation, *COLD)
    return most * hues * own * between(measurements.saturation, PALE, 0)


def _opened(tones: Array, bold: float, brighter: float | None, night: float) -> float:
    """How far shadows are opened, as `lift_shadows` takes it; 0 for not."""
    if brighter is None:
        return 0.0
    chance = between(brighter, *DARK_BY_CHANCE) * (1 - between(night, *LOW_KEY))
    amount = round(bold * MOST_OPENED * shadowy(tones) * chance, 2)
    return amount if amount >= LEAST_OPENED else 0.0


def _lighter(mean: float, share: float, bold: float, brighter: float | None) -> float:
    """How much lighter a photo of this mean luma becomes at least, as mean luma."""
    if brighter is None:
        return 0.0
    part = max(bold * between(brighter, *LIGHTER), share * between(brighter, *SURELY_LIGHTER))
    missed = share * between(brighter, *MISSED) * brighter
    return max(part * float(np.clip(AS_LIGHT_AS - mean, 0, MOST_LIGHTER)), missed)
