"""Contrast that was lost: between which ends of its tones a flat photo is stretched."""

from __future__ import annotations

from darkroom.auto.scenes import kind_of
from darkroom.measurements import Measurements
from darkroom.recipe import StepCall
from darkroom.report import Defect, Diagnosis

FULL_RANGE = {"low": 0.005, "high": 99.995, "averaged_px": 8}
"""What becomes black and white where contrast is low: the ends of the picture without single pixels' noise, and without
the overshoots that JPEG makes at edges, of which the mean of a block as large as JPEG's has none."""

MID_GREY = 0.5
UNEVEN_ENDS, NEAR_AN_END = 0.12, 0.42
"""Where the darkest and the brightest tones are as far from black and white but for the one, or neither lies as far
from the middle as the other, contrast was lost about the middle, and a scene without white or without black need not
get one; else black was lifted, or white lowered, and each end moves."""

NEITHER_BLACK_NOR_WHITE, LIKELY = (0.24, 0.77), 0.35
"""Luma that hardly a pixel is darker and lighter than where contrast that the diagnosis finds likely lost surely is."""

SURELY_FLAT = 0.9
"""Probability of lost contrast from which it is sure of what seems a drawing: of drawings of pale colours it is 0.2."""


def evidently_flat(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a photo that is likely flat, and no likelier hazy, has neither black nor white in it."""
    flat, (black, white) = diagnosis["low contrast"].probability, NEITHER_BLACK_NOR_WHITE
    likely = flat >= max(LIKELY, diagnosis["haze"].probability)
    return likely and measurements.luma_p1 >= black and measurements.luma_p99 <= white


def surely_flat(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a defect is lost contrast, sure, of what seems a drawing, and has neither black nor white.

    No even surface: a wall has no black either.
    """
    sure = defect.name == "low contrast" and defect.probability >= SURELY_FLAT
    return sure and kind_of(diagnosis, measurements) == "drawing" and evidently_flat(diagnosis, measurements)


def stretched(measurements: Measurements) -> tuple[list[StepCall], str]:
    """The steps that give a flat photo its contrast back, and how that is said."""
    below, above = MID_GREY - measurements.luma_p1, measurements.luma_p99 - MID_GREY
    if abs(below - above) > UNEVEN_ENDS and max(below, above) > NEAR_AN_END:
        return [StepCall("stretch_histogram", FULL_RANGE)], "tones are stretched to the whole scale"
    step = StepCall("stretch_histogram", {**FULL_RANGE, "middle": MID_GREY})
    return [step], "tones are stretched about mid grey, until something is black or white"
