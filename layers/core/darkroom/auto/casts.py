"""How far a photo's tint may be taken for its light's: a subject may be of one colour by nature or by will."""

from __future__ import annotations

import numpy as np

from darkroom.auto.exposures import between
from darkroom.auto.scenes import meant
from darkroom.measurements import LightEvidence, Measurements
from darkroom.picture import Array
from darkroom.report import Defect, Diagnosis
from darkroom.srgb import cast_degrees

DISAGREEING, STRONG, OFF_WARM = (0.25, 0.5), (1.25, 1.9), (0.0, 0.3)
OF_ONE_COLOUR, NOTHING_GREY, LIGHT_IS_GREY = (-1.0, 0.0), (-0.02, -0.01), (0.08, 0.2)
"""What speaks against a tint's being the light's: see `DOUBTS` for the words."""

COLOURED, HUES, VARIED = (0.1, 0.25), (4.5, 7.0), (0.07, 0.1)
"""Share of pixels of another colour than the tint, and how far chroma is from what luma foretells: up to the first of
both it is all of one colour, as paper or a toned print is, and from the second on of either it is not. And the latter
as a share of chroma, up to which it is all the same: toned shadows and lights may differ in colour, each from grey."""

DOUBTS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("estimates of the light disagree", DISAGREEING),
    ("no usual light is so strongly coloured", STRONG),
    ("daylight and lamps have other colours", OFF_WARM),
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
too many and, of opposite sign, how many-coloured it is, too few that are grey, and light ones that are grey as they
are."""

PROBABLY_WARM, PROBABLY_COLD = (0.15, 0.45), (0.02, 0.1)
"""Probability from which on the diagnosis's light counts and counts in full, if the network of tints sees it too. Warm
light is often wanted, cold light hardly ever."""

AGREEING, AGREEING_PART = (0.05, 0.15), (0.1, 0.25)
"""The same of the tint in that light's direction, in stops and as a part of it."""

WEIGHTS, WEIGHED = (0.5, 4.3, -1.6), (-1.2, -0.8)
"""Or both together: the weights of the log odds of its probability, of the stops of the tint in its direction, and of
its own, about as a logistic regression on photographs taken again has them, and the sum from which on it counts and
counts in full. A light that is hardly to be told from none needs less evidence than a strong one."""

NOISY = 0.4
"""What that sum has more where the photo is noisy: one that somebody finished, whose colours are meant, is not."""

LEAST_AGREEING = (0.04, 0.08)
"""What the tint must have of it even so, in stops."""

AGAINST_WEIGHED = DISAGREEING, (-0.06, -0.03), LIGHT_IS_GREY
"""What speaks against that sum: the spread of the estimates, too few pixels that are grey, and light ones that are."""

AGAINST_AGREEING = STRONG, (2.6, 3.6), OF_ONE_COLOUR, (0.3, 0.5), (0.3, 0.6)
OFF_COLD, OFF_SURELY_WARM, SURELY = (0.2, 0.4), (0.2, 0.4), 0.6
"""What still speaks against it: the stops of that light, and those measured, which a coloured wall exceeds and no lamp
reaches; one colour in all of it, pixels of the opposite colour, and light ones that are grey as they are, for a light
tints all there is; and what no daylight and no lamp has, where flowers, fruit and skin are warm, more of them than are
cold, but for a light of which the diagnosis is so sure."""

MOSTLY = 0.6
"""Share from which the light on which two networks agree is taken rather than the tint: it is known better."""

COLD_BY_MISTAKE = (0.35, 0.6), (0.1, 0.2), (0.75, 0.9)
"""Where light seems to have its colour by will: from which probability on, and for which tint in its direction, a cold
light counts all the same, and in full; and up to which stops, and from which on it does not. Lamps, dusk and stages are
warm as a rule, and what is blue there by will is deeply blue; a camera's mistake is not."""

REACHES_WHITE = 0.98
"""White point of a channel from which it is clipped: of what raised it, only the part below white can be measured."""

OF_COLD_TINT = 1.2
"""Times the tint that a cold light has at least, in red and in blue: what is told of it is told too weakly. A warm one
has no such floor: with it, tinted photos of one set were 0.28 dB nearer to what they were, and those of another 0.12
farther."""

LEAST_REMOVED = 3.0
"""Degrees of a tint that are worth a change."""

TINTED = "its light is tinted"


def light_of(cast: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Array:
    """The colour of the light as linear RGB of mean 1.

    What the histogram's traces tell is taken as it is; else the geometric mean of what the network says and of what was
    measured, whose errors have little in common, and of a noisy photo, whose highlights are noise, the network's alone.
    Of a channel that was raised until it reached white no less is taken than the network says, which sees its shadows.
    A cold light has at least so much of the tint as `OF_COLD_TINT` says, where that lies in its direction.
    A channel that was surely lowered has so much less than green, and the third, clipped where it ends, no less.
    """
    told = np.array([cast.details[channel] for channel in ("red", "green", "blue")])
    if not cast.traced and not diagnosis["noise"].present:
        both = np.sqrt(told * np.array(measurements.illuminant))
        told, both = told / told[1], both / both[1]
        clipped = (np.array(measurements.white_point) >= REACHES_WHITE) & (both > 1)
        told = np.where(clipped, np.maximum(told, both), both)
    if not cast.traced and told[0] < told[2]:
        told, tint = told / told[1], np.exp2(OF_COLD_TINT * np.insert(diagnosis.tint, 1, 0.0))
        told = np.where(told < 1, np.minimum(told, tint), np.maximum(told, tint))
    if not cast.traced and any(measurements.lowered):
        gains = np.exp2(-np.insert(measurements.lowered, 1, 0.0))
        told = np.where(gains < 1, gains, np.maximum(told / told[1], 1))
    return np.asarray(told / told.mean())


def seen_light(diagnosis: Diagnosis, measurements: Measurements) -> Array | None:
    """What is to be taken out of a light that surely lowered a channel's whites, or that the network of tints sees,
    alone or with the diagnosis."""
    if any(measurements.lowered):
        return _part(light_of(diagnosis["colour cast"], diagnosis, measurements), 1.0)
    if meant(diagnosis, measurements):
        return _mistaken_light(diagnosis, measurements)
    cast, evidence = diagnosis["colour cast"], measurements.light
    light = light_of(cast, diagnosis, measurements)
    share = agreed_share(light, cast.probability, diagnosis.tint, evidence, noisy=diagnosis["noise"].present)
    agreed, tinted = _part(light, share), tinted_light(diagnosis.tint, evidence)
    if agreed is not None and share >= MOSTLY:
        return agreed
    return max((part for part in (agreed, tinted) if part is not None), key=cast_degrees, default=None)


def taken_out(part: Array, cast: Defect, measurements: Measurements) -> str:
    """How much of a light is taken out, and what tells it; part: as `seen_light` has it."""
    degrees = cast_degrees(part)
    if any(measurements.lowered):
        return f"{degrees:.0f}° are taken out, since one channel stops short of white where the others are clipped"
    if cast.present and round(degrees) > round(cast.strength):
        return f"{degrees:.0f}° are taken out, since what is measured lies further in the same direction"
    return f"{degrees:.0f}° of it are taken out"


def _mistaken_light(diagnosis: Diagnosis, measurements: Measurements) -> Array | None:
    """What is to be taken out of a cold light where light seems to have its colour by will; None for none."""
    cast = diagnosis["colour cast"]
    light = light_of(cast, diagnosis, measurements)
    agreed = agreed_share(light, cast.probability, diagnosis.tint, measurements.light)
    stops = np.log2(light[[0, 2]] / light[1])
    size = float(np.hypot(*stops))
    if not agreed or stops[0] > stops[1]:
        return None
    probable, agreeing, usual = COLD_BY_MISTAKE
    share = between(cast.probability, *probable) * between(float(stops @ np.array(diagnosis.tint)) / size, *agreeing)
    return _part(light, agreed * share * (1 - between(size, *usual)), LEAST_REMOVED)


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
        _measured_stops(evidence),
        evidence.neutral,
        -_many_coloured(evidence),
        -evidence.neutral,
        evidence.neutral_highlights,
    )
    share = min(between(size, LEAST_TINT, SURE_TINT), *_left(stated, AGAINST_TINT))
    if measured <= 0 or not share:
        return None
    stops = np.array([tint[0], 0, tint[1]]) / size * share * min(max(measured, size), FURTHER * size)
    light = np.exp2(stops) / np.exp2(stops).mean()
    return light if cast_degrees(light) >= LEAST_REMOVED else None


def agreed_share(
    light: Array, probability: float, tint: tuple[float, float], evidence: LightEvidence | None, *, noisy: bool = False
) -> float:
    """The share of a light that is to be taken out since two networks see it that learned from other things, in 0-1.

    light: that of the diagnosis, linear RGB, and `probability` its own. noisy: whether the photo is.
    """
    stops = np.log2(light[[0, 2]] / light[1])
    size = float(np.hypot(*stops))
    if evidence is None or not size:
        return 0.0
    warm, agreeing = stops[0] > stops[1], float(stops @ np.array(tint)) / size
    usual = OFF_SURELY_WARM if probability >= SURELY else OFF_WARM
    probable, off = (PROBABLY_WARM, usual) if warm else (PROBABLY_COLD, OFF_COLD)
    each = between(probability, *probable), between(agreeing, *AGREEING), between(agreeing / size, *AGREEING_PART)
    odds = np.log((probability + 1e-3) / (1 - probability + 1e-3))
    weighed = float(np.dot(WEIGHTS, (odds, agreeing, size))) + NOISY * noisy
    together = between(weighed, *WEIGHED), between(agreeing, *LEAST_AGREEING)
    doubts = evidence.spread, -evidence.neutral, evidence.neutral_highlights
    for_it = max(min(each), min(*together, *_left(doubts, AGAINST_WEIGHED)))
    stated = size, _measured_stops(evidence), -_many_coloured(evidence), evidence.opposed, evidence.neutral_highlights
    return min(for_it, *_left((*stated, _off_daylight(*stops)), (*AGAINST_AGREEING, off)))


def _left(values: tuple[float, ...], against: tuple[tuple[float, float], ...]) -> list[float]:
    """What each value leaves, in 0-1: all up to the first of its bounds, nothing from the second on."""
    return [between(value, none, whole) for value, (whole, none) in zip(values, against, strict=True)]


def _part(light: Array, share: float, least: float = LEAST_DEGREES) -> Array | None:
    """A share of a light, of mean 1; None where that is less than so many degrees."""
    part = light**share
    return part / part.mean() if cast_degrees(part) >= least else None


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
    size, off = _measured_stops(evidence), _off_daylight(evidence.red, evidence.blue)
    one_colour = -_many_coloured(evidence)
    return evidence.spread, size, off, one_colour, -evidence.neutral, evidence.neutral_highlights


def _measured_stops(evidence: LightEvidence) -> float:
    """How far from grey the light was measured to be."""
    return float(np.hypot(evidence.red, evidence.blue))


def _off_daylight(red: float, blue: float) -> float:
    """By how many stops green is further off than daylight and lamps are."""
    least, share = OFF_DAYLIGHT
    return max(abs(red + blue) - least - share * float(np.hypot(red, blue)), 0.0)


def _many_coloured(evidence: LightEvidence) -> float:
    """How surely there are other colours than the tint, in 0-1."""
    many = max(between(evidence.coloured, *COLOURED), between(evidence.hues, *HUES))
    return min(many, between(evidence.varied, *VARIED))
