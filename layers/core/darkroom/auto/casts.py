"""How far a photo's tint may be taken for its light's: a subject may be of one colour by nature or by will."""

from __future__ import annotations

import numpy as np

from darkroom.auto.exposures import between
from darkroom.measurements import LightEvidence
from darkroom.picture import Array
from darkroom.srgb import cast_degrees

OF_ONE_COLOUR, NOTHING_GREY, LIGHT_IS_GREY = (-0.25, -0.1), (-0.02, -0.01), (0.08, 0.2)
"""What speaks against any tint's being the light's: see `DOUBTS` for the words."""

DOUBTS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("estimates of the light disagree", (0.25, 0.5)),
    ("no usual light is so strongly coloured", (1.25, 1.9)),
    ("daylight and lamps have other colours", (0.0, 0.3)),
    ("all of it is of one colour, as paper or a toned print is", OF_ONE_COLOUR),
    ("nothing in it would be grey then", NOTHING_GREY),
    ("what is light in it is grey as it is", LIGHT_IS_GREY),
)
"""What speaks against a cast: up to the first value not at all, from the second on entirely; see `_doubtful`."""

OFF_DAYLIGHT = (0.12, 0.35)
"""By how many stops green may be off: some, and a share of the light's distance from grey."""


LEAST_DEGREES = 1.5
"""Angle of the light from grey below which it is not worth a change."""

LEAST_TINT, SURE_TINT = 0.25, 0.45
"""Stops of tint, on average over all that may be true: up to the first it may be none, from the second on all
counts."""

FURTHER = 1.7
"""Times the tint that is removed at most, where what is measured lies as far in its direction: an average over what may
be true is nearer to grey than what is."""

AGAINST_TINT = (0.55, 0.85), (1.9, 2.6), (0.75, 0.9), OF_ONE_COLOUR, NOTHING_GREY, LIGHT_IS_GREY
"""As in `DOUBTS`: the spread of the estimates, the stops that they tell, the share of pixels that would be grey then,
too many and, of opposite sign, too few of a colour or grey, and of light ones that are grey as they are."""

LEAST_REMOVED = 3.0
"""Degrees of a tint that are worth a change."""

TINTED = "its light is tinted"


def tinted_light(tint: tuple[float, float], evidence: LightEvidence | None) -> Array | None:
    """The light, as linear RGB of mean 1, that is to be taken out by a diagnosis's tint; None for none.

    The less the tint, the smaller the share of it; nothing where what was measured lies the other way.
    """
    size = float(np.hypot(*tint))
    if evidence is None or size <= LEAST_TINT:
        return None
    measured = (evidence.red * tint[0] + evidence.blue * tint[1]) / size
    stated = (
        evidence.spread,
        float(np.hypot(evidence.red, evidence.blue)),
        evidence.neutral,
        -evidence.coloured,
        -evidence.neutral,
        evidence.neutral_highlights,
    )
    shares = [between(value, none, whole) for value, (whole, none) in zip(stated, AGAINST_TINT, strict=True)]
    share = min(between(size, LEAST_TINT, SURE_TINT), *shares)
    if measured <= 0 or not share:
        return None
    stops = np.array([tint[0], 0, tint[1]]) / size * share * min(max(measured, size), FURTHER * size)
    light = np.exp2(stops) / np.exp2(stops).mean()
    return light if cast_degrees(light) >= LEAST_REMOVED else None


def share_of_light(evidence: LightEvidence | None) -> tuple[float, str]:
    """How much of a tint is to be taken for the light's, in 0-1, and what speaks most against more of it."""
    if evidence is None:
        return 1.0, ""
    shares = [
        (between(value, none, all_of_it), words)
        for value, (words, (all_of_it, none)) in zip(_doubtful(evidence), DOUBTS, strict=True)
    ]
    return min(shares)


def _doubtful(evidence: LightEvidence) -> tuple[float, ...]:
    """The values that `DOUBTS` judges, each the more doubtful the higher it is."""
    size = float(np.hypot(evidence.red, evidence.blue))
    least, share = OFF_DAYLIGHT
    off = max(abs(evidence.red + evidence.blue) - least - share * size, 0.0)
    return evidence.spread, size, off, -evidence.coloured, -evidence.neutral, evidence.neutral_highlights
