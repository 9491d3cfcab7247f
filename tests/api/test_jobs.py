"""Jobs over HTTP, with the records and objects that the workflow would leave."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import jsonschema
import msgspec
import pytest

from darkroom import report
from darkroom.aws import clients, keys
from darkroom.aws.api import progress
from darkroom.report import Report
from tests.support import definition, photos
from tests.support.api_client import OPENAPI, Client
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, Functions
from tests.support.stores import table
from tests.support.workflow import read_event

JOB = "f" * 32
ASK = {"filename": "holiday.jpg", "content_type": "image/jpeg"}


def finished(
    key: str, job: str, created: str = "2026-01-01T00:00:00.000Z", manifest: dict[str, Any] | None = None
) -> None:
    """A job as the workflow leaves it, with its objects. manifest: if None, one of before the schema had a number."""
    s3 = boto3.client("s3")
    version = s3.put_object(Bucket=UPLOADS, Key=key, Body=photos.encoded())["VersionId"]
    manifest = read_event("manifest_1") if manifest is None else manifest
    manifest["job"] = job
    manifest["source"] |= {"bucket": UPLOADS, "key": key, "version": version}
    manifest["result"] |= {"bucket": RESULTS, "key": key}
    for name, body in ((key, photos.encoded()), (f"{key}.json", json.dumps(manifest).encode())):
        s3.put_object(Bucket=RESULTS, Key=name, Body=body, Metadata={"job": job})
    table().put_item(
        Item={
            "id": job,
            "listing": "jobs",
            "status": "succeeded",
            "bucket": UPLOADS,
            "key": key,
            "version": version,
            "recipe": "none",
            "created": created,
            "updated": created,
            "result": {"bucket": RESULTS, "key": key},
            "manifest": {"bucket": RESULTS, "key": f"{key}.json"},
        }
    )


def test_an_announced_job_waits_with_a_form(api: Client) -> None:
    reply = api.call("POST", "/jobs", {**ASK, "recipe": "vivid", "blend": 70, "format": "webp"})
    assert reply.status == 201
    job = reply.json
    assert reply.headers["location"] == job["links"]["self"] == f"jobs/{job['id']}"
    fields = job["upload"]["fields"]
    assert fields["key"] == f"api/{job['id']}/holiday.jpg"
    asked = {name: value for name, value in fields.items() if name.startswith("x-amz-meta-")}
    assert asked == {"x-amz-meta-recipe": "vivid", "x-amz-meta-blend": "70", "x-amz-meta-format": "webp"}
    policy = json.loads(base64.b64decode(fields["policy"]))
    conditions = policy["conditions"]
    assert ["content-length-range", 1, int(SETTINGS["MAX_BYTES"])] in conditions
    for name in ("Content-Type", "key", *asked):
        assert {name: fields[name]} in conditions
    assert datetime.fromisoformat(policy["expiration"]) < datetime.now(UTC) + timedelta(minutes=16)
    shown = api.get(f"/jobs/{job['id']}").json
    assert (shown["status"], shown["filename"], shown["stages"]) == ("waiting", "holiday.jpg", [])


def test_steps_travel_as_a_recipe(api: Client) -> None:
    steps = [{"name": "gamma", "params": {"gamma": 1.5}}]
    fields = api.call("POST", "/jobs", {**ASK, "steps": steps}).json["upload"]["fields"]
    assert json.loads(fields["x-amz-meta-recipe"]) == {"steps": steps}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"recipe": "vivd"}, "recipe.unknown-recipe", "did you mean 'vivid'?"),
        ({"steps": [{"name": "gama"}]}, "recipe.unknown-step", "did you mean 'gamma'?"),
        ({"steps": [{"name": "gamma", "params": {"gamma": 11}}]}, "recipe.bad-parameter", "0.1 to 10"),
        ({"steps": [], "recipe": "auto"}, "recipe.bad-request", "exclude each other"),
        ({"blend": 101}, "recipe.bad-request", "'blend'"),
        ({"recipie": "auto"}, "recipe.unknown-field", "did you mean 'recipe'?"),
        ({"content_type": "image/jpg2"}, "recipe.bad-content-type", "did you mean 'image/jpg'?"),
        ({"content_type": "text/plain"}, "recipe.bad-content-type", "JPEG"),
        ({"filename": ""}, "recipe.bad-request", "'filename'"),
        ({"steps": [{"name": "convolve", "params": {"kernel": [[1.0] * 15] * 15}}] * 3}, "recipe.too-long", "2048"),
    ],
)
def test_what_cannot_be_asked_for_is_named(api: Client, change: dict[str, Any], code: str, words: str) -> None:
    reply = api.call("POST", "/jobs", {**ASK, **change})
    assert (reply.status, reply.json["code"]) == (400, code), reply.body
    assert words in reply.json["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 5000])
def test_a_body_that_is_no_request(api: Client, body: bytes) -> None:
    assert api.call("POST", "/jobs", body).status == 400


@pytest.mark.parametrize(
    ("filename", "stored"),
    [
        ("a/b\\c.jpg", "c.jpg"),
        ("${filename}", "_{filename}"),
        ("\x00\n", "photo"),
        ("..", "photo"),
        ("ü b.jpg", "ü b.jpg"),
    ],
)
def test_names_are_made_safe(api: Client, filename: str, stored: str) -> None:
    job = api.call("POST", "/jobs", {**ASK, "filename": filename}).json
    assert job["upload"]["fields"]["key"] == f"api/{job['id']}/{stored}"


def test_an_idempotency_key_finds_the_same_job(api: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first, again = (api.call("POST", "/jobs", ASK, headers) for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    other = api.call("POST", "/jobs", {**ASK, "recipe": "vivid"}, headers)
    assert (other.status, other.json["code"]) == (422, "http.idempotency-conflict")
    assert api.call("POST", "/jobs", ASK).json["id"] != first.json["id"]
    assert api.call("POST", "/jobs", ASK, {"Idempotency-Key": " "}).status == 400


NOBODY = {"apiKeyId": None, "userArn": None}
CALLERS: list[dict[str, Any]] = [
    {"identity": {**NOBODY, "apiKeyId": "k2"}},
    {"identity": {**NOBODY, "userArn": "arn:aws:iam::111122223333:user/ada"}},
    {"identity": {**NOBODY, "userArn": "arn:aws:sts::111122223333:assumed-role/lab/ada"}},
    {"identity": NOBODY, "authorizer": {"claims": {"sub": "5d0d8a3e-9d7e-4d5f-8f5a-0f3c4c1c9f10"}}},
    {"identity": NOBODY, "authorizer": {"claims": {"sub": "6e0d8a3e-9d7e-4d5f-8f5a-0f3c4c1c9f10"}}},
]


def test_an_idempotency_key_is_its_caller_s_own(functions: Functions) -> None:
    found = []
    for caller in CALLERS:
        answers = [Client(functions, caller).call("POST", "/jobs", ASK, {"Idempotency-Key": "one"}) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 200]
        found.append(answers[0].json["id"])
    assert len(set(found)) == len(CALLERS)


def test_a_finished_job_has_report_and_links(api: Client) -> None:
    job = "a" * 32
    finished("vivid/ü.jpg", job)
    shown = api.get(f"/jobs/{job}").json
    assert shown["filename"] == "vivid/ü.jpg"
    assert set(shown["links"]) == {"self", "original", "result", "download", "manifest"}
    stages = ["inspect", "diagnose", "correct_color", "publish"]
    assert [(stage["stage"], stage["status"]) for stage in shown["stages"]] == [(stage, "done") for stage in stages]
    schema = {"$ref": "#/components/schemas/Job", "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(shown)
    told = msgspec.convert(shown["report"], Report)
    assert msgspec.to_builtins(told.source) == {
        "width": 96,
        "height": 64,
        "bit_depth": 8,
        "bytes": told.source.bytes,
        "format": "JPEG",
    }
    assert not {"bucket", "key", "version"} & set(shown["report"]["result"])
    assert msgspec.convert(shown["reasons"], list[report.Reason]) == report.reasons(told)


def test_a_job_whose_manifest_is_none_is_our_fault(api: Client) -> None:
    finished("x.jpg", "a" * 32, manifest={"source": {}, "result": {}})
    reply = api.get(f"/jobs/{'a' * 32}")
    assert (reply.status, reply.json["code"]) == (500, "step.bad-manifest")


def test_a_diagnosed_job_says_what_was_found(api: Client) -> None:
    job, found = "a" * 32, {"fine": True, "fine_probability": 0.97, "defects": []}
    finished("auto/fine.jpg", job)
    finished("auto/other.jpg", "b" * 32)
    for name, text in ((job, json.dumps(found)), ("b" * 32, "")):
        table().update_item(
            Key={"id": name}, UpdateExpression="SET diagnosis = :text", ExpressionAttributeValues={":text": text}
        )
    assert api.get(f"/jobs/{job}").json["diagnosis"] == found
    listed = {one["id"]: one.get("diagnosis") for one in api.get("/jobs").json["jobs"]}
    assert listed == {job: found, "b" * 32: None}


def test_a_failed_job_has_its_error(api: Client) -> None:
    error = {"name": "ImageRejected", "code": "image.empty", "message": "the file is empty", "state": "Inspect"}
    times = {"created": "2026-01-01T00:00:00.000Z", "updated": "2026-01-01T00:00:00.000Z"}
    table().put_item(
        Item={"id": "b" * 32, "status": "rejected", "bucket": UPLOADS, "key": "x.jpg", "error": error, **times}
    )
    shown = api.get(f"/jobs/{'b' * 32}").json
    assert shown["error"] == {"code": "image.empty", "message": "the file is empty"}


@pytest.mark.parametrize(
    ("method", "route", "nearest"),
    [("GET", "/jobs?limits=3", "limit"), ("GET", "/jobs/{job}/preview?sides=64", "side"),
     ("POST", "/thumbnails?recipes=vivid", "recipe")],
)  # fmt: skip
def test_a_query_of_an_unknown_name_is_told_the_nearest(api: Client, method: str, route: str, nearest: str) -> None:
    job = api.call("POST", "/jobs", ASK).json["id"]
    body = photos.encoded("PNG") if method == "POST" else None
    reply = api.call(method, route.format(job=job), body)
    assert (reply.status, reply.json["code"]) == (400, "recipe.unknown-field")
    assert f"did you mean '{nearest}'?" in reply.json["detail"]


def test_jobs_are_listed_newest_first_in_pages(api: Client) -> None:
    for number in range(5):
        finished(f"{number}.jpg", f"{number:032x}", f"2026-01-0{number + 1}T00:00:00.000Z")
    names, query = [], "?limit=2"
    while query:
        answer = api.get(f"/jobs{query}").json
        names += [job["filename"] for job in answer["jobs"]]
        query = f"?limit=2&next={answer['next']}" if answer["next"] else ""
    assert names == ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"]


LONG = "9" * 5000


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", f"limit={LONG}", "limit=%C2%B2", "next=x", "next=e30", "next=%C3%BC"],
)
def test_a_list_that_cannot_be_had(api: Client, query: str) -> None:
    assert api.get(f"/jobs?{query}").status == 400


def test_a_deleted_job_leaves_nothing(api: Client) -> None:
    job = "c" * 32
    finished(f"api/{job}/x.jpg", job)
    assert api.call("DELETE", f"/jobs/{job}").status == 204
    s3 = boto3.client("s3")
    assert not {"Versions", "DeleteMarkers"} & set(s3.list_object_versions(Bucket=UPLOADS))
    assert "Contents" not in s3.list_objects_v2(Bucket=RESULTS)
    assert api.get(f"/jobs/{job}").status == 404


def test_a_deleted_job_s_sidecar_goes_and_another_s_stays(api: Client) -> None:
    s3 = boto3.client("s3")
    for name, job in (("x.jpg", "c" * 32), ("y.jpg", "d" * 32)):
        place = {"bucket": RESULTS, "key": f"{name}.xmp"}
        finished(name, job, manifest={**read_event("manifest_1"), "sidecar": {"where": "beside", **place}})
        s3.put_object(Bucket=RESULTS, Key=place["key"], Body=b"decisions", Metadata={"job": "c" * 32})
    assert "x.jpg.xmp" in api.get(f"/jobs/{'c' * 32}").json["links"]["sidecar"]
    for job in ("c" * 32, "d" * 32):
        assert api.call("DELETE", f"/jobs/{job}").status == 204
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=RESULTS)["Contents"]] == ["y.jpg.xmp"]


def test_deleting_a_job_takes_every_version_of_its_upload_and_no_other_key(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, s3 = "c" * 32, boto3.client("s3")
    key = f"api/{job}/p.png"
    others = [f"{key}.backup", f"{key}2", f"{key}/p.png", f"api/{job}/p.pn", f"api/{'d' * 32}/p.png"]
    for other in others:
        s3.put_object(Bucket=UPLOADS, Key=other, Body=b"another's")
    for _ in range(6):
        s3.put_object(Bucket=UPLOADS, Key=key, Body=b"sent again with the same form")
        s3.delete_object(Bucket=UPLOADS, Key=key)
    finished(key, job)
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "4")
    assert s3.list_object_versions(Bucket=UPLOADS, Prefix=key)["IsTruncated"]
    assert api.call("DELETE", f"/jobs/{job}").status == 204
    monkeypatch.delenv("MOTO_S3_DEFAULT_MAX_KEYS")
    left = s3.list_object_versions(Bucket=UPLOADS)
    assert [one["Key"] for one in left["Versions"]] == sorted(others)
    assert "DeleteMarkers" not in left


def test_deleting_a_job_spares_another_that_the_same_form_made(api: Client) -> None:
    job, s3 = "c" * 32, boto3.client("s3")
    key = f"api/{job}/p.png"
    finished(key, job)
    second = s3.put_object(Bucket=UPLOADS, Key=key, Body=b"the form's second use")["VersionId"]
    another = keys.jobs_of(UPLOADS, key, second)[1]
    table().put_item(
        Item={**table().get_item(Key={"id": job})["Item"], "id": another, "version": second, "status": "failed"}
    )
    assert api.call("DELETE", f"/jobs/{job}").status == 204
    (left,) = s3.list_object_versions(Bucket=UPLOADS)["Versions"]
    assert left["VersionId"] == second
    assert api.call("DELETE", f"/jobs/{another}").status == 204
    assert "Versions" not in s3.list_object_versions(Bucket=UPLOADS)


def test_deleting_a_job_spares_a_newer_upload_of_its_key(api: Client) -> None:
    finished("x.jpg", "d" * 32)
    finished("x.jpg", "e" * 32)
    assert api.call("DELETE", f"/jobs/{'d' * 32}").status == 204
    newer = api.get(f"/jobs/{'e' * 32}").json
    assert "report" in newer
    assert len(boto3.client("s3").list_object_versions(Bucket=UPLOADS)["Versions"]) == 1


def test_a_running_job_is_not_deleted(api: Client) -> None:
    finished("x.jpg", JOB)
    table().put_item(Item={**table().get_item(Key={"id": JOB})["Item"], "status": "running"})
    assert api.call("DELETE", f"/jobs/{JOB}").json["code"] == "http.job-running"


DAMAGES: dict[str, dict[str, Any]] = {
    "nothing": {"bucket": None, "key": None, "status": None, "created": None, "updated": None},
    "no key": {"key": None},
    "an empty key": {"key": ""},
    "a status that there is not": {"status": "odd"},
    "a time of bytes": {"updated": b"x"},
    "an error in one word": {"status": "failed", "error": "?"},
    "a diagnosis that is no JSON": {"diagnosis": "{"},
    "a result in one word": {"result": "x"},
    "a result without a bucket": {"result": {"key": "x"}},
    "a bucket that can be none": {"bucket": "not one", "error": 1},
    "a run that nobody can look up": {"status": "running", "updated": {"x"}},
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_told_and_can_be_deleted(api: Client, change: dict[str, Any]) -> None:
    finished("x.jpg", JOB)
    record = {**table().get_item(Key={"id": JOB})["Item"], **change}
    table().put_item(Item={name: value for name, value in record.items() if value is not None})
    for method, path in (("GET", ""), ("GET", "/preview"), ("POST", "/redo"), ("POST", "/stop"), ("POST", "/again")):
        reply = api.call(method, f"/jobs/{JOB}{path}")
        assert (reply.status, reply.json["code"]) == (409, "http.bad-record"), path
    assert api.call("DELETE", f"/jobs/{JOB}").status == 204
    assert "Item" not in table().get_item(Key={"id": JOB})
    assert api.get(f"/jobs/{JOB}").json["code"] == "http.no-job"


def test_what_a_damaged_record_still_names_is_deleted_with_it(api: Client) -> None:
    finished("x.jpg", JOB)
    table().put_item(Item={**table().get_item(Key={"id": JOB})["Item"], "diagnosis": "{", "manifest": 1})
    assert api.call("DELETE", f"/jobs/{JOB}").status == 204
    left = [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=RESULTS).get("Contents", [])]
    assert left == ["x.jpg.json"]
    assert "Versions" not in boto3.client("s3").list_object_versions(Bucket=UPLOADS)


@pytest.mark.parametrize("job", ["0" * 32, "x", "0" * 31 + "G"])
def test_no_such_job(api: Client, job: str) -> None:
    for method in ("GET", "DELETE"):
        assert api.call(method, f"/jobs/{job}").json["code"] == "http.no-job"


def test_progress_leaves_out_bookkeeping_alone() -> None:
    workflow = definition.load()
    assert set(definition.tasks(workflow)) - progress.BOOKKEEPING == set(definition.lambda_tasks(workflow))


def test_progress_is_told_from_the_history() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def event(kind: str, seconds: float, name: str = "") -> dict[str, Any]:
        details = {"TaskStateEntered": "stateEnteredEventDetails", "TaskStateExited": "stateExitedEventDetails"}
        told = {details[kind]: {"name": name}} if name else {}
        return {"type": kind, "timestamp": start + timedelta(seconds=seconds), **told}

    events = [
        event("TaskStateEntered", 0, "Claim"),
        event("TaskStateExited", 1, "Claim"),
        event("TaskStateEntered", 1, "Inspect"),
        event("TaskSucceeded", 2),
        event("TaskStateExited", 2.5, "Inspect"),
        event("TaskStateEntered", 3, "Adjust tone"),
    ]
    done = {"stage": "inspect", "status": "done", "milliseconds": 1500}
    running = {"stage": "adjust_tone", "status": "running", "since": "2026-01-01T00:00:03.000Z"}
    assert progress.told(events) == [done, running]
    events += [event("TaskFailed", 4), event("TaskStateExited", 4, "Adjust tone")]
    assert progress.told(events)[1] == {"stage": "adjust_tone", "status": "failed", "milliseconds": 1000}


def test_what_states_hand_on_is_asked_for_once_and_no_further_than_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    plan = json.dumps({"Payload": {"plan": [{"stage": "restore"}], "diagnose": False, "superseded": False}})

    def entered(name: str) -> dict[str, Any]:
        return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name, "input": "people's keys"}}

    def answered(output: str) -> dict[str, Any]:
        return {"type": "TaskSucceeded", "taskSucceededEventDetails": {"resource": "invoke", "output": output}}

    left = {"type": "TaskStateExited"}
    whole = [entered("Claim"), left, entered("Inspect"), answered(plan), left, entered("Restore"), answered("{}")]
    history = [{**event, "id": number, "timestamp": start} for number, event in enumerate(whole, 1)]
    asked: list[tuple[bool, int]] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        events = history[: request.get("maxResults", 1000)]
        asked.append((request["includeExecutionData"], len(events)))
        if request["includeExecutionData"]:
            return {"events": events, "nextToken": "more"}
        bare = [
            {name: {"name": said.get("name", "x")} if isinstance(said, dict) else said for name, said in event.items()}
            for event in events
        ]
        return {"events": bare}

    client = boto3.client("stepfunctions", region_name="eu-central-1")
    monkeypatch.setattr(client, "get_execution_history", lambda **request: answer(request))
    monkeypatch.setattr(clients, "client", {"stepfunctions": client}.__getitem__)
    history[3:] = []
    assert [one["stage"] for one in progress.stages("an:execution")] == ["inspect"]
    history[:] = [{**event, "id": number, "timestamp": start} for number, event in enumerate(whole, 1)]
    for _ in range(2):
        told = [(one["stage"], one["status"]) for one in progress.stages("an:execution")]
        assert told == [("inspect", "done"), ("restore", "running"), ("publish", "planned")]
    assert asked == [(False, 3), (False, 7), (True, 4), (False, 7)]


def test_progress_tells_what_is_to_come() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    works = [{"stage": "restore", "steps": []}, {"stage": "sharpen", "steps": []}]

    def entered(name: str) -> dict[str, Any]:
        return {"type": "TaskStateEntered", "timestamp": start, "stateEnteredEventDetails": {"name": name}}

    def answered(payload: Any) -> list[dict[str, Any]]:
        output = json.dumps({"StatusCode": 200, "Payload": payload})
        return [
            {"type": "TaskSucceeded", "timestamp": start, "taskSucceededEventDetails": {"output": output}},
            {"type": "TaskStateExited", "timestamp": start},
        ]

    def stages(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(stage["stage"], stage["status"]) for stage in progress.told(events)]

    events = [entered("Inspect"), *answered({"plan": [], "diagnose": True, "superseded": False})]
    assert stages(events) == [("inspect", "done"), ("diagnose", "planned"), ("publish", "planned")]
    alone = [entered("Inspect"), *answered({"plan": [], "published": {"status": "succeeded"}})]
    assert stages(alone) == [("inspect", "done")]
    events += [entered("Diagnose"), *answered({"plan": works})]
    planned = [("restore", "planned"), ("sharpen", "planned"), ("publish", "planned")]
    assert stages(events) == [("inspect", "done"), ("diagnose", "done"), *planned]
    events += [entered("Restore")]
    assert stages(events)[2:] == [("restore", "running"), *planned[1:]]
    events += [{"type": "ExecutionAborted", "timestamp": start}]
    assert stages(events)[2:] == [("restore", "failed")]
    assert stages([entered("Inspect"), *answered({"plan": [], "superseded": True})]) == [("inspect", "done")]
    cut = [{"type": "TaskSucceeded", "timestamp": start, "taskSucceededEventDetails": {"output": '{"Payl'}}]
    assert stages([entered("Inspect"), *cut]) == [("inspect", "running")]


def test_a_running_job_is_stopped(api: Client) -> None:
    states = boto3.client("stepfunctions")
    waits = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": true}}}'
    role = "arn:aws:iam::123456789012:role/enhance"
    machine = states.create_state_machine(name="enhance", definition=waits, roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, name="one", input="{}")["executionArn"]
    job = "a" * 32
    finished("x.jpg", job)
    row = {":status": "running", ":execution": execution}
    change = "SET #status = :status, execution = :execution"
    names = {"#status": "status"}
    table().update_item(
        Key={"id": job},
        UpdateExpression=change,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=row,
    )
    assert api.call("POST", f"/jobs/{job}/stop").status == 202
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"
    for status, arn in (("succeeded", execution), ("running", execution.replace(":execution:", ":express:"))):
        table().update_item(
            Key={"id": job},
            UpdateExpression=change,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":status": status, ":execution": arn},
        )
        reply = api.call("POST", f"/jobs/{job}/stop")
        assert (reply.status, reply.json["code"]) == (409, "http.job-not-running")


@pytest.mark.parametrize(
    ("upload", "result", "recipe", "name"),
    [
        ("api/" + "a" * 32 + "/IMG 1.HEIC", "IMG 1.HEIC.jpg", "vivid", "IMG 1-vivid.jpg"),
        ("holiday/ü.jpg", "holiday/ü.jpg", "auto", "ü-auto.jpg"),
        ("scan.2026", "scan.2026.photo.png", "none", "scan.2026-none.png"),
        ("x.jpg", "x.jpg", "", "x.jpg"),
    ],
)
def test_a_result_is_saved_under_the_photo_s_and_the_recipe_s_name(
    upload: str, result: str, recipe: str, name: str
) -> None:
    assert keys.to_save_as(upload, result, recipe) == name
