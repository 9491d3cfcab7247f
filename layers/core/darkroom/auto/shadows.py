"""Backlight: how far the shadows of a subject before light are lifted."""

from __future__ import annotations

import numpy as np

from darkroom.auto.exposures import USUAL, between, change_of_mean
from darkroom.measurements import Measurements
from darkroom.recipe import StepCall
from darkroom.report import Defect, Diagnosis

LEAST, PER_EV, MOST = 0.15, 0.15, 0.6
"""`amount` of `lift_shadows`: beside what each EV adds that the subject is darker by, and at most."""

LIGHT_BEHIND = 0.85
"""Luma of the lightest hundredth below which nothing behind a subject is light: it is dark itself, as black fur is."""

LEAST_CHANGE = 0.05
"""`amount` that is worth a change."""


def lifted(backlight: Defect, diagnosis: Diagnosis, measurements: Measurements) -> tuple[list[StepCall], str]:
    """The steps that lift shadows, and how that is said. The more of the missing light exposure gives, the less."""
    whole = min(LEAST + PER_EV * backlight.strength, MOST)
    exposed = given(diagnosis, measurements)
    if measurements.luma_p99 < LIGHT_BEHIND and not exposed:
        return [], "but nothing behind it is light"
    amount = round(whole * (1 - exposed), 2)
    if amount < LEAST_CHANGE:
        return [], "but its exposure gives the light that its shadows miss"
    return [StepCall("lift_shadows", {"amount": amount})], f"shadows are lifted by {amount:.0%}"


def given(diagnosis: Diagnosis, measurements: Measurements) -> float:
    """Of the light that a photo misses beside usual ones, how much exposure gives it by what it shows, in 0-1."""
    change = change_of_mean(diagnosis, measurements)
    return between(change, 0, USUAL - float(np.mean(measurements.tones))) if change > 0 else 0.0
