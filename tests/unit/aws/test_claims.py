"""What a worker records of jobs: the same as the workflow, and by one worker alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom.aws.container.claims import CLAIM, MAY_CLAIM, Claim, Claims
from darkroom.aws.container.whole import Outcome
from darkroom.aws.reconciling import NO_BUS, Ends
from darkroom.aws.uploads import Detail, Object, Place
from darkroom.errors import ImageRejected, StepFailed
from tests.support import definition, stores
from tests.support.functions import UPLOADS

KEY = "holiday/a+b %20 ü (1).jpg"
PLACE = {"bucket": "results", "key": "a.jpg", "version": "v1"}
DONE = Outcome("vivid", "succeeded", "", PLACE, {**PLACE, "key": "a.jpg.json"})


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claims]:
    with stores.stores(monkeypatch):
        yield Claims(Ends("darkroom-jobs", NO_BUS, 30, ""))


def upload(key: str = KEY, version: str = "v1") -> Detail:
    return Detail(Place(UPLOADS), Object(key, version, "0A"))


def claim(claims: Claims, message: str = "m1", **which: str) -> Claim:
    made = claims.claim(upload(**which), message)
    assert made is not None
    return made


def test_it_claims_as_the_workflow_does() -> None:
    task = definition.load()["States"]["Claim"]["Arguments"]
    assert task["UpdateExpression"] == CLAIM
    assert task["ConditionExpression"] == MAY_CLAIM


def test_it_records_what_the_workflow_records() -> None:
    claimed = definition.load()["States"]["Claim"]["Arguments"]
    names = set(claimed["ExpressionAttributeNames"].values()) | {"recipe", "diagnosis", "result", "manifest"}
    assert names - {"open", "error"} == NAMES


NAMES = {
    *("id", "status", "listing", "bucket", "key", "version", "sequencer", "execution", "owner", "created", "updated"),
    *("expires", "recipe", "diagnosis", "result", "manifest"),
}


def test_a_job_is_claimed_completed_and_told_once(claims: Claims) -> None:
    held = claim(claims)
    record = stores.table().get_item(Key={"id": held.job.id})["Item"]
    assert (record["status"], record["open"], record["owner"]) == ("running", "running", "nobody")
    assert claims.claim(upload(), "another message") is None
    assert claims.complete(held, DONE)
    record = stores.table().get_item(Key={"id": held.job.id})["Item"]
    assert set(record) == NAMES
    assert (record["status"], record["recipe"], record["result"]) == ("succeeded", "vivid", PLACE)
    assert claims.claim(upload(), "m1") is None  # its message came once more


def test_another_try_of_the_message_takes_over_and_the_first_can_end_nothing(claims: Claims) -> None:
    first, second = claim(claims), claim(claims)
    assert first.job == second.job
    assert not claims.complete(first, DONE)
    assert not claims.fail(first, StepFailed("died", "it died"), "Inspect")
    assert claims.complete(second, DONE)


def test_a_failed_job_begins_anew_and_a_rejected_one_does_not(claims: Claims) -> None:
    held = claim(claims)
    assert claims.fail(held, StepFailed("died", "it died"), "Inspect")
    error = stores.table().get_item(Key={"id": held.job.id})["Item"]["error"]
    assert error == {"name": "StepFailed", "code": "step.died", "message": "it died", "state": "Inspect"}
    held = claim(claims, "m2")
    assert claims.fail(held, ImageRejected("broken", "the JPEG is broken"), "Inspect")
    assert stores.table().get_item(Key={"id": held.job.id})["Item"]["status"] == "rejected"
    assert claims.claim(upload(), "m3") is None


def test_each_upload_by_one_form_of_the_api_is_a_job_of_its_sender(claims: Claims) -> None:
    job = "0123456789abcdef0123456789abcdef"
    key = f"api/{job}/photo.jpg"
    waiting = {
        "id": job,
        "status": "waiting",
        "bucket": UPLOADS,
        "key": key,
        "owner": "k1",
        "listing": "jobs",
        "created": "2026",
    }
    stores.table().put_item(Item=waiting)
    first = claim(claims, key=key)
    assert first.job.id == job
    assert claims.claim(upload(key), "m2") is None
    other = claim(claims, "m3", key=key, version="v2")
    assert other.job.id != job
    assert stores.table().get_item(Key={"id": other.job.id})["Item"]["owner"] == "k1"


def test_an_end_that_was_not_told_is_told_when_the_message_comes_again(claims: Claims) -> None:
    held = claim(claims)
    claims.ends.write(held.job.id, "SET #open = :u, #status = :s", "attribute_exists(#id)",
                      {":u": {"S": "untold"}, ":s": {"S": "superseded"}})  # fmt: skip
    assert claims.claim(upload(), "m1") is None
    assert "open" not in stores.table().get_item(Key={"id": held.job.id})["Item"]
