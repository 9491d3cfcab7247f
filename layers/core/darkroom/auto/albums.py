"""Albums: photos that belong together decide together about light, exposure and noise: a series does not flicker.

Photos of one occasion tell of one light and one exposure, each with an error of its own: what it happens to show. What
they tell together is nearer the truth than what each tells alone, as far as they agree. So what each tells is drawn
towards what all tell, robustly, and the nearer the less they differ by more than each is in doubt of (James and Stein,
"Estimation with Quadratic Loss", 1961). One that stands apart from the others keeps its own.

The decisions themselves are made of that as ever, see `treatments.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import astuple, replace

from darkroom.album import About, Album
from darkroom.auto.scenes import unjudged
from darkroom.defects import KINDS, PRESENT
from darkroom.diagnosis.network import sentence
from darkroom.measurements import LightEvidence, Measurements
from darkroom.picture import Array
from darkroom.report import Defect, Diagnosis
from darkroom.srgb import cast_degrees

LEAST = 3
"""Photos that make an album: of two that differ nobody knows which is right."""

APART = (2.0, 3.0)
"""Standard deviations from the others: from the first on a photo's own counts more, from the second on alone."""

ITS_OWN = 0.75
"""Share from which on all is a photo's own: a folder of this and that is no series."""

DEVIATIONS = 1.4826
"""Standard deviations in a median deviation, where errors are normal."""

LEAST_STOPS = 0.15
"""Doubt of the colour of a light whose estimates all agree, in stops."""

MISSING, SHOWN = 0.06, 0.07
"""Doubt of the mean luma that a photo misses, where the diagnosis is sure, and of what its own tells of the series'."""

OCTAVES, LEAST_NOISE = 0.5, 0.5
"""Doubt of noise, in octaves: texture is taken for some. And levels below which none is told from none."""

ABOUT: Mapping[About, tuple[str, ...]] = {
    "exposure": ("underexposed", "overexposed", "backlight", "haze", "low contrast", "finish"),
    "light": ("colour cast",),
    "noise": ("noise",),
}
"""What is shared, and which decisions are made of it. Of photos whose tones differ nothing is: they show other
things."""

MEASURED: Mapping[About, tuple[str, ...]] = {
    "light": ("cast_degrees", "illuminant", "light"),
    "exposure": (
        *("luma_p1", "luma_p50", "luma_p99", "white_point", "midtone", "linear_mean", "saturation", "tones", "detail"),
        *("clipped_shadows", "clipped_highlights", "lost_highlights"),
    ),
    "noise": ("noise_luma", "noise_chroma"),
}
DIAGNOSED: Mapping[About, tuple[str, ...]] = {"light": ("tint",), "exposure": ("brighter", "scene"), "noise": ()}


class Evidence(msgspec.Struct, frozen=True):
    """What is known of a photo before anything is decided."""

    measurements: Measurements
    diagnosis: Diagnosis


class Together(msgspec.Struct, frozen=True):
    """A photo of an album. own: what is known of it; agreed: the same drawn towards the others', to decide by; album:
    what the report tells of that, None where all of it is its own."""

    own: Evidence
    agreed: Evidence
    album: Album | None


def together(name: str, members: Sequence[Evidence]) -> list[Together]:
    """The photos of an album, in their order. What is no photo, and all where there are too few, keeps its own."""
    photos = [index for index, one in enumerate(members) if unjudged("noise", one.diagnosis, one.measurements) is None]
    colored = [index for index in photos if members[index].measurements.light is not None]
    kept: list[dict[About, float]] = [dict.fromkeys(ABOUT, 1.0) for _ in members]
    agreed = list(members)
    for about in ABOUT:
        judged = colored if about == "light" else photos
        if len(judged) < LEAST:
            continue
        told = [members[index] for index in judged]
        shares = of_its_own(*TELLS[about](told))
        for index, least in zip(judged, shares.tolist(), strict=True):
            share = least if about == "exposure" else max(least, kept[index]["exposure"])
            kept[index][about] = round(share, 2)
            agreed[index] = _drawn(about, agreed[index], told, share) if share < 1 else agreed[index]
    words = [Album(name, len(photos), shares) if min(shares.values()) < 1 else None for shares in kept]
    return [Together(*each) for each in zip(members, agreed, words, strict=True)]


def of_its_own(values: Array, doubts: Array) -> Array:
    """How much of its own each photo keeps, 0–1. values: NxK, in units of doubt. doubts: N, each photo's own.

    As much as its difference from the others is more than doubt explains, sharper than James and Stein have it: photos
    that differ by more than that are no series; and all, where it stands apart from them.
    """
    off = np.abs(values - np.median(values, axis=0))
    differ = np.maximum((DEVIATIONS * np.median(off, axis=0)) ** 2 - np.median(doubts) ** 2, 0)
    apart = (off / np.sqrt(doubts[:, None] ** 2 + differ)).max(axis=1)
    shrunk = differ.max() ** 2 / (differ.max() ** 2 + doubts**4) / ITS_OWN
    return np.asarray(np.clip(np.maximum(shrunk, (apart - APART[0]) / (APART[1] - APART[0])), 0, 1))


def _light(told: Sequence[Evidence]) -> tuple[Array, Array]:
    """Stops of red and blue over green, as the network and the estimates tell them, and how far those disagree."""
    found = [one.measurements.light or LightEvidence() for one in told]
    stops = [
        (one.diagnosis.tint[0] + light.red, one.diagnosis.tint[1] + light.blue)
        for one, light in zip(told, found, strict=True)
    ]
    doubts = [max(light.spread, LEAST_STOPS) / LEAST_STOPS for light in found]
    return np.array(stops) / (2 * LEAST_STOPS), np.array(doubts)


def _exposure(told: Sequence[Evidence]) -> tuple[Array, Array]:
    means = [float(np.mean(one.measurements.tones or (one.measurements.luma_p50,))) for one in told]
    values = np.array([one.diagnosis.brighter for one in told]) / MISSING, np.array(means) / SHOWN
    return np.stack(values, axis=1), _doubts(told, "underexposed", "overexposed")


def _noise(told: Sequence[Evidence]) -> tuple[Array, Array]:
    levels = np.array([max(one.measurements.noise_luma, one.measurements.noise_chroma) for one in told])
    return np.log2(levels + LEAST_NOISE)[:, None] / OCTAVES, _doubts(told, "noise")


def _doubts(told: Sequence[Evidence], *names: str) -> Array:
    """1 where the diagnosis is sure of these defects, up to the root of 2 where it may as well toss a coin."""
    sure = np.array([[one.diagnosis[name].probability for name in names] for one in told])
    return np.asarray(np.sqrt(1 + 4 * (sure * (1 - sure)).max(axis=1)))


TELLS: Mapping[About, Callable[[Sequence[Evidence]], tuple[Array, Array]]] = {
    "light": _light,
    "exposure": _exposure,
    "noise": _noise,
}
"""How photos tell of each, as `of_its_own` takes it."""


def _drawn(about: About, own: Evidence, told: Sequence[Evidence], share: float) -> Evidence:
    """What is known of a photo, with what it tells of one thing drawn towards the median of what all tell."""

    def field(name: str, part: str) -> Any:
        return _mixed(getattr(getattr(own, part), name), [getattr(getattr(one, part), name) for one in told], share)

    measured = {name: field(name, "measurements") for name in MEASURED[about]}
    diagnosed = {name: field(name, "diagnosis") for name in DIAGNOSED[about]}
    defects = [
        _defect(defect, [one.diagnosis[defect.name] for one in told], share) if defect.name in ABOUT[about] else defect
        for defect in own.diagnosis.defects
    ]
    return Evidence(replace(own.measurements, **measured), replace(own.diagnosis, defects=defects, **diagnosed))


def _mixed(own: Any, told: Sequence[Any], share: float) -> Any:
    """A number, or numbers in a tuple, a mapping or a struct, drawn towards the median; what others lack, its own."""
    if isinstance(own, LightEvidence):
        return LightEvidence(*_mixed(astuple(own), [astuple(one) for one in told], share))
    if isinstance(own, dict):
        values = _mixed(tuple(own.values()), [tuple(one.get(name, own[name]) for name in own) for one in told], share)
        return dict(zip(own, values, strict=True))
    alike = [one for one in told if np.shape(one) == np.shape(own)]
    common = np.median(np.array(alike), axis=0)
    mixed = common + share * (np.array(own) - common)
    return tuple(mixed.tolist()) if isinstance(own, tuple) else float(mixed)


def _defect(own: Defect, told: Sequence[Defect], share: float) -> Defect:
    kind = KINDS[own.name]
    probability = _mixed(own.probability, [one.probability for one in told], share)
    details = _mixed(own.details, [one.details for one in told], share)
    strength = _mixed(own.strength, [one.strength for one in told], share)
    if own.name == "colour cast":
        strength = round(cast_degrees(np.array(list(details.values()))), kind.digits)
    traced = sum(one.traced for one in told) > len(told) / 2
    return replace(
        own,
        probability=round(probability, 4),
        present=probability >= PRESENT,
        strength=round(strength, kind.digits),
        words=sentence(kind, probability, strength, details),
        details=details,
        traced=traced,
    )
