"""A photo in, a better photo out, while the caller waits."""

from __future__ import annotations

import email
import email.policy
import io
import json
import time
from urllib.parse import quote

import boto3
import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError
from PIL import Image

import darkroom
from darkroom.aws.api import negotiate, records, synchronous
from tests.support import networks, photos
from tests.support.api_client import Client, Workflow
from tests.support.functions import RESULTS, SETTINGS, WORK

CALLER = {"Origin": "https://photos.example"}


def test_the_answer_is_what_the_library_makes(api: Client, workflow: Workflow) -> None:
    body = photos.encoded("PNG")
    reply = api.call("POST", "/enhance?recipe=vivid", body)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    np.testing.assert_array_equal(photos.decoded(reply.body), darkroom.enhance(body, recipe="vivid").image)
    report = json.loads(reply.headers["x-darkroom-report"])
    assert report["recipe"] == "vivid"
    assert report["steps"][0] == "stretch_histogram"
    place = workflow.inputs[0]
    assert place["bucket"]["name"] == WORK
    assert place["object"]["key"] == f"sync/{reply.headers['x-darkroom-job']}/photo.png"


def test_auto_is_planned_from_a_diagnosis(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician(*networks.DARK))
    reply = api.call("POST", "/enhance?recipe=auto&report=1", photos.encoded("PNG"))
    _, _, rest = reply.body.partition(b"Content-Type: application/json\r\n\r\n")
    report, _ = json.JSONDecoder().raw_decode(rest.decode("latin-1"))
    assert [defect["name"] for defect in report["diagnosis"]["defects"] if defect["present"]] == ["underexposed"]
    assert [stage["stage"] for stage in report["stages"]][:2] == ["inspect", "diagnose"]
    assert json.loads(reply.headers["x-darkroom-report"])["why"]


def test_steps_and_blend_by_query(api: Client, workflow: Workflow) -> None:
    body = photos.encoded("PNG")
    steps = "step=gamma:gamma=1.5&step=" + quote("unsharp_mask:radius=2,amount=0.5")
    reply = api.call("POST", f"/enhance?{steps}&blend=50", body)
    recipe = {
        "steps": [
            {"name": "gamma", "params": {"gamma": 1.5}},
            {"name": "unsharp_mask", "params": {"radius": 2.0, "amount": 0.5}},
        ],
        "blend": 50,
    }
    np.testing.assert_array_equal(photos.decoded(reply.body), darkroom.enhance(body, recipe=recipe).image)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("image/webp", "image/webp"),
        ("image/avif;q=0.5, image/png", "image/png"),
        ("text/html, image/*;q=0.8", "image/jpeg"),
        ("*/*", "image/jpeg"),
    ],
)
def test_accept_chooses_the_format(api: Client, workflow: Workflow, accept: str, media_type: str) -> None:
    reply = api.call("POST", "/enhance?recipe=none", photos.encoded(), {"Accept": accept})
    assert reply.headers["content-type"] == media_type
    assert Image.MIME[str(Image.open(io.BytesIO(reply.body)).format)] == media_type


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "any"),
        ("text/html", None),
        ("image/png;q=0", None),
        ("image/png;q=x, image/jpeg", "jpeg"),
        ("image/png;q=0.1, image/webp;q=0.2", "webp"),
        ("image/webp;q=0, */*", "any"),
        ("image/webp;q=0.0, image/*;q=0.5", "any"),
        ("*/*, image/jpeg;q=0, image/png;q=0", "webp"),
        ("image/*, image/jpeg;q=0", "png"),
        ("*/*;q=0.1, image/jpeg;q=0", "png"),
        ("image/jpg;q=0, image/*", "png"),
        ("*/*;q=0", None),
        ("image/*;q=0, */*", "multipart"),
        ("image/*;q=0, image/avif;q=0.001", "avif"),
        ("image/*;q=0.9, image/tiff", "tiff"),
        ("image/png;q=1.5, image/webp;q=0.1", "webp"),
        ("IMAGE/PNG; Q=0.5", "png"),
        ("image/png;q=0.5,image/webp;q=0.5", "png"),
        ("multipart/*, image/png;q=0.9", "multipart"),
        (",", None),
        ("multipart/mixed", "multipart"),
    ],
)
def test_negotiation(accept: str, chosen: str | None) -> None:
    assert negotiate.choose(accept, "jpeg") == chosen


def test_negotiation_of_what_is_no_photo_is_left_to_who_finds_it() -> None:
    assert negotiate.choose("*/*") == negotiate.choose("image/*, image/jpeg;q=0") == "any"


def test_what_a_quality_of_0_rules_out_is_not_answered(api: Client, workflow: Workflow) -> None:
    reply = api.call("POST", "/enhance?recipe=none", photos.encoded(), {"Accept": "image/jpeg;q=0, image/*"})
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    refused = api.call("POST", "/enhance", photos.encoded(), {"Accept": "*/*;q=0"})
    assert (refused.status, refused.json["code"]) == (406, "http.not-acceptable")


@pytest.mark.parametrize(("query", "accept"), [("&report=1", "*/*"), ("", "multipart/mixed")])
def test_the_report_beside_the_photo(api: Client, workflow: Workflow, query: str, accept: str) -> None:
    reply = api.call("POST", f"/enhance?recipe=none{query}", photos.encoded(), {"Accept": accept})
    message = email.message_from_bytes(
        f"Content-Type: {reply.headers['content-type']}\r\nMIME-Version: 1.0\r\n\r\n".encode() + reply.body,
        policy=email.policy.default,
    )
    report, photo = message.iter_parts()
    assert (report.get_content_type(), photo.get_content_type()) == ("application/json", "image/jpeg")
    assert json.loads(report.get_content())["source"]["width"] == 96
    assert photos.decoded(photo.get_content()).shape == photos.pixels().shape


def test_a_truncated_photo_is_taken_as_far_as_it_goes_where_that_is_asked_for(api: Client, workflow: Workflow) -> None:
    cut = photos.encoded()[:-600]
    refused = api.call("POST", "/enhance?recipe=none", cut)
    assert (refused.status, refused.json["code"]) == (422, "image.truncated")
    taken = api.call("POST", "/enhance?recipe=none&partial=accept", cut)
    assert taken.status == 200
    assert photos.decoded(taken.body).shape == photos.pixels().shape


def test_a_large_answer_is_a_redirect(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronous, "MAX_BODY", 3000)
    reply = api.call("POST", "/enhance?recipe=none&format=tiff", photos.encoded())
    assert (reply.status, reply.body) == (303, b"")
    assert f"sync/{reply.headers['x-darkroom-job']}/photo.jpeg.tif" in reply.headers["location"]
    assert boto3.client("s3").list_objects_v2(Bucket=RESULTS)["KeyCount"] == 2


def test_too_large_a_photo_is_told_where_to_go(api: Client, workflow: Workflow) -> None:
    reply = api.call("POST", "/enhance", bytes(12_000_000))
    assert (reply.status, reply.json["code"]) == (413, "http.too-large")
    assert "POST /jobs" in reply.json["detail"]
    assert not workflow.inputs


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("", b"", 422, "image.empty"),
        ("", b"hello", 415, "image.not-an-image"),
        ("", b"%PDF-1.7", 415, "image.unsupported-format"),
        ("", photos.encoded()[:-600], 422, "image.truncated"),
        ("?recipe=vivd", photos.encoded(), 400, "recipe.unknown-recipe"),
        ("?step=gama", photos.encoded(), 400, "recipe.unknown-step"),
        ("?step=gamma:gamma=99", photos.encoded(), 400, "recipe.bad-parameter"),
        ("?step=gamma:gamma=[", photos.encoded(), 400, "recipe.bad-step"),
        (f"?step=gamma:gamma={'9' * 5000}", photos.encoded(), 400, "recipe.bad-parameter"),
        ("?step=gamma&recipe=auto", photos.encoded(), 400, "recipe.bad-request"),
        ("?blend=x", photos.encoded(), 400, "recipe.bad-request"),
        ("?formt=png", photos.encoded(), 400, "recipe.unknown-field"),
        ("?step=gamma:gamma=1,gamma=2", photos.encoded(), 400, "recipe.said-twice"),
        ("?report=1&report=0", photos.encoded(), 400, "recipe.said-twice"),
    ],
)
def test_refusals(api: Client, workflow: Workflow, query: str, body: bytes, status: int, code: str) -> None:
    reply = api.call("POST", f"/enhance{query}", body)
    assert (reply.status, reply.json["code"]) == (status, code), reply.body


def test_nothing_that_is_accepted(api: Client, workflow: Workflow) -> None:
    assert api.call("POST", "/enhance", photos.encoded(), {"Accept": "text/html"}).status == 406


def test_a_job_that_takes_too_long_goes_on(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(**_: str) -> None:
        raise ReadTimeoutError(endpoint_url="https://states.example")

    monkeypatch.setattr(workflow, "start_sync_execution", time_out)
    reply = api.call("POST", "/enhance", photos.encoded())
    assert (reply.status, reply.body) == (303, b"")
    assert reply.headers["location"] == f"jobs/{reply.headers['x-darkroom-job']}"
    assert reply.headers["retry-after"]


def test_as_many_as_may_wait_are_worked_for_and_others_are_told_at_once(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        assert records.take_place(SETTINGS["JOBS_TABLE"], f"place-{number}", "another", 60)
    reply = api.call("POST", "/enhance", photos.encoded())
    assert (reply.status, reply.json["code"]) == (429, "http.busy")
    assert reply.headers["retry-after"]
    assert reply.headers["ratelimit-policy"] == '"waiting";q=2'
    assert reply.headers["ratelimit"] == '"waiting";r=0;t=5'
    assert workflow.inputs == []
    records.leave_place(SETTINGS["JOBS_TABLE"], "place-1", "not the holder")
    assert api.call("POST", "/enhance", photos.encoded()).status == 429
    records.leave_place(SETTINGS["JOBS_TABLE"], "place-1", "another")
    for _ in range(3):
        assert api.call("POST", "/enhance", photos.encoded()).status == 200, "each gives its place back"
    then = time.time() + 61
    monkeypatch.setattr("time.time", lambda: then)
    assert records.take_place(SETTINGS["JOBS_TABLE"], "place-0", "later", 60), "what nobody gave back is free again"


def test_a_failure_of_ours_is_not_the_caller_s(api: Client, workflow: Workflow) -> None:
    workflow.answer = {"status": "FAILED", "error": "StepFailed", "cause": "step.broken: step 'gamma' failed"}
    reply = api.call("POST", "/enhance", photos.encoded())
    assert (reply.status, reply.json["code"]) == (500, "step.broken")


def test_other_sites_are_answered_only_if_stated(api: Client) -> None:
    allowed = api.call("OPTIONS", "/enhance", headers={**CALLER, "Access-Control-Request-Method": "POST"})
    assert allowed.headers["access-control-allow-origin"] == CALLER["Origin"]
    stranger = api.call("GET", "/health", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in stranger.headers


def test_nothing_private_is_logged(api: Client, workflow: Workflow, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("POST", "/jobs", {"filename": "secret.jpg", "content_type": "image/jpeg"})
    api.call("POST", "/enhance?recipe=none", photos.encoded())
    api.call("POST", "/enhance?recipe=vivd", photos.encoded())
    output = capsys.readouterr().out
    assert output
    for private in ("X-Amz", "secret", "policy", RESULTS, "not-a-real-key"):
        assert private not in output
