"""docs/report.md: the members of a report, made from its structs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.make.openapi import schemas

HEAD = """# The report

What was done to a photo, and why: the manifest beside a result (`RESULT.json`), `report` in the API's answers, what
`darkroom enhance --report FILE` writes (with `input` and `output` beside it), and `darkroom.enhance(…).report`, where
it is typed. Places (`bucket`, `key`, `version`) are told in manifests alone. Manifests of before the schema had a
number lack what may be null here; `darkroom.report.read` reads them as this shape.

`darkroom.report.reasons(report)` tells it in sentences, in the order of the story; the API gives them as a job's
`reasons`, the page shows them, `darkroom enhance --explain` prints them, and the header `X-Darkroom-Report` holds
them but for what was left alone.

Made by `make openapi` from `layers/core/darkroom/report.py`, as are the schemas in
[infra/openapi.yaml](../infra/openapi.yaml).
"""


def page() -> str:
    return HEAD + "".join(section(name, schema) for name, schema in schemas().items())


def section(name: str, schema: dict[str, Any]) -> str:
    """One struct: what it is, and a row a member."""
    rows = [
        f"| `{member}` | {type_of(each)} | {each.get('description', '')} |"
        for member, each in schema["properties"].items()
    ]
    table = "\n".join(["| member | type | |", "| --- | --- | --- |", *rows])
    return f"\n## {name}\n\n{schema['description']}\n\n{table}\n"


def type_of(schema: dict[str, Any]) -> str:
    """A schema in words: `[Defect](#defect)`, `list of string`, `number or null`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(type_of, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        if "maxItems" in schema:
            return f"{schema['maxItems']} × {type_of(schema['items'])}"
        return f"list of {type_of(schema['items'])}"
    if schema.get("type") == "object":
        return (
            f"object of {type_of(schema['additionalProperties'])}" if schema.get("additionalProperties") else "object"
        )
    return str(schema.get("type", "any"))


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("report.md").write_text(page(), "utf-8")
