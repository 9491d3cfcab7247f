"""Messages of a queue of uploads, in each form in which S3's events come there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from darkroom.aws import uploads
from darkroom.errors import StepFailed
from tests.support.workflow import read_event

KEY = "holiday/a+b %20 ü (1).jpg"


def notice(name: str = "ObjectCreated:Put", key: str = "holiday/a%2Bb+%2520+%C3%BC+%281%29.jpg") -> dict[str, Any]:
    s3 = {"bucket": {"name": "uploads"}, "object": {"key": key, "versionId": "v1", "sequencer": "0A", "size": 1}}
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": s3}


def test_event_bridge_tells_keys_as_they_are() -> None:
    event = read_event("s3_object_created")
    (told,) = uploads.in_message(json.dumps(event))
    assert told == uploads.of_event(json.dumps(event))
    assert told.object.key == event["detail"]["object"]["key"]


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"])
def test_s3_tells_them_encoded(name: str) -> None:
    told = uploads.in_message(json.dumps({"Records": [notice(name), notice("ObjectRemoved:Delete")]}))
    assert told == [uploads.Detail(uploads.Place("uploads"), uploads.Object(KEY, "v1", "0A"))]


def test_sns_wraps_them() -> None:
    (told,) = uploads.in_message(json.dumps({"Type": "Notification", "Message": json.dumps({"Records": [notice()]})}))
    assert told.object.key == KEY


@pytest.mark.parametrize(
    "event", [{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, {"detail-type": "Object Deleted"}]
)
def test_what_is_no_upload_asks_for_nothing(event: dict[str, Any]) -> None:
    assert uploads.in_message(json.dumps(event)) == []


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"Records": [{}]}', '{"detail": {"bucket": {}}}'])
def test_what_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(StepFailed) as caught:
        uploads.in_message(body)
    assert caught.value.code == "step.bad-event"
