"""HTTP as API Gateway hands it to the API's function: what stands before the API in a container.

It asks for the caller's key, bounds what is sent, and answers whether the process lives and is ready.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from darkroom.aws.api import problems
from darkroom.aws.api.problems import Problem
from darkroom.errors import RecipeInvalid

OPEN = re.compile(r"/|/web/[^/]+|/health|/openapi\.json|/i/[^/]+/[^/]+/.+")
"""Paths that need no key, to read: as in the template. OPTIONS needs none anywhere."""

MOST_BYTES = 10_000_000
"""Of a body, as API Gateway has it."""

FORBIDDEN = "The header x-api-key is missing or holds no key of this API."
TOO_LARGE = "The body is larger than this route takes: POST /jobs takes larger photos."

ANYBODY = "anybody"
"""Who asks, where no keys are asked for."""

Handler = Callable[[dict[str, Any]], dict[str, Any]]
Start = Callable[[str, list[tuple[str, str]]], object]


class Keys:
    """The API's keys, each with its holder's name, which is what jobs are known by. Without any, all are let in."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._digests = {name: _digest(key) for name, key in keys.items()}

    @classmethod
    def read(cls, text: str) -> Keys:
        """Of lines, or of words between commas, such as ``name=key``. Raises `RecipeInvalid` where one is none."""
        keys = {}
        for line in filter(None, (part.strip() for part in re.split(r"[\n,]", text))):
            name, _, key = line.partition("=")
            if not re.fullmatch(r"[A-Za-z0-9_.@-]{1,64}", name) or len(key) < 16:
                raise RecipeInvalid("bad-keys", "each key is a line such as name=key, and 16 characters or more long")
            keys[name] = key
        if not keys:
            raise RecipeInvalid("bad-keys", "there is no key: each is a line such as name=key")
        return cls(keys)

    def holder(self, key: str) -> str | None:
        """Whose a key is."""
        if not self._digests:
            return ANYBODY
        given = _digest(key)
        return next((name for name, digest in self._digests.items() if hmac.compare_digest(digest, given)), None)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class Gateway:
    """A WSGI application before the API's handler.

    is_ready: why it is not; empty where it is.
    """

    def __init__(self, handler: Handler, keys: Keys, is_ready: Callable[[], str]) -> None:
        self._handler, self._keys, self._is_ready = handler, keys, is_ready

    def __call__(self, environ: Mapping[str, Any], start: Start) -> Iterable[bytes]:
        status, headers, body = self._answer(environ)
        given = HTTPStatus(status)
        start(f"{status} {given.phrase}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        path = "/" + environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace").lstrip("/")
        if path == "/healthz":
            return _json(HTTPStatus.OK, {"status": "ok"})
        if path == "/readyz":
            reason = self._is_ready()
            given = {"status": "not ready", "reason": reason} if reason else {"status": "ok"}
            return _json(HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK, given)
        try:
            return _of_gateway(self._handler(self._event(environ, path)))
        except Problem as problem:
            told = problems.response(problem)
            sent = [(name, str(value)) for name, value in told.headers.items()]
            return told.status_code, [("Content-Type", problems.MEDIA_TYPE), *sent], str(told.body).encode()

    def _event(self, environ: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The request as API Gateway's REST API tells it. Raises `Problem` 403 and 413."""
        method = environ["REQUEST_METHOD"]
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        holder = self._keys.holder(headers.get("X-Api-Key", ""))
        is_open = method == "OPTIONS" or (method in ("GET", "HEAD") and OPEN.fullmatch(path) is not None)
        if holder is None and not is_open:
            raise Problem(HTTPStatus.FORBIDDEN, "http.forbidden", FORBIDDEN)
        body = environ["wsgi.input"].read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "http.too-large", TOO_LARGE)
        query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        many: dict[str, list[str]] = {}
        for name, value in query:
            many.setdefault(name, []).append(value)
        return {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": dict(query) or None,
            "multiValueQueryStringParameters": many or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "httpMethod": method,
                "path": path,
                "stage": "v1",
                "identity": {"apiKeyId": holder, "sourceIp": environ.get("REMOTE_ADDR", "")},
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }


def _of_gateway(answer: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """What API Gateway makes of the function's answer."""
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    headers += [(name, str(one)) for name, all_ in (answer.get("multiValueHeaders") or {}).items() for one in all_]
    text = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return int(answer["statusCode"]), kept, body


def _json(status: HTTPStatus, value: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", str(problems.RETRY_SECONDS)))
    return int(status), headers, msgspec.json.encode(value)


def read_keys(file: str | None, text: str) -> Keys:
    """The keys in a file, or else in the environment's text."""
    return Keys.read(Path(file).read_text("utf-8") if file else text)
