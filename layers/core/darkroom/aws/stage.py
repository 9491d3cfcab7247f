"""What the parts of a job share: what they are asked, the picture that each hands on, and their reports.

Each part is a function of its own on Lambda, and all are one process in a container (`darkroom.aws.container.whole`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import msgspec
from aws_lambda_powertools.metrics import MetricUnit

from darkroom import codec, pipeline
from darkroom.album import Album
from darkroom.aws import handover, keys, storage
from darkroom.aws.runtime import Handler, about, count, lambda_handler, logger, parse, setting
from darkroom.errors import ImageRejected, RecipeInvalid, StepFailed
from darkroom.limits import Limits
from darkroom.picture import Array, Picture
from darkroom.planner import StagePlan
from darkroom.report import Decision, Diagnosis, StageReport, StepReport

Part = int | Literal["diagnosis"]
"""Of a job: a stage by its index (0 is inspect), or what the photo is diagnosed with."""

RESERVE_SECONDS = 5.0
"""What is kept back of a function's time to hand over the picture and to report."""

MOST_CARRIED = 16 * 1024
"""Bytes of what inspect or the diagnosis reports that the workflow's state carries; a longer one lies in the bucket."""

MOST_CARRIED_OF_A_STEP = 1024
"""Likewise of a stage's report, for each of its steps: of all that a recipe may have they are 32 KiB. What a step found
in a picture may be longer."""


class Job(msgspec.Struct, frozen=True):
    """One upload, as the workflow's state carries it.

    Of a batch's, asked: what is asked for as an upload's metadata have it; to: what the result is named after;
    together: where that lies in the work bucket by which its album agreed to decide.
    """

    id: str
    bucket: str
    key: str
    sequencer: str
    version: str | None = None
    asked: dict[str, str] | None = None
    to: str | None = None
    together: str | None = None


class Decided(msgspec.Struct, frozen=True):
    """What the stage `classify` found and decided, where the recipe leaves that to darkroom.

    by: the diagnosis by which it was decided, where that is an album's; album: with whom.
    """

    diagnosis: Diagnosis
    decisions: list[Decision]
    report: StageReport
    by: Diagnosis | None = None
    album: Album | None = None


class StageEvent(msgspec.Struct, frozen=True):
    """What a step stage is asked: do `work` on the picture at `picture`, and hand it over as the job's `index`-th."""

    job: str
    index: int
    picture: str
    work: StagePlan


class Between(Protocol):
    """Where a job's parts leave what a later one reads: pictures, and what each reports."""

    def hand_over(self, job: str, index: int, picture: Picture) -> str:
        """Keep a job's picture for the next stage, and say under which key. Doing it again changes nothing."""

    def load_picture(self, key: str) -> Picture:
        """The picture that an earlier stage handed over. Raises `StepFailed` where it is forgotten."""

    def leave(self, job: str, part: Part, found: msgspec.Struct) -> str:
        """What a part of a job reports, as a later part is told of it: as JSON, or the key under which that is kept."""

    def left[T](self, told: str, kind: type[T]) -> T:
        """What `leave` told of. Raises `StepFailed` where it is forgotten, or is something else."""


class WorkBucket:
    """The work bucket: on Lambda every part of a job is a function of its own."""

    def hand_over(self, job: str, index: int, picture: Picture) -> str:
        key = keys.to_hand_over(job, index)
        storage.write(setting("WORK_BUCKET"), key, handover.pack(picture), handover.MEDIA_TYPE)
        return key

    def load_picture(self, key: str) -> Picture:
        return handover.unpack(self._read(key, "picture between two stages"))

    def leave(self, job: str, part: Part, found: msgspec.Struct) -> str:
        """A request to S3 each way costs more than the state that carries it; but that, 256 KiB, does not hold all."""
        body = msgspec.json.encode(found)
        text = body.decode()
        most = MOST_CARRIED_OF_A_STEP * len(found.steps) if isinstance(found, StageReport) else MOST_CARRIED
        if len(msgspec.json.encode(text)) <= most:  # as the state holds it
            return text
        key = keys.to_report(job, part)
        storage.write(setting("WORK_BUCKET"), key, body, "application/json")
        return key

    def left[T](self, told: str, kind: type[T]) -> T:
        body = told.encode() if told.startswith("{") else self._read(told, "report of a stage")
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise StepFailed("bad-report", f"the report of a stage could not be read: {error}") from None

    @staticmethod
    def _read(key: str, what: str) -> bytes:
        try:
            return storage.read(setting("WORK_BUCKET"), key, listed=False)[0]
        except ImageRejected:
            raise StepFailed("expired", f"the {what} is gone; upload the photo again") from None


BUCKET: Between = WorkBucket()


class Memory:
    """This process's memory, while a job runs. A picture is kept until it is read; the original, which is read again to
    compare and to blend, until the end."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._original = ""

    def hand_over(self, job: str, index: int, picture: Picture) -> str:
        key = keys.to_hand_over(job, index)
        self._pictures[key] = picture
        if index == 0:
            self._original = key
        return key

    def load_picture(self, key: str) -> Picture:
        return self._pictures[key] if key == self._original else self._pictures.pop(key)

    def leave(self, job: str, part: Part, found: msgspec.Struct) -> str:
        return msgspec.json.encode(found).decode()

    def left[T](self, told: str, kind: type[T]) -> T:
        return msgspec.json.decode(told, type=kind)


def stage_handler() -> Handler:
    """The handler of every step stage: read the picture, run the steps, hand it on."""
    return lambda_handler(lambda event, context: run_stage(parse(event, StageEvent), time_left(context)))


def time_left(context: Any) -> Callable[[], float]:
    """Tells the seconds that an invocation may go on working, by its context on Lambda."""
    return lambda: context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS


def run_stage(request: StageEvent, seconds_left: Callable[[], float], between: Between = BUCKET) -> dict[str, Any]:
    """One invocation of a stage: where it put the picture, and what it reports."""
    started = time.perf_counter()
    about(request.job)
    picture, steps = pipeline.run(
        between.load_picture(request.picture),
        request.work.steps,
        load_reference=load_reference,
        seconds_left=seconds_left,
        on_step=count_step,
    )
    key = between.hand_over(request.job, request.index, picture)
    milliseconds = round((time.perf_counter() - started) * 1000)
    report = StageReport(request.work.stage, milliseconds, steps)
    return {"picture": key, "report": between.leave(request.job, request.index, report)}


def run_stages(
    job: str,
    picture: str,
    plan: Sequence[StagePlan],
    seconds_left: Callable[[], float],
    between: Between,
    begin: Callable[[str], None] = lambda stage: None,
) -> tuple[str, list[str]]:
    """All stages in this process, one after the other: where the last put the picture, and what each reports.

    begin: told of each stage before it runs.
    """
    reports = []
    for index, work in enumerate(plan, 1):
        begin(work.stage)
        done = run_stage(StageEvent(job, index, picture, work), seconds_left, between)
        picture = done["picture"]
        reports.append(done["report"])
    return picture, reports


def count_step(report: StepReport, pixels: int) -> None:
    """A step's time, and its result's size in pixels, into logs and metrics."""
    logger.info("step", step=report.name, milliseconds=report.milliseconds, pixels=pixels)
    count("StepDuration", report.milliseconds, MetricUnit.Milliseconds, step=report.name)


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
