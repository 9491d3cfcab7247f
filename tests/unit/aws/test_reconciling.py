"""Jobs whose execution ended without a word: their records end, once, and someone is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from darkroom.aws import clients, keys
from darkroom.aws.endings import EXPRESS_MINUTES, REASONS, UNTOLD
from darkroom.aws.reconciling import UNTOLD_MINUTES, Ends
from tests.support import definition, schemas, stores
from tests.support.interpreter import evaluate, service_error
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
        self.waiting = self.sqs.create_queue(QueueName="waiting")["QueueUrl"]
        self.ends = Ends(TABLE, "default", 30, self.waiting)

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
    assert told["detail"] == {
        "schema_version": 1,
        "job": JOB,
        "execution": execution,
        "status": "failed",
        "upload": upload,
        "error": record["error"],
    }


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


def test_an_end_whose_upload_is_not_told_is_left_to_the_look(stack: Stack) -> None:
    stack.ends.told({**event("gone", "ABORTED"), "input": None})
    assert stack.table.scan()["Items"] == []
    assert stack.told() == []


@pytest.mark.parametrize("status", REASONS)
def test_an_upload_whose_execution_ended_before_it_had_a_record_gets_one(stack: Stack, status: str) -> None:
    """So it is seen, and may begin anew: the workflow's Claim takes over what failed."""
    for _ in range(2):
        stack.ends.told(event("it", status))
    record = stack.record(JOB)
    upload = read_event("s3_object_created")["detail"]
    code, message = REASONS[status]
    assert record["error"] == {"name": "StepFailed", "code": code, "message": message, "state": ""}
    assert (record["status"], record["listing"], record["owner"], record["execution"]) == (
        "failed", "jobs", "nobody", "it",
    )  # fmt: skip
    assert (record["bucket"], record["key"]) == (upload["bucket"]["name"], upload["object"]["key"])
    assert (record["version"], record["sequencer"]) == (upload["object"]["version-id"], upload["object"]["sequencer"])
    assert record["created"] <= record["updated"]
    assert record["expires"] > datetime.now(UTC).timestamp()
    assert "open" not in record
    assert json.loads(keys.event_of(record))["detail"]["object"]["version-id"] == record["version"]
    assert [told["detail-type"] for told in stack.told()] == ["Job Failed"]


def test_an_upload_that_was_announced_ends_under_its_own_id(stack: Stack) -> None:
    announced = "0a" * 16
    upload = read_event("s3_object_created")
    upload["detail"]["object"]["key"] = f"api/{announced}/photo.jpg"
    place = {"bucket": upload["detail"]["bucket"]["name"], "key": f"api/{announced}/photo.jpg"}
    stack.table.put_item(Item={"id": announced, "status": "waiting", **place, "owner": "anna"})
    stack.ends.told({**event("it", "TIMED_OUT"), "input": json.dumps(upload)})
    (record,) = stack.table.scan()["Items"]
    assert (record["id"], record["status"], record["owner"]) == (announced, "failed", "anna")


def test_an_upload_that_another_execution_has_is_left_to_it(stack: Stack) -> None:
    stack.running(JOB, "another")
    version = read_event("s3_object_created")["detail"]["object"]["version-id"]
    before = {**stack.record(JOB), "version": version}
    stack.table.put_item(Item=before)
    stack.ends.told(event("it", "FAILED"))
    assert stack.table.scan()["Items"] == [before]
    assert stack.told() == []


@pytest.mark.parametrize("running", [False, True], ids=["no record", "a record that runs"])
@pytest.mark.parametrize(
    ("name", "status"), [("ImageRejected", "rejected"), ("DynamoDB.ValidationException", "failed")]
)
def test_an_error_that_the_workflow_told_and_could_not_record_is_not_told_again(
    stack: Stack, name: str, status: str, running: bool
) -> None:
    if running:
        stack.running(JOB, "it")
    stack.ends.told({**event("it", "FAILED"), "error": name, "cause": "image.truncated: it ends: early"})
    record = stack.record(JOB)
    assert (record["status"], record["error"]) == (
        status, {"name": name, "code": "image.truncated", "message": "it ends: early", "state": ""},
    )  # fmt: skip
    assert "open" not in record
    assert stack.told() == []


def test_what_a_look_finds_was_told_by_a_workflow_that_could_not_record_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"status": "FAILED", "error": "StepFailed", "cause": "step.broken: it broke"}
    monkeypatch.setattr(clients.client("stepfunctions"), "describe_execution", lambda **request: said)
    stack.running(JOB, "it")
    assert stack.ends.look().ended == 1
    assert stack.record(JOB)["error"]["code"] == "step.broken"
    assert stack.told() == []


def refuse(monkeypatch: pytest.MonkeyPatch, service: str, operation: str, *, after: int = 0, times: int = 1) -> None:
    """Let a service refuse some calls of an operation, after so many that went well."""
    usual = getattr(clients.client(service), operation)
    calls = iter(range(1_000))

    def call(**request: Any) -> Any:
        if after <= next(calls) < after + times:
            raise service_error("InternalServerError")
        return usual(**request)

    monkeypatch.setattr(clients.client(service), operation, call)


@pytest.mark.parametrize("known", [True, False], ids=["a record that runs", "no record"])
def test_where_the_table_refuses_an_end_nobody_is_told_before_it_is_recorded(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if known:
        stack.running(JOB, "it")
    refuse(monkeypatch, "dynamodb", "update_item", times=3)
    for _ in range(3):
        with pytest.raises(ClientError):
            stack.ends.told(event("it", "ABORTED"))
    assert stack.told() == []
    for _ in range(2):
        stack.ends.told(event("it", "ABORTED"))
    stack.ends.look()
    assert (stack.record(JOB)["status"], "open" in stack.record(JOB)) == ("failed", False)
    assert [told["detail"]["execution"] for told in stack.told()] == ["it"]


def test_of_two_who_find_an_end_at_once_one_tells(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes between the first's reading and its writing."""
    stack.running(JOB, "gone")
    usual = clients.client("dynamodb").update_item
    others: list[Callable[[], Any]] = [lambda: stack.ends.told(event("gone", "ABORTED")), stack.ends.look]

    def update(**request: Any) -> Any:
        if others:
            others.pop()()
        return usual(**request)

    monkeypatch.setattr(clients.client("dynamodb"), "update_item", update)
    stack.ends.told(event("gone", "ABORTED"))
    assert not others
    assert len(stack.told()) == 1


def test_an_end_that_was_recorded_and_could_not_be_told_is_told_by_a_later_look(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.running(JOB, "it")
    refuse(monkeypatch, "events", "put_events")
    with pytest.raises(ClientError):
        stack.ends.told(event("it", "ABORTED"))
    stack.ends.look()
    stack.ends.told(event("it", "ABORTED"))  # Lambda's own second try
    assert (stack.told(), stack.record(JOB)["open"]) == ([], "untold"), "whoever recorded it may still be at it"
    then = datetime.now(UTC) - timedelta(minutes=UNTOLD_MINUTES + 1)
    stack.table.put_item(Item={**stack.record(JOB), "updated": then.isoformat(timespec="milliseconds")})
    for _ in range(2):
        stack.ends.look()
    (told,) = stack.told()
    assert told["detail"]["error"] == stack.record(JOB)["error"]
    assert "open" not in stack.record(JOB)


def test_what_is_begun_anew_is_not_told_to_have_failed(stack: Stack) -> None:
    stack.running(JOB, "it", minutes_ago=UNTOLD_MINUTES + 1)
    stack.table.put_item(Item={**stack.record(JOB), "status": "waiting", "open": "untold"})
    stack.ends.look()
    assert stack.told() == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [("succeeded", "Job Succeeded"), ("superseded", "Job Succeeded"), ("rejected", "Job Rejected")],
)
def test_an_end_that_the_workflow_recorded_and_could_not_tell_is_told(stack: Stack, status: str, kind: str) -> None:
    stack.running(JOB, "it")
    error = {"code": "image.truncated", "message": "it ends early"}
    more = {"error": error} if status == "rejected" else {"result": {"bucket": "results", "key": "k.jpg"}}
    before = {name: value for name, value in {**stack.record(JOB), "status": status, **more}.items() if name != "open"}
    stack.table.put_item(Item=before)
    for _ in range(2):
        stack.ends.told(event("it", "FAILED"))
    assert stack.told() == []
    untold = {"error": "StepFailed", "cause": f"image.truncated: it ends: early{UNTOLD}"}
    stack.ends.told({**event("it", "FAILED"), **untold})
    (told,) = stack.told()
    assert (told["detail-type"], told["detail"]["status"]) == (kind, status)
    assert told["detail"].items() >= more.items()
    schemas.check_event(told)
    assert {**stack.record(JOB), "updated": ""} == {**before, "updated": ""}


def test_an_end_that_the_workflow_could_neither_record_nor_tell_is_both(stack: Stack) -> None:
    untold = {"error": "ImageRejected", "cause": f"image.truncated: it ends early{UNTOLD}"}
    stack.ends.told({**event("it", "FAILED"), **untold})
    error = {"name": "ImageRejected", "code": "image.truncated", "message": "it ends early", "state": ""}
    assert (stack.record(JOB)["status"], stack.record(JOB)["error"]) == ("rejected", error)
    (told,) = stack.told()
    assert (told["detail-type"], told["detail"]["error"]) == ("Job Rejected", error)


def test_where_the_table_is_out_of_reach_an_upload_that_failed_goes_back_into_the_queue(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**request: Any) -> None:
        raise service_error("InternalServerError")

    monkeypatch.setattr(clients.client("dynamodb"), "get_item", refuse)
    stack.ends.told(event("it", "FAILED"))
    (message,) = stack.sqs.receive_message(QueueUrl=stack.waiting)["Messages"]
    assert json.loads(message["Body"]) == read_event("s3_object_created")
    with pytest.raises(ClientError):
        stack.ends.told(event("it", "ABORTED"))
    assert "Messages" not in stack.sqs.receive_message(QueueUrl=stack.waiting)


def test_a_record_that_cannot_be_looked_at_keeps_nobody_from_the_others(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.running("express", EXPRESS, minutes_ago=EXPRESS_MINUTES + 1)
    damages: dict[str, dict[str, Any]] = {
        "no time": {"updated": "when"},
        "no zone": {"updated": "2026-01-01T00:00:00"},
        "untold, no zone": {"updated": "2026-01-01T00:00:00", "open": "untold"},
        "untold, strange": {"open": "untold", "status": {"failed": "yes"}, "updated": "2026-01-01T00:00:00Z"},
        "no state": {"execution": "arn:aws:states:x"},
    }
    for job, change in damages.items():
        stack.running(job, EXPRESS)
        stack.table.put_item(Item={**stack.record(job), **change})
    stack.table.put_item(Item={"id": "bare", "open": "running", "updated": "2026-01-01T00:00:00Z"})
    assert stack.ends.look().ended == 1
    assert stack.record("express")["status"] == "failed"


def test_a_look_finds_what_no_event_told_of(stack: Stack) -> None:
    alive, stopped = stack.start(), stack.start()
    stack.states.stop_execution(executionArn=stopped)
    stack.running("alive", alive)
    stack.running("stopped", stopped)
    stack.running("gone", alive.replace("enhance", "nothing"))
    stack.running("express", EXPRESS, minutes_ago=EXPRESS_MINUTES + 1)
    stack.running("express, still", EXPRESS, minutes_ago=3)
    looked = stack.ends.look()
    assert (looked.ended, looked.running) == (3, 2)
    assert looked.oldest_seconds >= 3 * 60
    found = {item["id"]: item.get("error", {}).get("code") for item in stack.table.scan()["Items"]}
    assert found == {
        "alive": None,
        "express, still": None,
        "stopped": "step.stopped",
        "gone": "step.ended",
        "express": "step.timeout",
    }
    assert len(stack.told()) == 3
    assert stack.ends.look().ended == 0


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
