"""The list of steps, in the catalogue's order. A new step is one module in `darkroom.steps` and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from darkroom.errors import RecipeInvalid, nearest
from darkroom.step import Step

# name of the step -> module of darkroom.steps that declares it under that name. Modules load when a step is asked
# for, so that a function imports OpenCV or ONNX Runtime only if its own steps need it.
STEPS: Mapping[str, str] = {
    # filter
    "gaussian_blur": "gaussian_blur",
    # adjust_tone
    "gamma": "gamma",
}


@cache
def get(name: str) -> Step:
    """The step called `name`. Raises `RecipeInvalid`, naming the nearest, where there is none."""
    if name not in STEPS:
        raise RecipeInvalid("unknown-step", f"there is no step '{name}'{nearest(name, STEPS)}")
    declared = getattr(importlib.import_module(f"darkroom.steps.{STEPS[name]}"), name)
    assert isinstance(declared, Step)
    assert declared.name == name
    return declared


def steps() -> list[Step]:
    """All steps, in order."""
    return [get(name) for name in STEPS]


def stages() -> list[str]:
    """The stages that have steps, in order of their first step."""
    return list(dict.fromkeys(step.stage for step in steps()))
