"""What is wrong with a photo, how strong, how sure: the trained network's answer, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from darkroom import models
from darkroom.defects import DEFECTS, STRENGTHS
from darkroom.diagnosis.features import compute_features
from darkroom.diagnosis.levels import certain_gains
from darkroom.picture import Array
from darkroom.step import check_array, split_alpha

MODEL = "diagnosis"

PRESENT = 0.5
"""Probability from which a defect counts as present."""

HARMED = 0.03
"""Share of pixels with a clipped channel from which traces of a gain are believed to tell of too much light."""

HELPS: Mapping[str, tuple[str, ...]] = {
    "underexposed": ("adjust_color", "lift_shadows"),
    "overexposed": ("stretch_nonlinear",),
    "low contrast": ("stretch_histogram",),
    "colour cast": ("white_balance",),
    "noise": ("denoise",),
    "salt and pepper": ("remove_salt_pepper",),
    "blur": ("deblur",),
    "motion blur": ("deblur_motion",),
    "JPEG artefacts": ("reduce_jpeg_artifacts",),
    "haze": ("dehaze",),
    "backlight": ("lift_shadows",),
}
"""Defect -> the steps that would help."""


class Defect(msgspec.Struct, frozen=True):
    """One defect that was looked for.

    probability: that it is there, to be seen; present: whether that is at least `PRESENT`.
    strength: how strong it would be, if it is there, in `unit`; details: what else was estimated of it.
    traced: strength and details are not estimated but read from what a gain left in the histogram.
    words: a sentence. helps: steps that would help.
    """

    name: str
    probability: float
    present: bool
    strength: float
    unit: str
    words: str
    helps: tuple[str, ...] = ()
    details: dict[str, float] = {}
    traced: bool = False


class Diagnosis(msgspec.Struct, frozen=True):
    """All defects, present or not, in the order of `DEFECTS`; fine: none is present, and the photo is fine as it is."""

    defects: list[Defect]
    fine: bool
    fine_probability: float

    @property
    def present(self) -> list[Defect]:
        """The defects that are there, most certain first."""
        return sorted((defect for defect in self.defects if defect.present), key=lambda defect: -defect.probability)

    def __getitem__(self, name: str) -> Defect:
        return self.defects[DEFECTS.index(name)]


def diagnose(pixels: Array, *, traces: bool = True) -> Diagnosis:
    """Diagnose HxW, HxWx3 or HxWx4 (alpha is ignored) of ``uint8``, ``uint16`` or float32 in 0–1, of any size.

    Takes the same time for any size: it looks at a thumbnail and at up to sixteen full-resolution tiles.
    traces: whether what gains left in the histogram counts. It tells what was done to the levels since they were
        rounded to 8 bits; where darkroom did it itself, that says nothing. Nor does it of a photo that was lightened
        and has hardly a highlight clipped: it may have been too dark.
    Raises `ImageRejected` for another array, `StepFailed` where the model is not installed.
    """
    check_array(pixels)
    features = compute_features(split_alpha(pixels)[0])
    lightened = certain_gains(features.numbers[features.levels])[0] or 0.0
    if not traces or (lightened > 0 and features.clipped < HARMED):
        features = features.without_traces()
    inputs = {name: getattr(features, name)[None] for name in ("thumbnail", "chroma", "numbers")}
    presence, strength = models.load(MODEL).run(["presence", "strength"], inputs)
    return interpret(presence[0], strength[0], _traced(features.numbers[features.levels]))


def _traced(levels: Array) -> dict[str, float]:
    """The strengths that the traces of gains tell for certain, by name."""
    of_all, of_each = certain_gains(levels)
    if of_all is not None:
        # A photo that was darkened has its white point, which tells as much; its merged levels may be chance.
        return {"exposure_ev": of_all} if of_all > 0 else {}
    if of_each is not None:
        red, green, blue = of_each.tolist()
        return {"cast_red_log2": red - green, "cast_blue_log2": blue - green}
    return {}


def interpret(presence: Array, strength: Array, traced: Mapping[str, float] = MappingProxyType({})) -> Diagnosis:
    """The network's answers, 12 probabilities and 13 strengths, as a diagnosis.

    traced: strengths by name that are known, in place of the network's.
    """
    told = {**dict(zip(STRENGTHS, strength.astype(float).tolist(), strict=True)), **traced}
    defects = []
    for name, probability in zip(DEFECTS, presence[:-1].astype(float).tolist(), strict=True):
        value, unit, details = _READERS[name](told)
        defects.append(
            Defect(
                name,
                round(probability, 4),
                probability >= PRESENT,
                value,
                unit,
                _sentence(name, probability, value, details),
                HELPS[name],
                details,
                _TRACEABLE.get(name) in traced,
            )
        )
    fine = float(presence[-1])
    return Diagnosis(defects, fine >= PRESENT and not any(defect.present for defect in defects), round(fine, 4))


Told = Mapping[str, float]
Reading = tuple[float, str, dict[str, float]]


def _read(name: str, unit: str, low: float, high: float, digits: int, sign: float = 1) -> Callable[[Told], Reading]:
    """A strength told as it is, or as its log2, within bounds."""

    def reader(told: Told) -> Reading:
        value = 2.0 ** min(max(told[name], -40), 40) if name.endswith("_log2") else sign * told[name]
        return round(min(max(value, low), high), digits), unit, {}

    return reader


def _read_cast(told: Told) -> Reading:
    """The angle between the light and grey, and the light's linear RGB, of mean 1."""
    ratios = np.clip([told["cast_red_log2"], 0.0, told["cast_blue_log2"]], -4, 4)
    light = np.exp2(ratios)
    light /= light.mean()
    degrees = math.degrees(math.acos(min(float(light.sum() / (math.sqrt(3) * np.linalg.norm(light))), 1.0)))
    red, green, blue = (round(float(channel), 3) for channel in light)
    return round(degrees, 1), "°", {"red": red, "green": green, "blue": blue}


def _read_motion(told: Told) -> Reading:
    angle = math.degrees(math.atan2(told["motion_sin"], told["motion_cos"])) / 2 % 180
    length = 2.0 ** min(max(told["motion_length_log2"], 0), 7)
    return round(length, 1), "px", {"angle_degrees": round(angle, 1)}


_READERS: Mapping[str, Callable[[Told], Reading]] = {
    "underexposed": _read("exposure_ev", "EV", 0, 6, 2, sign=-1),
    "overexposed": _read("exposure_ev", "EV", 0, 4, 2),
    "low contrast": _read("contrast_log2", "of full contrast", 0.05, 1, 2),
    "colour cast": _read_cast,
    "noise": _read("noise_sigma_log2", "levels", 0, 100, 1),
    "salt and pepper": _read("impulse_share_log2", "of the pixels", 0, 1, 4),
    "blur": _read("blur_sigma_log2", "px", 0, 9, 2),
    "motion blur": _read_motion,
    "JPEG artefacts": _read("jpeg_quality", "quality", 1, 100, 0),
    "haze": _read("haze", "of the light", 0, 1, 2),
    "backlight": _read("backlight_ev", "EV", 0, 6, 2),
}

_TRACEABLE: Mapping[str, str] = {
    "overexposed": "exposure_ev",
    "colour cast": "cast_red_log2",
}
"""Defect -> the strength, one of those that traces of gains may tell, that it is read from."""

_WORDS: Mapping[str, str] = {
    "underexposed": "underexposed by about {0:.1f} EV",
    "overexposed": "overexposed by about {0:.1f} EV",
    "low contrast": "flat: about {0:.0%} of full contrast",
    "colour cast": "a cast towards {tint}: the light is about {0:.0f}° from grey",
    "noise": "noise of about {0:.0f} levels",
    "salt and pepper": "about {0:.1%} of the pixels are black or white specks",
    "blur": "blurred by about {0:.1f} px",
    "motion blur": "blurred by motion along about {0:.0f} px at {angle_degrees:.0f}°",
    "JPEG artefacts": "JPEG artefacts, as of quality {0:.0f}",
    "haze": "haze: about {0:.0%} of the light is veil",
    "backlight": "backlight: the subject is about {0:.1f} EV darker than what is behind it",
}


def _sentence(name: str, probability: float, value: float, details: Mapping[str, float]) -> str:
    if probability < PRESENT:
        return f"no {name} to speak of" if name not in ("underexposed", "overexposed") else f"not {name}"
    tint = _tint(details) if name == "colour cast" else ""
    sure = "" if probability >= 0.8 else "probably "
    return sure + _WORDS[name].format(value, tint=tint, **details)


def _tint(light: Mapping[str, float]) -> str:
    """The name of the light's colour that lies nearest its deviation from grey."""
    deviation = np.log2([light["red"], light["green"], light["blue"]])
    deviation -= deviation.mean()
    names = {
        "red": (2, -1, -1),
        "orange": (1, 0, -1),
        "yellow": (1, 1, -2),
        "green": (-1, 2, -1),
        "cyan": (-2, 1, 1),
        "blue": (-1, -1, 2),
        "magenta": (1, -2, 1),
    }
    return max(names, key=lambda name: float(deviation @ np.array(names[name])) / float(np.linalg.norm(names[name])))


def to_builtins(diagnosis: Diagnosis) -> dict[str, Any]:
    """As JSON types."""
    return msgspec.json.decode(msgspec.json.encode(diagnosis), type=dict[str, Any])
