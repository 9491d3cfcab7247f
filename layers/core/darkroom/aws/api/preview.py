"""`GET /jobs/{id}/preview`: a job's photo or result, small, in a format that every browser shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from darkroom import codec, pipeline
from darkroom.aws import storage
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.picture import Metadata, Picture
from darkroom.recipe import StepCall

LEAST_SIDE, USUAL_SIDE, MOST_SIDE = 16, 1600, 2048
"""Of a preview's longer side, in pixels; the largest is well below what Lambda may answer."""

QUALITY = 82
KEPT_SECONDS = 3600
"""How long a browser may keep one: of a finished job it is always the same."""


def answer(site: Site, record: Mapping[str, Any], query: Mapping[str, str]) -> Response[bytes]:
    """Raises `Problem` for another query, or where there is no result; and the codec's errors."""
    place = _place(record, query.get("of", "original"))
    side = side_of(query, USUAL_SIDE, MOST_SIDE)
    data, _ = storage.read(place["bucket"], place["key"], place.get("version") or None, limits=site.limits)
    media_type, body = drawn(small(codec.decode(data, limits=site.limits, partial="accept"), side))
    headers = {"Cache-Control": f"private, max-age={KEPT_SECONDS}", "X-Content-Type-Options": "nosniff"}
    return Response(int(HTTPStatus.OK), media_type, body, headers=headers)


def side_of(query: Mapping[str, str], usual: int, most: int) -> int:
    """What the query says of the longer side. Raises `Problem` 400."""
    text = query.get("side", str(usual))
    if not (re.fullmatch("[0-9]{1,4}", text) and LEAST_SIDE <= int(text) <= most):
        raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-side", f"'side' must be {LEAST_SIDE} to {most} pixels.")
    return int(text)


def small(picture: Picture, side: int) -> Picture:
    """The picture with no side above `side` pixels, and of its metadata the colour space alone."""
    params = {"width": side, "height": side, "enlarge": False, "kernel": "area"}  # in a third of Lanczos' time
    resized, _ = pipeline.run(picture, [StepCall("resize", params)])
    return Picture(resized.pixels, resized.alpha, Metadata(icc=picture.metadata.icc))


def drawn(picture: Picture, quality: int = QUALITY) -> tuple[str, bytes]:
    """A media type, and a file of it: JPEG, and WebP where something is transparent."""
    format_name = "jpeg" if picture.alpha is None else "webp"
    body = codec.encode(picture, format_name, quality=quality)
    return codec.MEDIA_TYPES[format_name], body


def _place(record: Mapping[str, Any], of: str) -> Mapping[str, Any]:
    if of not in ("original", "result"):
        raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-of", "'of' must be original or result.")
    if of == "result":
        if not record.get("result"):
            raise Problem(HTTPStatus.CONFLICT, "http.no-result", f"The job is {record['status']}: it has no result.")
        result: Mapping[str, Any] = record["result"]
        return result
    if record["status"] == "waiting":
        raise Problem(HTTPStatus.CONFLICT, "http.no-photo-yet", "The job waits for its photo.")
    return record
