"""Admission: reads the upload, applies the limits, decodes once, and plans what the recipe asks for.

For a recipe that leaves the choice to darkroom it measures; the stage `classify`, which has the networks, then plans.
Where the stack's `Fusion` is "one" or "auto", other recipes are done right away on photos of an ordinary size: by the
very parts that are functions of their own, in this one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from darkroom import codec, planner, report
from darkroom.auto import treatments
from darkroom.aws import publishing, storage
from darkroom.aws.runtime import about, setting
from darkroom.aws.stage import BUCKET, Between, Job, Memory, run_stages
from darkroom.estimates.measure import measure
from darkroom.limits import Limits
from darkroom.picture import Picture
from darkroom.planner import StagePlan
from darkroom.report import Report, StageReport
from darkroom.wanted import Wanted

PUBLISH_SECONDS = 20.0
"""What is kept back of a function's time, where it does a whole job, to look at the result, encode it and write it."""


class Event(msgspec.Struct, frozen=True):
    """What the workflow hands in: the upload, and how the plan's stages are to be gathered into invocations."""

    job: Job
    fusion: planner.Fusion


def inspect(request: Event, seconds_left: Callable[[], float], between: Between = BUCKET) -> dict[str, Any]:
    """Admit an upload: where its picture lies in `between`, and what is to be done with it.

    With the fusions "one" and "auto" that may be nothing any more: then the answer says what was `published`.
    """
    started = time.perf_counter()
    job = request.job
    about(job.id)
    limits = Limits.from_env(os.environ)
    listed = job.bucket != setting("WORK_BUCKET")
    data, answer, deleted = storage.read_upload(job.bucket, job.key, job.version, limits=limits, listed=listed)
    asked = answer["Metadata"] if job.asked is None else job.asked
    recipe = Wanted.of_metadata(asked, job.key, setting("DEFAULT_RECIPE")).to_recipe()
    if deleted:
        return {
            "superseded": True,
            "recipe": recipe.name,
            "picture": "",
            "diagnose": False,
            "plan": [],
            "report": "",
            "published": None,
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
    published = None
    if plan and planner.fits_one(calls, picture.width * picture.height, request.fusion):
        inspected = round((time.perf_counter() - started) * 1000)
        told = replace(inspection, stages=[StageReport("inspect", inspected)])
        published = _whole(job, told, picture, planner.plan(calls), seconds_left, answer)
        key, plan, left = "", [], ""
    else:
        key = between.hand_over(job.id, 0, picture)
        inspected = round((time.perf_counter() - started) * 1000)
        left = between.leave(job.id, 0, replace(inspection, stages=[StageReport("inspect", inspected)]))
    return {
        "superseded": False,
        "recipe": recipe.name,
        "picture": key,
        "diagnose": undecided,
        "plan": plan,
        "report": left,
        "published": published,
    }


def _whole(
    job: Job,
    told: Report,
    picture: Picture,
    plan: list[StagePlan],
    seconds_left: Callable[[], float],
    upload: Mapping[str, Any],
) -> dict[str, Any]:
    """What `publish` answers, once all stages are done here, one after the other. upload: S3's answer with it."""
    between = Memory()
    inspected = between.leave(job.id, 0, told)
    original = between.hand_over(job.id, 0, picture)

    def for_steps() -> float:
        return seconds_left() - PUBLISH_SECONDS

    key, done = run_stages(job.id, original, plan, for_steps, between)
    event = publishing.Event(job, original, key, diagnosed=False, reports=[inspected, *done])
    return publishing.publish(event, between, upload)
