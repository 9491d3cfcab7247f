"""How far a running job is: the workflow's own history, told in stages."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients

BOOKKEEPING = frozenset({"Claim", "Look up", "Complete", "Tell success", "Record failure", "Tell failure"})
"""Tasks of the workflow that work on no picture."""


def stages(execution: str) -> list[dict[str, Any]]:
    """The stages that an execution has come to, in order, with their times in milliseconds.

    Empty where there is no history: Step Functions keeps none of EXPRESS executions, and of others for 90 days.
    """
    try:
        pages = (
            clients.client("stepfunctions")
            .get_paginator("get_execution_history")
            .paginate(executionArn=execution, includeExecutionData=False)
        )
        events = [event for page in pages for event in page["events"]]
    except (ClientError, BotoCoreError):
        return []
    return told(events)


def told(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stages in a history's events. One that was entered and not left is running."""
    found: list[dict[str, Any]] = []
    started: Any = None
    failed = False
    for event in events:
        kind = event["type"]
        if kind == "TaskStateEntered":
            name = event["stateEnteredEventDetails"]["name"]
            started = None if name in BOOKKEEPING else event["timestamp"]
            failed = False
            if started is not None:
                found.append({"stage": name.lower().replace(" ", "_"), "status": "running"})
        elif kind in ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"):
            failed = True
        elif kind == "TaskSucceeded":
            failed = False
        elif kind == "TaskStateExited" and started is not None:
            milliseconds = round((event["timestamp"] - started).total_seconds() * 1000)
            found[-1] |= {"status": "failed" if failed else "done", "milliseconds": milliseconds}
            started = None
        elif kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted") and started is not None:
            found[-1]["status"] = "failed"
    return found
