"""What the page shows first: small pictures of a job's photo, and of what each recipe would make of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import jsonschema
import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import recipe
from tests.support import networks as stand_ins
from tests.support import photographs, photos
from tests.support.api_client import OPENAPI, Client, Lambda
from tests.support.functions import RESULTS, SETTINGS, UPLOADS

JOB = "a" * 32


def done(upload: bytes, result: bytes | None = None, name: str = "x.jpg", **more: Any) -> None:
    """A job with its upload, and its result if it has one."""
    s3, key = boto3.client("s3"), f"api/{JOB}/{name}"
    version = s3.put_object(Bucket=UPLOADS, Key=key, Body=upload, ContentType="image/x", **more)["VersionId"]
    item = {"id": JOB, "listing": "jobs", "status": "running", "bucket": UPLOADS, "key": key, "version": version}
    if result is not None:
        s3.put_object(Bucket=RESULTS, Key=key, Body=result)
        item |= {"status": "succeeded", "result": {"bucket": RESULTS, "key": key}}
    boto3.resource("dynamodb").Table(SETTINGS["JOBS_TABLE"]).put_item(
        Item={**item, "created": "2026-01-01T00:00:00.000Z", "updated": "2026-01-01T00:00:00.000Z"}
    )


@pytest.mark.parametrize("format_name", ["TIFF", "PNG", "JPEG", "AVIF"])
def test_any_photo_is_shown_as_browsers_can(api: Client, format_name: str) -> None:
    done(photos.encoded(format_name))
    reply = api.get(f"/jobs/{JOB}/preview?side=48")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert "private" in reply.headers["cache-control"]
    shown = photos.decoded(reply.body)
    assert max(shown.shape[:2]) == 48
    assert abs(shown.mean() - photos.pixels().mean()) < 6


def test_a_small_photo_keeps_its_size_and_a_result_is_another(api: Client) -> None:
    done(photos.encoded(), photos.encoded(seed=7))
    original, result = (photos.decoded(api.get(f"/jobs/{JOB}/preview?of={of}").body) for of in ("original", "result"))
    assert original.shape == result.shape == photos.pixels().shape
    assert np.abs(original.astype(int) - photos.decoded(photos.encoded())).mean() < 6
    assert np.abs(original.astype(int) - result).mean() > 10


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?side=15", 400, "http.bad-side"),
        ("?side=2049", 400, "http.bad-side"),
        ("?side=many", 400, "http.bad-side"),
        ("?of=both", 400, "http.bad-of"),
        ("?of=result&of=original", 400, "recipe.said-twice"),
        ("?of=result", 409, "http.no-result"),
    ],
)
def test_a_preview_that_cannot_be_had(api: Client, query: str, status: int, code: str) -> None:
    done(photos.encoded())
    reply = api.get(f"/jobs/{JOB}/preview{query}")
    assert (reply.status, reply.json["code"]) == (status, code)


def test_a_broken_upload_has_no_preview(api: Client) -> None:
    done(b"just words, and more of them than a header has")
    assert api.get(f"/jobs/{JOB}/preview").json["code"] == "image.not-an-image"


def test_a_photo_that_is_not_there_yet(api: Client) -> None:
    job = api.call("POST", "/jobs", {"filename": "x.jpg", "content_type": "image/jpeg"}).json["id"]
    for method, path in (("GET", "preview"), ("POST", "again")):
        reply = api.call(method, f"/jobs/{job}/{path}", {} if method == "POST" else None)
        assert (reply.status, reply.json["code"]) == (409, "http.no-photo-yet")


def test_each_recipe_draws_its_thumbnail(api: Client, networks: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.answer(monkeypatch, stand_ins.Diagnostician(*stand_ins.DARK))
    reply = api.call("POST", "/thumbnails?side=64", photos.encoded())
    assert reply.status == 200, reply.body
    drawn = {one["recipe"]: one for one in reply.json["thumbnails"]}
    assert list(drawn) == [name for name in recipe.BUILT_IN if name != "digits"]
    schema = {"$ref": "#/components/schemas/Thumbnail", "components": OPENAPI["components"]}
    pictures = {}
    for name, one in drawn.items():
        jsonschema.validate(one, schema)
        pictures[name] = photos.decoded(base64.b64decode(one["image"])).astype(int)
        assert max(pictures[name].shape[:2]) <= 512
    assert pictures["none"].shape == (43, 64, 3)
    for name in ("auto", "vivid", "lowlight", "avatar"):
        assert np.abs(pictures[name] - pictures["none"]).mean() > 2, name
    assert len(networks.events) == 1


def test_thumbnails_of_some_recipes(api: Client, networks: Lambda) -> None:
    reply = api.call("POST", "/thumbnails?recipe=vivid&recipe=none", photos.encoded("PNG"))
    assert [one["recipe"] for one in reply.json["thumbnails"]] == ["none", "vivid"]
    assert networks.events == []


@pytest.mark.parametrize(
    ("query", "words"),
    [("?recipe=vivd", "did you mean 'vivid'"), ("?recipe=digits", "no other picture"), ("?side=513", "16 to 512")],
)
def test_thumbnails_that_cannot_be_drawn(api: Client, networks: Lambda, query: str, words: str) -> None:
    reply = api.call("POST", f"/thumbnails{query}", photos.encoded())
    assert reply.status == 400
    assert words in reply.json["detail"]


def test_a_photo_is_asked_for_otherwise_without_another_upload(api: Client) -> None:
    done(photos.encoded(), name="ü (1).jpg", Metadata={"recipe": "vivid", "blend": "50", "album": "rome"})
    reply = api.call("POST", f"/jobs/{JOB}/again", {"recipe": "natural", "quality": 70})
    assert reply.status == 201, reply.body
    begun = reply.json
    schema = {"$ref": "#/components/schemas/Summary", "components": OPENAPI["components"]}
    jsonschema.validate(begun, schema)
    assert (begun["status"], begun["filename"], begun["source"]) == ("waiting", "ü (1).jpg", JOB)
    assert reply.headers["location"] == f"jobs/{begun['id']}"
    copy = boto3.client("s3").get_object(Bucket=UPLOADS, Key=f"api/{begun['id']}/ü (1).jpg")
    assert copy["Body"].read() == photos.encoded()
    assert (copy["ContentType"], copy["Metadata"]) == (
        "image/x",
        {"recipe": "natural", "quality": "70", "album": "rome"},
    )
    assert api.get(f"/jobs/{begun['id']}").json["source"] == JOB


def test_what_an_upload_says_of_itself_stays_behind_where_there_is_no_room(api: Client) -> None:
    done(photos.encoded(), Metadata={"album": "r" * 1900})
    steps = [{"name": "gamma", "params": {"gamma": 1.5}}] * 6
    begun = api.call("POST", f"/jobs/{JOB}/again", {"steps": steps}).json
    there = boto3.client("s3").head_object(Bucket=UPLOADS, Key=f"api/{begun['id']}/x.jpg")["Metadata"]
    assert {name: json.loads(value) for name, value in there.items()} == {"recipe": {"steps": steps}}


def test_a_photo_that_is_gone_begins_no_job(api: Client) -> None:
    done(photos.encoded())
    boto3.client("s3").delete_object(Bucket=UPLOADS, Key=f"api/{JOB}/x.jpg", VersionId=version())
    reply = api.call("POST", f"/jobs/{JOB}/again", {"recipe": "vivid"})
    assert reply.json["code"] == "image.gone"
    assert [job["id"] for job in api.get("/jobs").json["jobs"]] == [JOB]


def version() -> str:
    item = boto3.resource("dynamodb").Table(SETTINGS["JOBS_TABLE"]).get_item(Key={"id": JOB})["Item"]
    return str(item["version"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"recipe": "vivd"}, "did you mean 'vivid'"),
        ({"filename": "x.jpg"}, "there is no 'filename'"),
        ({"blend": 101}, "'blend'"),
        (b"[]", "not a JSON object"),
    ],
)
def test_what_cannot_be_asked_for_again(api: Client, body: Any, words: str) -> None:
    done(photos.encoded())
    reply = api.call("POST", f"/jobs/{JOB}/again", body)
    assert reply.status == 400
    assert words in reply.json["detail"]


def test_what_was_done_is_done_without_a_decision_and_with_more_of_a_quality(api: Client) -> None:
    dark = (photographs.photo("city").astype(float) * 0.25).astype("uint8")
    told = msgspec.structs.replace(darkroom.enhance(dark, "auto").report, job=JOB)
    done(photos.encoded(), b"result")
    boto3.client("s3").put_object(Bucket=RESULTS, Key="told.json", Body=msgspec.json.encode(told))
    boto3.resource("dynamodb").Table(SETTINGS["JOBS_TABLE"]).update_item(
        Key={"id": JOB},
        UpdateExpression="SET manifest = :place",
        ExpressionAttributeValues={":place": {"bucket": RESULTS, "key": "told.json"}},
    )
    asked = {"without": [told.treated[0]], "more": ["exposure"]}
    begun = api.call("POST", f"/jobs/{JOB}/again", asked)
    assert begun.status == 201, begun.body
    there = boto3.client("s3").head_object(Bucket=UPLOADS, Key=f"api/{begun.json['id']}/x.jpg")["Metadata"]
    wanted = [call for one in told.decisions if one.chosen and one.defect != told.treated[0] for call in one.steps]
    steps = [*msgspec.to_builtins(wanted), {"name": "adjust_color", "params": {"exposure": 0.5}}]
    assert json.loads(there["recipe"])["steps"] == steps
    for body, words in (
        ({"without": ["salt and pepper"]}, "nothing was done about"),
        ({"more": ["exposure"], "recipe": "vivid"}, "exclude"),
    ):
        refused = api.call("POST", f"/jobs/{JOB}/again", body)
        assert refused.status == 400
        assert words in refused.json["detail"]
