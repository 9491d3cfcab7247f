"""The recipe `auto`: from the diagnosis of a photo to what is done, and why.

`TREATMENTS` is the whole table: one line a defect, in the order in which repairs must run. Impulses would mislead all
that follows, and JPEG's blocks the estimate of noise; noise would be amplified by whatever lightens. What darkens comes
before a cast is removed, and what lightens after it, so that no channel is clipped on the way. Exposure and colour
decide what contrast is; and blur is undone last, since everything before it would be sharpened along.

Imports neither OpenCV nor ONNX Runtime: what is planned here was measured and diagnosed elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from darkroom.auto.casts import LEAST_DEGREES, TINTED, light_of, seen_light, share_of_light, taken_out
from darkroom.auto.contrast import stretched, surely_flat
from darkroom.auto.curves import after
from darkroom.auto.exposures import (
    EVIDENT,
    agreed,
    evident,
    evident_ev,
    lightened,
    lowered,
    most_lowered_ev,
    on_white,
    supported,
    until_white,
)
from darkroom.auto.finish import finish
from darkroom.auto.scenes import in_little_light, meant, noisy, surely_dark, too_noisy, unjudged
from darkroom.auto.shadows import lifted
from darkroom.defects import KINDS
from darkroom.measurements import Measurements
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Decision, Defect, Diagnosis
from darkroom.srgb import cast_degrees, srgb_to_linear_exact

AGREEING_EV, ENOUGH = 0.4, 0.95
"""Where tones ask for this much more exposure than the diagnosis, and that gives less than this share of what is
missing by what the photo shows, theirs is taken."""

TOLD_ALIKE_EV, DARKER_TOLD_ALIKE = 0.5, 0.035
"""How near the exposure that the diagnosis finds missing lies to the one that makes the lightest white, for both to
tell the same, of a night, too, of which what it shows finds at least so much of mean luma missing."""

AS_BRIGHT = "but it is about as bright as what it shows should be"

LIGHTEST_BLACK = 0.45
"""Luma of the darkest hundredth from which a photo shows nothing dark."""

SRGB_EXPONENT = 2.4
"""Light of twice the strength has encoded values 2 ** (1 / 2.4) times as high, all but in the deepest shadows."""

LOST_HIGHLIGHTS = 0.005
"""Share of pixels clipped to white in two channels, below which a bright photo is left as it is."""

LEAST_NOISE = 1.0
"""Levels of measured noise below which there is nothing to take out."""

REVEALED_LEVELS = 1.6
"""Noise that is not to be seen yet, but would be as much as this once the photo is lightened, is removed before: of 39
spoiled photos with less than twice as much each came nearer to what it was."""

HALO = 0.2
"""Overshoot that deblurring may leave at edges, as a share of their height."""


class Treatment(msgspec.Struct, frozen=True):
    """What is done about a defect that is there: the steps, none where nothing helps, and how that is said."""

    steps: list[StepCall]
    how: str


Plan = Callable[[Defect, Diagnosis, Measurements], Treatment]


def needs_diagnosis(recipe: Recipe) -> bool:
    """Whether a recipe's steps are chosen for each photo."""
    return recipe.steps == "auto"


def resolve(
    recipe: Recipe, measurements: Measurements | None, diagnosis: Diagnosis | None
) -> tuple[list[StepCall], list[Decision]]:
    """The steps of a recipe for one photo, and for ``auto``, which needs both, the reason for each choice."""
    if recipe.steps != "auto":
        return recipe.steps, []
    if measurements is None or diagnosis is None:
        raise TypeError("the recipe 'auto' needs measurements and a diagnosis")
    decisions = decide(measurements, diagnosis)
    repairs = [decision for decision in decisions if decision.chosen]
    decisions.append(finish(recipe.finish, diagnosis, measurements, repairs))
    return [call for decision in decisions if decision.chosen for call in decision.steps], decisions


def decide(measurements: Measurements, diagnosis: Diagnosis) -> list[Decision]:
    """One decision a defect, in the order of treatment."""
    return [_decision(diagnosis[name], treat, diagnosis, measurements) for name, treat in TREATMENTS]


def _decision(defect: Defect, treat: Plan, diagnosis: Diagnosis, measurements: Measurements) -> Decision:
    name, words, shown = defect.name, defect.words, _evident(defect.name, diagnosis, measurements)
    mistaken = shown and name == "colour cast" and meant(diagnosis, measurements)
    certain = surely_dark(defect, measurements) and _told_alike(defect, diagnosis, measurements)
    certain |= surely_flat(defect, diagnosis, measurements)
    if not mistaken and (why_not := unjudged(name, diagnosis, measurements, certain=certain)):
        return Decision(name, False, f"{words}; but {why_not}" if defect.present else words)
    if shown and not _sure(defect, diagnosis, measurements):
        words = EVIDENT.get(name, TINTED)
    elif name == "noise" and not defect.present and (seen := _noise_once_lightened(diagnosis, measurements)):
        words = f"{words}, but lightened there would be about {seen:.0f} levels"
    elif not defect.present and not agreed(name, diagnosis, measurements):
        return Decision(name, False, words)
    elif not _sure(defect, diagnosis, measurements):
        return Decision(name, False, f"{words}; but not surely enough to be treated")
    elif (rival := _rival(defect, diagnosis, measurements)) is not None:
        return Decision(name, False, f"{words}; but rather {rival.name}")
    elif not defect.present:
        words = EVIDENT[name]
    treatment = treat(defect, diagnosis, measurements)
    return Decision(name, bool(treatment.steps), f"{words}: {treatment.how}", treatment.steps)


def _remove_impulses(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("remove_salt_pepper")], "they are replaced by their neighbours' median")


def _remove_jpeg(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment([StepCall("reduce_jpeg_artifacts")], "blocks and ringing are smoothed where the file allows it")


def _denoise(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if measurements.noise_levels < LEAST_NOISE and not noisy(measurements):
        return Treatment([], "but none can be measured that is not texture")
    return Treatment([StepCall("denoise")], "it is measured by frequency and taken out")


def _dehaze(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if measurements.luma_p1 > LIGHTEST_BLACK:
        return Treatment([], "but nothing in it is dark enough to tell a veil from what is light")
    amount = round(min(0.5 + 0.5 * defect.strength, 0.95), 2)
    return Treatment([StepCall("dehaze", {"amount": amount})], f"{amount:.0%} of the veil is lifted")


def _expose_more(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if not (supported(defect.name, diagnosis, measurements) or _told_alike(defect, diagnosis, measurements)):
        return Treatment([], AS_BRIGHT)
    ev = round(suggested_ev(defect.strength, diagnosis, measurements), 2)
    seen = evident_ev(diagnosis, measurements)
    step = StepCall("adjust_color", {"exposure": ev})
    more = seen > ev + AGREEING_EV and _still_missing(step, diagnosis, measurements)
    if more or (seen > 0 and not _sure(defect, diagnosis, measurements)):
        return Treatment([lightened(seen, measurements)], f"exposure is changed by {seen:+.1f} EV, highlights roll off")
    if ev <= 0:
        return Treatment([], "but the highlights leave no room")
    return Treatment([step], f"exposure is changed by {ev:+.1f} EV")


def _expose_less(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if not supported(defect.name, diagnosis, measurements) and not defect.traced:
        return Treatment([], AS_BRIGHT)
    if on_white(measurements) and not defect.traced:
        return Treatment([], "but it stands before white, which is to stay white")
    if measurements.lost_highlights < LOST_HIGHLIGHTS:
        return Treatment([], "but its highlights are all there, so it may be meant to be bright")
    too_much = defect.strength
    if defect.probability < KINDS[defect.name].treated_from:
        seen = -evident_ev(diagnosis, measurements)
        too_much = max(too_much, seen) if agreed(defect.name, diagnosis, measurements) else seen
    if not defect.traced:
        too_much = min(too_much, most_lowered_ev(diagnosis, measurements))
    return Treatment([lowered(too_much, measurements)], f"all but the whites is lowered by {too_much:.1f} EV")


def _lift_shadows(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if not supported(defect.name, diagnosis, measurements):
        return Treatment([], AS_BRIGHT)
    return Treatment(*lifted(defect, diagnosis, measurements))


def _balance(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    part = seen_light(diagnosis, measurements)
    # Of a cast that is none, the traces are of something else.
    traced = defect.traced and _sure(defect, diagnosis, measurements)
    if part is None or traced:
        share, doubt = (1.0, "") if defect.traced else share_of_light(measurements.light)
        light = light_of(defect, diagnosis, measurements)
        part = light**share / (light**share).mean()
        how = "the light is made grey" if share == 1 else f"{share:.0%} of it is taken out, since {doubt}"
        if cast_degrees(part) < LEAST_DEGREES:
            return Treatment([], f"but {doubt}")
    else:
        how = taken_out(part, defect, measurements)
    step = StepCall("white_balance", {"illuminant": [round(float(channel), 4) for channel in part]})
    return Treatment([step], how)


def _stretch(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    return Treatment(*stretched(measurements))


def _deblur(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if too_noisy(diagnosis):
        return Treatment([], "but too noisy to be sharpened without its noise")
    return Treatment([StepCall("deblur", {"halo": HALO})], "the blur is inverted as far as noise allows")


def _deblur_motion(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Treatment:
    if too_noisy(diagnosis):
        return Treatment([], "but too noisy for the motion to be undone")
    return Treatment([StepCall("deblur_motion")], "the motion is estimated anew and undone")


TREATMENTS: Sequence[tuple[str, Plan]] = (
    ("salt and pepper", _remove_impulses),
    ("JPEG artefacts", _remove_jpeg),
    ("noise", _denoise),
    ("haze", _dehaze),
    ("overexposed", _expose_less),
    ("colour cast", _balance),
    ("underexposed", _expose_more),
    ("backlight", _lift_shadows),
    ("low contrast", _stretch),
    ("motion blur", _deblur_motion),
    ("blur", _deblur),
)


def _rival(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> Defect | None:
    """The most probable of the defects that would be treated and are likelier than this one; None without any."""
    return max(
        (
            other
            for other in (diagnosis[name] for name in KINDS[defect.name].rivals)
            if other.probability > defect.probability
            and _sure(other, diagnosis, measurements)
            and dict(TREATMENTS)[other.name](other, diagnosis, measurements).steps
        ),
        key=lambda other: other.probability,
        default=None,
    )


def _sure(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    return defect.probability >= KINDS[defect.name].treated_from or agreed(defect.name, diagnosis, measurements)


def _evident(name: str, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    if name == "colour cast":
        return seen_light(diagnosis, measurements) is not None
    return evident(name, diagnosis, measurements)


def _noise_once_lightened(diagnosis: Diagnosis, measurements: Measurements) -> float | None:
    """How noisy the photo would be, in levels, once its exposure is raised; None if that is not done, or not much."""
    if not _decision(diagnosis["underexposed"], _expose_more, diagnosis, measurements).chosen:
        return None
    if _sure(diagnosis["underexposed"], diagnosis, measurements):
        ev = suggested_ev(diagnosis["underexposed"].strength, diagnosis, measurements)
    else:
        ev = evident_ev(diagnosis, measurements)
    seen = measurements.noise_levels * 2 ** (ev / SRGB_EXPONENT)
    return seen if seen >= REVEALED_LEVELS else None


def suggested_ev(missing: float, diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV to lighten a photo that is diagnosed to miss `missing`."""
    return until_white(missing, _room_ev(diagnosis, measurements), diagnosis, measurements)


def _told_alike(defect: Defect, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether the white point tells as much of too little light as the diagnosis, which is sure of it."""
    alike = abs(_room_ev(diagnosis, measurements) - defect.strength) <= TOLD_ALIKE_EV
    return alike and diagnosis.brighter >= DARKER_TOLD_ALIKE and _sure(defect, diagnosis, measurements)


def _still_missing(step: StepCall, diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether what the photo shows asks for clearly more light than a step gives: what is noisy looks too dark."""
    if in_little_light(diagnosis, measurements):
        return False
    tones = np.array(measurements.tones)
    return float((after(tones, [step]) - tones).mean()) < ENOUGH * diagnosis.brighter


def _room_ev(diagnosis: Diagnosis, measurements: Measurements) -> float:
    """By how many EV a photo, without what is taken out of its light, can be lightened until something is white."""
    balanced = _decision(diagnosis["colour cast"], _balance, diagnosis, measurements).steps
    light = np.array(balanced[0].params["illuminant"] if balanced else (1.0, 1.0, 1.0))
    light /= light[1]  # as `white_balance` divides it out
    brightest = float((srgb_to_linear_exact(np.array(measurements.white_point)) / light).max())
    return -math.log2(max(brightest, 1e-4))
