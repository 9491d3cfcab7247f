"""What the client reads of the API's answers is what their description says, member by member."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

import darkroom.client
from darkroom.client import answers
from darkroom.errors import RequestRefused
from tests.support.definition import ROOT

SCHEMAS: dict[str, Any] = yaml.safe_load((ROOT / "infra" / "openapi.yaml").read_text("utf-8"))["components"]["schemas"]
BATCH = SCHEMAS["Batch"]["properties"]

DESCRIBED: list[tuple[type[msgspec.Struct], Any]] = [
    (answers.Announced, SCHEMAS["Announced"]),
    (answers.Form, SCHEMAS["Announced"]["properties"]["upload"]),
    (answers.Links, SCHEMAS["Links"]),
    (answers.Summary, SCHEMAS["Summary"]),
    (answers.Job, SCHEMAS["Job"]),
    (answers.Stage, SCHEMAS["Job"]["properties"]["stages"]["items"]),
    (answers.Error, SCHEMAS["Summary"]["properties"]["error"]),
    (answers.BatchSummary, SCHEMAS["BatchSummary"]),
    (answers.Batch, SCHEMAS["Batch"]),
    (answers.BatchError, BATCH["errors"]["items"]),
    (answers.BatchLinks, BATCH["links"]),
    (answers.Outcome, BATCH["outcomes"]["items"]),
    (answers.OutcomeLinks, BATCH["outcomes"]["items"]["properties"]["links"]),
]


@pytest.mark.parametrize(("struct", "schema"), DESCRIBED, ids=lambda one: getattr(one, "__name__", ""))
def test_each_member_is_read_and_none_beside(struct: type[msgspec.Struct], schema: Any) -> None:
    fields = msgspec.structs.fields(struct)
    assert {field.encode_name for field in fields} == set(schema["properties"])
    assert {field.encode_name for field in fields if field.required} == set(schema.get("required", ()))


@pytest.mark.parametrize(
    ("struct", "field", "schema"),
    [
        (answers.Summary, "status", SCHEMAS["Status"]),
        (answers.Stage, "status", SCHEMAS["Job"]["properties"]["stages"]["items"]["properties"]["status"]),
        (answers.Batch, "status", BATCH["status"]),
        (answers.Outcome, "status", BATCH["outcomes"]["items"]["properties"]["status"]),
    ],
)
def test_each_word_of_a_state_is_known(struct: type[msgspec.Struct], field: str, schema: Any) -> None:
    told = msgspec.json.schema_components([struct])[1][struct.__name__]["properties"][field]
    assert sorted(told["enum"]) == sorted(schema["enum"])


def test_the_package_shows_what_it_has() -> None:
    assert set(dir(darkroom.client)) == set(darkroom.client.__all__)
    for name in darkroom.client.__all__:
        assert getattr(darkroom.client, name).__doc__, name
    assert darkroom.client.RequestRefused is RequestRefused
