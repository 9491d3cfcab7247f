"""Admission: reads the upload, applies the limits, decodes once, and plans what the recipe asks for.

For a recipe that leaves the choice to darkroom it measures; the stage `classify`, which has the networks, then plans.
Where the stack's `Fusion` is "one", the steps of other recipes are run right away on photos of an ordinary size.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from darkroom import codec, pipeline, planner, report
from darkroom.auto import treatments
from darkroom.aws import keys, storage
from darkroom.aws.runtime import about, setting
from darkroom.aws.stage import BUCKET, Between, Job, count_step
from darkroom.estimates.measure import measure
from darkroom.limits import Limits
from darkroom.picture import Picture
from darkroom.planner import StagePlan
from darkroom.report import StageReport
from darkroom.wanted import Wanted


class Event(msgspec.Struct, frozen=True):
    """What the workflow hands in: the upload, and how the plan's stages are to be gathered into invocations."""

    job: Job
    fusion: planner.Fusion


def inspect(
    request: Event, between: Between = BUCKET, seconds_left: Callable[[], float] | None = None
) -> dict[str, Any]:
    """Admit an upload: where its picture lies in `between`, and what is to be done with it.

    With the fusion "one" that may be nothing any more: as many stages are `done` as the answer says, and `original` is
    where the picture from before them lies, if anybody has to look at it again.
    """
    started = time.perf_counter()
    job = request.job
    about(job.id)
    limits = Limits.from_env(os.environ)
    data, answer = storage.read(job.bucket, job.key, job.version, limits=limits)
    asked = answer["Metadata"] if job.asked is None else job.asked
    recipe = Wanted.of_metadata(asked, job.key, setting("DEFAULT_RECIPE")).to_recipe()
    if job.version is not None and storage.is_deleted(job.bucket, job.key):
        return {
            "superseded": True,
            "recipe": recipe.name,
            "original": "",
            "picture": "",
            "done": 0,
            "diagnose": False,
            "plan": [],
        }
    picture = codec.decode(
        data,
        limits=limits,
        keep_gps=setting("KEEP_GPS") == "true",
        animation="reject" if recipe.animation == "keep" else "first",
        partial=recipe.partial,
    )
    source = report.source_of(picture, len(data), bucket=job.bucket, key=job.key, version=job.version)
    undecided = treatments.needs_diagnosis(recipe)
    measured = measure(picture) if undecided else None
    inspection = report.begin(recipe, source, measured, picture.metadata.notes, job=job.id)
    calls = [] if undecided else treatments.resolve(recipe, None, None)[0]
    plan = planner.plan(calls, request.fusion)
    stages: list[StageReport] = []
    if request.fusion == "one" and plan and planner.fits_one(calls, picture.width * picture.height):
        original = keys.to_hand_over(job.id, 0)
        if inspection.blend < 100:
            original = between.hand_over(job.id, 0, picture)
        inspected = round((time.perf_counter() - started) * 1000)
        picture, stages = _worked(picture, planner.plan(calls), seconds_left)
        key = between.hand_over(job.id, len(stages), picture)
        plan = []
    else:
        original = key = between.hand_over(job.id, 0, picture)
        inspected = round((time.perf_counter() - started) * 1000)
    between.leave(job.id, 0, replace(inspection, stages=[StageReport("inspect", inspected)]))
    for index, stage in enumerate(stages, 1):
        between.leave(job.id, index, stage)
    return {
        "superseded": False,
        "recipe": recipe.name,
        "original": original,
        "picture": key,
        "done": len(stages),
        "diagnose": undecided,
        "plan": plan,
    }


def _worked(
    picture: Picture, plan: list[StagePlan], seconds_left: Callable[[], float] | None
) -> tuple[Picture, list[StageReport]]:
    """The picture after all stages, and what each reports, as if it had been a function of its own."""
    stages = []
    for work in plan:
        began = time.perf_counter()
        picture, steps = pipeline.run(picture, work.steps, seconds_left=seconds_left, on_step=count_step)
        stages.append(StageReport(work.stage, round((time.perf_counter() - began) * 1000), steps))
    return picture, stages
