"""A child of a batch's Map: whatever goes wrong on its way, each of its photos ends with an outcome that says why."""

from __future__ import annotations

from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError

from darkroom.aws import batching, clients
from darkroom.aws.batching import Outcome
from darkroom.errors import StepFailed, TransientError
from tests.support import definition, photos
from tests.support.functions import UPLOADS, WORK
from tests.support.interpreter import service_error
from tests.support.workflow import Execution, Lab

BATCH = "a" * 32
KEYS = ("trip/1.jpg", "trip/2.jpg")
BUSY = TransientError("unavailable", "the object store answered SlowDown")
ELSEWHERE = {"status": "SUCCEEDED", "answer": {"status": "duplicate"}, "error": "", "cause": ""}


@pytest.fixture
def child(lab: Lab) -> dict[str, dict[str, Any]]:
    """The states of a child, which is the lab's workflow now. What enhances finds another execution at it."""
    lab.definition = definition.load(definition.BATCH)["States"]["Photos"]["ItemProcessor"]
    del lab.definition["ProcessorConfig"]
    states = definition.within(lab.definition)
    enhance_ends(states, ELSEWHERE, "Elsewhere")
    states["Wait"]["Seconds"] = 0
    return states


def enhance_ends(states: dict[str, dict[str, Any]], ended: dict[str, Any], then: str) -> None:
    """Whatever is to be enhanced ends so."""
    output = f"{{% $merge([$states.input, {{'ended': {msgspec.json.encode(ended).decode()}}}]) %}}"
    enhance = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": output, "Next": then}
    states["Each"]["ItemProcessor"]["States"]["Enhance"] = enhance


def run(lab: Lab, *photos_of: str) -> tuple[Execution, dict[str, Outcome]]:
    """The child of these photos, and the outcomes that it left, by key."""
    for key in photos_of:
        lab.s3.put_object(Bucket=UPLOADS, Key=key, Body=photos.encoded())
    batch = {"id": BATCH, "run": 0, "asked": {"recipe": "vivid"}, "to": "x/", "sequencer": "0", "salt": ""}
    items = [{"photo": {"bucket": UPLOADS, "key": key}, "batch": batch} for key in photos_of]
    ended = lab.execute({"Items": items})
    listed = lab.s3.list_objects_v2(Bucket=WORK, Prefix=batching.of_outcomes(BATCH)).get("Contents", [])
    bodies = [boto3.client("s3").get_object(Bucket=WORK, Key=one["Key"])["Body"].read() for one in listed]
    outcomes = [msgspec.json.decode(body, type=Outcome) for body in bodies]
    return ended, {one.key: one for one in outcomes}


@pytest.mark.parametrize(
    ("error", "code"),
    [(BUSY, "transient.unavailable"), (StepFailed("jobs", "it answered no"), "step.jobs"), (None, "Lambda.Gone")],
    ids=["in trouble", "refused", "no function"],
)
@pytest.mark.parametrize("photos_of", [KEYS[:1], KEYS], ids=["one", "two"])
@pytest.mark.usefixtures("child")
def test_photos_that_cannot_be_looked_at_have_an_outcome(
    lab: Lab, photos_of: tuple[str, ...], error: Exception | None, code: str
) -> None:
    lab.functions.errors["batch"] = [] if error is None else [error] * (6 if error is BUSY else 1)
    if error is None:
        lab.refusals["Look"] = [service_error("Gone")] * 3
    ended, outcomes = run(lab, *photos_of)
    assert {key: (one.status, one.code) for key, one in outcomes.items()} == dict.fromkeys(photos_of, ("failed", code))
    assert (ended.status, ended.error) == ("FAILED", "PhotosUndone")
    assert code in (ended.cause or "")


def test_one_that_cannot_be_looked_at_again_keeps_nobody_from_an_outcome(
    lab: Lab, child: dict[str, dict[str, Any]]
) -> None:
    lab.refusals["Look again"] = [service_error("Gone")] * 3
    child["Each"]["MaxConcurrency"] = 1
    child["Elsewhere"]["Choices"][0]["Condition"] = child["Elsewhere"]["Choices"][0]["Condition"].replace("20", "2")
    _, outcomes = run(lab, *KEYS)
    assert {key: one.code for key, one in outcomes.items()} == {KEYS[0]: "Lambda.Gone", KEYS[1]: "step.elsewhere"}


@pytest.mark.usefixtures("child")
def test_a_photo_that_is_kept_from_darkroom_leaves_no_other_undone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As S3 answers a HEAD for what lies there under a customer's own key."""
    usual = clients.client("s3").head_object

    def head(**asked: str) -> Any:
        if asked["Key"] == KEYS[0]:
            raise ClientError({"Error": {"Code": "400"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "HeadObject")
        return usual(**asked)

    monkeypatch.setattr(clients.client("s3"), "head_object", head)
    _, outcomes = run(lab, *KEYS)
    assert {key: one.code for key, one in outcomes.items()} == {KEYS[0]: "step.storage", KEYS[1]: "step.elsewhere"}


def test_one_that_takes_longer_than_a_child_has_is_accounted_for(lab: Lab, child: dict[str, dict[str, Any]]) -> None:
    enhance = definition.within(definition.load(definition.BATCH))["Enhance"]
    assert enhance["TimeoutSeconds"] <= 300 - 30, "an EXPRESS execution lives for five minutes"
    assert enhance["Catch"][0]["Next"] == "As ended"
    late = {"status": "FAILED", "answer": {}, "error": "States.Timeout", "cause": ""}
    enhance_ends(child, late, "As ended")
    _, outcomes = run(lab, KEYS[0])
    assert {one.code: one.message for one in outcomes.values()} == {"step.timeout": "the job took longer than it may"}
