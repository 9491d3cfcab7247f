"""Each decision a switch: what was done to a photo, without one of its decisions, or with more of a quality."""

from __future__ import annotations

from collections.abc import Sequence

from darkroom.defects import DEFECTS
from darkroom.errors import RecipeInvalid, nearest
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Report

KNOBS = {
    "exposure": ("exposure", 0.5),
    "brightness": ("brightness", 0.15),
    "contrast": ("contrast", 0.15),
    "saturation": ("saturation", 0.15),
    "vibrance": ("vibrance", 0.2),
    "warmth": ("temperature", 0.15),
}
"""Qualities of which there may be more or less: the parameter of `adjust_color`, and by how much each time."""

MOST = {"exposure": 5.0}
"""A parameter's bound, either way; 1 for the others."""


def changed(told: Report, without: Sequence[str] = (), more: Sequence[str] = (), less: Sequence[str] = ()) -> Recipe:
    """The recipe of what a report tells, but for the decisions in `without`, and with more or less of a quality.

    without: defects that were treated, or "finish". more, less: of `KNOBS`; a name that stands twice counts twice.
    What was asked for of blend, format and quality stays. Raises `RecipeInvalid` naming what is wrong, and the nearest.
    """
    done = {decision.defect: decision.steps for decision in told.decisions if decision.chosen}
    for name in without:
        if name not in (*DEFECTS, "finish"):
            raise RecipeInvalid(
                "unknown-decision", f"there is no decision '{name:.80}'{nearest(name, done or DEFECTS)}"
            )
        if name not in done:
            were = ", ".join(done) or "none were made"
            raise RecipeInvalid("no-decision", f"nothing was done about '{name}' (decisions: {were})")
    if told.decisions:
        calls = [call for name, steps in done.items() if name not in without for call in steps]
    else:
        calls = [StepCall(step.name, step.params) for step in told.steps]
    params = _knobs(more, less)
    if params:
        calls.append(StepCall("adjust_color", params))
    recipe = Recipe(
        steps=calls,
        name=told.recipe if told.recipe and told.recipe != "auto" else "auto-changed",
        blend=told.blend,
        format=told.format,
        quality=told.quality,
        progressive=told.progressive,
    )
    recipe.check()
    return recipe


def _knobs(more: Sequence[str], less: Sequence[str]) -> dict[str, float]:
    params: dict[str, float] = {}
    for names, sign in ((more, 1), (less, -1)):
        for name in names:
            if name not in KNOBS:
                raise RecipeInvalid(
                    "unknown-quality",
                    f"there is no quality '{name:.80}'{nearest(name, KNOBS)} (there are: {', '.join(KNOBS)})",
                )
            param, step = KNOBS[name]
            most = MOST.get(param, 1.0)
            params[param] = round(min(most, max(-most, params.get(param, 0.0) + sign * step)), 3)
    return {name: value for name, value in params.items() if value}
