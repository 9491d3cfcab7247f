"""The stage `classify`: runs its steps on a picture in the work bucket, diagnoses and plans, and answers the API."""

from __future__ import annotations

import os
import time
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom import codec, pipeline, planner, registry
from darkroom.auto import treatments
from darkroom.aws import storage
from darkroom.aws.runtime import lambda_handler, logger, parse, setting
from darkroom.aws.stage import Decided, StageEvent, leave, left, load_picture, run_stage
from darkroom.diagnosis import network
from darkroom.errors import StepFailed
from darkroom.limits import Limits
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Report, StageReport, StepReport


class Question(msgspec.Struct, frozen=True):
    """What the API asks, and waits for: what `step` says of the file at `upload` in the work bucket."""

    job: str
    upload: str
    step: StepCall


class Undecided(msgspec.Struct, frozen=True):
    """What the workflow asks of a job whose recipe leaves the choice open: what is wrong, and what is to be done."""

    job: str
    picture: str
    fusion: planner.Fusion


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    if "upload" in event:
        return answer(parse(event, Question))
    if "work" not in event:
        return decide(parse(event, Undecided))
    return run_stage(parse(event, StageEvent), context)


def decide(request: Undecided) -> dict[str, Any]:
    """The plan made of the job's diagnosis; that, and what is decided about each defect and why, it leaves."""
    started = time.perf_counter()
    logger.append_keys(job_id=request.job)
    found = network.diagnose(load_picture(request.picture).shown())
    inspection = left(request.job, 0, Report)
    wanted = Recipe(steps="auto", finish=inspection.finish or "gentle")
    calls, decisions = treatments.resolve(wanted, inspection.measurements, found)
    done = StageReport("diagnose", round((time.perf_counter() - started) * 1000))
    leave(request.job, "diagnosis", Decided(found, decisions, done))
    return {"plan": planner.plan(calls, request.fusion)}


def answer(question: Question) -> StepReport:
    """The step's report; its `details` are the answer."""
    logger.append_keys(job_id=question.job)
    if registry.stage_of(question.step.name) != registry.CLASSIFY:
        raise StepFailed("bad-event", f"'{question.step.name}' is a step of another stage")
    limits = Limits.from_env(os.environ)
    data, _ = storage.read(setting("WORK_BUCKET"), question.upload, limits=limits)
    _, (report,) = pipeline.run(codec.decode(data, limits=limits), [question.step])
    return report
