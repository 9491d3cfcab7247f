"""The example notebook: its cells run as they stand there, and print and draw what they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from docs.make import notebook


@pytest.fixture(scope="module")
def stored() -> Any:
    return json.loads(notebook.PATH.read_text("utf-8"))


@pytest.fixture(scope="module")
def run(stored: Any) -> Any:
    return notebook.run(stored, notebook.PATH.parent)


def outputs(of: Any) -> Iterator[tuple[int, str]]:
    for number, cell in enumerate(of["cells"]):
        for one in cell.get("outputs", []):
            yield number, one["output_type"]


@pytest.mark.slow
def test_each_cell_gives_what_it_is_shown_with(stored: Any, run: Any) -> None:
    assert list(outputs(run)) == list(outputs(stored))
    assert sum(kind == "display_data" for _, kind in outputs(run)) == 3


def test_the_story_is_told(run: Any) -> None:
    text = "".join(line for cell in run["cells"] for one in cell.get("outputs", []) for line in one.get("text", []))
    assert "underexposed" in text
    assert "done: " in text


def test_it_is_a_notebook(stored: Any) -> None:
    assert (stored["nbformat"], stored["metadata"]["kernelspec"]["language"]) == (4, "python")
    assert notebook.PATH.stat().st_size < 120_000
