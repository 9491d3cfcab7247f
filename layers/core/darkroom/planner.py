"""From a recipe to a plan: which stage runs which steps, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Literal

import msgspec

from darkroom import registry
from darkroom.recipe import StepCall

Fusion = Literal["stage", "fused", "one"]
"""The stack's parameter of that name."""

ONE_MOST_PIXELS = 25_000_000
"""Up to which a photo is worked on where it was read, if "one" is asked for; it is short work."""


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
    "one": as "fused", where the photo is not worked on where it was read (`fits_one`).

    No step is loaded. Raises `RecipeInvalid` for one that does not exist.
    """
    together: Callable[[str], object] = registry.stage_of if fusion == "stage" else needs_inference
    groups = [list(group) for _, group in groupby(calls, key=lambda call: together(call.name))]
    hosts = [next((call for call in group if call.references), group[0]) for group in groups]
    return [StagePlan(registry.stage_of(host.name), group) for host, group in zip(hosts, groups, strict=True)]


def fits_one(calls: Iterable[StepCall], pixels: int) -> bool:
    """Whether the function that reads a photo can run the steps as well: it has OpenCV, and may read no references."""
    return pixels <= ONE_MOST_PIXELS and not any(needs_inference(call.name) or call.references for call in calls)


def needs_inference(name: str) -> bool:
    """Whether a step runs a trained network, for which the imaging functions lack ONNX Runtime."""
    return registry.stage_of(name) == registry.CLASSIFY
