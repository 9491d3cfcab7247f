"""The documentation says what the registry says: `make docs` was run, and the guides name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from darkroom import codec, recipe, registry
from darkroom.auto import treatments
from darkroom.defects import KINDS
from darkroom.params import describe_bounds
from darkroom.step import Step
from docs.make import report_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of a page's Markdown tables, cell by cell."""
    rows = re.findall(r"^\| (.+?) \|$", text, re.MULTILINE)
    return [tuple(re.split(r" \| ", row)) for row in rows]


def test_the_stage_table_is_the_registry() -> None:
    index = (DOCS / "steps/README.md").read_text()
    stages = re.split(r"^## ", index, flags=re.MULTILINE)[1:]
    documented = {}
    for stage in stages:
        name, _, rest = stage.partition("\n")
        for step, summary in re.findall(r"^\| \[`(\w+)`\]\(\w+\.md\) \| (.+) \|$", rest, re.MULTILINE):
            documented[step] = (name, summary)
    assert documented == {step.name: (step.stage, step.summary) for step in registry.steps()}


@pytest.mark.parametrize("step", registry.steps(), ids=lambda step: step.name)
def test_a_step_s_page_has_its_parameters_and_its_pictures(step: Step) -> None:
    page = (DOCS / f"steps/{step.name}.md").read_text()
    assert step.doc in page
    for name, schema in step.schema()["properties"].items():
        allowed = describe_bounds(schema).replace("|", "\\|")
        assert f"| `{name}` | {allowed} |" in page
        assert schema["description"] in page
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page):
        file = DOCS / "steps" / picture
        assert codec.read_header(file.read_bytes()).format == "WEBP"
        assert file.stat().st_size < 120_000
    assert f"]({step.name}.webp)" in page


def test_recipes_have_pages_with_pictures() -> None:
    index = (DOCS / "recipes/README.md").read_text()
    for each in recipe.built_ins():
        assert f"| [`{each.name}`]({each.name}.md) | {each.description} |" in index
        assert (DOCS / f"recipes/{each.name}.md").read_text().startswith(f"# {each.name}\n")
        assert (DOCS / f"recipes/{each.name}.webp").stat().st_size < 200_000


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    models = [page for page in (ROOT / "models").rglob("*.md") if ".venv" not in page.parts]
    pages = [ROOT / "README.md", *DOCS.rglob("*.md"), *models]
    assert len((ROOT / "README.md").read_text().splitlines()) < 200
    for page in pages:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_every_workflow_stage_is_in_the_performance_table() -> None:
    rows = table((DOCS / "performance.md").read_text())
    named = {cell.strip("`") for row in rows for cell in row[:1]}
    assert set(registry.stages()) <= named


def test_the_guide_has_the_table_of_auto_in_its_order() -> None:
    guide = (DOCS / "recipes.md").read_text().partition("## How `auto` decides")[2]
    rows = {row[0]: row[1] for row in table(guide)[2:]}
    assert list(rows) == [name for name, _ in treatments.TREATMENTS]
    for name, treatment in rows.items():
        assert re.findall(r"`(\w+)`", treatment)[0] in KINDS[name].helps


def test_the_page_about_the_report_is_of_its_structs() -> None:
    assert (DOCS / "report.md").read_text("utf-8") == report_page.page(), "make openapi has not been run"


def test_the_rooms_in_the_document_are_the_rooms_that_exist() -> None:
    library = ROOT / "layers/core/darkroom"
    rows = table((DOCS / "architecture.md").read_text())
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([\w/.]+(?:/|\.py))`", row[0])}
    packages = {path.parent.name for path in library.glob("*/__init__.py")}
    modules = {path.name for path in library.glob("*.py")} - {"__init__.py"}
    assert named == packages | modules


def test_every_promise_of_reliability_names_a_test_that_is_there() -> None:
    text = (DOCS / "reliability.md").read_text()
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert [name for name in sorted(named) if not (DOCS.parent / name).is_file()] == []
    promises = text.partition("## One upload, one job")[2].partition("## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]
    assert rows
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py` \|$", row)] == []


def test_every_decision_is_in_the_index_and_has_its_three_parts() -> None:
    folder = DOCS / "decisions"
    linked = re.findall(r"^\| \[.+\]\((.+)\) \|", (folder / "README.md").read_text(), re.MULTILINE)
    pages = sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")
    assert sorted(linked) == pages
    for page in pages:
        text = (folder / page).read_text()
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page


def test_no_module_is_longer_than_a_reader_takes_in() -> None:
    files = [*(ROOT / "layers/core").rglob("*.py"), *(ROOT / "infra/local").rglob("*.py")]
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in files}
    assert len(lines) > 100
    assert {name: count for name, count in lines.items() if count > 300} == {}
