"""Routes that tell what there is, and how errors look."""

from __future__ import annotations

import gzip
import re

import jsonschema
import pytest

from darkroom import recipe, registry
from tests.support.api_client import METHODS, OPENAPI, OPERATIONS, Client, reply_of
from tests.support.functions import Functions
from tests.support.workflow import read_event


def test_health(api: Client) -> None:
    assert api.get("/health").json["status"] == "ok"


def test_the_description_is_served(api: Client) -> None:
    assert api.get("/openapi.json").json == OPENAPI


def test_steps_are_the_registry_s_with_schemas(api: Client) -> None:
    steps = api.get("/steps").json["steps"]
    assert [step["name"] for step in steps] == list(registry.STEPS)
    for step in steps:
        jsonschema.Draft202012Validator.check_schema(step["schema"])


def test_recipes_fit_the_schema_that_comes_with_them(api: Client) -> None:
    answer = api.get("/recipes").json
    assert [one["name"] for one in answer["recipes"]] == list(recipe.BUILT_IN)
    for one in answer["recipes"]:
        jsonschema.validate(one, answer["schema"])


def test_the_page_and_its_files(api: Client) -> None:
    page = api.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"unsafe|data:|\*|(?<!')http:", policy), "nothing inline, from anywhere, or in the clear"
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    for name in re.findall(r'(?:src|href)="web/([^"]+)"', page.body.decode()):
        assert api.get(f"/web/{name}").status == 200, name


def test_the_page_s_address_ends_in_a_slash(functions: Functions) -> None:
    """Its own links are relative."""
    event = read_event("api_request") | {"path": "/"}
    event["requestContext"]["path"] = "/v1"
    answer = reply_of(functions.invoke("api", event).payload)
    assert (answer.status, answer.headers["location"]) == (308, "/v1/")


@pytest.mark.parametrize("path", ["//recipes", "///recipes"])
def test_an_address_may_end_in_a_slash(functions: Functions, api: Client, path: str) -> None:
    """Where the path is added to it with another one."""
    answer = reply_of(functions.invoke("api", read_event("api_request") | {"httpMethod": "GET", "path": path}).payload)
    assert (answer.status, answer.json) == (200, api.get("/recipes").json)


@pytest.mark.parametrize("name", ["../app.py", "openapi.json", "none.js", "%2e%2e"])
def test_no_other_file_is_served(api: Client, name: str) -> None:
    assert api.get(f"/web/{name}").status == 404


@pytest.mark.parametrize("path", ["/steps", "/recipes", "/openapi.json"])
def test_what_changes_with_the_version_alone_is_sent_once(api: Client, path: str) -> None:
    plain = api.get(path)
    packed = api.call("GET", path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] == packed.headers["etag"]
    known = api.call("GET", path, headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": "gzip"})
    assert (known.status, known.body, known.headers["etag"]) == (304, b"", plain.headers["etag"])
    assert api.call("GET", path, headers={"If-None-Match": 'W/"another"'}).status == 200


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/steps", "/recipes", "/jobs", "/web/style.css"])
def test_head_has_the_headers_of_get(api: Client, path: str) -> None:
    whole, head = api.get(path), api.call("HEAD", path)
    assert (head.status, head.headers, head.body) == (whole.status, whole.headers, b"")


def test_options_tell_what_each_path_takes(api: Client) -> None:
    for path, item in OPENAPI["paths"].items():
        reply = api.call("OPTIONS", path.replace("{id}", "a" * 32), headers={"Origin": "https://photos.example"})
        taken = {method.upper() for method in item if method in METHODS}
        assert set(reply.headers["allow"].split(", ")) == taken | {"OPTIONS"}, path
        assert reply.headers["access-control-allow-methods"] == reply.headers["allow"]
        assert reply.headers["access-control-allow-origin"] == "https://photos.example"
        assert reply.status == 204
    assert (
        "access-control-allow-origin"
        not in api.call("OPTIONS", "/jobs", headers={"Origin": "https://x.example"}).headers
    )


def test_every_route_tells_other_sites_pages_that_they_may(api: Client) -> None:
    for method, path in OPERATIONS:
        reply = api.call(method.upper(), path.replace("{id}", "a" * 32), headers={"Origin": "https://photos.example"})
        assert reply.headers["access-control-allow-origin"] == "https://photos.example", path
        assert {"ETag", "RateLimit", "Retry-After"} <= set(reply.headers["access-control-expose-headers"].split(","))


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PUT", "/jobs"), ("GET", "/enhance")])
def test_no_such_route(api: Client, method: str, path: str) -> None:
    reply = api.call(method, path)
    assert (reply.status, reply.json["code"]) == (404, "http.no-route")
    assert reply.headers["content-type"] == "application/problem+json"


def test_an_unforeseen_error_says_nothing_of_itself(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "steps", lambda: 1 / 0)
    reply = api.get("/steps")
    assert (reply.status, reply.json["code"]) == (500, "http.internal")
    assert b"division" not in reply.body
