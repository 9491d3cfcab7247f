"""Albums: photos that belong together decide together about light, exposure and noise: a series does not flicker.

Photos of one occasion tell of one light and one exposure, each with an error of its own: what it happens to show. What
they tell together is nearer the truth than what each tells alone, as far as they agree. So what each tells is drawn
towards what all tell, robustly, and the nearer the less they differ by more than each is in doubt of (James and Stein,
"Estimation with Quadratic Loss", 1961). One that stands apart from the others keeps its own, and half of it one that is
sure that it needs less than all do together.

The decisions themselves are made of that as ever, see `treatments.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from darkroom.album import About, Album
from darkroom.auto import treatments
from darkroom.auto.curves import after
from darkroom.auto.scenes import unjudged
from darkroom.defects import DEFECTS, KINDS, PRESENT
from darkroom.diagnosis.network import sentence
from darkroom.measurements import LightEvidence, Measurements
from darkroom.picture import Array
from darkroom.recipe import Recipe, StepCall
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

ASKS_FOR_LESS, UNSURE = 0.5, 1.3
"""Share of its own that a photo keeps at least which by itself would be lightened or darkened less than together with
the others, where it is sure of that: what they miss it may have. But where something else would be done then, and
the series flicker. And the doubt from which on it is not sure at all."""

LEAST_LESS = 0.01
"""Difference of mean luma that counts for that."""

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
DIAGNOSED: Mapping[About, tuple[str, ...]] = {
    "light": ("tint",),
    "exposure": ("brighter", "scene", "glow"),
    "noise": (),
}


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
    photos = [
        index for index, one in enumerate(members) if unjudged("underexposed", one.diagnosis, one.measurements) is None
    ]
    colored = [index for index in photos if members[index].measurements.light is not None]
    kept: list[dict[About, float]] = [dict.fromkeys(ABOUT, 1.0) for _ in members]
    agreed = list(members)
    for about in ABOUT:
        judged = colored if about == "light" else photos
        if len(judged) < LEAST:
            continue
        told = [members[index] for index in judged]
        values, doubts = TELLS[about](told)
        shares, at_least, all_ = of_its_own(values, doubts), ASKS_FOR_LESS * _sure(doubts), Common(told)
        for index, least, sure in zip(judged, shares.tolist(), at_least.tolist(), strict=True):
            share = least if about == "exposure" else max(least, kept[index]["exposure"])
            one = _drawn(about, agreed[index], all_, share) if share < 1 else agreed[index]
            if about == "exposure" and share < sure and _asks_for_less(members[index], one):
                less = _drawn(about, agreed[index], all_, sure)
                if _names(less) == _names(one):
                    share, one = sure, less
            kept[index][about], agreed[index] = round(share, 2), one
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
    levels = np.array([one.measurements.noise_levels for one in told])
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


def _sure(doubts: Array) -> Array:
    """0-1, from doubts as `_doubts` tells them."""
    return np.asarray(np.clip((UNSURE - doubts) / (UNSURE - 1), 0, 1))


def _asks_for_less(own: Evidence, agreed: Evidence) -> bool:
    """Whether what a photo tells by itself changes its brightness less than what it tells together with others."""
    return abs(_change_of_mean(own)) + LEAST_LESS < abs(_change_of_mean(agreed))


def _change_of_mean(known: Evidence) -> float:
    """Of encoded luma, by what is decided from this about exposure and finish."""
    tones = np.array(known.measurements.tones)
    return float(after(tones, _calls(known)).mean() - tones.mean()) if tones.size else 0.0


def _names(known: Evidence) -> list[str]:
    """What is done by this, without how much."""
    return [call.name for call in _calls(known)]


def _calls(known: Evidence) -> list[StepCall]:
    return treatments.resolve(Recipe(steps="auto"), known.measurements, known.diagnosis)[0]


class Common:
    """What the photos of an album tell together of one thing: each member's median, found once."""

    def __init__(self, told: Sequence[Any]) -> None:
        self.told = told
        self._members: dict[str, Common] = {}
        self._medians: dict[tuple[int, ...], Array] = {}

    def of(self, name: str) -> Common:
        """A field of theirs, a defect by its name, or what their mappings hold: those that do."""
        if name not in self._members:
            if isinstance(self.told[0], Mapping):
                values = [one[name] for one in self.told if name in one]
            else:
                values = [one[name] if name in DEFECTS else getattr(one, name) for one in self.told]
            self._members[name] = Common(values)
        return self._members[name]

    def drawing(self, own: Any, share: float) -> Any:
        """A number, or numbers in a tuple, a mapping or a struct, drawn towards the median of those of its shape."""
        if isinstance(own, LightEvidence):
            return replace(
                own, **{name: self.of(name).drawing(getattr(own, name), share) for name in own.__struct_fields__}
            )
        if isinstance(own, dict):
            return {name: self.of(name).drawing(value, share) for name, value in own.items()}
        shape = np.shape(own)
        if shape not in self._medians:
            self._medians[shape] = np.median(np.array([one for one in self.told if np.shape(one) == shape]), axis=0)
        mixed = self._medians[shape] + share * (np.array(own) - self._medians[shape])
        return tuple(mixed.tolist()) if isinstance(own, tuple) else float(mixed)


def _drawn(about: About, own: Evidence, all_: Common, share: float) -> Evidence:
    """What is known of a photo, with what it tells of one thing drawn towards what all tell."""
    measurements, diagnosis = all_.of("measurements"), all_.of("diagnosis")
    measured = {name: measurements.of(name).drawing(getattr(own.measurements, name), share) for name in MEASURED[about]}
    diagnosed = {name: diagnosis.of(name).drawing(getattr(own.diagnosis, name), share) for name in DIAGNOSED[about]}
    defects = [
        _defect(defect, diagnosis.of(defect.name), share) if defect.name in ABOUT[about] else defect
        for defect in own.diagnosis.defects
    ]
    return Evidence(replace(own.measurements, **measured), replace(own.diagnosis, defects=defects, **diagnosed))


def _defect(own: Defect, all_: Common, share: float) -> Defect:
    kind = KINDS[own.name]
    probability = all_.of("probability").drawing(own.probability, share)
    details = all_.of("details").drawing(own.details, share)
    strength = all_.of("strength").drawing(own.strength, share)
    if own.name == "colour cast":
        strength = round(cast_degrees(np.array(list(details.values()))), kind.digits)
    traced = bool(np.mean(all_.of("traced").told) > 0.5)
    return replace(
        own,
        probability=round(probability, 4),
        present=probability >= PRESENT,
        strength=round(strength, kind.digits),
        words=sentence(kind, probability, strength, details),
        details=details,
        traced=traced,
    )
