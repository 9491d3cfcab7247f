"""One key uploaded twice: whatever the order in which the jobs end, the newest upload's result stays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from darkroom.aws import clients, storage
from tests.support import photos
from tests.support.functions import RESULTS, UPLOADS
from tests.support.interpreter import service_error
from tests.support.workflow import Lab

RECIPE = {"format": "png"}


def uploads(lab: Lab) -> tuple[dict[str, Any], dict[str, Any]]:
    """Events of an older and a newer upload of one key."""
    older = lab.upload("photo.png", photos.encoded("PNG", seed=1), RECIPE)
    newer = lab.upload("photo.png", photos.encoded("PNG", seed=2), RECIPE)
    return older, newer


def assert_newest_stays(lab: Lab, newest_job: str) -> None:
    """The result and its manifest are the newer upload's."""
    assert (photos.decoded(lab.result("photo.png")) == photos.pixels(seed=2)).all()
    manifest = lab.manifest("photo.png")
    assert manifest["job"] == newest_job
    there = lab.s3.head_object(Bucket=RESULTS, Key="photo.png")
    assert (manifest["result"]["version"], f'"{manifest["result"]["etag"]}"') == (there["VersionId"], there["ETag"])
    assert lab.results() == ["photo.png", "photo.png.json"]


def test_in_order(lab: Lab) -> None:
    older, newer = uploads(lab)
    first, second = lab.execute(older), lab.execute(newer)
    assert (first.output["status"], second.output["status"]) == ("succeeded", "succeeded")
    assert_newest_stays(lab, second.output["job"])


def test_out_of_order(lab: Lab) -> None:
    older, newer = uploads(lab)
    second, first = lab.execute(newer), lab.execute(older)
    assert (first.output["status"], second.output["status"]) == ("superseded", "succeeded")
    assert_newest_stays(lab, second.output["job"])
    statuses = {record["id"]: record["status"] for record in lab.records()}
    assert statuses == {first.output["job"]: "superseded", second.output["job"]: "succeeded"}
    assert [detail["status"] for _, detail in lab.told()] == ["succeeded", "superseded"]


def test_at_once(lab: Lab) -> None:
    older, newer = uploads(lab)
    first, second = (lab.wait(arn) for arn in [lab.start(older), lab.start(newer)])
    assert second.output["status"] == "succeeded"
    assert first.output["status"] in ("succeeded", "superseded")
    assert_newest_stays(lab, second.output["job"])


@pytest.mark.parametrize("there_before", [False, True], ids=["nothing there", "an older result there"])
def test_between_looking_and_writing(lab: Lab, monkeypatch: pytest.MonkeyPatch, there_before: bool) -> None:
    """The newer job writes its result after the older one looked and before that one writes: the worst moment."""
    oldest = lab.upload("photo.png", photos.encoded("PNG", seed=3), RECIPE)
    for event in (oldest, *uploads(lab)):
        lab.execute(event)
    publish = [event for stage, event in lab.functions.invocations if stage == "publish"]
    for key in lab.results():
        lab.s3.delete_object(Bucket=RESULTS, Key=key)
    if there_before:
        lab.functions.invoke("publish", publish[0])

    s3 = clients.client("s3")
    look = s3.head_object
    overtaken: list[str] = []

    def look_and_be_overtaken(**request: Any) -> Any:
        try:
            return look(**request)
        finally:
            if not overtaken:
                overtaken.append(request["Key"])
                assert lab.functions.invoke("publish", publish[2]).payload["status"] == "succeeded"

    monkeypatch.setattr(s3, "head_object", look_and_be_overtaken)
    assert lab.functions.invoke("publish", publish[1]).payload["status"] == "superseded"
    assert overtaken == ["photo.png"]
    assert_newest_stays(lab, publish[2]["job"]["id"])


def test_each_job_s_record_names_its_own_pair(lab: Lab) -> None:
    """However often a key is uploaded, and whatever lies there now."""
    jobs = {}
    for seed in (1, 2, 3):
        event = lab.upload("photo.png", photos.encoded("PNG", seed=seed), RECIPE)
        jobs[lab.execute(event).output["job"]] = seed
    for record in lab.records():
        result, manifest = (
            lab.s3.get_object(Bucket=RESULTS, Key=record[name]["key"], VersionId=record[name]["version"])["Body"].read()
            for name in ("result", "manifest")
        )
        assert (photos.decoded(result) == photos.pixels(seed=jobs[record["id"]])).all()
        told = json.loads(manifest)
        assert told["job"] == record["id"]
        assert told["result"]["version"] == record["result"]["version"]


def test_a_job_that_was_superseded_names_no_result(lab: Lab) -> None:
    older, newer = uploads(lab)
    lab.execute(newer)
    assert lab.execute(older).output["result"] is None
    (record,) = [record for record in lab.records() if record["status"] == "superseded"]
    assert not {"result", "manifest"} & set(record)


def test_a_manifest_that_cannot_be_written_leaves_the_older_job_its_own(lab: Lab) -> None:
    older, newer = uploads(lab)
    first = lab.execute(older).output
    put = clients.client("s3").put_object

    def refuse(**request: Any) -> Any:
        if request["Bucket"] == RESULTS and request["Key"].endswith(".json"):
            raise service_error("AccessDenied")
        return put(**request)

    with pytest.MonkeyPatch.context() as outage:
        outage.setattr(clients.client("s3"), "put_object", refuse)
        assert lab.execute(newer).status == "FAILED"
    manifest = lab.manifest("photo.png")
    assert manifest["job"] == first["job"]
    there = lab.s3.head_object(Bucket=RESULTS, Key="photo.png")
    assert manifest["result"]["version"] != there["VersionId"], "a reader can tell that they are of two jobs"
    place = {"Bucket": RESULTS, "Key": "photo.png", "VersionId": first["result"]["version"]}
    assert (photos.decoded(lab.s3.get_object(**place)["Body"].read()) == photos.pixels(seed=1)).all()
    assert lab.execute(newer).output["status"] == "succeeded", "what failed is begun anew"


@pytest.mark.parametrize("again", [False, True], ids=["deleted", "deleted and uploaded again"])
def test_a_photo_that_was_deleted_before_its_job_began_is_not_published(lab: Lab, again: bool) -> None:
    event = lab.upload("photo.png", photos.encoded("PNG", seed=1), RECIPE)
    lab.s3.delete_object(Bucket=UPLOADS, Key="photo.png")
    if again:
        newer = lab.upload("photo.png", photos.encoded("PNG", seed=2), RECIPE)
        lab.execute(newer)
    execution = lab.execute(event)
    assert (execution.status, execution.output["status"]) == ("SUCCEEDED", "superseded")
    assert lab.results() == (["photo.png", "photo.png.json"] if again else [])
    assert [detail["status"] for _, detail in lab.told()][-1] == "superseded"


def test_other_uploads_have_results_of_their_own(lab: Lab) -> None:
    """Names that differ in the extension alone are two photos."""
    for seed, (key, format_name) in enumerate([("photo.bmp", "BMP"), ("photo.png", "PNG")]):
        lab.execute(lab.upload(key, photos.encoded(format_name, seed=seed), RECIPE))
    assert lab.results() == ["photo.bmp.png", "photo.bmp.png.json", "photo.png", "photo.png.json"]
    assert not np.array_equal(photos.decoded(lab.result("photo.bmp.png")), photos.decoded(lab.result("photo.png")))


@pytest.mark.parametrize(
    ("newer", "older"),
    [("0062E99A88DC407460", "00617F08299329D189"), ("0A1", "0A"), ("0b", "0A"), ("1", "0FFFFFFFFF")],
)
def test_sequencers_are_hexadecimal_and_padded_on_the_right(newer: str, older: str) -> None:
    assert storage.is_newer(newer, older)
    assert not storage.is_newer(older, newer)
    assert not storage.is_newer(newer, newer)
