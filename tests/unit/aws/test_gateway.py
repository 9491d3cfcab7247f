"""What stands before the API in a container: keys, sizes, and a request as API Gateway tells it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from darkroom.aws.container.gateway import MOST_BYTES, OPEN, Gateway, Keys
from darkroom.errors import RecipeInvalid
from tests.support import template

KEY = "a-key-of-sixteen-or-more"


def ask(gateway: Gateway, method: str, path: str, body: bytes = b"", **more: str) -> tuple[str, dict[str, str], Any]:
    told: list[Any] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path.encode().decode("latin-1"), "wsgi.input": io.BytesIO(body)}
    answer = b"".join(gateway({**environ, **more}, lambda *heads: told.extend(heads)))
    return told[0], dict(told[1]), json.loads(answer) if answer else None


def echo(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "multiValueHeaders": {"X-Two": ["a", "b"]}, "body": json.dumps(event)}


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(echo, Keys.read(f"one={KEY}, two={KEY}-too"), lambda: "")


def test_a_request_is_told_as_the_gateway_tells_it(gateway: Gateway) -> None:
    status, headers, event = ask(
        gateway, "POST", "/jobs/ü", b"{}", HTTP_X_API_KEY=f"{KEY}-too", QUERY_STRING="a=1&a=2&b=", CONTENT_TYPE="x/y"
    )
    assert (status, headers["X-Two"]) == ("200 OK", "b")
    assert (event["httpMethod"], event["path"], event["body"], event["isBase64Encoded"]) == (
        "POST",
        "/jobs/ü",
        "e30=",
        True,
    )
    assert event["requestContext"]["identity"]["apiKeyId"] == "two"
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert event["headers"]["Content-Type"] == "x/y"


def test_without_a_key_only_what_is_open_is_let_through(gateway: Gateway) -> None:
    for key in ({}, {"HTTP_X_API_KEY": "wrong"}, {"HTTP_X_API_KEY": "ü"}):
        status, _, problem = ask(gateway, "GET", "/jobs", b"", **key)
        assert (status, problem["code"]) == ("403 Forbidden", "http.forbidden")
    assert ask(gateway, "POST", "/")[0] == "403 Forbidden"
    assert ask(gateway, "HEAD", "/web/app.js")[0] == ask(gateway, "OPTIONS", "/jobs")[0] == "200 OK"
    assert ask(Gateway(echo, Keys({}), lambda: ""), "GET", "/jobs")[0] == "200 OK"


def test_several_slashes_before_a_path_are_one(gateway: Gateway) -> None:
    assert ask(gateway, "GET", "//jobs")[0] == "403 Forbidden"
    assert ask(gateway, "GET", "//web/app.js")[2]["path"] == "/web/app.js"
    assert ask(gateway, "GET", "//healthz")[0] == "200 OK"


def test_what_is_open_is_what_the_template_opens() -> None:
    paths = template.source()["Resources"]["Api"]["Properties"]
    for path, methods in paths["DefinitionBody"]["paths"].items():
        if "get" in methods:
            assert bool(OPEN.fullmatch(path)) == (methods["get"]["security"] == []), path


def test_too_large_a_body_is_refused(gateway: Gateway) -> None:
    status, _, problem = ask(gateway, "POST", "/enhance", bytes(MOST_BYTES + 1), HTTP_X_API_KEY=KEY)
    assert (status[:3], problem["code"]) == ("413", "http.too-large")


def test_life_and_readiness_are_two_things(gateway: Gateway) -> None:
    unready = Gateway(echo, Keys({}), lambda: "the table is not reached")
    assert ask(unready, "GET", "/healthz")[0] == ask(gateway, "GET", "/readyz")[0] == "200 OK"
    _, headers, told = ask(unready, "GET", "/readyz")
    assert (told["reason"], headers["Retry-After"]) == ("the table is not reached", "5")


@pytest.mark.parametrize("text", ["", "one", "one=short", f"a b={KEY}"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        Keys.read(text)
    assert caught.value.code == "recipe.bad-keys"
