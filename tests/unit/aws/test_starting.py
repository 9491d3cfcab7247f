"""The starter of waiting uploads: never more jobs at once than may run, and no message lost or started twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from darkroom.aws import clients, keys, starting
from darkroom.aws.starting import Executions, Records, Starter
from tests.support import stores
from tests.support.interpreter import service_error
from tests.support.workflow import read_event

ROLE = "arn:aws:iam::123456789012:role/enhance"
DEFINITION = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}'
MOST = 3
TABLE = "jobs"


class Queue:
    """A queue, and a workflow whose executions run until they are stopped."""

    def __init__(self) -> None:
        self.sqs, self.states = boto3.client("sqs"), boto3.client("stepfunctions")
        self.url = self.sqs.create_queue(QueueName="waiting", Attributes={"VisibilityTimeout": "360"})["QueueUrl"]
        made = self.states.create_state_machine(name="enhance", definition=DEFINITION, roleArn=ROLE)
        self.starter = Starter(made["stateMachineArn"], self.url, MOST, Executions(made["stateMachineArn"]))

    def send(self, body: str | None = None) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body or json.dumps(read_event("s3_object_created")))

    def receive(self) -> list[dict[str, Any]]:
        """What Lambda would hand over: all visible messages."""
        messages = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [
            {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"]}
            for one in messages
        ]

    def running(self) -> list[str]:
        listed = self.states.list_executions(stateMachineArn=self.starter.machine, statusFilter="RUNNING")
        return [one["executionArn"] for one in listed["executions"]]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with mock_aws():
        clients.client.cache_clear()
        yield Queue()
    clients.client.cache_clear()


def no_time() -> float:
    return starting.RESERVE_SECONDS


def test_no_more_than_may_run_are_started_and_the_rest_come_back(queue: Queue) -> None:
    for _ in range(MOST + 2):
        queue.send()
    back = queue.starter.take(queue.receive(), no_time)
    assert len(queue.running()) == MOST
    assert len(back) == 2
    assert {message["messageId"] for message in queue.receive()} == set(back), "visible again at once"


def test_a_message_waits_for_the_next_place(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(MOST + 1):
        queue.send()
    messages = queue.receive()
    assert queue.starter.take(messages[:MOST], no_time) == []
    first = queue.running()[0]
    waits: list[float] = []

    def end_one(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            queue.states.stop_execution(executionArn=first)

    monkeypatch.setattr("time.sleep", end_one)
    assert queue.starter.take(messages[MOST:], lambda: 240.0) == []
    assert len(waits) == 3
    assert all(0 < wait <= starting.POLL_SECONDS for wait in waits)
    assert len(queue.running()) == MOST


def test_what_was_just_started_counts_before_it_is_listed(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step Functions lists executions with a delay; a burst must not slip through it."""
    monkeypatch.setattr(clients.client("stepfunctions"), "list_executions", lambda **_: {"executions": []})
    for _ in range(MOST + 2):
        queue.send()
    assert len(queue.starter.take(queue.receive(), no_time)) == 2
    assert len(queue.running()) == MOST


def test_a_job_that_ended_before_it_was_listed_leaves_its_place(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients.client("stepfunctions"), "list_executions", lambda **_: {"executions": []})
    for _ in range(MOST + 3):
        queue.send()
    messages = queue.receive()
    assert queue.starter.take(messages[:MOST], no_time) == []
    ended = list(queue.starter.recent)[:2]
    for execution in ended:
        queue.states.stop_execution(executionArn=execution)
    assert len(queue.starter.take(messages[MOST:], no_time)) == 1
    assert not set(ended) & set(queue.starter.recent)


def test_a_job_that_was_listed_is_known_by_the_list_alone(queue: Queue) -> None:
    for _ in range(MOST + 1):
        queue.send()
    messages = queue.receive()
    queue.starter.take(messages[:1], no_time)
    (first,) = queue.starter.recent
    queue.starter.take(messages[1:2], no_time)
    assert first not in queue.starter.recent
    assert first in queue.running()


def test_a_message_that_comes_twice_starts_one_job(queue: Queue) -> None:
    queue.send()
    (message,) = queue.receive()
    assert queue.starter.take([message, message], no_time) == []
    assert len(queue.running()) == 1


def test_a_message_starts_its_upload_s_job_again_when_it_is_sent_again(queue: Queue) -> None:
    for _ in range(2):
        queue.send()
    assert queue.starter.take(queue.receive(), no_time) == []
    assert len(queue.running()) == 2, "whether it is a duplicate the claim decides"


@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", '{"detail": {"bucket": {"name": 3}}}'])
def test_what_is_no_upload_goes_back_for_the_dead_letter_queue(queue: Queue, body: str) -> None:
    queue.send(body)
    queue.send()
    assert len(queue.starter.take(queue.receive(), no_time)) == 1
    assert len(queue.running()) == 1, "the other one is started"
    assert queue.receive() == [], "it lies still for a while"


def test_a_workflow_that_is_gone_keeps_the_message(queue: Queue) -> None:
    queue.starter.machine = queue.starter.machine.replace("enhance", str(uuid.uuid4()))
    queue.send()
    assert len(queue.starter.take(queue.receive(), no_time)) == 1


def test_an_object_that_is_no_photo_starts_no_job_and_does_not_come_back(queue: Queue) -> None:
    event = read_event("s3_object_created")
    for key in ("album/", "album/thumbs.db", "IMG_1.jpg.xmp"):
        event["detail"]["object"]["key"] = key
        queue.send(json.dumps(event))
    messages = queue.receive()
    assert len(messages) == 3
    assert queue.starter.take(messages, lambda: 900.0) == []
    assert queue.running() == []


def record(queue: Queue, job: str, execution: str, status: str = "running") -> None:
    """A job's record as the workflow leaves it."""
    item = {"id": job, "execution": execution, "status": status, "updated": "2026-01-01T00:00:00.000Z"}
    item |= {"open": "running"} if status == "running" else {}
    boto3.client("dynamodb").put_item(TableName=TABLE, Item={name: {"S": text} for name, text in item.items()})


@pytest.fixture
def express(queue: Queue) -> Queue:
    """A workflow whose executions nobody lists."""
    stores.make_table(TABLE)
    queue.starter.jobs = Records(TABLE)
    return queue


def test_jobs_of_an_express_workflow_are_counted_by_their_records(express: Queue) -> None:
    for number in range(MOST - 1):
        record(express, f"job{number}", f"another{number}")
    record(express, "ended", "ended", "succeeded")
    for _ in range(2):
        express.send()
    messages = express.receive()
    assert len(express.starter.take(messages, no_time)) == 1
    (started,) = express.running()
    assert list(express.starter.recent) == [started], "counted before it has a record"
    record(express, "its", started)
    assert len(express.starter.take(messages[1:], no_time)) == 1
    assert express.starter.recent == {}, "counted by its record alone"


@pytest.mark.parametrize("key", ["photo.jpg", f"api/{'0a' * 16}/photo.jpg"])
@pytest.mark.parametrize("last", [0, -1], ids=["announced", "by its upload"])
def test_a_job_of_an_express_workflow_that_ended_leaves_its_place(express: Queue, key: str, last: int) -> None:
    event = read_event("s3_object_created")
    event["detail"]["object"]["key"] = key
    for _ in range(MOST + 1):
        express.send(json.dumps(event))
    messages = express.receive()
    assert express.starter.take(messages[:MOST], no_time) == []
    first, second, _ = express.starter.recent
    detail = event["detail"]
    jobs = keys.jobs_of(detail["bucket"]["name"], key, detail["object"]["version-id"])
    record(express, jobs[last], first, "failed")
    assert express.starter.take(messages[MOST:], no_time) == []
    assert first not in express.starter.recent
    assert second in express.starter.recent


def test_a_table_that_refuses_starts_nothing(express: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(operation: str) -> None:
        raise service_error("InternalServerError")

    monkeypatch.setattr(clients.client("dynamodb"), "get_paginator", refuse)
    express.send()
    assert len(express.starter.take(express.receive(), no_time)) == 1
    assert express.running() == []
