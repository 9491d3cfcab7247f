"""Every error of every state: asked of Step Functions' own TestState, and laid down in docs/reliability.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from darkroom_local.emulator import EmbeddedAws
from tests.support import definition

pytestmark = pytest.mark.cloud

WORKFLOW = definition.load()
DOCUMENT = definition.ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- made by tests/cloud/test_every_error.py -->\n", "<!-- end -->\n"

OURS = ("ImageRejected", "RecipeInvalid", "StepFailed", "TransientError")
ERRORS = {
    "lambda": (
        "Lambda.TooManyRequestsException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Sandbox.Timedout",
        *OURS,
    ),
    "dynamodb": (
        "DynamoDB.ConditionalCheckFailedException",
        "DynamoDB.ProvisionedThroughputExceededException",
        "DynamoDB.ThrottlingException",
        "DynamoDB.RequestLimitExceeded",
        "DynamoDB.TransactionConflictException",
        "DynamoDB.InternalServerErrorException",
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.SdkClientException",
        "DynamoDB.ValidationException",
    ),
    "events": (
        "EventBridge.ThrottlingException",
        "EventBridge.InternalException",
        "EventBridge.AmazonEventBridgeException",
        "EventBridge.FailedEntry",
        "EventBridge.SdkClientException",
        "EventBridge.AccessDeniedException",
    ),
}
EVALUATION = "States.QueryEvaluationError"
ANY = ("States.Timeout", "States.Permissions", EVALUATION)
UNCAUGHT = ("States.DataLimitExceeded", "States.Runtime")
"""No Catch and no Retry sees these: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""

FOLLOWS = {
    "Announced": "looked up: its own upload's repetition, or a job of its own",
    "Another upload": "a job of its own",
    "Duplicate": "ends quietly: the record is another execution's, or gone",
    "Forgotten": "ends quietly: the record is gone",
    "Explain failure": "record `{status}`, event `{event}`",
    "Tell failure": "no record; event `Job Failed` or `Job Rejected`",
    "Failed": "the record stands as it is, and `reconcile` sends the event",
}
"""What follows by the state that an error leads to."""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), tls=False) as aws:
        # AWS serves this operation under a host name of its own; an emulator has one address.
        yield boto3.client("stepfunctions", **aws.connection(), config=Config(inject_host_prefix=False))


def ask(states: Any, state: dict[str, Any], error: str, tried: int = 0) -> dict[str, Any]:
    """What becomes of an error of a state."""
    answer: dict[str, Any] = states.test_state(
        definition=json.dumps({**state, "QueryLanguage": "JSONata"}),
        roleArn="arn:aws:iam::000000000000:role/test",
        input="{}",
        mock={"errorOutput": {"error": error, "cause": "told by the test"}},
        stateConfiguration={"retrierRetryCount": tried},
    )
    return answer


def tries(states: Any, state: dict[str, Any], error: str) -> int:
    """How often an error is tried again. Without the Catch, which the emulator asks first."""
    bare = {name: value for name, value in state.items() if name not in ("Catch", "Assign", "Output", "Arguments")}
    few, many = -1, 4096
    while many - few > 1:
        middle = (few + many) // 2
        if ask(states, bare, error, middle)["status"] == "RETRIABLE":
            few = middle
        else:
            many = middle
    return few + 1


def cell(states: Any, state: dict[str, Any], error: str) -> str:
    """Retried how often, and what follows then."""
    plain = {name: value for name, value in state.items() if name not in ("Assign", "Output", "Arguments")}
    plain["Catch"] = [{"ErrorEquals": one["ErrorEquals"], "Next": one["Next"]} for one in state["Catch"]]
    caught = ask(states, plain, error)
    assert caught["status"] == "CAUGHT_ERROR", (error, caught)
    rejected = error in ("ImageRejected", "RecipeInvalid")
    then = FOLLOWS[caught["nextState"]].format(
        status="rejected" if rejected else "failed", event="Job Rejected" if rejected else "Job Failed"
    )
    again = tries(states, state, error)
    return f"{again} times, then {then}" if again else f"never; {then}"


def table(states: Any) -> str:
    """All states that behave alike in one row of each error."""
    found: dict[tuple[str, str], list[str]] = {}
    known: dict[tuple[str, str], str] = {}  # states that retry and catch alike are asked once
    for name, state in definition.tasks(WORKFLOW).items():
        service = state["Resource"].split(":")[-2]
        for error in (*ERRORS[service], *ANY):
            alike = json.dumps([state["Retry"], state["Catch"]]), error
            if alike not in known:
                known[alike] = cell(states, state, error)
            found.setdefault((error, known[alike]), []).append(name)
    lines = ["| error | states | tried again; what follows |", "| --- | --- | --- |"]
    for (error, follows), names in found.items():
        who = "each stage" if set(names) == set(definition.lambda_tasks(WORKFLOW)) else ", ".join(names)
        lines.append(f"| `{error}` | {who} | {follows} |")
    follows = "no Catch sees it: the execution fails, and `reconcile` ends the record as `failed`, event `Job Failed`"
    bare = ", ".join(name for name, state in WORKFLOW["States"].items() if "Catch" not in state)
    lines.append(f"| `{EVALUATION}` | {bare} | {follows} |")
    lines += [f"| `{error}` | any | {follows} |" for error in UNCAUGHT]
    return "\n".join(lines) + "\n"


def test_no_state_and_no_error_that_the_workflow_names_is_left_out() -> None:
    kinds = {state["Type"] for state in WORKFLOW["States"].values() if "Catch" not in state}
    assert kinds == {"Pass", "Choice", "Fail"}, "all others have a Catch"
    asked = {error for errors in ERRORS.values() for error in errors} | {*ANY, *UNCAUGHT}
    rules = [
        rule for state in WORKFLOW["States"].values() for kind in ("Retry", "Catch") for rule in state.get(kind, ())
    ]
    named = {error for rule in rules for error in rule["ErrorEquals"]}
    emulators_own = {"Runtime.HandlerError"}
    assert named - {"States.ALL", "States.TaskFailed"} - emulators_own <= asked


def test_the_table_of_errors_is_as_documented(states: Any) -> None:
    made = table(states)
    text = DOCUMENT.read_text()
    before, found, rest = text.partition(BEGIN)
    assert found
    documented, _, after = rest.partition(END)
    if documented != made:
        DOCUMENT.write_text(before + BEGIN + made + END + after)
    assert documented == made, "docs/reliability.md is made anew: look at it and commit it"
