"""From a recipe to a plan: which stage runs which steps, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Literal

import msgspec

from darkroom import registry
from darkroom.recipe import StepCall

Fusion = Literal["stage", "fused", "one", "auto"]
"""The stack's parameter of that name."""

ONE_MOST_PIXELS = 25_000_000
"""Up to which a photo is worked on where it was read, if "one" or "auto" is asked for; it is short work."""

LONG = frozenset(
    {
        *("bilateral_filter", "denoise", "deblur_motion", "super_resolution", "equalize_local", "lift_shadows"),
        *("inpaint", "smooth_skin", "stylize_avatar"),
    }
)
"""Steps that compute at least twice as long as it takes to hand their picture to another function: 0.08 s of one
processor for a megapixel (`python -m tests.bench.steps` measures the steps, `tests.bench.cost` hand-overs). A stage of
one is worth its hand-over: it is seen, timed and tried again by itself."""


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
    "auto": likewise, but a stage with a step of `LONG` stays apart.

    No step is loaded. Raises `RecipeInvalid` for one that does not exist.
    """
    groups: list[list[StepCall]] = []
    for _, stage in groupby(calls, key=lambda call: registry.stage_of(call.name)):
        group = list(stage)
        if groups and all(_may_join(each, fusion) for each in (groups[-1], group)):
            groups[-1] += group
        else:
            groups.append(group)
    hosts = [next((call for call in group if call.references), group[0]) for group in groups]
    return [StagePlan(registry.stage_of(host.name), group) for host, group in zip(hosts, groups, strict=True)]


def _may_join(group: list[StepCall], fusion: Fusion) -> bool:
    apart = fusion == "stage" or (fusion == "auto" and any(call.name in LONG for call in group))
    return not apart and not any(needs_inference(call.name) for call in group)


def fits_one(calls: list[StepCall], pixels: int, fusion: Fusion) -> bool:
    """Whether the function that reads a photo runs the steps as well: it has OpenCV, and may read no references."""
    if fusion in ("stage", "fused") or pixels > ONE_MOST_PIXELS or any(call.references for call in calls):
        return False
    return all(_may_join([call], fusion) for call in calls)


def needs_inference(name: str) -> bool:
    """Whether a step runs a trained network, for which the imaging functions lack ONNX Runtime."""
    return registry.stage_of(name) == registry.CLASSIFY
