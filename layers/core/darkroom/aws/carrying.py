"""What S3 keeps with an upload beside its bytes, and what of it goes to its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import keys, storage
from darkroom.aws.clients import client
from darkroom.aws.runtime import setting
from darkroom.aws.stage import Job
from darkroom.wanted import METADATA_BYTES, Overrides

HEADERS = ("CacheControl", "ContentDisposition", "ContentLanguage")
OURS = frozenset({"recipe", *Overrides.__struct_fields__, "job", "source", "sequencer"})
"""Names of metadata by which an upload asks, and by which a result says whose it is."""

_RESERVED = 300
"""Bytes of metadata that a result has of its own."""

HEADER_BYTES = 4096
"""Of headers and tags that are carried: S3 takes 8 KB of headers in all, 2 KB of which are metadata."""


@dataclass(frozen=True, slots=True)
class Carried:
    """options: for S3's PutObject. metadata: of the sender. notes: what is not carried, and why."""

    options: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_upload(
    job: Job, result: str, uploaded: Mapping[str, Any] | None = None, *, metadata: bool, tags: bool
) -> Carried:
    """What goes from an upload to its result. metadata: headers and metadata are kept; tags: those too.

    uploaded: S3's answer with the upload, or None to ask for it.

    An upload that is gone, or whose tags may not be read, has none. Raises `TransientError` where S3 is in trouble.
    """
    version = {"VersionId": job.version} if job.version else {}
    head = uploaded or _answer(client("s3").head_object, Bucket=job.bucket, Key=job.key, **version)
    if head is None:
        return Carried()
    # S3 counts the tags where it hands out the bytes; what the API put into the work bucket has none.
    has_tags = job.bucket != setting("WORK_BUCKET") and (uploaded is None or uploaded.get("TagCount"))
    found = _tags(job, version) if has_tags else {}
    notes: list[str] = []
    there = {name: head[name] for name in HEADERS if head.get(name)}
    options = _options(found if tags else {}, there, notes)
    if found and not tags:
        notes.append(f"the upload's tags were not carried over ({', '.join(found):.200}): the stack does not keep them")
    own = {name: value for name, value in head["Metadata"].items() if name not in OURS}
    if not metadata:
        if there or own:
            notes.append(f"the upload's {', '.join([*there, *own]):.200} were not carried over, as the stack is set")
        return Carried(options, {}, tuple(notes))
    if "filename" in there.get("ContentDisposition", "") and keys.filename(result) != keys.filename(job.key):
        notes.append(
            f"the upload's Content-Disposition names another file and was left out: {there.pop(HEADERS[1]):.200}"
        )
    size = sum(len(name) + len(value) for name, value in own.items())
    if size > METADATA_BYTES - _RESERVED:
        notes.append(f"the upload's metadata has {size:,} bytes and was left out; {METADATA_BYTES - _RESERVED:,} fit")
        own = {}
    return Carried(options | there, own, tuple(notes))


def _options(tags: Mapping[str, str], there: dict[str, str], notes: list[str]) -> dict[str, str]:
    """The tags as S3 takes them with an object. What cannot be a header of the request is left out, and noted."""
    for name in [name for name, value in there.items() if not value.isascii()]:  # a form's; no signature covers such
        notes.append(f"the upload's {name} is not ASCII and was left out")
        del there[name]
    if sum(map(len, there.values())) > HEADER_BYTES:
        notes.append(f"the upload's {', '.join(there)} have more than {HEADER_BYTES:,} bytes and were left out")
        there.clear()
    options = {"Tagging": urlencode(tags)} if tags else {}
    if options and sum(map(len, there.values())) + len(options["Tagging"]) > HEADER_BYTES:
        notes.append(f"the upload's tags ({', '.join(tags):.200}) are too long for a request of S3's and were left out")
        return {}
    return options


def _tags(job: Job, version: Mapping[str, str]) -> dict[str, str]:
    answer = _answer(client("s3").get_object_tagging, Bucket=job.bucket, Key=job.key, **version) or {}
    return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())}


def _answer(ask: Callable[..., dict[str, Any]], **request: str) -> dict[str, Any] | None:
    """S3's answer, or None where it will be none later either."""
    try:
        return ask(**request)
    except (ClientError, BotoCoreError) as error:
        ours = storage.translate(error)
        if ours.retryable:
            raise ours from error
        return None
