"""What needs the networks: a job's diagnosis, of which its plan is made, and answers to the API."""

from __future__ import annotations

import os
import time
from typing import Any

import msgspec
from msgspec.structs import replace

from darkroom import codec, pipeline, planner, registry
from darkroom.auto import treatments
from darkroom.aws import albums, storage
from darkroom.aws.runtime import about, setting
from darkroom.aws.stage import BUCKET, Between, Decided
from darkroom.diagnosis import network
from darkroom.errors import StepFailed
from darkroom.limits import Limits
from darkroom.ready import ready
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Report, StageReport, StepReport


class Question(msgspec.Struct, frozen=True):
    """What the API asks, and waits for: what `step` says of the file at `upload` in the work bucket."""

    job: str
    upload: str
    step: StepCall


class Undecided(msgspec.Struct, frozen=True):
    """What the workflow asks of a job whose recipe leaves the choice open: what is wrong, and what is to be done.

    inspected: what inspect told of its report. together: see `Job`.
    """

    job: str
    picture: str
    inspected: str
    fusion: planner.Fusion
    together: str | None = None


def decide(request: Undecided, between: Between = BUCKET) -> dict[str, Any]:
    """The plan made of the job's diagnosis; and that, and what is decided about each defect and why."""
    started = time.perf_counter()
    about(request.job)
    inspection = between.left(request.inspected, Report)
    wanted = Recipe(steps="auto", finish=inspection.finish or "gentle")
    together = albums.load(request.together) if request.together else None
    if together is None:
        found = network.diagnose(between.load_picture(request.picture).shown())
        calls, decisions = treatments.resolve(wanted, inspection.measurements, found)
    else:  # it was diagnosed when its album was looked at
        found, by = together.own.diagnosis, together.agreed
        calls, decisions = treatments.resolve(wanted, by.measurements, by.diagnosis)
    done = StageReport("diagnose", round((time.perf_counter() - started) * 1000))
    decided = Decided(found, decisions, done)
    if together is not None:
        decided = replace(decided, by=together.agreed.diagnosis, album=together.album)
    told = between.leave(request.job, "diagnosis", decided)
    return {"plan": planner.plan(calls, request.fusion), "report": told}


def answer(question: Question) -> StepReport:
    """The step's report; its `details` are the answer."""
    about(question.job)
    if registry.stage_of(question.step.name) != registry.CLASSIFY:
        raise StepFailed("bad-event", f"'{question.step.name}' is a step of another stage")
    limits = Limits.from_env(os.environ)
    data, _ = storage.read(setting("WORK_BUCKET"), question.upload, limits=limits, listed=False)
    _, (report,) = pipeline.run(codec.decode(data, limits=limits), [question.step])
    return report


ready(Question)
