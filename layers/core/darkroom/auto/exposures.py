"""Exposure by what a photo shows and how its tones lie, without its diagnosis."""

from __future__ import annotations

import numpy as np

from darkroom.auto.contrast import evidently_flat
from darkroom.auto.curves import ev_that_changes_mean, exposure_curve, lightening_curve
from darkroom.auto.scenes import SURELY, in_little_light, kind_of, noisy, nothing_light, toned
from darkroom.measurements import Measurements
from darkroom.picture import Array
from darkroom.recipe import StepCall
from darkroom.report import Diagnosis

MOST_LIGHTENED_EV = 5.0
"""The most that is lightened."""

MOST_LESS_EV = 2.0
"""The most that is lowered of a photo whose tones alone tell that it is too light."""

OF_WHAT_IS_SHOWN, AS_LIGHT_AS_EVER = 2.0, 0.5
"""How much darker a photo becomes at most that is diagnosed to be too light: so many times what it shows to be too much
of mean luma, or down to this mean. What seems to be a stop too light may be a bright sky above dark trees."""

COLOURS_BACK = 0.5
"""`steepen_colors` of the curve that lowers exposure: near white colours are pale, and skin would be ashen."""

USUAL = 0.44
"""Mean luma that a photo is brought to where nothing speaks against it."""

DIM = (0.2, 0.32)
"""Mean luma up to which a photo may be too dark, and from which it is not taken for that."""

DARKER, DARKER_BY_NIGHT, DARKER_BY_LAMPLIGHT = (0.05, 0.11), (0.06, 0.11), (0.06, 0.2)
"""What the network of scenes must miss of mean luma: from where it counts, and where it counts in full. By night, and
where a night's light has the colour that it should have, too, as of lamps and stages."""

DARKER_BY_NOISE = 0.03
"""Of mean luma: so much darker than without it a photo looks to the network of scenes with strong noise."""

LIGHTER = (0.06, 0.14)
"""The same of what there is too much."""

SURE, SURE_SHARE = 0.65, 0.85
"""Probability of too little light, by the diagnosis, from which what the tones say counts for at least this share."""

LEAST_SUPPORT, LEAST_TOO_LIGHT = 0.03, 0.015
"""Change of mean luma that must be likely for a sure diagnosis of light to be believed: of backlight, of too much."""

STANDING_ON_WHITE = 0.6
"""Share of white along each side of a picture from which it shows something before white, as what is for sale is shown:
that is not too much light. A sky that is blown out does not go on below."""

LIKELY, LIKELY_SHARE = 0.35, 0.6
"""Probability of too much light, by the diagnosis, from which what the tones say counts for at least this share."""

AGREED = {"underexposed": 0.1, "overexposed": -0.045}
"""Change of mean luma that what a photo shows must ask for, to make sure of what the diagnosis finds `LIKELY`. Finished
photos that are likely too light by the one or by the other are many, by both none."""

ASKED_WITHOUT_LIGHT = 0.075
"""Change of mean luma that a photo must ask for in which nothing is light, to be too dark whatever its diagnosis."""

NO_BLACK = 0.2
"""Luma of the darkest hundredth above which nothing is dark: of flattened photos it lies from 0.26 on."""

SHRUNK = 1.4
"""Times what the network of scenes finds missing of mean luma that is missing, by the median of spoiled photos that do
not look dark: it says the less, the less it knows."""

NOISE_TELLS, AGREED_BY_NOISE = 0.2, 0.03
"""Probability of too little light, and change of mean luma, that are enough of a photo in whose noise it shows."""

NO_WHITE, AGREED_WITHOUT_WHITE = 0.86, 0.08
"""Level, half a stop below white, that nothing in such a photo exceeds, and change of mean luma, that are enough
whatever its diagnosis: of fifty photos in noise, rightly exposed, only such have both as it finds too dark, too."""

LESS_EV, MORE_EV = 0.8, 0.3
"""How far the white point may overrule the diagnosis. Downwards: lamps. Upwards: most scenes have something white in
them, but not all, and a photo that is made too bright is worse than one that stays a little dark."""

MOST_EV = 4.0

LEAST_CHANGE = 0.03
"""Change of mean luma that is worth one of exposure."""

EVIDENT = {
    "underexposed": "too dark for what it shows",
    "overexposed": "too light for what it shows",
    "low contrast": "flat, with neither black nor white in it",
    "noise": "noise to be seen, as a camera leaves it",
    "salt and pepper": "black and white specks, as a JPEG leaves them",
}


def change_of_mean(diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how much a photo's mean luma is to be changed; 0 where that is nothing to speak of.

    Never all or nothing: the less is missing by what the photo shows, the more may be meant, and the less is done.
    """
    if not measurements.tones or toned(measurements):
        return 0.0
    mean, missing = float(np.mean(measurements.tones)), diagnosis.brighter
    if missing > 0:
        looks_darker = DARKER_BY_NOISE if in_little_light(diagnosis, measurements) else 0.0
        share = between(missing - looks_darker, *_darker(diagnosis, measurements))
        if share and diagnosis["underexposed"].probability >= SURE:
            share = max(share, SURE_SHARE)
        share *= 1 - between(mean, *DIM)
        change = share * max(USUAL - mean, 0)
    elif on_white(measurements):
        change = 0.0
    else:
        share = between(-missing, *LIGHTER)
        if share and diagnosis["overexposed"].probability >= LIKELY:
            share = max(share, LIKELY_SHARE)
        change = share * missing
    return change if abs(change) >= LEAST_CHANGE else 0.0


def on_white(measurements: Measurements) -> bool:
    """Whether a picture shows something before white."""
    return measurements.white_margin >= STANDING_ON_WHITE


def _darker(diagnosis: Diagnosis, measurements: Measurements) -> tuple[float, float]:
    if kind_of(diagnosis, measurements) != "night":
        return DARKER
    return DARKER_BY_LAMPLIGHT if diagnosis.glow >= SURELY else DARKER_BY_NIGHT


def supported(name: str, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether what the photo shows allows for a diagnosis of too much or too little light. Without an answer to what it
    shows, as in manifests of before, it does."""
    if not diagnosis.scene:
        return True
    if name == "overexposed":
        return diagnosis.brighter <= -LEAST_TOO_LIGHT
    if name != "underexposed":
        return diagnosis.brighter >= LEAST_SUPPORT
    by_noise = in_little_light(diagnosis, measurements) and kind_of(diagnosis, measurements) != "night"
    return diagnosis.brighter >= (AGREED_BY_NOISE if by_noise else _darker(diagnosis, measurements)[0])


def agreed(name: str, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether what the photo shows makes sure of too much or too little light that is likely, or shows it alone."""
    if name not in AGREED:
        return False
    probability, asked = diagnosis[name].probability, diagnosis.brighter
    if name == "underexposed" and in_little_light(diagnosis, measurements):
        without_white = max(measurements.white_point) <= NO_WHITE and asked >= AGREED_WITHOUT_WHITE
        return without_white or (probability >= NOISE_TELLS and asked >= AGREED_BY_NOISE)
    if name == "underexposed" and _shown_dark(diagnosis, measurements):
        return True
    return probability >= LIKELY and asked / AGREED[name] >= 1


def _shown_dark(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a photo in which nothing is light misses light by what it shows alone: its tones, on the whole, are light
    enough not to tell. What has nothing dark in it either is flat."""
    flat = measurements.luma_p1 > NO_BLACK or diagnosis["low contrast"].present
    if flat or not measurements.tones or not nothing_light(measurements) or in_little_light(diagnosis, measurements):
        return False
    asked = AGREED["underexposed"] if toned(measurements) else ASKED_WITHOUT_LIGHT
    return diagnosis.brighter >= asked and change_of_mean(diagnosis, measurements) == 0


def until_white(missing: float, room: float, diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV to lighten a photo that is diagnosed to miss `missing`: until something is white, by `room`.

    The white point overrules the diagnosis by `LESS_EV`, `MORE_EV` at most. What the photo shows to be missing counts
    as diagnosed where the diagnosis finds nothing.
    """
    if not diagnosis["underexposed"].present and _shown_dark(diagnosis, measurements):
        tones, white = np.array(measurements.tones), max(measurements.white_point)
        change = SHRUNK * diagnosis.brighter
        shown = ev_that_changes_mean(change, tones, lambda ev: lightening_curve(ev, white), 0, room)
        missing = max(missing, shown)
    return min(max(room, missing - LESS_EV, 0.0), missing + MORE_EV, MOST_EV)


def between(value: float, low: float, high: float) -> float:
    """How far a value has come from `low` to `high`, in 0-1."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def evident_ev(diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV the exposure is to be changed by what the photo shows and how its tones lie; 0 for none."""
    change, tones = change_of_mean(diagnosis, measurements), np.array(measurements.tones)
    if change > 0:
        white = max(measurements.white_point)
        return round(
            ev_that_changes_mean(change, tones, lambda ev: lightening_curve(ev, white), 0, MOST_LIGHTENED_EV), 2
        )
    if change < 0:
        return round(_lowered_ev(change, tones, measurements, MOST_LESS_EV), 2)
    return 0.0


def most_lowered_ev(diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV a photo may be lowered at most, by what it shows and by how light it is."""
    tones = np.array(measurements.tones)
    if not (diagnosis.scene and tones.size):
        return MOST_EV
    change = max(-OF_WHAT_IS_SHOWN * diagnosis.brighter, float(tones.mean()) - AS_LIGHT_AS_EVER)
    return -_lowered_ev(-change, tones, measurements, MOST_EV)


def _lowered_ev(change: float, tones: Array, measurements: Measurements, most: float) -> float:
    clipped = measurements.lost_highlights
    return ev_that_changes_mean(change, tones, lambda ev: exposure_curve(ev, clipped), -most, 0)


def lowered(too_much: float, measurements: Measurements) -> StepCall:
    points = exposure_curve(-too_much, measurements.lost_highlights)
    return StepCall("stretch_nonlinear", {"method": "curve", "points": points, "steepen_colors": COLOURS_BACK})


def lightened(ev: float, measurements: Measurements) -> StepCall:
    points = lightening_curve(ev, max(measurements.white_point))
    return StepCall("stretch_nonlinear", {"method": "curve", "points": points, "channels": "each"})


def evident(name: str, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether the photo's tones and what it shows, or its tones and half a diagnosis, tell that it has this defect."""
    if name not in EVIDENT:
        return False
    if name == "noise":
        return noisy(measurements)
    if name == "salt and pepper":
        return measurements.blurred_specks > 0
    if name == "low contrast":
        return evidently_flat(diagnosis, measurements)
    change = change_of_mean(diagnosis, measurements)
    return change > 0 if name == "underexposed" else change < 0
