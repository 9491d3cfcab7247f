"""No log entry of any function holds what is private, whatever it is given and however it ends.

Every function is called with good and with broken input in which all that a stranger may fill in is a secret.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from darkroom import registry
from darkroom.aws import handover
from darkroom.picture import Picture
from tests.support import networks, photos, stores
from tests.support.api_client import Client, Workflow
from tests.support.functions import FUNCTIONS, RESULTS, UPLOADS, WORK, Functions

SECRETS = {
    "key": "salaries-2026/ada lovelace",
    "metadata": "correct-horse-battery",
    "tag": "diagnosis-of-ada",
    "token": "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl",
    "credential": "AKIAIOSFODNN7EXAMPLE",
    "signature": "X-Amz-Signature=0badc0ffee",
    "recipe": "my-secret-recipe",
    "file": "file-name-of-ada",
}
JOB = "a" * 32
KEY = f"{SECRETS['key']} {SECRETS['credential']} {SECRETS['signature']}.png"
FOLDERS = sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py"))
STAGES = sorted({*registry.stages()} - {"classify"})


def job_of(**more: Any) -> dict[str, Any]:
    return {"id": JOB, "bucket": UPLOADS, "key": KEY, "version": None, "sequencer": "0A", **more}


def step_of(stage: str, **more: Any) -> dict[str, Any]:
    name = next(step.name for step in registry.steps() if step.stage == stage)
    return {"name": name, "params": dict(registry.get(name).params.example), **more}


def upload_event(**more: Any) -> dict[str, Any]:
    return {"detail": {"bucket": {"name": UPLOADS}, "object": {"key": KEY, "sequencer": "0A", **more}}}


def events(folder: str) -> list[Any]:
    """What a function is called with: as it should be, of what is not there, and what none of ours would send."""
    nonsense = [{}, {"job": SECRETS["token"]}, {"job": job_of(), "fusion": SECRETS["metadata"], KEY: KEY}]
    gone, picture = f"jobs/{JOB}/9.dkr", f"jobs/{JOB}/0.dkr"
    match folder:
        case "inspect":
            keys = [KEY, f"{KEY}.gone", f"{KEY}.txt", f"{KEY}.recipe", f"{KEY}.json"]
            return [{"job": job_of(key=key), "fusion": "stage"} for key in keys] + nonsense
        case "publish":
            told = {"diagnosed": False, "reports": [f"jobs/{JOB}/0.json"]}
            asked = {"job": job_of(), "original": picture, "picture": picture, **told}
            broken = [{"reports": [f"jobs/{JOB}/3.json"]}, {"reports": [f'{{"{KEY}": "']}]
            return [asked, {**asked, "picture": gone}, *({**asked, **one} for one in broken), *nonsense]
        case "classify":
            asked = {"job": JOB, "picture": picture, "inspected": f"jobs/{JOB}/0.json", "fusion": "stage"}
            question = {"job": JOB, "upload": f"sync/{JOB}/{KEY}", "step": step_of("classify")}
            return [asked, {**asked, "picture": gone}, question, *nonsense]
        case "start":
            bodies = [upload_event(), upload_event(key=f"{KEY}.xmp"), SECRETS["token"], [KEY], {"detail": KEY}]
            return [
                {"Records": [{"messageId": "m", "receiptHandle": SECRETS["token"], "body": json.dumps(body)}]}
                for body in bodies
            ]
        case "reconcile":
            told = {"executionArn": "arn", "status": "FAILED", "input": json.dumps(upload_event())}
            return [
                {"source": "aws.events"},
                {"source": "aws.states", "detail": told},
                {"source": "aws.states", "detail": {**told, "input": KEY}},
                {"source": "aws.states", "detail": {KEY: KEY}},
            ]
        case "batch":
            batch = {"id": "b", "run": 1, "asked": {}, "to": "", "sequencer": "0A", "salt": SECRETS["token"]}
            keys = [KEY, f"{KEY}.gone", f"{KEY}.txt", f"{KEY}.recipe"]
            photos_of = [{"photo": {"bucket": UPLOADS, "key": key}, "batch": batch} for key in keys]
            ended = {"status": "FAILED", "answer": {}, "error": SECRETS["recipe"], "cause": SECRETS["token"]}
            accounts = [{"account": [{**photo, "ended": ended}]} for photo in photos_of]
            return [{"look": photos_of}, *accounts, *nonsense]
        case _:
            work = {"stage": folder, "steps": [step_of(folder)]}
            asked = {"job": JOB, "index": 1, "picture": picture, "work": work}
            strange = [step_of(folder, params={"amount": SECRETS["metadata"]}), step_of(folder, name=SECRETS["recipe"])]
            strange.append(step_of(folder, references={"reference": f"references/{KEY}", "mask": KEY}))
            more = [{**asked, "work": {**work, "steps": [step]}} for step in strange]
            return [asked, {**asked, "picture": gone}, *more, *nonsense]


@pytest.fixture
def stocked(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Functions:
    """The functions, with uploads whose names, metadata and tags are secrets."""
    networks.answer(monkeypatch, networks.Diagnostician(fine_above=0.35))
    monkeypatch.setattr("darkroom.aws.starting.RESERVE_SECONDS", 1000)
    s3 = boto3.client("s3")
    metadata = {"note": SECRETS["metadata"], "token": SECRETS["token"]}
    tags = f"about={SECRETS['tag']}"
    s3.put_object(Bucket=UPLOADS, Key=KEY, Body=photos.encoded("PNG"), Metadata=metadata, Tagging=tags)
    s3.put_object(Bucket=UPLOADS, Key=f"{KEY}.txt", Body=SECRETS["token"].encode(), Metadata=metadata)
    for end, recipe in (("recipe", SECRETS["recipe"]), ("json", json.dumps({"steps": SECRETS["token"]}))):
        s3.put_object(Bucket=UPLOADS, Key=f"{KEY}.{end}", Body=photos.encoded(), Metadata={"recipe": recipe})
    s3.put_object(Bucket=WORK, Key=f"jobs/{JOB}/0.dkr", Body=handover.pack(Picture(photos.pixels())))
    s3.put_object(Bucket=WORK, Key=f"sync/{JOB}/{KEY}", Body=photos.encoded())
    return functions


def check(output: str, others: str, least: int) -> None:
    """Every line is an entry or a metric of ours, and none holds a secret; nor does what libraries log."""
    lines = output.splitlines()
    assert len(lines) >= least
    for line in lines:
        assert isinstance(json.loads(line), dict)
        for kind, secret in SECRETS.items():
            assert secret not in line, kind
    for kind, secret in SECRETS.items():
        assert secret not in others, kind


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name != "api"])
def test_a_function_logs_nothing_private(
    stocked: Functions, folder: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answers = [stocked.invoke(folder, event) for event in events(folder)]
    assert any(answer.error for answer in answers) or folder in ("start", "batch")  # they tell of each photo
    check(capsys.readouterr().out, caplog.text, least=2 * len(answers))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_that_fails_says_where_and_not_on_what(
    stocked: Functions, folder: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What an error of a library says may quote what it was given."""
    cause = ValueError(f"cannot open {KEY} with {SECRETS['token']}")
    error = RuntimeError(f"see {SECRETS['signature']}")
    error.__cause__ = cause
    stocked.errors[folder] = [error]
    assert stocked.invoke(folder, {}).error
    output = capsys.readouterr().out
    check(output, caplog.text, least=2)
    (entry,) = [entry for line in output.splitlines() if (entry := json.loads(line)).get("message") == "failed"]
    assert [one["error"] for one in entry["errors"]] == ["RuntimeError", "ValueError"]
    assert any("functions.py" in frame for frame in entry["errors"][0]["frames"])


def test_the_api_logs_nothing_private(
    stocked: Functions,
    workflow: Workflow,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = Client(stocked)
    secret = SECRETS["token"]
    headers = {"Authorization": f"Bearer {secret}", "x-api-key": SECRETS["credential"], "Idempotency-Key": secret}
    ask = {"filename": f"{SECRETS['file']}.jpg", "content_type": "image/jpeg"}
    table = stores.table()
    made = api.call("POST", "/jobs", ask, headers).json["id"]
    place = {"bucket": RESULTS, "key": KEY, "version": ""}
    record = {**table.get_item(Key={"id": made})["Item"], "status": "succeeded", "result": place, "manifest": place}
    for body in (json.dumps({SECRETS["metadata"]: secret}), secret):
        boto3.client("s3").put_object(Bucket=RESULTS, Key=KEY, Body=body.encode())
        table.put_item(Item=record)
        assert api.call("GET", f"/jobs/{made}", headers=headers).status == 500
    table.put_item(Item={"id": "b" * 32, "owner": record["owner"], "listing": "jobs", "created": "2026", "status": KEY})
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"/jobs?next={secret}", None),
        ("GET", "/jobs", None),
        ("GET", f"/jobs/{SECRETS['credential']}", None),
        ("DELETE", f"/jobs/{made}", None),
        ("POST", "/jobs", {**ask, "recipe": SECRETS["recipe"], secret: secret}),
        ("POST", "/jobs", secret.encode()),
        ("POST", f"/enhance?recipe={SECRETS['recipe']}", photos.encoded()),
        ("POST", f"/enhance?step=inpaint:mask=references/{SECRETS['file']}.png", photos.encoded()),
        ("POST", f"/enhance?recipe=none&{secret}={secret}", photos.encoded()),
        ("POST", "/enhance?recipe=none", photos.encoded("PNG")),
        ("POST", "/enhance", secret.encode()),
        ("GET", f"/web/{SECRETS['file']}", None),
        ("GET", f"/{secret}", None),
    ]
    statuses = [api.call(method, target, body, headers).status for method, target, body in requests]
    assert {200, 204, 400, 404} <= set(statuses)
    check(capsys.readouterr().out, caplog.text, least=2 * len(requests))
