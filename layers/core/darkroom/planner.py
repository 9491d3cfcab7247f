"""From a recipe to a plan: which stage runs which steps, in which order."""

from __future__ import annotations

from collections.abc import Iterable
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
    "fused": all run in one invocation of the first step's stage. Every imaging function holds the whole library, so
        the pixels are the same and the picture is handed over once.
    """
    calls = list(calls)
    if fusion == "fused" and calls:
        return [StagePlan(registry.get(calls[0].name).stage, calls)]
    return [
        StagePlan(stage, list(steps)) for stage, steps in groupby(calls, key=lambda call: registry.get(call.name).stage)
    ]
