"""Batches over HTTP: of a caller's own jobs, or of a prefix for administrators; each sees its own alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from moto.stepfunctions.models import StepFunctionBackend

from darkroom.aws import batching
from darkroom.aws.batches import Batches
from darkroom.aws.batching import Outcome, Settings
from tests.support import definition, photos
from tests.support.api_client import Client, Reply
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK, Functions
from tests.support.stores import table

WAITS = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})


@pytest.fixture(autouse=True)
def states(functions: Functions) -> Any:
    """Step Functions with a workflow by the name of the batches' that waits."""
    client = boto3.client("stepfunctions")
    made = client.create_state_machine(name="batch", definition=WAITS, roleArn="arn:aws:iam::123456789012:role/batch")
    assert made["stateMachineArn"] == SETTINGS["BATCH"]
    return client


def client(functions: Functions, key: str) -> Client:
    return Client(functions, {"identity": {"apiKeyId": key}})


@pytest.fixture
def ada(functions: Functions) -> Client:
    return client(functions, "ada")


def done_job(api: Client, name: str) -> str:
    """A job whose photo was uploaded and done."""
    job = str(api.call("POST", "/jobs", {"filename": name, "content_type": "image/jpeg"}).json["id"])
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=f"api/{job}/{name}", Body=photos.encoded())
    table().update_item(
        Key={"id": job},
        UpdateExpression="SET #status = :done",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":done": "succeeded"},
    )
    return job


def lines(batch: str) -> list[dict[str, Any]]:
    body = boto3.client("s3").get_object(Bucket=WORK, Key=batching.of_photos(batch, 0))["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def begin(api: Client, **body: Any) -> Reply:
    return api.call("POST", "/batches", body)


def test_a_batch_of_one_s_own_jobs(ada: Client, functions: Functions, states: Any) -> None:
    jobs = [done_job(ada, name) for name in ("a.jpg", "b.jpg")]
    begun = begin(ada, jobs=[*jobs, jobs[0]], recipe="vivid", blend=70, max_concurrency=3)
    assert (begun.status, begun.json["status"], begun.json["photos"]) == (201, "running", 2)
    batch = begun.json["id"]
    assert begun.headers["location"] == f"batches/{batch}"
    assert [line["key"] for line in lines(batch)] == [f"api/{jobs[0]}/a.jpg", f"api/{jobs[1]}/b.jpg"]
    (execution,) = states.list_executions(stateMachineArn=SETTINGS["BATCH"])["executions"]
    given = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
    assert given["batch"]["asked"] == {"recipe": "vivid", "blend": "70"}
    assert given["children"] == 3

    ends = (
        Outcome(UPLOADS, f"api/{jobs[0]}/a.jpg", "succeeded", result={"bucket": RESULTS, "key": "batches/a.jpg"}),
        Outcome(UPLOADS, f"api/{jobs[1]}/b.jpg", "rejected", code="image.truncated", message="the file ends early"),
    )
    for one in ends:
        key = batching.of_outcome(batch, 0, one)
        boto3.client("s3").put_object(Bucket=WORK, Key=key, Body=msgspec.json.encode(one))
    states.stop_execution(executionArn=execution["executionArn"])
    shown = ada.get(f"/batches/{batch}").json
    assert (shown["status"], shown["succeeded"], shown["rejected"], shown["failed"]) == ("stopped", 1, 1, 0)
    told = {one["filename"]: one for one in shown["outcomes"]}
    assert "batches/a.jpg" in told["a.jpg"]["links"]["result"]
    assert told["b.jpg"]["error"]["code"] == "image.truncated"
    assert shown["errors"] == [{"code": "image.truncated", "message": "the file ends early", "photos": 1}]

    for other, status in (("bob", 404), ("k1e2y3", 200)):
        reply = client(functions, other).get(f"/batches/{batch}")
        assert reply.status == status
    assert client(functions, "bob").get(f"/batches/{batch}").json["code"] == "http.no-batch"


def test_of_another_s_jobs_there_is_no_batch(ada: Client, functions: Functions) -> None:
    job = done_job(ada, "a.jpg")
    refused = begin(client(functions, "bob"), jobs=[job])
    assert (refused.status, refused.json["code"]) == (404, "http.no-job")
    waits = ada.call("POST", "/jobs", {"filename": "x.jpg", "content_type": "image/jpeg"}).json["id"]
    assert begin(ada, jobs=[job, waits]).json["code"] == "http.no-photo-yet"


def test_a_source_is_for_administrators(ada: Client, functions: Functions) -> None:
    s3 = boto3.client("s3")
    for key in ("trip/a.jpg", "trip/b.xmp", "other/c.jpg"):
        s3.put_object(Bucket=UPLOADS, Key=key, Body=b"x")
    source = f"s3://{UPLOADS}/trip/"
    assert begin(ada, source=source).json["code"] == "http.not-an-administrator"
    admin = client(functions, "k1e2y3")
    begun = begin(admin, source=source)
    assert begun.status == 201
    assert lines(begun.json["id"]) == [{"bucket": UPLOADS, "key": "trip/a.jpg"}]
    assert begin(admin, source=f"s3://{UPLOADS}/nothing/").json["code"] == "http.bad-batch"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either 'jobs' or a 'source'"),
        ({"jobs": ["a" * 32], "source": "s3://a/b"}, "either 'jobs' or a 'source'"),
        ({"jobs": ["a" * 32], "max_concurrency": 0}, "max_concurrency"),
        ({"jobs": ["a" * 32], "recipes": "vivid"}, "did you mean 'recipe'"),
        ({"jobs": ["a" * 32], "recipe": "vivit"}, "did you mean 'vivid'"),
    ],
)
def test_what_is_asked_wrongly_is_told(ada: Client, body: dict[str, Any], words: str) -> None:
    refused = begin(ada, **body)
    assert refused.status == 400 or refused.status == 422
    assert words in refused.json["detail"]


def test_a_batch_s_job_is_not_begun_anew_by_itself(functions: Functions) -> None:
    record = {"id": "b" * 32, "owner": f"batch-{'a' * 32}", "listing": "jobs", "bucket": UPLOADS, "key": "a.jpg"}
    table().put_item(Item={**record, "status": "failed", "created": "2026-01-01", "updated": "2026-01-01"})
    refused = client(functions, "k1e2y3").call("POST", f"/jobs/{'b' * 32}/redo")
    assert (refused.status, refused.json["code"]) == (409, "http.job-not-failed")
    assert "batch" in refused.json["detail"]


def test_of_a_batch_of_albums_it_is_told_what_it_is_at(
    ada: Client, functions: Functions, states: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("s3").put_object(Bucket=UPLOADS, Key="rome/a.jpg", Body=b"x")
    admin = client(functions, "k1e2y3")
    begun_maps = list[dict[str, Any]]()

    def of_run(_: Any, execution_arn: str) -> dict[str, Any]:
        return {"mapRuns": begun_maps[::-1]}

    monkeypatch.setattr(StepFunctionBackend, "list_map_runs", of_run)
    plain = begin(admin, source=f"s3://{UPLOADS}/rome/").json["id"]
    begun = begin(admin, source=f"s3://{UPLOADS}/rome/", album=True).json
    batch, told = begun["id"], [begun["phase"]]
    workflow = definition.load(definition.BATCH)["States"].values()
    for number, label in enumerate(one["Label"] for one in workflow if one["Type"] == "Map"):
        arn = f"arn:aws:states:eu-central-1:123456789012:mapRun:batch/{label}:{number}"
        run = {"executionArn": arn, "stateMachineArn": arn, "startDate": datetime(2026, 1, 1, 0, number, tzinfo=UTC)}
        begun_maps.append({"mapRunArn": arn, **run})
        told.append(admin.get(f"/batches/{batch}").json["phase"])
    assert told == ["looking", "looking", "agreeing", "enhancing"]
    for one in states.list_executions(stateMachineArn=SETTINGS["BATCH"])["executions"]:
        states.stop_execution(executionArn=one["executionArn"])
    assert all("phase" not in admin.get(f"/batches/{name}").json for name in (plain, batch))


def test_there_is_no_such_batch(ada: Client) -> None:
    for name in ("a" * 32, "x", ".."):
        assert ada.get(f"/batches/{name}").status == 404


def test_the_list_has_the_caller_s_own_newest_first(ada: Client, functions: Functions) -> None:
    bob, job = client(functions, "bob"), done_job(ada, "a.jpg")
    mine = [begin(ada, jobs=[job], recipe=name).json["id"] for name in ("vivid", "none")]
    his = begin(bob, jobs=[done_job(bob, "b.jpg")]).json["id"]
    listed = ada.get("/batches").json["batches"]
    assert [one["id"] for one in listed] == list(reversed(mine))
    assert (listed[0]["photos"], listed[0]["source"]) == (1, "1 jobs")
    assert [one["id"] for one in ada.get("/batches?limit=1").json["batches"]] == mine[1:]
    assert {one["id"] for one in client(functions, "k1e2y3").get("/batches").json["batches"]} == {*mine, his}
    for query in ("limit=0", "limit=101", "limit=x", "next=3", f"next={'0' * 16}-{'g' * 32}", "page=3"):
        assert ada.get(f"/batches?{query}").status in (400, 422), query


def test_the_list_is_paged_and_reads_no_other_batch_than_the_page_s(
    ada: Client, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = done_job(ada, "a.jpg")
    mine = [begin(ada, jobs=[job]).json["id"] for _ in range(5)]
    bob = client(functions, "bob")
    begin(bob, jobs=[done_job(bob, "b.jpg")])
    asked: list[str] = []
    find = Batches.find

    def counted(self: Batches, batch: str) -> Settings | None:
        asked.append(batch)
        return find(self, batch)

    monkeypatch.setattr(Batches, "find", counted)
    pages, following = [], ""
    while following is not None:
        page = ada.get(f"/batches?limit=2{following and f'&next={following}'}").json
        pages.append([one["id"] for one in page["batches"]])
        following = page["next"]
    assert [one for page in pages for one in page] == mine[::-1] == asked
    assert [len(page) for page in pages] == [2, 2, 1]


def test_of_a_batch_s_outcomes_one_of_each_reason_is_read_and_all_where_all_are_asked_for(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [done_job(ada, f"{number}.jpg") for number in range(4)]
    batch = begin(ada, jobs=jobs).json["id"]
    for number, job in enumerate(jobs):
        one = Outcome(UPLOADS, f"api/{job}/{number}.jpg", "succeeded")
        if number:
            code = "image.truncated" if number < 3 else "image.too-many-bytes"
            one = Outcome(one.bucket, one.key, "rejected", code=code, message=f"what is wrong with {number}")
        key = batching.of_outcome(batch, 0, one)
        boto3.client("s3").put_object(Bucket=WORK, Key=key, Body=msgspec.json.encode(one))
    read, listed = list[str](), list[str]()
    usual, keys = Batches._read, Batches._keys

    def noted(self: Batches, key: str) -> bytes:
        read.append(key)
        return usual(self, key)

    def counted(self: Batches, prefix: str) -> Iterator[dict[str, Any]]:
        listed.append(prefix)
        return keys(self, prefix)

    monkeypatch.setattr(Batches, "_read", noted)
    monkeypatch.setattr(Batches, "_keys", counted)
    monkeypatch.setattr("darkroom.aws.batches.PAGE", 3)
    shown = ada.get(f"/batches/{batch}?outcomes=3").json
    assert "outcomes" not in shown
    assert (shown["succeeded"], shown["rejected"], len(read)) == (1, 3, 2)
    assert [(one["code"], one["photos"]) for one in shown["errors"]] == [
        ("image.truncated", 2),
        ("image.too-many-bytes", 1),
    ]
    assert shown["errors"][0]["message"] in ("what is wrong with 1", "what is wrong with 2")
    read.clear()
    listed.clear()
    told = ada.get(f"/batches/{batch}?outcomes=4").json["outcomes"]
    assert [one["filename"] for one in told] == [f"{number}.jpg" for number in range(4)]
    assert len(read) == 2 + 4
    assert listed.count(batching.of_outcomes(batch)) == 1
    assert ada.get(f"/batches/{batch}?outcomes=501").json["code"] == "http.bad-limit"
