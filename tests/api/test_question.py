"""A photo in, an answer about it out."""

from __future__ import annotations

import io
from typing import Any

import boto3
import jsonschema
import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

import darkroom
from darkroom import registry, report
from darkroom.aws.api import synchronous
from darkroom.defects import DEFECTS
from darkroom.diagnosis import network
from darkroom.steps.classify_digit import MOST_LISTED, ClassifyDigit
from tests.support import networks as stand_ins
from tests.support import photos
from tests.support.api_client import OPENAPI, Client, Lambda
from tests.support.functions import WORK

ROUTES = {"/classify": "classify_digit", "/diagnose": "diagnose"}


def check_schema(name: str, answer: Any) -> None:
    jsonschema.validate(answer, {"$ref": f"#/components/schemas/{name}", "components": OPENAPI["components"]})


def test_what_is_wrong_with_a_photo(api: Client, networks: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_ins.answer(monkeypatch, stand_ins.Diagnostician(*stand_ins.DARK))
    reply = api.call("POST", "/diagnose", photos.encoded())
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json == msgspec.json.decode(msgspec.json.encode(network.diagnose(photos.pixels())))
    check_schema("Diagnosis", reply.json)
    (event,) = networks.events
    assert event["upload"] == f"sync/{event['job']}/photo.jpeg"
    stored = boto3.client("s3").get_object(Bucket=WORK, Key=event["upload"])["Body"].read()
    assert stored == photos.encoded()


@pytest.mark.parametrize(("query", "sheet"), [("", {}), ("?rows=1&columns=2", {"rows": 1, "columns": 2})])
def test_which_digits_a_photo_shows(api: Client, networks: Lambda, query: str, sheet: dict[str, int]) -> None:
    reply = api.call("POST", f"/classify{query}", photos.ones())
    assert reply.status == 200, reply.body
    check_schema("Digits", reply.json)
    assert reply.json == darkroom.apply("classify_digit", photos.decoded(photos.ones()), **sheet)
    assert reply.json["count"] == 2


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "image.empty"),
        (b"just words, and more of them than a header has", 415, "image.not-an-image"),
        (photos.encoded()[:300], 422, "image.truncated"),
    ],
)
def test_a_photo_that_is_none(api: Client, networks: Lambda, route: str, body: bytes, status: int, code: str) -> None:
    reply = api.call("POST", route, body)
    assert (reply.status, reply.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/classify?row=3", "did you mean 'rows'"),
        ("/classify?rows=3", "'rows' and 'columns'"),
        ("/classify?rows=many&columns=2", "rows"),
        ("/diagnose?strength=3", "strength"),
    ],
)
def test_a_query_that_makes_no_sense(api: Client, networks: Lambda, target: str, words: str) -> None:
    reply = api.call("POST", target, photos.encoded())
    assert (reply.status, networks.events) == (400, [])
    assert words in reply.json["detail"]


@pytest.mark.parametrize(("route", "step"), ROUTES.items())
def test_too_large_a_photo(api: Client, networks: Lambda, route: str, step: str) -> None:
    reply = api.call("POST", route, bytes(synchronous.MAX_BODY + 1))
    assert (reply.status, reply.json["code"], networks.events) == (413, "http.too-large", [])
    assert f"POST /jobs with the step '{step}'" in reply.json["detail"]
    assert registry.stage_of(step) == "classify"


class Broken:
    """Lambda that does not do what it should."""

    def __init__(self, failure: Exception | str) -> None:
        self.failure = failure

    def invoke(self, **_: Any) -> dict[str, Any]:
        if isinstance(self.failure, Exception):
            raise self.failure
        return {"Payload": io.BytesIO(self.failure.encode()), "FunctionError": "Unhandled"}


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:lambda"}}, "Invoke")


FAILURES = [
    (client_error("TooManyRequestsException"), 503, "transient.unavailable"),
    (client_error("AccessDeniedException"), 500, "step.function"),
    (EndpointConnectionError(endpoint_url="https://lambda.example"), 503, "transient.unreachable"),
    (ReadTimeoutError(endpoint_url="https://lambda.example"), 504, "http.timeout"),
    ('{"errorMessage": "2026-11-23T23:00:00Z Task timed out after 240.00 seconds"}', 500, "step.function"),
    ('{"errorMessage": "step.no-model: the model is not installed"}', 500, "step.no-model"),
    ('{"errorMessage": "transient.unavailable: S3 answered SlowDown"}', 503, "transient.unavailable"),
    ('{"errorType": "Runtime.OutOfMemory"}', 500, "step.function"),
]


@pytest.mark.parametrize(("failure", "status", "code"), FAILURES)
def test_a_function_that_fails(
    api: Client, monkeypatch: pytest.MonkeyPatch, failure: Exception | str, status: int, code: str
) -> None:
    monkeypatch.setattr(synchronous, "client", {"lambda": Broken(failure)}.__getitem__)
    reply = api.call("POST", "/diagnose", photos.encoded())
    assert (reply.status, reply.json["code"]) == (status, code)
    assert "arn:" not in reply.json["detail"]


def test_schemas_are_the_library_s() -> None:
    schemas = OPENAPI["components"]["schemas"]
    assert set(schemas["Diagnosis"]["properties"]) == set(report.Diagnosis.__struct_fields__)
    assert set(schemas["Defect"]["properties"]) == set(report.Defect.__struct_fields__)
    assert tuple(schemas["Defect"]["properties"]["name"]["enum"]) == DEFECTS
    listed = schemas["Digits"]["properties"]
    assert listed["digits"]["maxItems"] == listed["unsure"]["maxItems"] == MOST_LISTED
    parameters = OPENAPI["paths"]["/classify"]["post"]["parameters"]
    queried = {parameter["name"] for parameter in parameters if "$ref" not in parameter}  # shared ones are headers
    assert queried == set(ClassifyDigit.__struct_fields__)
    for route, name in (("/classify", "Digits"), ("/diagnose", "Diagnosis")):
        content = OPENAPI["paths"][route]["post"]["responses"]["200"]["content"]["application/json"]
        check_schema(name, content["example"])
