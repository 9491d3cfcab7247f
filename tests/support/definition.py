"""The state machine's file, read as a deployment would: substitutions filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATH = ROOT / "infra" / "enhance.asl.json"
BATCH = ROOT / "infra" / "batch.asl.json"

FAILURE_PATH = ("Explain failure", "Record failure", "Tell failure", "Failed")
"""Where every failed task must lead."""

AROUND = ("Inspect", "Diagnose", "Publish")
"""Tasks that invoke a function and run no plan's steps: they make the plan, or what comes of it."""


def substitutions(text: str) -> set[str]:
    """The names of all ``${Name}`` in a definition."""
    return set(re.findall(r"\$\{(\w+)\}", text))


def substitute(text: str, values: Mapping[str, str]) -> str:
    """A definition with every ``${Name}`` replaced. Raises KeyError for one without a value."""
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)


def load(path: Path = PATH) -> dict[str, Any]:
    """The definition as it stands in the file."""
    definition: dict[str, Any] = json.loads(path.read_text())
    return definition


def within(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """All states by name, those of its maps too."""
    found: dict[str, dict[str, Any]] = {}
    for name, state in definition["States"].items():
        found |= {name: state, **within(state.get("ItemProcessor", {"States": {}}))}
    return found


def tasks(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """All Task states by name."""
    return {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}


def lambda_tasks(definition: Mapping[str, Any]) -> dict[str, str]:
    """The stage (a folder of ``functions``) that each Lambda task invokes, by the state's name."""
    return {
        name: stage_of(state["Arguments"]["FunctionName"])
        for name, state in tasks(definition).items()
        if state["Resource"].endswith(":lambda:invoke")
    }


def stage_of(function: str) -> str:
    """``"adjust_tone"`` for ``"${AdjustToneFunctionArn}"``."""
    name = function.removeprefix("${").removesuffix("FunctionArn}")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def successors(state: Mapping[str, Any]) -> Iterator[str]:
    """The states that may follow a state."""
    for transition in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in transition:
            yield transition["Next"]
    if "Default" in state:
        yield state["Default"]
