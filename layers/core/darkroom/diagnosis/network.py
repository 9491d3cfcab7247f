"""What is wrong with a photo, how strong, how sure: the trained network's answer, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from msgspec.structs import replace

from darkroom import models
from darkroom.algorithms.frame import without_frame
from darkroom.defects import KINDS, PRESENT, SCENES, STRENGTHS, Kind
from darkroom.diagnosis.features import Features, Views, features_of, scene_inputs
from darkroom.diagnosis.levels import certain_gains
from darkroom.picture import Array, as_shown
from darkroom.report import Defect, Diagnosis
from darkroom.srgb import cast_degrees
from darkroom.step import check_array, split_alpha

MODEL, SCENE, TINT, GLOW, BACKBONE = "diagnosis", "scene", "tint", "glow", "backbone"
"""The networks: of defects by name; of what kind of picture it is, and how bright it should be; of the colour of its
light, and whether it should have that; and the backbone that `scene` and `glow` stand on, which knows things."""

HARMED = 0.03
"""Share of pixels with a clipped channel from which traces of a gain are believed to tell of too much light."""


def diagnose(pixels: Array, *, traces: bool = True) -> Diagnosis:
    """Diagnose HxW, HxWx3 or HxWx4 (what it hides is not seen) of ``uint8``, ``uint16`` or float32 in 0–1, of any size.

    Takes the same time for any size: it looks at a thumbnail and at up to sixteen full-resolution tiles, of the picture
    within its frame.
    traces: whether what gains left in the histogram counts. It tells what was done to the levels since they were
        rounded to 8 bits; where darkroom did it itself, that says nothing. Nor does it of a photo that was lightened
        and has hardly a highlight clipped: it may have been too dark.
    Raises `ImageRejected` for another array, `StepFailed` where the model is not installed.
    """
    check_array(pixels)
    views = Views.of(without_frame(as_shown(*split_alpha(pixels))))
    features = features_of(views)
    lightened = certain_gains(features.numbers[features.levels])[0] or 0.0
    if not traces or (lightened > 0 and features.clipped < HARMED):
        features = features.without_traces()
    inputs = {name: getattr(features, name)[None] for name in ("thumbnail", "chroma", "numbers")}
    presence, strength = models.load(MODEL).run(["presence", "strength"], inputs)
    found = interpret(presence[0], strength[0], _traced(features.numbers[features.levels]))
    scene, brighter, glow = recognise(views)
    looked = {name: models.digest(name) for name in (MODEL, SCENE, TINT, GLOW, BACKBONE)}
    return replace(found, scene=scene, brighter=brighter, tint=tint(features), glow=glow, models=looked)


def tint(features: Features) -> tuple[float, float]:
    """Log2 of the light's red and of its blue over green."""
    estimates = features.numbers[features.light]
    (light,) = models.load(TINT).run(["light"], {"chroma": features.chroma[None], "estimates": estimates[None]})
    red, blue = np.round(light[0].astype(float), 4).tolist()
    return red, blue


def recognise(views: Views) -> tuple[dict[str, float], float, float]:
    """How probable each kind of picture is, by how much its mean luma should be higher, and how probable it is that its
    light has the colour that it should have.

    From what the backbone sees in it, mirrored and not: what hangs on that is doubtful.
    """
    inputs = scene_inputs(views)
    both = np.stack((inputs.picture, inputs.picture[:, ::-1]))
    (seen,) = models.load(BACKBONE).run(["seen"], {"picture": both})
    scene, brighter = models.load(SCENE).run(
        ["scene", "brighter"], {"seen": seen, "numbers": np.stack([inputs.numbers] * 2)}
    )
    (glow,) = models.load(GLOW).run(["glow"], {"seen": seen})
    probabilities = np.round(scene.mean(axis=0).astype(float), 4).tolist()
    kinds = dict(zip(SCENES, probabilities, strict=True))
    return kinds, round(float(brighter.mean()), 4), round(float(glow.mean()), 4)


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
    for kind, probability in zip(KINDS.values(), presence[:-1].astype(float).tolist(), strict=True):
        value, details = _read(kind, told)
        defects.append(
            Defect(
                kind.name,
                round(probability, 4),
                probability >= PRESENT,
                value,
                kind.unit,
                sentence(kind, probability, value, details),
                kind.helps,
                details,
                kind.traced and kind.reads[0] in traced,
            )
        )
    fine = float(presence[-1])
    return Diagnosis(defects, fine >= PRESENT and not any(defect.present for defect in defects), round(fine, 4))


Told = Mapping[str, float]
Reading = tuple[float, dict[str, float]]


def _read(kind: Kind, told: Told) -> Reading:
    """A defect's strength within its bounds, and what else is told of it."""
    value, details = _TOGETHER[kind.name](told) if kind.name in _TOGETHER else (_plain(told, kind.reads[0]), {})
    return round(min(max(kind.sign * value, kind.low), kind.high), kind.digits), details


def _plain(told: Told, name: str) -> float:
    """A strength that the network tells as it is, or as its binary logarithm."""
    return 2.0 ** min(max(told[name], -40), 40) if name.endswith("_log2") else told[name]


def _read_cast(told: Told) -> Reading:
    """The angle between the light and grey, and the light's linear RGB, of mean 1."""
    ratios = np.clip([told["cast_red_log2"], 0.0, told["cast_blue_log2"]], -4, 4)
    light = np.exp2(ratios)
    light /= light.mean()
    red, green, blue = (round(float(channel), 3) for channel in light)
    return cast_degrees(light), {"red": red, "green": green, "blue": blue}


def _read_motion(told: Told) -> Reading:
    angle = math.degrees(math.atan2(told["motion_sin"], told["motion_cos"])) / 2 % 180
    return _plain(told, "motion_length_log2"), {"angle_degrees": round(angle, 1)}


_TOGETHER: Mapping[str, Callable[[Told], Reading]] = {"colour cast": _read_cast, "motion blur": _read_motion}
"""Defects that are read from several strengths at once."""


def sentence(kind: Kind, probability: float, value: float, details: Mapping[str, float]) -> str:
    """What is said of a defect of this probability, strength and details."""
    if probability < PRESENT:
        return kind.absent.format(name=kind.name)
    tint = _tint(details) if "red" in details else ""
    sure = "" if probability >= 0.8 else "probably "
    return sure + kind.words.format(value, tint=tint, **details)


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
