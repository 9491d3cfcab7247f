"""`make openapi`: writes what follows from the library into the API's description, and the description as JSON.

infra/openapi.yaml is written by hand down to `MARK`; below it stand the schemas of the report, made from its structs.
infra/openapi.json is the same, as the API serves it: no request waits for YAML to be parsed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import yaml

from darkroom.report import Reason, Report

INFRA = Path(__file__).parents[2] / "infra"
MARK = "    # From here on made from the structs of darkroom.report by `make openapi`.\n"


def main() -> None:
    text = description((INFRA / "openapi.yaml").read_text("utf-8"))
    (INFRA / "openapi.yaml").write_text(text, "utf-8")
    (INFRA / "openapi.json").write_text(as_json(text), "utf-8")


def description(text: str) -> str:
    """The description with the schemas made anew, in YAML."""
    made = yaml.safe_dump(schemas(), sort_keys=False, allow_unicode=True, width=110)
    return text.partition(MARK)[0] + MARK + "".join(f"    {line}\n" for line in made.splitlines())


def schemas() -> dict[str, Any]:
    """JSON schemas of the report, by name."""
    _, components = msgspec.json.schema_components((Report, Reason), ref_template="#/components/schemas/{name}")
    return json.loads(json.dumps(components), object_hook=uniform)  # tuples as lists


def uniform(schema: dict[str, Any]) -> dict[str, Any]:
    """A tuple of one type in the words that generators of clients know: so many items of that type."""
    types = schema.pop("prefixItems", None)
    if types is None:
        return schema
    if any(other != types[0] for other in types):
        raise ValueError(f"a tuple of several types cannot be told: {types}")
    return schema | {"items": types[0]}


def as_json(text: str) -> str:
    return json.dumps(yaml.safe_load(text), ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main()
