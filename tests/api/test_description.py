"""The description, the handlers and the template name the same routes."""

from __future__ import annotations

import re

from samtranslator.yaml_helper import yaml_parse

from darkroom import recipe
from darkroom.codec import OUTPUT_FORMATS
from darkroom.http import ask
from tests.api.client import OPENAPI
from tests.workflow import definition
from tests.workflow.functions import load

TEMPLATE = yaml_parse((definition.ROOT / "template.yaml").read_text())["Resources"]
DESCRIBED = {
    (method, path) for path, item in OPENAPI["paths"].items() for method in item if method in ("get", "post", "delete")
}
SCHEMAS = OPENAPI["components"]["schemas"]


def shape(path: str) -> str:
    """A path without its parameters' names."""
    return re.sub(r"\{[^}]+\}|<[^>]+>", "{}", path)


def test_handlers_answer_what_is_described() -> None:
    resolver = load("api").api
    routes = {(route.method.lower(), shape(route.path)) for route in resolver._static_routes + resolver._dynamic_routes}
    assert routes == {(method, shape(path)) for method, path in DESCRIBED}


def test_the_template_routes_what_is_described() -> None:
    events = [event["Properties"] for event in TEMPLATE["ApiFunction"]["Properties"]["Events"].values()]
    routed = {(event["Method"], shape(event["Path"])) for event in events} - {("options", "/{}")}
    assert {(method, path.replace("{proxy+}", "{}")) for method, path in routed} == {
        (method, shape(path)) for method, path in DESCRIBED
    }


def test_what_needs_no_key_is_the_page_and_health() -> None:
    free = {(m, path) for m, path in DESCRIBED if OPENAPI["paths"][path][m].get("security") == []}
    assert free == {("get", "/"), ("get", "/web/{file}"), ("get", "/health")}
    for event in TEMPLATE["ApiFunction"]["Properties"]["Events"].values():
        properties = event["Properties"]
        keyless = properties.get("Auth", {}).get("ApiKeyRequired") is False
        assert keyless == ((properties["Method"], properties["Path"]) in free | {("options", "/{proxy+}")})
    assert TEMPLATE["Api"]["Properties"]["Auth"]["ApiKeyRequired"] is True


def test_every_route_says_that_it_may_fail() -> None:
    for method, path in DESCRIBED:
        operation = OPENAPI["paths"][path][method]
        assert {"429", "500"} <= set(operation["responses"])
        assert ("403" in operation["responses"]) == (operation.get("security") != [])


def test_schemas_are_the_library_s() -> None:
    assert tuple(SCHEMAS["Format"]["enum"]) == OUTPUT_FORMATS
    assert set(SCHEMAS["JobRequest"]["properties"]) == set(ask.JobRequest.__struct_fields__)
    assert set(SCHEMAS["JobRequest"]["properties"]["content_type"]["enum"]) == ask.MEDIA_TYPES
    assert set(SCHEMAS["Recipe"]["properties"]) == set(recipe.Recipe.__struct_fields__)
    assert set(SCHEMAS["StepCall"]["properties"]) == set(recipe.StepCall.__struct_fields__)
    queried = {p["name"] for p in OPENAPI["paths"]["/enhance"]["post"]["parameters"] if p["in"] == "query"}
    assert queried == set(ask.Wishes.__struct_fields__)


def test_what_the_gateway_answers_itself_is_a_problem_too() -> None:
    for kind, response in TEMPLATE["Api"]["Properties"]["GatewayResponses"].items():
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'", kind
        assert set(SCHEMAS["Problem"]["required"]) <= set(
            yaml_parse(response["ResponseTemplates"]["application/json"])
        ), kind
