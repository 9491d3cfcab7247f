"""Events that tell of a job's end, for whoever hears them: by EventBridge, or by a webhook of the stack's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from darkroom.errors import StepFailed
from darkroom.ready import ready

SCHEMA_VERSION = 1
"""Of what an event says. Members may be added under the same number; one that goes or changes makes another."""


class Upload(msgspec.Struct, frozen=True):
    """The photo as it came."""

    bucket: str
    key: str


class Place(msgspec.Struct, frozen=True):
    """Where a file that the job wrote lies."""

    bucket: str
    key: str
    version: Annotated[str | None, Meta(description="null or empty where the bucket keeps none")] = None


class Failure(msgspec.Struct, frozen=True):
    """Why there is no result."""

    code: Annotated[str, Meta(description="stable, as docs/errors.md has it")]
    message: Annotated[str, Meta(description="a sentence")]
    name: Annotated[str, Meta(description="of the error's class")] = ""
    state: Annotated[str, Meta(description="in which part of the job; may be empty")] = ""


class JobEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The `detail` of the events `Job Succeeded`, `Job Rejected` and `Job Failed`, whose source is `darkroom`."""

    schema_version: Annotated[int, Meta(ge=1, description="the number of this shape; absent in events of before")] = (
        SCHEMA_VERSION
    )
    job: Annotated[str, Meta(description="its id")]
    execution: Annotated[str, Meta(description="with `job`, by what an end that is told twice is known for the same")]
    status: Literal["succeeded", "superseded", "rejected", "failed"]
    upload: Upload
    result: Annotated[Place | None, Meta(description="of a job that succeeded")] = None
    manifest: Annotated[Place | None, Meta(description="of a job that succeeded")] = None
    error: Annotated[Failure | None, Meta(description="of a job that was rejected or failed")] = None


def read(event: bytes | str | Mapping[str, Any]) -> JobEnded:
    """What an event tells: the whole event, as a webhook's body or a function's input has it, or its `detail` alone.

    Raises `StepFailed` (`step.bad-event`) where it is none of darkroom's, or of a later schema.
    """
    try:
        told = msgspec.json.decode(event) if isinstance(event, bytes | str) else event
        found = msgspec.convert(told.get("detail", told), JobEnded)
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError) as error:
        raise StepFailed("bad-event", f"the event does not tell of a job's end: {error}") from None
    if found.schema_version > SCHEMA_VERSION:
        raise StepFailed(
            "bad-event", f"the event is of schema {found.schema_version}; this version reads up to {SCHEMA_VERSION}"
        )
    return found


ready(JobEnded)
