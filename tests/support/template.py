"""template.yaml as it stands in the file."""

from __future__ import annotations

from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.support import definition


@cache
def source() -> dict[str, Any]:
    """All of it, read once for all, since that takes longer than most tests: who changes it, changes a copy."""
    read: dict[str, Any] = yaml_parse((definition.ROOT / "template.yaml").read_text())
    return read


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties of all resources of a type, of which there are some."""
    found = {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}
    assert found
    return found
