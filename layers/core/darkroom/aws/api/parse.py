"""What a request asks for, read from its body and its query. A wrong name is told the nearest right one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from darkroom import recipe
from darkroom.codec.formats import ACCEPTED
from darkroom.errors import RecipeInvalid, nearest
from darkroom.recipe import Blend, Format, Quality, Recipe, StepCall

MEDIA_TYPES = frozenset(
    f"image/{name}"
    for name in ("jpeg", "jpg", "pjpeg", "png", "webp", "tiff", "bmp", "x-ms-bmp", "gif", "heic", "heif", "avif")
)
"""Content types of photos that are read. What a file is, its bytes decide."""

METADATA_BYTES = 1800
"""S3 keeps 2 KB of metadata with an object: room for a recipe, and the rest."""

MAX_NAME = 200


class JobRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /jobs``."""

    filename: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    content_type: str
    recipe: str | dict[str, Any] | None = None
    steps: list[StepCall] | None = None
    blend: Blend | None = None
    format: Format | None = None
    quality: Quality | None = None


class Wishes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The query of ``POST /enhance``, each name once except `step`."""

    recipe: str | None = None
    step: tuple[str, ...] = ()
    blend: Blend | None = None
    format: Format | None = None
    quality: Quality | None = None
    report: bool = False


def job_request(body: bytes) -> JobRequest:
    """Raises `RecipeInvalid` naming what is wrong."""
    try:
        fields = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeInvalid("bad-json", f"the body is not a JSON object: {error}") from None
    request = _convert(fields, JobRequest, strict=True)
    if request.recipe is not None and request.steps is not None:
        raise RecipeInvalid("bad-request", "'recipe' and 'steps' exclude each other")
    if request.content_type not in MEDIA_TYPES:
        raise RecipeInvalid(
            "bad-content-type",
            f"'content_type' is {request.content_type!r:.80}{nearest(request.content_type, sorted(MEDIA_TYPES))} "
            f"(accepted are {ACCEPTED})",
        )
    return request


def wishes(query: Mapping[str, Sequence[str]]) -> Wishes:
    """Raises `RecipeInvalid` naming what is wrong."""
    fields: dict[str, Any] = {name: values[-1] for name, values in query.items()}
    if "step" in fields:
        fields["step"] = list(query["step"])
    asked = _convert(fields, Wishes, strict=False)
    if asked.recipe is not None and asked.step:
        raise RecipeInvalid("bad-request", "'recipe' and 'step' exclude each other")
    return asked


def metadata(
    source: str | Mapping[str, Any] | Sequence[StepCall] | None,
    *,
    blend: int | None,
    format: str | None,
    quality: int | None,
) -> dict[str, str]:
    """The metadata by which an object asks for all this (see `darkroom.wanted`). Raises `RecipeInvalid`."""
    asked = {"blend": blend, "format": format, "quality": quality}
    wanted = {name: str(value) for name, value in asked.items() if value is not None}
    if source is None:
        return wanted
    chosen: Recipe = recipe.find(source)
    text = source if isinstance(source, str) and source in recipe.BUILT_IN else json.dumps(msgspec.to_builtins(chosen))
    if len(text) > METADATA_BYTES:
        raise RecipeInvalid("too-long", f"the recipe is {len(text)} bytes of JSON; at most {METADATA_BYTES} may be")
    return {"recipe": text, **wanted}


def _convert[T](fields: Mapping[str, Any], kind: type[T], *, strict: bool) -> T:
    known = kind.__struct_fields__  # type: ignore[attr-defined]
    for name in fields:
        if name not in known:
            raise RecipeInvalid(
                "unknown-field", f"there is no '{name:.80}'{nearest(name, known)} (there are: {', '.join(known)})"
            )
    try:
        return msgspec.convert(dict(fields), kind, strict=strict)
    except msgspec.ValidationError as error:
        text = str(error)
        path = re.search(r" - at `\$\.?([^`]*)`$", text)
        said = text.partition(" - at ")[0]
        raise RecipeInvalid("bad-request", f"'{path[1]}': {said}" if path and path[1] else said) from None
