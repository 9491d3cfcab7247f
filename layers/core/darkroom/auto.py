"""The recipe `auto`: from the diagnosis of a photo to what is done, and why.

`TREATMENTS` is the whole table: one line a defect, in the order in which repairs must run. Impulses would mislead all
that follows, and JPEG's blocks the estimate of noise; noise would be amplified by whatever lightens; exposure decides
what colour and contrast are; and blur is undone last, since everything before it would be sharpened along.

Imports neither OpenCV nor ONNX Runtime: what is planned here was measured and diagnosed elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from darkroom.diagnosis import Defect, Diagnosis
from darkroom.measurements import Measurements
from darkroom.recipe import Recipe, StepCall
from darkroom.srgb import LUMINANCE_WEIGHTS, linear_to_srgb_exact, srgb_to_linear_exact

ESTIMATE_EV = 0.8
"""How far the white point may overrule the diagnosis: most scenes have something white in them, but not all."""

MOST_EV = 4.0

KNEE = 0.95
"""Encoded level from which on a lowered exposure fades out: what was clipped to white stays white."""

CURVE_LEVELS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)

FULL_RANGE = (0.005, 99.995)
"""Percentiles that become black and white where contrast is low."""

NOISY_LEVELS = 12.0
"""With more noise there is no detail left that deblurring could bring back."""

HALO = 0.2
"""Overshoot that deblurring may leave at edges, as a share of their height."""


class Decision(msgspec.Struct, frozen=True):
    """A defect that was looked for, whether something is done about it, and why, in a sentence."""

    defect: str
    chosen: bool
    why: str
    steps: list[StepCall] = []


class Treatment(msgspec.Struct, frozen=True):
    """What is done about a defect that is there: the steps, none where nothing helps, and how that is said."""

    steps: list[StepCall]
    how: str


Plan = Callable[[Defect, Diagnosis, Measurements], Treatment]


def needs_diagnosis(recipe: Recipe) -> bool:
    """Whether a recipe's steps are chosen for each photo."""
    return recipe.steps == "auto"


def resolve(
    recipe: Recipe, measurements: Measurements, diagnosis: Diagnosis | None
) -> tuple[list[StepCall], list[Decision]]:
    """The steps of a recipe for one photo, and for ``auto``, which needs the diagnosis, the reason for each choice."""
    if recipe.steps != "auto":
        return recipe.steps, []
    if diagnosis is None:
        raise TypeError("the recipe 'auto' needs a diagnosis")
    decisions = decide(measurements, diagnosis)
    return [call for decision in decisions if decision.chosen for call in decision.steps], decisions


def decide(measurements: Measurements, diagnosis: Diagnosis) -> list[Decision]:
    """One decision a defect, in the order of treatment."""
    decisions = []
    for name, treat in TREATMENTS:
        defect = diagnosis[name]
        rival = _rival(defect, diagnosis)
        if not defect.present:
            decisions.append(Decision(name, False, defect.words))
        elif rival is not None:
            decisions.append(Decision(name, False, f"{defect.words}; but rather {rival.name}, which is treated"))
        else:
            treatment = treat(defect, diagnosis, measurements)
            why = f"{defect.words}: {treatment.how}"
            decisions.append(Decision(name, bool(treatment.steps), why, treatment.steps))
    return decisions


def _remove_impulses(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("remove_salt_pepper")], "they are replaced by their neighbours' median")


def _remove_jpeg(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("reduce_jpeg_artifacts")], "blocks and ringing are smoothed where the file allows it")


def _denoise(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("denoise")], "it is measured by frequency and taken out")


def _dehaze(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    amount = round(min(0.5 + 0.5 * defect.strength, 0.95), 2)
    return Treatment([StepCall("dehaze", {"amount": amount})], f"{amount:.0%} of the veil is lifted")


def _expose_more(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    ev = round(suggested_ev(defect.strength, diagnosis, measurements), 2)
    if ev <= 0:
        return Treatment([], "but the highlights leave no room")
    return Treatment([StepCall("adjust_color", {"exposure": ev})], f"exposure is changed by {ev:+.1f} EV")


def _expose_less(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    step = StepCall("stretch_nonlinear", {"method": "curve", "points": exposure_curve(-defect.strength)})
    return Treatment([step], f"all but the whites is lowered by {defect.strength:.1f} EV")


def _lift_shadows(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    amount = round(min(0.25 + 0.2 * defect.strength, 0.8), 2)
    return Treatment([StepCall("lift_shadows", {"amount": amount})], f"shadows are lifted by {amount:.0%}")


def _balance(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("white_balance")], "the light is made grey")


def _stretch(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    step = StepCall("stretch_histogram", {"low": FULL_RANGE[0], "high": FULL_RANGE[1]})
    return Treatment([step], "tones are stretched to the whole scale")


def _deblur(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if _too_noisy(diagnosis):
        return Treatment([], "but too noisy to be sharpened without its noise")
    return Treatment([StepCall("deblur", {"halo": HALO})], "the blur is inverted as far as noise allows")


def _deblur_motion(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if _too_noisy(diagnosis):
        return Treatment([], "but too noisy for the motion to be undone")
    return Treatment([StepCall("deblur_motion")], "the motion is estimated anew and undone")


TREATMENTS: Sequence[tuple[str, Plan]] = (
    ("salt and pepper", _remove_impulses),
    ("JPEG artefacts", _remove_jpeg),
    ("noise", _denoise),
    ("haze", _dehaze),
    ("underexposed", _expose_more),
    ("overexposed", _expose_less),
    ("backlight", _lift_shadows),
    ("colour cast", _balance),
    ("low contrast", _stretch),
    ("motion blur", _deblur_motion),
    ("blur", _deblur),
)

RIVALS = (
    ("underexposed", "overexposed", "backlight"),
    ("haze", "low contrast"),
    ("blur", "motion blur"),
)
"""Defects that look alike, or whose treatments undo each other: only the most probable of a group is treated."""


def _rival(defect: Defect, diagnosis: Diagnosis) -> Defect | None:
    """The more probable defect of the same group, if there is one."""
    group = next((names for names in RIVALS if defect.name in names), (defect.name,))
    first = max((diagnosis[name] for name in group), key=lambda each: each.probability)
    return None if first.probability <= defect.probability else first


def _too_noisy(diagnosis: Diagnosis) -> bool:
    noise = diagnosis["noise"]
    return noise.present and noise.strength > NOISY_LEVELS


def suggested_ev(missing: float, diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV to lighten a photo that is diagnosed to miss `missing`: until something is white.

    The white point is that of the photo without its cast, and overrules the diagnosis by at most `ESTIMATE_EV`.
    """
    light = np.ones(3)
    cast = diagnosis["colour cast"]
    if cast.present:
        light = np.array([cast.details[channel] for channel in ("red", "green", "blue")])
        light /= LUMINANCE_WEIGHTS @ light
    brightest = float((srgb_to_linear_exact(np.array(measurements.white_point)) / light).max())
    room = -math.log2(max(brightest, 1e-4))
    return min(max(room, missing - ESTIMATE_EV, 0.0), missing + ESTIMATE_EV, MOST_EV)


def exposure_curve(ev: float) -> list[list[float]]:
    """Points [in, out] of the curve that changes exposure by `ev` below the `KNEE`, and keeps white white."""
    levels = np.array(CURVE_LEVELS)
    changed = linear_to_srgb_exact(np.minimum(srgb_to_linear_exact(levels) * 2**ev, 1.0))
    weight = np.clip((levels - KNEE) / (1 - KNEE), 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    points = np.column_stack((levels, changed * (1 - weight) + levels * weight))
    return [[round(float(value), 4) for value in point] for point in points]
