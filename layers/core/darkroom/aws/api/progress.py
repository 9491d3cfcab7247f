"""How far a running job is: the workflow's own history, told in stages."""

from __future__ import annotations

from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, items
from darkroom.ready import ready

BOOKKEEPING = frozenset({"Claim", "Look up", "Complete", "Tell success", "Record failure", "Tell failure"})
"""Tasks of the workflow that work on no picture."""

ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"})
OUTPUT = "taskSucceededEventDetails"
"""Of an event, where a task's answer stands."""

MOST_PLANS = 100
"""Remembered by a function at once."""

_plans: dict[tuple[str, int], str] = {}
"""Answers that hold the plan, by execution and their place in its history."""

PLANNING = frozenset({"Inspect", "Diagnose"})
"""Tasks whose answer holds the plan; Diagnose makes it where Inspect leaves it open."""


def stages(execution: str) -> list[dict[str, Any]]:
    """The stages that an execution has come to, in order, with their times in milliseconds, and those to come.

    Empty where there is no history: Step Functions keeps none of EXPRESS executions, and of others for 90 days; a
    worker in a container keeps none.
    What states hand on is asked for once, as far as the plan, which then stays as it is.
    """
    if execution.startswith(items.WORKER):
        return []
    asked = clients.client("stepfunctions").get_paginator("get_execution_history").paginate
    try:
        pages = asked(executionArn=execution, includeExecutionData=False)
        events = [event for page in pages for event in page["events"]]
        answered = _planned_at(events)
        if answered and (execution, answered) not in _plans:
            some = {"MaxItems": answered, "PageSize": min(answered, 1000)}
            pages = asked(executionArn=execution, includeExecutionData=True, PaginationConfig=some)
            found = [event for page in pages for event in page["events"]]
            while len(_plans) >= MOST_PLANS:
                del _plans[next(iter(_plans))]
            _plans[execution, answered] = found[-1].get(OUTPUT, {}).get("output", "")
    except (ClientError, BotoCoreError):
        return []
    if answered:
        events[answered - 1] |= {OUTPUT: {"output": _plans[execution, answered]}}
    return told(events)


def _planned_at(events: list[dict[str, Any]]) -> int:
    """How many events a history has as far as the last answer with a plan; 0 where none has come, or is needed."""
    name, found = "", 0
    if events and events[-1]["type"] in ENDS:
        return 0
    for number, event in enumerate(events, 1):
        if event["type"] == "TaskStateEntered":
            name = event["stateEnteredEventDetails"]["name"]
        elif event["type"] == "TaskSucceeded" and name in PLANNING:
            found = number
    return found


def can_stop(execution: str) -> bool:
    """Whether an execution may be stopped: one of the workflow that nobody waits for. EXPRESS ones may not."""
    return ":execution:" in execution


def stop(execution: str) -> None:
    """Stop an execution. One that has ended meanwhile stays as it ended, and one that is forgotten is none."""
    try:
        clients.client("stepfunctions").stop_execution(executionArn=execution)
    except (ClientError, BotoCoreError) as error:
        if not isinstance(error, ClientError) or clients.code_of(error) != "ExecutionDoesNotExist":
            raise clients.translate(error, "the workflow", "workflow") from error


def told(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stages in a history's events. One that was entered and not left is running; those after it are planned."""
    found: list[dict[str, Any]] = []
    planned: list[str] = []
    name = ""
    started: Any = None
    failed = ended = False
    for event in events:
        kind = event["type"]
        if kind == "TaskStateEntered":
            name = event["stateEnteredEventDetails"]["name"]
            started = None if name in BOOKKEEPING else event["timestamp"]
            failed = False
            if started is not None:
                stage = name.lower().replace(" ", "_")
                found.append({"stage": stage, "status": "running", "since": items.written(started)})
                planned = planned[planned[:1] == [found[-1]["stage"]] :]
        elif kind in ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"):
            failed = True
        elif kind == "TaskSucceeded":
            failed = False
            if name in PLANNING:
                planned = _plan(event.get(OUTPUT, {}).get("output", ""), planned)
        elif kind == "TaskStateExited" and started is not None:
            milliseconds = round((event["timestamp"] - started).total_seconds() * 1000)
            del found[-1]["since"]
            found[-1] |= {"status": "failed" if failed else "done", "milliseconds": milliseconds}
            started = None
        elif kind in ENDS:
            ended = True
            if kind != "ExecutionSucceeded" and started is not None:
                found[-1]["status"] = "failed"
    return found if ended else [*found, *({"stage": stage, "status": "planned"} for stage in planned)]


def _plan(output: str, before: list[str]) -> list[str]:
    """The stages that follow Inspect or Diagnose, by what it answered; `before` where it says nothing of them."""
    try:
        answer = msgspec.json.decode(output, type=_Answer).payload
    except msgspec.DecodeError:  # Step Functions cuts what is long
        return before
    if answer.superseded or answer.published is not None:
        return []
    return [*(["diagnose"] if answer.diagnose else []), *(work.stage for work in answer.plan), "publish"]


class _Work(msgspec.Struct):
    stage: str


class _Payload(msgspec.Struct):
    plan: list[_Work]
    diagnose: bool = False
    superseded: bool = False
    published: Any = None


class _Answer(msgspec.Struct):
    payload: _Payload = msgspec.field(name="Payload")


ready(_Answer)
