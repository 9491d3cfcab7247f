"""What S3 keeps with an upload goes to its result, or is told; and what nothing was done to is not encoded anew."""

from __future__ import annotations

import json

from tests.support import photos
from tests.support.functions import RESULTS
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


def test_a_photo_that_nothing_was_done_to_is_its_own_result(lab: Lab) -> None:
    body = photos.encoded("JPEG")
    lab.execute(lab.upload("same.jpg", body, {"recipe": "none"}))
    assert lab.result("same.jpg") == body
    manifest = lab.manifest("same.jpg")
    assert manifest["result"]["bytes"] == manifest["source"]["bytes"] == len(body)
    assert "nothing was changed" in manifest["notes"][0]
    assert manifest["result"]["untouched"]


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
