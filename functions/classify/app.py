"""The stage `classify`: runs its steps on a picture in the work bucket, or on a file that the API was sent."""

from __future__ import annotations

import os
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom import codec, pipeline, registry, storage
from darkroom.errors import StepFailed
from darkroom.lambda_runtime import StageEvent, lambda_handler, logger, parse, run_stage, setting
from darkroom.limits import Limits
from darkroom.pipeline import StepReport
from darkroom.recipe import StepCall


class Question(msgspec.Struct, frozen=True):
    """What the API asks, and waits for: what `step` says of the file at `upload` in the work bucket."""

    job: str
    upload: str
    step: StepCall


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    if "upload" in event:
        return answer(parse(event, Question))
    return run_stage(parse(event, StageEvent), context)


def answer(question: Question) -> StepReport:
    """The step's report; its `details` are the answer."""
    logger.append_keys(job_id=question.job)
    if registry.stage_of(question.step.name) != registry.CLASSIFY:
        raise StepFailed("bad-event", f"'{question.step.name}' is a step of another stage")
    limits = Limits.from_env(os.environ)
    data, _ = storage.read(setting("WORK_BUCKET"), question.upload, limits=limits)
    _, (report,) = pipeline.run(codec.decode(data, limits=limits), [question.step])
    return report
