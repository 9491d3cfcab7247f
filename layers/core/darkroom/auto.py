"""The recipe `auto`: from what was measured to what is done, and why.

One rule a defect, in the order in which repairs must run: impulses would mislead the denoiser, noise would be amplified
by everything after it, exposure decides what colour and contrast are, and sharpening comes last.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from darkroom.diagnosis import Diagnosis
from darkroom.measurements import Measurements
from darkroom.recipe import Recipe, StepCall
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact

MIDDLE_GREY = 0.19
"""Mean luminance, in linear light, that a well exposed photo tends to have."""

IMPULSES = 0.002
NOISE_LEVELS = 3.0
UNDEREXPOSED_EV = 0.5
OVEREXPOSED_CLIPPED = 0.03
"""Share of clipped highlights: with fewer the photo is merely bright."""
OVEREXPOSED_MIDTONE = 0.72
"""Median of what is not clipped: a subject that is well exposed before a white background lies below."""
SOUND_MIDTONE = 0.62
CAST_DEGREES = 5.0
FLAT_RANGE = 0.62
SOFT_PX = 0.85
SHAPELESS_PX = 4.0


class Decision(msgspec.Struct, frozen=True):
    """A defect that was looked for, whether something is done about it, and why, in a sentence."""

    defect: str
    chosen: bool
    why: str
    steps: list[StepCall] = []


Rule = Callable[[Measurements], Decision]


def needs_diagnosis(recipe: Recipe) -> bool:
    """Whether a recipe's steps are chosen for each photo."""
    return recipe.steps == "auto"


def resolve(
    recipe: Recipe, measurements: Measurements, diagnosis: Diagnosis | None = None
) -> tuple[list[StepCall], list[Decision]]:
    """The steps of a recipe for one photo, and for ``auto`` the reasons for each that was chosen or not."""
    if recipe.steps != "auto":
        return recipe.steps, []
    decisions = [rule(measurements) for rule in RULES]
    return [call for decision in decisions if decision.chosen for call in decision.steps], decisions


def impulses(m: Measurements) -> Decision:
    if m.impulses <= IMPULSES:
        return Decision(
            "impulse noise", False, f"{m.impulses:.2%} of the pixels are black or white specks: too few to matter"
        )
    why = f"{m.impulses:.1%} of the pixels are black or white specks: they are replaced by their neighbours' median"
    return Decision("impulse noise", True, why, [StepCall("remove_salt_pepper")])


def noise(m: Measurements) -> Decision:
    # Lightening the picture afterwards lightens its noise: what counts is what will be seen then.
    gain = 2 ** (suggested_ev(m) / 2.4)
    found = f"noise of {m.noise_luma:.1f} levels in brightness and {m.noise_chroma:.1f} in colour"
    if gain > 1:
        found += f", {gain:.1f} times that after the change of exposure,"
    if max(m.noise_luma, m.noise_chroma) * gain <= NOISE_LEVELS:
        return Decision("noise", False, f"{found} is not visible")
    return Decision("noise", True, f"{found} is taken out", [StepCall("denoise")])


def exposure(m: Measurements) -> Decision:
    if m.clipped_highlights > OVEREXPOSED_CLIPPED and m.midtone > OVEREXPOSED_MIDTONE:
        # What is clipped is lost, and would only turn grey if the exposure were lowered: white stays white.
        gamma = round(max(math.log(m.midtone) / math.log(SOUND_MIDTONE), 0.45), 2)
        why = f"overexposed: {m.clipped_highlights:.0%} are white and the rest lies around {m.midtone:.0%}"
        step = StepCall("gamma", {"gamma": gamma})
        return Decision("exposure", True, f"{why}: the middle tones are lowered by a gamma of {gamma:.2f}", [step])
    ev = suggested_ev(m)
    mean = f"mean luminance is {m.linear_mean:.1%} of white"
    if ev == 0:
        return Decision("exposure", False, f"{mean}, the highlights reach {m.luma_p99:.0%}: exposure is fine")
    steps = [StepCall("adjust_color", {"exposure": round(ev, 2)})]
    lift = lift_gamma(m, ev)
    why = f"underexposed by about {ev:.1f} EV ({mean}): exposure is changed by {ev:+.1f} EV"
    if lift > 1:
        steps.append(StepCall("gamma", {"gamma": round(lift, 2)}))
        why += f", and the middle tones are lifted by a gamma of {lift:.2f} where the highlights leave no more room"
    return Decision("exposure", True, why, steps)


def cast(m: Measurements) -> Decision:
    if m.cast_degrees <= CAST_DEGREES:
        return Decision("colour cast", False, f"the light is {m.cast_degrees:.1f}° from grey: no cast to speak of")
    strength = round(min(0.5 + 0.5 * (m.cast_degrees - CAST_DEGREES) / 6, 1.0), 2)
    red, green, blue = m.illuminant
    tint = max(
        (red - green, "red"),
        (blue - green, "blue"),
        (green - (red + blue) / 2, "green"),
        ((red + green) / 2 - blue, "yellow"),
    )[1]
    why = f"the light is {m.cast_degrees:.1f}° from grey, towards {tint}: white balance at {strength:.0%}"
    return Decision("colour cast", True, why, [StepCall("white_balance", {"strength": strength})])


def contrast(m: Measurements) -> Decision:
    ev = suggested_ev(m)
    low, high = (expose(p, ev) ** (1 / lift_gamma(m, ev)) for p in (m.luma_p1, m.luma_p99))
    found = f"tones span {high - low:.0%} of the scale"
    if high - low >= FLAT_RANGE:
        return Decision("contrast", False, f"{found}: contrast is fine")
    # After a change of exposure the mean is where it should be, and the whole scale would lighten it once more.
    strength = 1.0 if ev == 0 else 0.5
    steps = [StepCall("stretch_histogram", {"low": 0.3, "high": 99.7, "strength": strength})]
    how = "all of it" if strength == 1 else f"all of it, by {strength:.0%}"
    return Decision("contrast", True, f"{found} (under {FLAT_RANGE:.0%}): stretched to {how}", steps)


def sharpness(m: Measurements) -> Decision:
    sigma = m.blur_sigma_px
    if sigma <= SOFT_PX:
        return Decision("sharpness", False, f"the sharpest edges are blurred by {sigma:.1f} px: sharp")
    if sigma >= SHAPELESS_PX:
        return Decision("sharpness", False, f"the sharpest edges are blurred by {sigma:.1f} px: nothing to sharpen")
    if m.noise_luma > 4 * NOISE_LEVELS:
        return Decision("sharpness", False, "soft, but too noisy to be sharpened without sharpening the noise")
    amount = round(min(0.5 * sigma, 1.2), 2)
    params = {"radius": round(sigma, 2), "amount": amount, "threshold": round(max(m.noise_luma, 1) / 255, 4)}
    why = f"the sharpest edges are blurred by {sigma:.1f} px: sharpened by {amount:.0%} at that radius"
    return Decision("sharpness", True, why, [StepCall("unsharp_mask", params)])


RULES: tuple[Rule, ...] = (impulses, noise, exposure, cast, contrast, sharpness)


def suggested_ev(m: Measurements) -> float:
    """What is missing in exposure, in EV; 0 where nothing is.

    Until the mean is at middle grey, or the highlights' 99th percentile at 0.97 of white, whichever comes first, and by
    at most 3.
    """
    room = math.log2(linear(0.97) / max(linear(m.luma_p99), 1e-4))
    ev = min(math.log2(MIDDLE_GREY / max(m.linear_mean, 1e-4)), room, 3.0)
    return ev if ev >= UNDEREXPOSED_EV else 0.0


def lift_gamma(m: Measurements, ev: float) -> float:
    """Gamma that brings the median halfway to middle grey where exposure alone could not; 1 for none."""
    if ev <= 0:
        return 1.0
    median, target = expose(m.luma_p50, ev), 0.40
    if median >= target or median <= 0:
        return 1.0
    return min(1 + 0.5 * (math.log(median) / math.log(target) - 1), 1.5)


def expose(encoded: float, ev: float) -> float:
    """An encoded value after a change of exposure in linear light."""
    return float(linear_to_srgb_exact(min(linear(encoded) * 2**ev, 1.0)))


def linear(encoded: float) -> float:
    return float(srgb_to_linear_exact(encoded))
