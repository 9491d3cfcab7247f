"""Each caller sees, reads, redoes and deletes its own jobs alone; administrators all of them."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.support import photos
from tests.support.api_client import Client, Workflow
from tests.support.functions import SETTINGS, UPLOADS, Functions
from tests.support.stores import table
from tests.support.workflow import read_event

IDENTITY = read_event("api_request")["requestContext"]["identity"]


def client(functions: Functions, **who: Any) -> Client:
    return Client(functions, {"identity": {**IDENTITY, "apiKeyId": None, **who}})


@pytest.fixture
def ada(functions: Functions) -> Client:
    return client(functions, apiKeyId="ada")


OTHERS = {
    "another key": {"apiKeyId": "bob"},
    "a role": {"userArn": "arn:aws:sts::123456789012:assumed-role/a/b"},
}


@pytest.fixture(params=OTHERS)
def other(functions: Functions, request: pytest.FixtureRequest) -> Client:
    return client(functions, **OTHERS[request.param])


@pytest.fixture
def admin(functions: Functions) -> Client:
    return Client(functions)


@pytest.fixture
def queue(functions: Functions) -> Any:
    sqs = boto3.client("sqs")
    assert sqs.create_queue(QueueName="waiting")["QueueUrl"] == SETTINGS["UPLOADS_QUEUE"]
    return sqs


def announce(api: Client) -> str:
    made = api.call("POST", "/jobs", {"filename": "x.jpg", "content_type": "image/jpeg"})
    assert made.status == 201
    return str(made.json["id"])


def ids(api: Client, query: str = "") -> list[str]:
    return [job["id"] for job in api.get(f"/jobs{query}").json["jobs"]]


def test_another_s_job_is_as_if_there_were_none(ada: Client, other: Client, admin: Client) -> None:
    job = announce(ada)
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/preview"),
        *(("POST", f"/{verb}") for verb in ("redo", "stop", "again")),
    ):
        reply = other.call(method, f"/jobs/{job}{path}")
        assert (reply.status, reply.json["code"]) == (404, "http.no-job")
    assert ada.get(f"/jobs/{job}").status == admin.get(f"/jobs/{job}").status == 200
    assert ada.call("DELETE", f"/jobs/{job}").status == 204


def test_nobody_has_no_jobs(functions: Functions) -> None:
    nobody = client(functions)
    for method, path in (("GET", "/jobs"), ("GET", f"/jobs/{'a' * 32}"), ("POST", f"/jobs/{'a' * 32}/redo")):
        assert nobody.call(method, path, headers={"x-api-key": ""}).status == 403


def test_a_key_whose_id_is_not_told_is_known_by_itself(functions: Functions) -> None:
    unnamed = client(functions)
    job = announce(unnamed)
    assert ids(unnamed) == [job]
    assert unnamed.call("GET", f"/jobs/{job}", headers={"x-api-key": "another"}).status == 404


def test_lists_hold_the_caller_s_own(ada: Client, admin: Client, functions: Functions) -> None:
    bob = client(functions, apiKeyId="bob")
    hers, his = {announce(ada) for _ in range(3)}, {announce(bob) for _ in range(2)}
    assert set(ids(ada)) == hers
    assert set(ids(bob)) == his
    assert set(ids(admin)) == hers | his


def test_a_page_of_one_caller_opens_no_other_s(ada: Client, functions: Functions) -> None:
    for _ in range(3):
        announce(ada)
    following = ada.get("/jobs?limit=1").json["next"]
    assert len(ids(ada, f"?limit=5&next={following}")) == 2
    assert client(functions, apiKeyId="bob").get(f"/jobs?next={following}").json["code"] == "http.bad-next"


def test_uploads_to_the_bucket_are_the_administrators(ada: Client, admin: Client) -> None:
    record = {"id": "a" * 32, "listing": "jobs", "owner": "nobody", "status": "failed", "bucket": UPLOADS, "key": "x"}
    table().put_item(Item={**record, "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"})
    assert ids(ada) == []
    assert ids(admin) == ["a" * 32]
    assert ada.get(f"/jobs/{'a' * 32}").status == 404


def test_the_same_idempotency_key_of_another_is_another_job(ada: Client, other: Client) -> None:
    body, headers = {"filename": "x.jpg", "content_type": "image/jpeg"}, {"Idempotency-Key": "one"}
    first, second = (api.call("POST", "/jobs", body, headers) for api in (ada, other))
    assert first.json["id"] != second.json["id"]


def test_a_photo_that_was_waited_for_is_its_sender_s(ada: Client, other: Client, workflow: Workflow) -> None:
    reply = ada.call("POST", "/enhance", photos.encoded())
    assert reply.status == 200
    job = reply.headers["x-darkroom-job"]
    assert ada.get(f"/jobs/{job}").json["status"] == "waiting", "until the workflow, which runs elsewhere, claims it"
    assert other.get(f"/jobs/{job}").status == 404


def test_a_bad_record_spoils_no_list(ada: Client) -> None:
    good = announce(ada)
    whole = {"status": "failed", "key": "x", "updated": "x"}
    damaged: list[dict[str, Any]] = [
        {},
        {"key": "x"},
        {**whole, "error": "?"},
        {**whole, "recipe": b"\xff"},
        {**whole, "diagnosis": "{"},
        {**whole, "diagnosis": {"blur"}},
    ]
    for number, bad in enumerate(damaged):
        table().put_item(Item={"id": f"{number}", "owner": "ada", "created": f"2026-01-0{number + 1}", **bad})
    assert ids(ada) == [good]


def test_a_failed_job_begins_anew(ada: Client, queue: Any) -> None:
    job = announce(ada)
    place = {"version": "v1", "sequencer": "0A", "status": "failed", "error": {"code": "step.ended", "message": "?"}}
    table().put_item(Item={**table().get_item(Key={"id": job})["Item"], **place})
    reply = ada.call("POST", f"/jobs/{job}/redo")
    assert (reply.status, reply.json["status"]) == (202, "waiting")
    assert "error" not in reply.json
    (message,) = queue.receive_message(QueueUrl=SETTINGS["UPLOADS_QUEUE"])["Messages"]
    sent = json.loads(message["Body"])["detail"]
    assert sent["bucket"]["name"] == UPLOADS
    assert sent["object"] == {"key": f"api/{job}/x.jpg", "version-id": "v1", "sequencer": "0A"}


@pytest.mark.parametrize("status", ["waiting", "running", "succeeded", "rejected", "superseded"])
def test_only_what_failed_begins_anew(ada: Client, queue: Any, status: str) -> None:
    job = announce(ada)
    table().put_item(Item={**table().get_item(Key={"id": job})["Item"], "status": status})
    reply = ada.call("POST", f"/jobs/{job}/redo")
    assert (reply.status, reply.json["code"]) == (409, "http.job-not-failed")
    assert "Messages" not in queue.receive_message(QueueUrl=SETTINGS["UPLOADS_QUEUE"])
