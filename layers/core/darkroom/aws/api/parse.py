"""What a request asks for, read from its body and its query. A wrong name is told the nearest right one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from darkroom.codec.formats import ACCEPTED
from darkroom.errors import RecipeInvalid, nearest
from darkroom.params import FieldInvalid, convert, from_json
from darkroom.wanted import Body, Query, Wanted, once_each

MEDIA_TYPES = frozenset(
    f"image/{name}"
    for name in ("jpeg", "jpg", "pjpeg", "png", "webp", "tiff", "bmp", "x-ms-bmp", "gif", "heic", "heif", "avif")
)
"""Content types of photos that are read. What a file is, its bytes decide."""

MAX_NAME = 200


class Upload(msgspec.Struct, frozen=True):
    """What the body of ``POST /jobs`` says of the photo itself."""

    filename: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    content_type: str


class JobRequest(msgspec.Struct, frozen=True):
    """The body of ``POST /jobs``."""

    upload: Upload
    wanted: Wanted


class BatchOptions(msgspec.Struct, frozen=True):
    """What the body of ``POST /batches`` says of the batch itself: whose photos, how many at once, and whether those of
    one occasion are decided about together."""

    jobs: Annotated[list[str], Meta(max_length=500)] = []
    source: str | None = None
    max_concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    album: bool = False
    force: bool = False


class BatchRequest(BatchOptions, frozen=True):
    """The body of ``POST /batches``."""

    wanted: Wanted = Wanted()


class EnhanceRequest(msgspec.Struct, frozen=True):
    """The query of ``POST /enhance``. report: whether the answer has the report beside the photo."""

    wanted: Wanted
    report: bool = False


def job_request(body: bytes) -> JobRequest:
    """Raises `RecipeInvalid` naming what is wrong."""
    fields = _object(body)
    check_names(fields, *Upload.__struct_fields__, *Body.__struct_fields__)
    upload = converted(fields, Upload)
    wanted = Wanted.of_body(fields)
    if upload.content_type not in MEDIA_TYPES:
        raise RecipeInvalid(
            "bad-content-type",
            f"'content_type' is {upload.content_type!r:.80}{nearest(upload.content_type, sorted(MEDIA_TYPES))} "
            f"(accepted are {ACCEPTED})",
        )
    return JobRequest(upload, wanted)


def batch_request(body: bytes) -> BatchRequest:
    """Raises `RecipeInvalid` naming what is wrong."""
    fields = _object(body)
    check_names(fields, *BatchOptions.__struct_fields__, *Body.__struct_fields__)
    options = converted(fields, BatchOptions)
    if (options.source is None) == (not options.jobs):
        raise RecipeInvalid("bad-request", "the body names either 'jobs' or a 'source'")
    return BatchRequest(**msgspec.structs.asdict(options), wanted=Wanted.of_body(fields))


class Switches(msgspec.Struct, frozen=True):
    """Of ``POST /jobs/{id}/again``: what was done, without some decisions, with more or less of some qualities."""

    without: Annotated[list[str], Meta(max_length=32)] = []
    more: Annotated[list[str], Meta(max_length=32)] = []
    less: Annotated[list[str], Meta(max_length=32)] = []

    def __bool__(self) -> bool:
        return bool(self.without or self.more or self.less)


def again(body: bytes) -> tuple[Wanted, Switches]:
    """The body of ``POST /jobs/{id}/again``. Raises `RecipeInvalid` naming what is wrong."""
    fields = _object(body)
    check_names(fields, *Body.__struct_fields__, *Switches.__struct_fields__)
    asked, switches = Wanted.of_body(fields), converted(fields, Switches)
    if switches and asked.recipe is not None:
        raise RecipeInvalid("bad-request", "'without', 'more' and 'less' exclude 'recipe' and 'steps'")
    return asked, switches


class _Answer(msgspec.Struct, frozen=True):
    report: bool = False


def enhance_request(query: Mapping[str, Sequence[str]]) -> EnhanceRequest:
    """Raises `RecipeInvalid` naming what is wrong."""
    check_names(query, *Query.__struct_fields__, *_Answer.__struct_fields__)
    report = converted(once_each(query, "step"), _Answer, strict=False).report
    return EnhanceRequest(Wanted.of_query(query), report)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return from_json(body or b"{}", dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeInvalid("bad-json", f"the body is not a JSON object: {error}") from None


def query[T: msgspec.Struct](pairs: Mapping[str, Sequence[str]], kind: type[T]) -> T:
    """A query whose names are a struct's fields. Raises `RecipeInvalid` naming what is wrong."""
    check_names(pairs, *kind.__struct_fields__)
    return converted(once_each(pairs), kind, strict=False)


def check_names(fields: Mapping[str, Any], *known: str) -> None:
    """Raises `RecipeInvalid` naming a field that is none of these, and the nearest that is."""
    for name in fields:
        if name not in known:
            raise RecipeInvalid(
                "unknown-field", f"there is no '{name:.80}'{nearest(name, known)} (there are: {', '.join(known)})"
            )


def converted[T: msgspec.Struct](fields: Mapping[str, Any], kind: type[T], *, strict: bool = True) -> T:
    """Raises `RecipeInvalid` naming the field that is wrong, and how."""
    try:
        return convert(fields, kind, strict=strict)
    except FieldInvalid as error:
        raise RecipeInvalid("bad-request", str(error)) from None
