"""The state machine's file, read: what must hold whatever is run through it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonata
import pytest
from cfnlint import api
from cfnlint.config import ManualArgs
from cfnlint.decode import cfn_yaml

from darkroom import registry
from tests.support import definition
from tests.support.definition import ROOT

DEFINITION = definition.load()
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = definition.tasks(DEFINITION)
STAGES = definition.lambda_tasks(DEFINITION)
STEP_STAGES = {name: stage for name, stage in STAGES.items() if name not in definition.AROUND}
LAMBDA_SECONDS = 300

HOPELESS = {
    "lambda": {"ImageRejected", "RecipeInvalid", "StepFailed", "Runtime.HandlerError"},
    "dynamodb": {"DynamoDB.ConditionalCheckFailedException"},
    "events": set(),
}
"""Answers that stay the same however often one asks. The last of Lambda's is the emulator's word for all of them."""

THROTTLED = {
    "lambda": {"Lambda.TooManyRequestsException"},
    "dynamodb": {
        "DynamoDB.ProvisionedThroughputExceededException",
        "DynamoDB.RequestLimitExceeded",
        "DynamoDB.ThrottlingException",
    },
    "events": {"EventBridge.ThrottlingException"},
}
"""Nothing is wrong but that there is no room: asked again for as long as the job may live."""

UNKNOWN = {"States.TaskFailed", "States.Timeout"}
"""What nobody knows to be hopeless: a crash, a hang."""

RETRYABLE = {
    "lambda": {
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.Unknown",
        "TransientError",
    },
    "dynamodb": {
        "DynamoDB.TransactionConflictException",
        "DynamoDB.InternalServerErrorException",
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.SdkClientException",
    },
    "events": {
        "EventBridge.AmazonEventBridgeException",
        "EventBridge.InternalException",
        "EventBridge.FailedEntry",
        "EventBridge.SdkClientException",
    },
}


def reached(start: str) -> set[str]:
    """All states that an execution may come to from `start`."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(definition.successors(STATES[name]))
    return found


def expressions(node: Any) -> Iterator[str]:
    """All JSONata expressions below a node."""
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from expressions(child)
    elif isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()


def test_every_state_can_be_reached_and_can_end() -> None:
    assert reached(DEFINITION["StartAt"]) == set(STATES)
    ends = {name for name, state in STATES.items() if state.get("End") or state["Type"] in ("Fail", "Succeed")}
    assert all(reached(name) & ends for name in STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_bounded_retried_and_caught(name: str) -> None:
    task = TASKS[name]
    service = task["Resource"].split(":")[-2]
    assert 0 < task["TimeoutSeconds"] <= 900

    *hopeless, throttled, retrier, unknown = task["Retry"]
    assert set(retrier["ErrorEquals"]) == RETRYABLE[service]
    assert retrier["MaxAttempts"] == 10
    assert set(throttled["ErrorEquals"]) == THROTTLED[service]
    # On average half of the longest delay passes between two tries.
    assert throttled["MaxAttempts"] * throttled["MaxDelaySeconds"] / 2 > DEFINITION["TimeoutSeconds"]
    assert (set(unknown["ErrorEquals"]), unknown["MaxAttempts"]) == (UNKNOWN, 2)
    assert [set(other["ErrorEquals"]) for other in hopeless] == [names for names in [HOPELESS[service]] if names]
    assert all(other["MaxAttempts"] == 0 for other in hopeless)
    for other in (throttled, retrier, unknown):
        assert other["JitterStrategy"] == "FULL"
        assert other["BackoffRate"] >= 2
        assert other["IntervalSeconds"] >= 1
        assert other["MaxDelaySeconds"] <= 60

    last = task["Catch"][-1]
    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["Next"] in (*definition.FAILURE_PATH, *(["Another upload"] if name == "Look up" else []))
    for catcher in task["Catch"][:-1]:
        assert catcher["ErrorEquals"] == ["DynamoDB.ConditionalCheckFailedException"]
        assert catcher["Next"] in {"Claim": "Announced", "Complete": "Forgotten", "Record failure": "Duplicate"}[name]


@pytest.mark.parametrize("name", STAGES)
def test_a_function_s_own_timeout_comes_first(name: str) -> None:
    """So that the error is Lambda's, with its log, and the function does not run on unseen."""
    assert TASKS[name]["TimeoutSeconds"] >= LAMBDA_SECONDS


def test_the_failure_path_is_one() -> None:
    assert [STATES[name]["Next"] for name in definition.FAILURE_PATH[:-1]] == list(definition.FAILURE_PATH[1:])
    assert STATES["Failed"]["Type"] == "Fail"


def test_stages_are_the_registry_s_the_folders_and_the_choice_s() -> None:
    steps = {stage: name for name, stage in STEP_STAGES.items()}
    assert set(registry.stages()) == set(steps)
    assert all((ROOT / "functions" / stage / "app.py").is_file() for stage in STAGES.values())
    chosen = {}
    for choice in STATES["Next stage"]["Choices"]:
        stage = re.search(r"stage = '(\w+)'", choice["Condition"])
        if stage:
            chosen[stage[1]] = choice["Next"]
    assert chosen == steps
    assert all(TASKS[name]["Next"] == "Next stage" for name in steps.values())


def test_stages_differ_in_name_alone() -> None:
    """One stage's task is like the other's, so that a change to one is not forgotten in the rest."""
    tasks = []
    for name, stage in STEP_STAGES.items():
        task = json.loads(json.dumps(TASKS[name]))
        assert definition.stage_of(task["Arguments"].pop("FunctionName")) == stage
        tasks.append(task)
    assert all(task == tasks[0] for task in tasks)


@pytest.mark.parametrize("expression", sorted(set(expressions(DEFINITION))))
def test_expressions_are_jsonata(expression: str) -> None:
    text = definition.substitute(expression, dict.fromkeys(definition.substitutions(expression), "1"))
    jsonata.Jsonata(text)
    assert not re.search(r"\$eval\b", text), "Step Functions has no $eval"


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    text = definition.PATH.read_text()
    values = {
        name: f"arn:aws:lambda:eu-central-1:123456789012:function:{name}" for name in definition.substitutions(text)
    }
    values["JobRetentionDays"] = "30"
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Enhance": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/enhance",
                    "Definition": json.loads(definition.substitute(text, values)),
                },
            }
        },
    }
    assert [str(match) for match in api.lint(json.dumps(template), config=ManualArgs(regions=["eu-central-1"]))] == []


def test_the_template_fills_in_every_substitution() -> None:
    resources = cfn_yaml.load(str(ROOT / "template.yaml"))["Resources"]
    machines = {
        name: resource["Properties"]["DefinitionSubstitutions"]
        for name, resource in resources.items()
        if resource["Properties"].get("DefinitionUri") == str(definition.PATH.relative_to(ROOT))
    }
    assert set(machines) == {"Enhance", "EnhanceNow", "EnhanceBatch"}
    for values in machines.values():
        assert set(values) == definition.substitutions(definition.PATH.read_text())
    differ = {name for name, value in machines["Enhance"].items() if machines["EnhanceNow"][name] != value}
    assert differ == {"Fusion", "JobRetentionDays"}
    assert machines["EnhanceBatch"] == machines["Enhance"]


def test_what_a_batch_cannot_do_without_is_asked_again_whatever_went_wrong() -> None:
    batch = definition.load(definition.BATCH)
    without_way_out = {
        name: task
        for name, task in definition.within(batch).items()
        if task["Type"] == "Task" and task["Resource"].endswith(":lambda:invoke") and "Catch" not in task
    }
    assert set(without_way_out) == {"Agree", "Account"}
    for task in (definition.within(batch)[name] for name in ("Agree", "Look", "Look again", "Account")):
        hopeless, *_, unknown = task["Retry"]
        # Not the emulator's one word for every error: a connection that broke would leave photos undone.
        assert hopeless == {"ErrorEquals": ["StepFailed"], "MaxAttempts": 0}
        assert set(unknown["ErrorEquals"]) == UNKNOWN
        assert unknown["MaxAttempts"] > 0
