"""What events say, held to the schema that is published for whoever hears them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.definition import ROOT


@cache
def _of_events() -> Draft202012Validator:
    schema = json.loads((ROOT / "infra" / "events.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_event(event: Mapping[str, Any]) -> None:
    """Fail where an event's detail is not as the schema has it, says what that does not name, or lacks its number."""
    _of_events().validate(event["detail"])
    known = _of_events().schema["$defs"]["JobEnded"]["properties"]
    assert set(event["detail"]) <= set(known)
    assert event["detail"]["schema_version"] == 1
