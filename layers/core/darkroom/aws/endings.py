"""How an execution ended that could not say so itself: by Step Functions' event, when it is asked, or by its age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from darkroom.aws import clients, items

REASONS = {
    "ABORTED": ("step.stopped", "the job was stopped"),
    "TIMED_OUT": ("step.timeout", "the job took longer than it may"),
    "FAILED": ("step.ended", "the workflow failed and could not say why"),
}
"""Codes and messages by an execution's status."""

LOST = "step.ended", "the workflow ended without a word"

WORKER_LOST = "step.ended", "the worker ended without a word"

WORKER_MINUTES = 12 * 60
"""After which a worker that said nothing is gone: SQS hides a message for twelve hours at most."""

EXPRESS_MINUTES = 6
"""After which an EXPRESS execution, which lives for five and cannot be described, must have ended."""

UNTOLD = " (nobody could be told)"
"""How the workflow's cause ends, where its own event could not be sent."""


class End(msgspec.Struct, frozen=True):
    """How a job ended, where it could not say so itself. told: whether an event already did."""

    error: Mapping[str, str]
    status: str = "failed"
    told: bool = False


def _error(code: str, message: str, name: str = "StepFailed") -> dict[str, str]:
    return {"name": name, "code": code, "message": message, "state": ""}


def end_of(detail: Mapping[str, Any]) -> End:
    """What an event, or Step Functions when it is asked, says of an execution's end.

    The workflow's own Fail state names the error, and has sent an event; Step Functions' errors begin with States.
    """
    name, cause = detail.get("error") or "", detail.get("cause") or ""
    code, colon, message = cause.removesuffix(UNTOLD).partition(": ")
    if detail["status"] == "FAILED" and colon and not name.startswith("States."):
        rejected = name in ("ImageRejected", "RecipeInvalid")
        return End(_error(code, message, name), "rejected" if rejected else "failed", told=not is_untold(detail))
    return End(_error(*REASONS.get(detail["status"], LOST)))


def is_untold(detail: Mapping[str, Any]) -> bool:
    return (detail.get("cause") or "").endswith(UNTOLD)


def found(execution: str, updated: str) -> End | None:
    """How an execution ended, or None while it runs. updated: when its record was written last."""
    if execution.startswith(items.WORKER):
        return End(_error(*WORKER_LOST)) if is_old(updated, WORKER_MINUTES) else None
    if ":express:" in execution:
        return End(_error(*REASONS["TIMED_OUT"])) if is_old(updated, EXPRESS_MINUTES) else None
    try:
        told = clients.client("stepfunctions").describe_execution(executionArn=execution)
    except ClientError as error:
        if clients.code_of(error) != "ExecutionDoesNotExist":
            raise
        return End(_error(*LOST))
    return None if told["status"] in ("RUNNING", "PENDING_REDRIVE") else end_of(told)


def age(time: str) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(time)


def is_old(time: str, minutes: float) -> bool:
    return age(time) > timedelta(minutes=minutes)
