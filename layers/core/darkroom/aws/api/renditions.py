"""Pictures made for signed addresses: each is computed once and kept for some days in the work bucket.

A photo goes through the workflow once for each recipe, whatever the widths and formats that are asked for; those are
made of the result here. What two requests ask for at once, one of them makes.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

import darkroom
from darkroom import codec, pipeline
from darkroom.aws import clients, keys, storage
from darkroom.aws.api import enhance, records, synchronous
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.codec.encode import MAX_SIDE
from darkroom.codec.formats import MEDIA_TYPES, output_format
from darkroom.errors import ImageRejected, revive
from darkroom.limits import Limits
from darkroom.picture import Picture
from darkroom.recipe import StepCall
from darkroom.wanted import Wanted

OWNER = "signed-addresses"
"""Whose jobs these are."""

MAX_AVIF_PIXELS = 4_000_000
"""Above, AVIF takes longer than a caller waits: WebP is written instead, or JPEG where that is too large for WebP."""

POLL_SECONDS = 0.25

OURS = Limits(max_bytes=1 << 30, max_pixels=200_000_000, max_side=65_535)
"""A result may be larger than an upload; the template allows no more pixels."""


class Source(msgspec.Struct, frozen=True):
    """A photo in the bucket of uploads, as S3 calls its present content."""

    key: str
    version: str
    etag: str


class Shape(msgspec.Struct, frozen=True):
    """As what a result is answered. width: at most, in px. format: "any" for the result's own."""

    width: int | None
    format: str
    quality: int | None

    @property
    def is_own(self) -> bool:
        """Whether the result is answered as it is."""
        return self.width is None and self.quality is None and self.format == "any"


class Kept(msgspec.Struct, frozen=True):
    """A picture in the work bucket. body: where it is at hand."""

    key: str
    media_type: str
    size: int
    body: bytes | None = None


def find(site: Site, key: str) -> Source:
    """The photo under a key. Raises `Problem` 404, `ImageRejected` where it is too large."""
    try:
        head = storage.head(site.uploads, key)
    except ImageRejected:
        raise Problem(HTTPStatus.NOT_FOUND, "http.no-file", "There is no such photo, or no longer.") from None
    site.limits.check_bytes(head["ContentLength"])
    return Source(key, head.get("VersionId") or "", head["ETag"])


def identity(source: Source, wanted: Wanted, shape: Shape | None = None) -> str:
    """All that a picture follows from: the photo's content, the recipe, darkroom's version, and its shape. Without one,
    what the photo's result follows from."""
    shaped = () if shape is None else map(str, msgspec.structs.astuple(shape))
    return "\n".join(
        (source.key, source.version, source.etag, *wanted.to_metadata().values(), darkroom.__version__, *shaped)
    )


def of(site: Site, source: Source, wanted: Wanted, shape: Shape) -> Kept:
    """The picture, from the bucket where it was made before. Raises `Problem` 429 and 503, and darkroom's errors."""
    whole = identity(source, wanted)

    def result() -> Kept:
        return _once(site, whole, lambda: _result(site, source, wanted, _digest(whole)[:32]))

    if shape.is_own:
        return result()
    return _once(site, identity(source, wanted, shape), lambda: _shaped(bytes_of(site, result()), shape))


def bytes_of(site: Site, kept: Kept) -> bytes:
    return kept.body if kept.body is not None else storage.read(site.work, kept.key)[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _once(site: Site, named: str, make: Callable[[], tuple[bytes, str]]) -> Kept:
    """What lies under a name, or is made now, unless another request makes it: then that is waited for."""
    key = keys.to_rendition(_digest(named))
    holder, deadline = secrets.token_hex(8), time.monotonic() + synchronous.PATIENCE_SECONDS
    while (found := _kept(site, key)) is None:
        if records.take_place(site.table, key, holder, synchronous.HELD_SECONDS):
            try:
                return _kept(site, key) or _keep(site, key, *make())
            finally:
                records.leave_place(site.table, key, holder)
        if time.monotonic() > deadline:
            raise _not_yet()
        time.sleep(POLL_SECONDS)
    return found


def _kept(site: Site, key: str) -> Kept | None:
    """What lies in the work bucket; its bytes where they fit into an answer."""
    try:
        answer = clients.client("s3").get_object(Bucket=site.work, Key=key)
        size = answer["ContentLength"]
        body = answer["Body"].read() if size <= synchronous.MAX_BODY else None
    except ClientError as error:
        if clients.code_of(error) in storage.GONE:
            return None
        raise storage.translate(error) from error
    except BotoCoreError as error:
        raise storage.translate(error) from error
    return Kept(key, answer["ContentType"], size, body)


def _keep(site: Site, key: str, body: bytes, media_type: str) -> Kept:
    storage.write(site.work, key, body, media_type)
    return Kept(key, media_type, len(body), body)


def _not_yet() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "http.not-yet", "The picture is being made: ask again in a few seconds."
    )


def _result(site: Site, source: Source, wanted: Wanted, job: str) -> tuple[bytes, str]:
    """A recipe's result by the workflow, run now, or earlier where it took longer than its caller could wait."""
    before = records.look(site.table, job)
    ours = before is not None and before.get("bucket") == site.work  # a key of an upload may name any id
    if before is not None and ours and before["status"] in ("succeeded", "rejected", "running"):
        if before["status"] == "running":
            raise _not_yet()
        if before["status"] == "rejected":
            raise revive(before["error"]["code"], before["error"]["message"])
        try:
            return _read(before["result"])
        except ImageRejected:
            pass  # it was there for a day
    if before is not None:
        records.delete(site.table, job)
    with synchronous.place(site):
        key = keys.to_wait_for(job, "")
        _copy(site, source, key, wanted)
        records.announce(site.table, job, site.work, key, owner=OWNER, request="")
        output = enhance.run(site, job, key)
    if output is None:
        raise _not_yet()
    return _read(output["result"])


def _read(place: dict[str, Any]) -> tuple[bytes, str]:
    body, stored = storage.read(place["bucket"], place["key"], place.get("version"))
    return body, stored["ContentType"]


def _copy(site: Site, source: Source, key: str, wanted: Wanted) -> None:
    """The photo's very version as what the workflow is to work on, without passing through here."""
    version = {"VersionId": source.version} if source.version else {}
    place = {"Bucket": site.uploads, "Key": source.key, **version}
    storage.copy(place, site.work, key, "application/octet-stream", wanted.to_metadata())


def _shaped(result: bytes, shape: Shape) -> tuple[bytes, str]:
    """A result in another size, format or quality, and its media type."""
    picture = codec.decode(result, limits=OURS)
    if shape.width is not None:
        call = StepCall("resize", {"width": shape.width, "enlarge": False})
        picture, _ = pipeline.run(picture, [call])
    format_name = _writable(picture, shape.format)
    return codec.encode(picture, format_name, quality=shape.quality), MEDIA_TYPES[format_name]


def _writable(picture: Picture, wanted: str) -> str:
    """The format that a picture is written in: the one that is wanted, where time and the format suffice."""
    name = output_format(picture.metadata.source_format) if wanted == "any" else wanted
    if name == "avif" and picture.width * picture.height > MAX_AVIF_PIXELS:
        name = "webp"
    if name == "webp" and max(picture.width, picture.height) > MAX_SIDE["webp"]:
        name = "jpeg"
    return name
