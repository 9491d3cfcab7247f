"""Errors as HTTP answers: `application/problem+json` (RFC 9457) with darkroom's stable codes, in this one place."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import Response

from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid, TransientError

MEDIA_TYPE = "application/problem+json"

STATUSES = {
    "image.too-many-bytes": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "image.unsupported-format": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "image.not-an-image": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
"""Codes whose status is not that of their kind."""


RETRY_SECONDS = 5
"""After which a caller who was turned away may ask again."""


class Problem(Exception):
    """An answer that is an error: its status, its stable code, a sentence, and further members.

    headers: further ones of a 429 or 503.
    """

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def bad_next() -> Problem:
    """Of a list that is asked for a page by a word that this API never gave."""
    return Problem(HTTPStatus.BAD_REQUEST, "http.bad-next", "'next' is none that this API has given.")


def of(error: DarkroomError) -> Problem:
    """The problem that one of darkroom's errors is."""
    if isinstance(error, ImageRejected):
        status = STATUSES.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    elif isinstance(error, RecipeInvalid):
        status = HTTPStatus.BAD_REQUEST
    elif isinstance(error, TransientError):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    else:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(status, error.code, error.message)


def response(problem: Problem) -> Response[str]:
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "code": problem.code,
        "detail": problem.detail,
        **problem.members,
    }
    headers = {"Cache-Control": "no-store"}
    if problem.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers |= {"Retry-After": str(RETRY_SECONDS), **problem.headers}
    return Response(int(problem.status), MEDIA_TYPE, msgspec.json.encode(body).decode(), headers=headers)
