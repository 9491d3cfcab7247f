"""What S3 keeps with an upload goes to its result, or is told; and what nothing was done to is not encoded anew."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from darkroom.aws import clients, storage
from tests.support import photos
from tests.support.functions import RESULTS, WORK
from tests.support.workflow import Lab


def test_headers_and_metadata_are_carried_and_tags_are_told(lab: Lab) -> None:
    event = lab.upload(
        "pier.jpg",
        photos.encoded("JPEG"),
        {"caption": "the pier", "recipe": "none"},
        CacheControl="max-age=3600",
        ContentDisposition='attachment; filename="pier.jpg"',
        ContentLanguage="de",
        Tagging="album=pier",
    )
    lab.execute(event)
    head = lab.s3.head_object(Bucket=RESULTS, Key="pier.jpg")
    assert (head["CacheControl"], head["ContentLanguage"]) == ("max-age=3600", "de")
    assert head["ContentDisposition"] == 'attachment; filename="pier.jpg"'
    assert head["ContentType"] == "image/jpeg"
    assert head["Metadata"]["caption"] == "the pier"
    assert "recipe" not in head["Metadata"]
    assert not lab.s3.get_object_tagging(Bucket=RESULTS, Key="pier.jpg")["TagSet"]
    assert any("tags" in note and "album" in note for note in lab.manifest("pier.jpg")["notes"])
    assert "CacheControl" not in lab.s3.head_object(Bucket=RESULTS, Key="pier.jpg.json")


def test_one_invocation_carries_the_same_and_asks_s3_for_nothing_twice(lab: Lab) -> None:
    """The answer with the upload's bytes has what lies beside them, and the first write finds out what lies there."""
    asked = {"caption": "the pier", "recipe": json.dumps({"steps": [{"name": "gamma", "params": {"gamma": 1.5}}]})}
    beside = {"CacheControl": "max-age=3600", "ContentLanguage": "de"}
    heads, notes, requests = [], [], list[str]()
    events = clients.client("s3").meta.events

    def note(model: Any, **_: Any) -> None:
        requests.append(model.name)

    for fusion in ("stage", "one"):
        lab.fusion = fusion
        lab.execute(lab.upload(f"{fusion}.jpg", photos.encoded("JPEG"), asked, **beside, Tagging="album=pier"))
        head = lab.s3.head_object(Bucket=RESULTS, Key=f"{fusion}.jpg")
        heads.append({name: head[name] for name in beside} | {"caption": head["Metadata"]["caption"]})
        notes.append(lab.manifest(f"{fusion}.jpg")["notes"])
    assert heads == [beside | {"caption": "the pier"}] * 2
    assert notes[0] == notes[1]
    assert "album" in notes[0][-1]

    untagged = lab.upload("again.jpg", photos.encoded("JPEG"), asked)
    written = ["GetObject", "PutObject", "HeadObject", "PutObject"]
    events.register("before-call.s3", note)
    try:
        assert lab.execute(untagged).output["status"] == "succeeded"
        assert requests == written, "upload, result, whether a sidecar of before lies there, manifest"
        requests.clear()
        assert lab.execute(lab.upload("again.jpg", photos.encoded("JPEG"), asked)).output["status"] == "succeeded"
        assert requests == [
            "GetObject",
            "PutObject",
            "HeadObject",
            "PutObject",
            "HeadObject",
            "HeadObject",
            "PutObject",
        ]
    finally:
        events.unregister("before-call.s3", note)


def test_a_photo_that_nothing_was_done_to_is_its_own_result(lab: Lab) -> None:
    body = photos.encoded("JPEG")
    lab.execute(lab.upload("same.jpg", body, {"recipe": "none"}))
    assert lab.result("same.jpg") == body
    manifest = lab.manifest("same.jpg")
    assert manifest["result"]["bytes"] == manifest["source"]["bytes"] == len(body)
    assert "nothing was changed" in manifest["notes"][0]
    assert manifest["result"]["untouched"]


@pytest.mark.parametrize("lacking", ["boto3", "store"])
def test_a_result_that_cannot_be_annotated_is_one_all_the_same(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lacking: str
) -> None:
    monkeypatch.setitem(lab.functions.settings, "ANNOTATE_RESULTS", "true")
    s3 = clients.client("s3")
    if lacking == "boto3":  # an older one has no such method
        monkeypatch.delattr(type(s3), "put_object_annotation")

    def refuse(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """As a store answers that has no annotations."""
        body = b"<Error><Code>NotImplemented</Code></Error>"
        return AWSResponse(request.url, 501, {}, SimpleNamespace(stream=lambda **_: iter([body])))

    s3.meta.events.register("before-send.s3.PutObjectAnnotation", refuse)
    try:
        assert lab.execute(lab.upload("same.jpg", photos.encoded("JPEG"), {"recipe": "none"})).status == "SUCCEEDED"
    finally:
        s3.meta.events.unregister("before-send.s3.PutObjectAnnotation", refuse)
    assert lab.manifest("same.jpg")["result"]["key"] == "same.jpg"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "not annotated" in line]
    assert [(line["level"], line["code"]) for line in lines] == [("WARNING", "step.no-annotations")]


def test_decisions_lie_beside_the_result_where_asked_for(lab: Lab) -> None:
    asked = {"recipe": json.dumps({"steps": [{"name": "gamma", "params": {"gamma": 1.5}}]}), "sidecar": "beside"}
    lab.execute(lab.upload("dark.jpg", photos.encoded("JPEG"), asked))
    told = lab.manifest("dark.jpg")["sidecar"]
    found = lab.s3.get_object(Bucket=told["bucket"], Key=told["key"], VersionId=told["version"])
    assert (told["key"], found["ContentType"]) == ("dark.jpg.xmp", "application/rdf+xml")
    assert b"<darkroom:Name>gamma</darkroom:Name>" in found["Body"].read()
    assert found["Metadata"]["job"] == lab.manifest("dark.jpg")["job"]
    assert "sidecar" not in lab.s3.head_object(Bucket=RESULTS, Key="dark.jpg")["Metadata"]
    lab.execute(lab.upload("same.jpg", photos.encoded("JPEG"), {"recipe": "none"}))
    assert lab.manifest("same.jpg")["sidecar"] is None
    assert "same.jpg.xmp" not in lab.results()


def test_what_no_request_of_s3_s_can_hold_is_left_out_and_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lab.functions.settings, "KEEP_TAGS", "true")
    long = urlencode({f"{number}" + "ü" * 120: "ü" * 250 for number in range(10)})
    cases: dict[str, dict[str, str]] = {
        "tags.jpg": {"Tagging": long, "CacheControl": "no-cache"},
        "form.jpg": {"ContentDisposition": 'inline; title="Müller"', "CacheControl": "no-cache"},
        "long.jpg": {"ContentDisposition": "inline; title=" + "x" * 5000, "Tagging": "a=b"},
    }
    for key, options in cases.items():
        assert lab.execute(lab.upload(key, photos.encoded("JPEG"), {"recipe": "none"}, **options)).status == "SUCCEEDED"
    heads = {key: lab.s3.head_object(Bucket=RESULTS, Key=key) for key in cases}
    tags = {key: lab.s3.get_object_tagging(Bucket=RESULTS, Key=key)["TagSet"] for key in cases}
    notes = {key: " ".join(lab.manifest(key)["notes"]) for key in cases}
    assert (heads["tags.jpg"]["CacheControl"], tags["tags.jpg"]) == ("no-cache", [])
    assert "tags" in notes["tags.jpg"]
    assert "left out" in notes["tags.jpg"]
    assert heads["form.jpg"]["CacheControl"] == "no-cache"
    assert "ContentDisposition" not in heads["form.jpg"]
    assert "ContentDisposition is not ASCII" in notes["form.jpg"]
    assert "ContentDisposition" not in heads["long.jpg"]
    assert "4,096 bytes" in notes["long.jpg"]
    assert tags["long.jpg"] == [{"Key": "a", "Value": "b"}]


def test_a_sidecar_that_a_newer_job_writes_meanwhile_is_not_deleted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(body: bytes, sequencer: str) -> None:
        metadata = {"source": "same", "sequencer": sequencer}
        lab.s3.put_object(Bucket=RESULTS, Key="x.jpg.xmp", Body=body, Metadata=metadata)

    put(b"older", "01")
    ours = clients.client("s3")
    asked = ours.head_object

    def look_and_be_overtaken(**request: str) -> Any:
        answer = asked(**request)
        put(b"newer", "03")
        return answer

    monkeypatch.setattr(ours, "head_object", look_and_be_overtaken)
    storage.remove_older(RESULTS, "x.jpg.xmp", source="same", sequencer="02")
    assert lab.result("x.jpg.xmp") == b"newer"


def test_what_is_answered_is_marked_and_an_upload_by_such_a_key_is_not(lab: Lab) -> None:
    key = f"sync/{'a' * 32}/photo.png"
    lab.s3.put_object(Bucket=WORK, Key=key, Body=photos.encoded("PNG"), Metadata={"recipe": "vivid"})
    event = {"detail": {"bucket": {"name": WORK}, "object": {"key": key, "sequencer": "0"}}}
    assert lab.execute(event).status == "SUCCEEDED"
    marked = [{"Key": "darkroom", "Value": "answered"}]
    for name in lab.results():
        assert lab.s3.get_object_tagging(Bucket=RESULTS, Key=name)["TagSet"] == marked
    theirs = "sync/2026/photo.png"
    assert lab.execute(lab.upload(theirs, photos.encoded("PNG"))).status == "SUCCEEDED"
    assert lab.s3.get_object_tagging(Bucket=RESULTS, Key=theirs)["TagSet"] == []


def test_an_older_result_s_sidecar_goes_and_a_stranger_s_stays(lab: Lab) -> None:
    lighter = {"recipe": json.dumps({"steps": [{"name": "gamma", "params": {"gamma": 1.5}}]})}
    first = lab.upload("dark.jpg", photos.encoded("JPEG"), {**lighter, "sidecar": "beside"})
    lab.execute(first)
    older = lab.manifest("dark.jpg")["sidecar"]
    lab.execute(lab.upload("dark.jpg", photos.encoded("JPEG"), lighter))
    assert "dark.jpg.xmp" not in lab.results()
    found = lab.s3.get_object(Bucket=older["bucket"], Key=older["key"], VersionId=older["version"])
    assert b"gamma" in found["Body"].read()  # the older manifest's word still holds
    lab.s3.put_object(Bucket=RESULTS, Key="mine.jpg.xmp", Body=b"<x/>")
    lab.execute(lab.upload("mine.jpg", photos.encoded("JPEG"), lighter))
    assert "mine.jpg.xmp" in lab.results()


def test_two_uploads_have_two_results(lab: Lab) -> None:
    for name, kind in (("c/X.png", "PNG"), ("c/X.jpg", "JPEG"), ("c/X.jpeg", "JPEG")):
        lab.execute(lab.upload(name, photos.encoded(kind), {"recipe": "none", "format": "jpg"}))
    found = [key for key in lab.results() if not key.endswith(".json")]
    assert found == ["c/X.jpeg", "c/X.jpg", "c/X.png.jpg"]
