"""From a recipe to a plan: which stage runs which steps, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Literal

import msgspec

from darkroom import registry
from darkroom.recipe import StepCall

Fusion = Literal["stage", "fused"]
"""The stack's parameter of that name."""


class StagePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """The steps of one invocation of one stage."""

    stage: str
    steps: list[StepCall]


def plan(calls: Iterable[StepCall], fusion: Fusion = "stage") -> list[StagePlan]:
    """Gather steps into invocations, keeping their order.

    "stage": neighbouring steps of one stage run together, each stage in its own function.
    "fused": neighbouring imaging stages run in one invocation. Every imaging function holds the whole library and
        OpenCV, so the pixels are the same and the picture is handed over once. It is the stage of the first step that
        has a reference image, which not all may read; without one, of the first step. `classify` has ONNX Runtime
        instead of OpenCV, and stays apart.

    No step is loaded. Raises `RecipeInvalid` for one that does not exist.
    """
    together: Callable[[str], object] = registry.stage_of if fusion == "stage" else needs_inference
    groups = [list(group) for _, group in groupby(calls, key=lambda call: together(call.name))]
    hosts = [next((call for call in group if call.references), group[0]) for group in groups]
    return [StagePlan(registry.stage_of(host.name), group) for host, group in zip(hosts, groups, strict=True)]


def needs_inference(name: str) -> bool:
    """Whether a step runs a trained network, for which the imaging functions lack ONNX Runtime."""
    return registry.stage_of(name) == registry.CLASSIFY
