"""What the functions of a job share: what they are asked, the picture that each hands on, and their reports."""

from __future__ import annotations

import os
import time
from typing import Any, Literal

import msgspec
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom import codec, pipeline
from darkroom.aws import handover, keys, storage
from darkroom.aws.runtime import Handler, lambda_handler, logger, parse, setting
from darkroom.errors import ImageRejected, RecipeInvalid, StepFailed
from darkroom.limits import Limits
from darkroom.picture import Array, Picture
from darkroom.planner import StagePlan
from darkroom.report import Decision, Diagnosis, StageReport, StepReport

RESERVE_SECONDS = 5.0
"""What is kept back of a function's time to hand over the picture and to report."""


class Job(msgspec.Struct, frozen=True):
    """One upload, as the workflow's state carries it."""

    id: str
    bucket: str
    key: str
    sequencer: str
    version: str | None = None


class Decided(msgspec.Struct, frozen=True):
    """What the stage `classify` found and decided, where the recipe leaves that to darkroom."""

    diagnosis: Diagnosis
    decisions: list[Decision]
    report: StageReport


class StageEvent(msgspec.Struct, frozen=True):
    """What a step stage is asked: do `work` on the picture at `picture`, and hand it over as the job's `index`-th."""

    job: str
    index: int
    picture: str
    work: StagePlan


def stage_handler() -> Handler:
    """The handler of every step stage: read the picture, run the steps, hand it on."""
    return lambda_handler(lambda event, context: run_stage(parse(event, StageEvent), context))


def run_stage(request: StageEvent, context: LambdaContext) -> dict[str, Any]:
    """One invocation of a stage: it leaves its report, and says where it put the picture."""
    started = time.perf_counter()
    logger.append_keys(job_id=request.job)
    picture, steps = pipeline.run(
        load_picture(request.picture),
        request.work.steps,
        load_reference=load_reference,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS,
        on_step=count_step,
    )
    key = hand_over(request.job, request.index, picture)
    milliseconds = round((time.perf_counter() - started) * 1000)
    leave(request.job, request.index, StageReport(setting("POWERTOOLS_SERVICE_NAME"), milliseconds, steps))
    return {"picture": key}


def count_step(report: StepReport, pixels: int) -> None:
    """A step's time, and its result's size in pixels, into logs and metrics."""
    logger.info("step", step=report.name, milliseconds=report.milliseconds, pixels=pixels)
    with single_metric(name="StepDuration", unit=MetricUnit.Milliseconds, value=report.milliseconds) as one:
        one.add_dimension(name="step", value=report.name)


def hand_over(job: str, index: int, picture: Picture) -> str:
    """Write a job's picture for the next stage, and say under which key. Writing it again changes nothing."""
    key = keys.to_hand_over(job, index)
    storage.write(setting("WORK_BUCKET"), key, handover.pack(picture), handover.MEDIA_TYPE)
    return key


def load_picture(key: str) -> Picture:
    """The picture that an earlier stage handed over. Raises `StepFailed` where the work bucket has forgotten it."""
    return handover.unpack(_read(key, "picture between two stages"))


def leave(job: str, part: int | Literal["diagnosis"], found: msgspec.Struct) -> None:
    """Write what a stage reports beside the pictures: Step Functions' state, 256 KiB, would not hold it of all."""
    storage.write(setting("WORK_BUCKET"), keys.to_report(job, part), msgspec.json.encode(found), "application/json")


def left[T](job: str, part: int | Literal["diagnosis"], kind: type[T]) -> T:
    """What `leave` wrote. Raises `StepFailed` where the work bucket has forgotten it, or it is something else."""
    try:
        return msgspec.json.decode(_read(keys.to_report(job, part), "report of a stage"), type=kind)
    except msgspec.DecodeError as error:
        raise StepFailed("bad-report", f"the report of a stage could not be read: {error}") from None


def _read(key: str, what: str) -> bytes:
    try:
        return storage.read(setting("WORK_BUCKET"), key)[0]
    except ImageRejected:
        raise StepFailed("expired", f"the {what} is gone; upload the photo again") from None


def load_reference(key: str) -> Array:
    """A recipe's reference image: a key under ``references/`` of the stack's references bucket.

    Raises `RecipeInvalid`: whatever is wrong with it, it is the request that named it.
    """
    if not key.startswith(keys.REFERENCES):
        raise RecipeInvalid("bad-reference", f"the reference image '{key:.200}' does not lie under {keys.REFERENCES}")
    limits = Limits.from_env(os.environ)
    try:
        data, _ = storage.read(setting("REFERENCES_BUCKET"), key, limits=limits)
        return codec.decode(data, limits=limits).as_array()
    except ImageRejected as error:
        reason = "there is none" if error.code == "image.gone" else error.message
    except StepFailed:
        reason = "there is none, or it may not be read"
    raise RecipeInvalid("bad-reference", f"the reference image '{key:.200}': {reason}")
