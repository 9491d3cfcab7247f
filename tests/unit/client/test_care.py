"""The care of a stack: jobs begun anew, undelivered uploads sent again, and what is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from click.testing import CliRunner
from moto import mock_aws

import darkroom
from darkroom.cli import care as commands
from darkroom.cli.main import cli
from darkroom.client import care
from darkroom.client.stack import Stack
from darkroom.errors import StepFailed
from tests.support import photos, stores

RECORD = {"bucket": "uploads", "key": "a b.jpg", "version": "v1", "sequencer": "0A", "status": "failed"}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        sqs = boto3.client("sqs")
        outputs = {
            name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("WaitingUploads", "UndeliveredUploads")
        }
        stores.make_table("jobs")
        made = Stack({**outputs, "JobsTable": "jobs"}, {"region_name": "us-east-1"})
        monkeypatch.setattr(commands, "find_stack", lambda name, local: made)
        yield made


def job(name: str, **more: Any) -> None:
    boto3.resource("dynamodb").Table("jobs").put_item(Item={"id": name, **RECORD, **more})


def waiting(stack: Stack) -> list[str]:
    answer = boto3.client("sqs").receive_message(QueueUrl=stack.outputs["WaitingUploads"], MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_failed_job_s_event_is_sent_again(stack: Stack) -> None:
    job("one")
    assert CliRunner().invoke(cli, ["redo", "one"]).output == "one\n"
    (body,) = waiting(stack)
    uploaded = {"key": "a b.jpg", "version-id": "v1", "sequencer": "0A"}
    assert json.loads(body) == {"detail": {"bucket": {"name": "uploads"}, "object": uploaded}}


def test_a_batch_s_job_is_begun_anew_by_its_batch(stack: Stack) -> None:
    job("one", owner="batch-abc")
    with pytest.raises(StepFailed, match="batch redrive abc"):
        care.redo(stack, "one")
    assert waiting(stack) == []


def test_what_did_not_fail_is_not_begun_anew(stack: Stack) -> None:
    job("one", status="succeeded")
    for name, words in (("one", "succeeded"), ("two", "no job 'two'")):
        with pytest.raises(StepFailed, match=words):
            care.redo(stack, name)
    assert CliRunner().invoke(cli, ["redo", "one", "two"]).exit_code == 1
    assert waiting(stack) == []


def test_a_job_done_otherwise_is_a_copy_that_keeps_what_asks_for_nothing(stack: Stack) -> None:
    s3 = boto3.client("s3")
    for bucket in ("uploads", "results"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(
        Bucket="uploads",
        Key="a b.jpg",
        Body=b"photo",
        ContentType="image/jpeg",
        Metadata={"note": "a", "quality": "80", "recipe": "vivid"},
        Tagging="team=a",
    )
    told = darkroom.enhance(photos.pixels(), {"steps": [{"name": "gamma", "params": {"gamma": 1.3}}]}).report
    s3.put_object(Bucket="results", Key="a b.jpg.json", Body=msgspec.json.encode(told))
    job("one", status="succeeded", version="", manifest={"bucket": "results", "key": "a b.jpg.json", "version": ""})
    outputs = {**stack.outputs, "UploadsBucket": "uploads"}
    key = care.redo_changed(Stack(outputs, stack.connection), "one", [], ["exposure"], [])
    made = s3.head_object(Bucket="uploads", Key=key)
    assert (made["ContentType"], made["Metadata"]["note"]) == ("image/jpeg", "a")
    assert set(made["Metadata"]) == {"note", "recipe"}
    assert [step["name"] for step in json.loads(made["Metadata"]["recipe"])["steps"]] == ["gamma", "adjust_color"]
    assert s3.get_object_tagging(Bucket="uploads", Key=key)["TagSet"] == []


def test_undelivered_uploads_are_counted_and_sent_again(stack: Stack) -> None:
    job("one", open="running", updated="now", status="running")
    for number in range(12):
        boto3.client("sqs").send_message(QueueUrl=stack.outputs["UndeliveredUploads"], MessageBody=str(number))
    assert care.look(stack) == {"waiting": 0, "starting": 0, "running": 1, "undelivered": 12}
    assert CliRunner().invoke(cli, ["redrive"]).output == "12\n"
    assert care.look(stack) == {"waiting": 12, "starting": 0, "running": 1, "undelivered": 0}
    assert sorted(waiting(stack) + waiting(stack), key=int) == [str(number) for number in range(12)]
