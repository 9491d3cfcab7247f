"""Routes that tell what there is, and how errors look."""

from __future__ import annotations

import re

import jsonschema
import pytest

from darkroom import recipe, registry
from tests.support.api_client import OPENAPI, Client, reply_of
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


@pytest.mark.parametrize("name", ["../app.py", "openapi.json", "none.js", "%2e%2e"])
def test_no_other_file_is_served(api: Client, name: str) -> None:
    assert api.get(f"/web/{name}").status == 404


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
