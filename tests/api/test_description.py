"""The description, the handlers and the template name the same routes."""

from __future__ import annotations

import json
import re

import jsonschema
import msgspec
import pytest
from samtranslator.yaml_helper import yaml_parse

import darkroom
from darkroom import recipe, wanted
from darkroom.aws.api import parse
from darkroom.codec import OUTPUT_FORMATS
from darkroom.defects import DEFECTS
from darkroom.report import reasons
from docs.make import openapi
from tests.support import definition, photos, template
from tests.support.api_client import OPENAPI, OPERATIONS
from tests.support.functions import load

TEMPLATE = template.source()["Resources"]
SCHEMAS = OPENAPI["components"]["schemas"]


def shape(path: str) -> str:
    """A path without its parameters' names."""
    return re.sub(r"\{[^}]+\}|<[^>]+>", "{}", path)


def test_handlers_answer_what_is_described() -> None:
    resolver = load("api").api
    routes = {
        (route.method.lower(), shape(route.path).replace("/i/.+", "/i/{}/{}/{}"))
        for route in resolver._static_routes + resolver._dynamic_routes
    } - {("options", ".*")}
    assert routes == {(method, shape(path)) for method, path in OPERATIONS}


def test_the_template_routes_what_is_described() -> None:
    paths = TEMPLATE["Api"]["Properties"]["DefinitionBody"]["paths"]
    routed = {(method, path) for path, item in paths.items() for method in item} - {("options", "/{proxy+}")}
    assert {(method, shape(path)) for method, path in routed} == {(method, shape(path)) for method, path in OPERATIONS}


def test_every_route_says_that_it_may_fail() -> None:
    for method, path in OPERATIONS:
        operation = OPENAPI["paths"][path][method]
        assert {"429", "500"} <= set(operation["responses"])
        assert ({"401", "403"} <= set(operation["responses"])) == (operation.get("security") != [])


def test_schemas_are_the_library_s() -> None:
    assert tuple(SCHEMAS["Format"]["enum"]) == OUTPUT_FORMATS
    names = {*parse.Upload.__struct_fields__, *wanted.Body.__struct_fields__}
    assert set(SCHEMAS["JobRequest"]["properties"]) == names
    assert set(SCHEMAS["JobRequest"]["properties"]["content_type"]["enum"]) == parse.MEDIA_TYPES
    assert set(SCHEMAS["Recipe"]["properties"]) == set(recipe.Recipe.__struct_fields__)
    assert set(SCHEMAS["StepCall"]["properties"]) == set(recipe.StepCall.__struct_fields__)
    queried = {p["name"] for p in OPENAPI["paths"]["/enhance"]["post"]["parameters"] if p.get("in") == "query"}
    assert queried == {*wanted.Query.__struct_fields__, "report"}


def test_the_report_is_described_as_its_structs_have_it() -> None:
    text = (definition.ROOT / "infra" / "openapi.yaml").read_text("utf-8")
    current = "make openapi has not been run"
    assert openapi.description(text) == text, current
    assert openapi.as_json(text) == (definition.ROOT / "infra" / "openapi.json").read_text("utf-8"), current
    for name, schema in openapi.schemas().items():
        assert SCHEMAS[name] == schema, name
    assert tuple(SCHEMAS["Defect"]["properties"]["name"]["enum"]) == DEFECTS


@pytest.mark.parametrize("recipe_name", ["auto", "none", "vivid"])
def test_reports_are_what_is_described(recipe_name: str) -> None:
    told = darkroom.enhance(photos.encoded(), recipe_name).report
    for name, value in (("Report", told), *(("Reason", reason) for reason in reasons(told))):
        schema = {"$ref": f"#/components/schemas/{name}", "components": OPENAPI["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(msgspec.json.encode(value)))


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [OPENAPI["paths"][path][method]["operationId"] for method, path in OPERATIONS]
    assert len(set(names)) == len(names)


def test_what_the_gateway_answers_itself_is_a_problem_too() -> None:
    for kind, response in TEMPLATE["Api"]["Properties"]["GatewayResponses"].items():
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'", kind
        assert set(SCHEMAS["Problem"]["required"]) <= set(
            yaml_parse(response["ResponseTemplates"]["application/json"])
        ), kind
