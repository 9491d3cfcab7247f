"""What a queue of uploads carries: S3's event as EventBridge hands it on, or as S3 itself or SNS sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from darkroom.aws.runtime import parse
from darkroom.errors import StepFailed
from darkroom.ready import ready


class Place(msgspec.Struct, frozen=True):
    """Where an uploaded object lies, in S3's event."""

    name: str


class Object(msgspec.Struct, frozen=True):
    """Which object it is. sequencer: of the event, where the bucket keeps no versions."""

    key: str
    version: str = msgspec.field(default="", name="version-id")
    sequencer: str = ""


class Detail(msgspec.Struct, frozen=True):
    """What the workflow needs of S3's event."""

    bucket: Place
    object: Object


class Upload(msgspec.Struct, frozen=True):
    """A message's body: the event `Object Created` as EventBridge hands it on."""

    detail: Detail


class Created(msgspec.Struct, frozen=True):
    """Which object S3's own notification speaks of. key: encoded as in a URL's query."""

    key: str
    version: str = msgspec.field(default="", name="versionId")
    sequencer: str = ""


class Where(msgspec.Struct, frozen=True):
    """Bucket and object of S3's own notification."""

    bucket: Place
    object: Created


class Notice(msgspec.Struct, frozen=True):
    """One of S3's own notifications. name: what happened, such as ``ObjectCreated:Put``."""

    name: str = msgspec.field(name="eventName")
    s3: Where

    @property
    def detail(self) -> Detail:
        """The same as EventBridge tells it, where keys are as they are."""
        one = self.s3.object
        return Detail(self.s3.bucket, Object(unquote_plus(one.key), one.version, one.sequencer))


class Notification(msgspec.Struct, frozen=True):
    """A message that S3 sends to a queue itself."""

    records: list[Notice] = msgspec.field(name="Records")


def of_event(body: str) -> Detail:
    """The upload of EventBridge's event, as a message's body has it. Raises `StepFailed` ("bad-event")."""
    return parse(_json(body), Upload).detail


def in_message(body: str) -> list[Detail]:
    """The uploads of which a message tells, however it came to the queue: none where it tells of something else.

    Raises `StepFailed` ("bad-event") where it is no event of S3's.
    """
    event = _json(body)
    if event.get("Type") == "Notification" and isinstance(event.get("Message"), str):  # by way of SNS
        event = _json(event["Message"])
    if event.get("Event") == "s3:TestEvent":  # S3 tries the way, when it is told of the queue
        return []
    if "Records" in event:
        notices = parse(event, Notification).records
        return [notice.detail for notice in notices if "ObjectCreated:" in notice.name]
    if event.get("detail-type", "Object Created") != "Object Created":
        return []
    return [parse(event, Upload).detail]


def _json(body: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise StepFailed("bad-event", f"the message is not an upload's event: {error}") from None


ready(Upload, Notification)
