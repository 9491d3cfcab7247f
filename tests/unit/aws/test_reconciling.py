"""Jobs whose execution ended without a word: their records end, once, and someone is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from darkroom.aws import clients, keys
from darkroom.aws.reconciling import EXPRESS_MINUTES, REASONS, Ends
from tests.support import definition, stores
from tests.support.interpreter import evaluate
from tests.support.workflow import read_event

TABLE = "jobs"
ROLE = "arn:aws:iam::123456789012:role/enhance"
DEFINITION = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}'
EXPRESS = "arn:aws:states:eu-central-1:123456789012:express:now:one:two"


class Stack:
    """A table of jobs, a workflow, and a queue that hears the bus."""

    def __init__(self) -> None:
        self.states, self.sqs, events = (boto3.client(name) for name in ("stepfunctions", "sqs", "events"))
        stores.make_table(TABLE)
        self.table = boto3.resource("dynamodb").Table(TABLE)
        self.machine = self.states.create_state_machine(name="enhance", definition=DEFINITION, roleArn=ROLE)
        self.url = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="all", EventPattern=json.dumps({"source": ["darkroom"]}))
        events.put_targets(Rule="all", Targets=[{"Id": "told", "Arn": arn}])
        self.ends = Ends(TABLE, "default")

    def start(self) -> str:
        started = self.states.start_execution(stateMachineArn=self.machine["stateMachineArn"], input="{}")
        return str(started["executionArn"])

    def running(self, job: str, execution: str, *, minutes_ago: float = 0) -> None:
        """The record of a job that says it runs."""
        then = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        record = {"id": job, "status": "running", "open": "running", "bucket": "b", "key": "k", "execution": execution}
        self.table.put_item(Item={**record, "updated": then.isoformat(timespec="milliseconds")})

    def record(self, job: str) -> dict[str, Any]:
        record: dict[str, Any] = self.table.get_item(Key={"id": job})["Item"]
        return record

    def told(self) -> list[dict[str, Any]]:
        messages = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        clients.client.cache_clear()
        yield Stack()
    clients.client.cache_clear()


def event(execution: str, status: str) -> dict[str, Any]:
    return {"executionArn": execution, "status": status, "input": json.dumps(read_event("s3_object_created"))}


def jobs_of(upload: dict[str, Any]) -> list[str]:
    version = upload["object"].get("version-id") or upload["object"]["sequencer"]
    return keys.jobs_of(upload["bucket"]["name"], upload["object"]["key"], version)


(JOB,) = jobs_of(read_event("s3_object_created")["detail"])


@pytest.mark.parametrize("status", REASONS)
def test_an_end_that_is_told_ends_the_record_once(stack: Stack, status: str) -> None:
    execution = stack.start()
    stack.running(JOB, execution)
    for _ in range(2):
        stack.ends.told(event(execution, status))
    record = stack.record(JOB)
    code, message = REASONS[status]
    assert record["status"] == "failed"
    assert record["error"] == {"name": "StepFailed", "code": code, "message": message, "state": ""}
    assert "open" not in record
    (told,) = stack.told()
    assert told["detail-type"] == "Job Failed"
    upload = {"bucket": "b", "key": "k"}
    assert told["detail"] == {"job": JOB, "status": "failed", "upload": upload, "error": record["error"]}


@pytest.mark.parametrize(
    "change", [{"status": "failed"}, {"status": "succeeded"}, {"execution": "another"}], ids=lambda change: str(change)
)
def test_a_record_that_says_more_is_left_alone(stack: Stack, change: dict[str, str]) -> None:
    execution = stack.start()
    stack.running(JOB, execution)
    before = {**stack.record(JOB), **change}
    stack.table.put_item(Item=before)
    stack.ends.told(event(execution, "FAILED"))
    assert stack.record(JOB) == before
    assert stack.told() == []


def test_an_end_without_record_or_input_is_nothing(stack: Stack) -> None:
    stack.ends.told(event("gone", "ABORTED"))
    stack.ends.told({**event("gone", "ABORTED"), "input": None})
    assert stack.table.scan()["Items"] == []
    assert stack.told() == []


def test_a_look_finds_what_no_event_told_of(stack: Stack) -> None:
    alive, stopped = stack.start(), stack.start()
    stack.states.stop_execution(executionArn=stopped)
    stack.running("alive", alive)
    stack.running("stopped", stopped)
    stack.running("gone", alive.replace("enhance", "nothing"))
    stack.running("express", EXPRESS, minutes_ago=EXPRESS_MINUTES + 1)
    stack.running("express, still", EXPRESS)
    assert stack.ends.look() == 3
    found = {item["id"]: item.get("error", {}).get("code") for item in stack.table.scan()["Items"]}
    assert found == {
        "alive": None,
        "express, still": None,
        "stopped": "step.stopped",
        "gone": "step.ended",
        "express": "step.timeout",
    }
    assert len(stack.told()) == 3
    assert stack.ends.look() == 0


@pytest.mark.parametrize("name", ["s3_object_created", "s3_object_created_unversioned"])
@pytest.mark.parametrize("key", ["photo.jpg", "a+b %20 ü.jpg", f"api/{'0a' * 16}/photo.jpg"])
def test_jobs_are_named_as_the_workflow_names_them(name: str, key: str) -> None:
    upload = read_event(name)
    upload["detail"]["object"]["key"] = key
    states = definition.load()["States"]
    given = f"$states := {{'input': {json.dumps(upload)}}}"
    (first, *others) = jobs_of(upload["detail"])
    identify, another = (
        states[state]["Assign"]["job"].removeprefix("{%").removesuffix("%}") for state in ("Identify", "Another upload")
    )
    assert evaluate(f"({given}; ({identify}).id)") == first
    if others:
        assert [evaluate(f"({given}; $job := {identify}; ({another}).id)")] == others
