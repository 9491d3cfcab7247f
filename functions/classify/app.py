"""The stage `classify`: runs its steps on a picture in the work bucket, diagnoses and plans, and answers the API."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws.albums import Sight, look
from darkroom.aws.deciding import Question, Undecided, answer, decide
from darkroom.aws.runtime import lambda_handler, parse
from darkroom.aws.stage import StageEvent, run_stage, time_left


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    if "keep" in event:
        return look(parse(event, Sight))
    if "upload" in event:
        return answer(parse(event, Question))
    if "work" not in event:
        return decide(parse(event, Undecided))
    return run_stage(parse(event, StageEvent), time_left(context))
