"""Adding a step takes a module and a registry line: a trial step is then everywhere that a step should be."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator

import numpy as np
import pytest
from click.testing import CliRunner

import darkroom
from darkroom import planner, recipe, registry
from darkroom.cli.main import cli
from darkroom.errors import RecipeInvalid
from tests.unit.steps import test_invariants

MODULE = '''
from typing import Annotated

import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.step import step


class Posterize(Params, frozen=True):
    levels: Annotated[int, param("levels that remain per channel", ge=2, le=256)] = 8
    strength: Strength = 1.0


@step("posterize", stage="adjust_tone", params=Posterize, halo=0, discontinuous="levels are chosen by rounding")
def posterize(image, params):
    """Fewer levels per channel.

    Reference: uniform quantisation.
    """
    return np.rint(image * (params.levels - 1)) / (params.levels - 1)
'''


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = types.ModuleType("darkroom.steps.posterize")
    exec(MODULE, module.__dict__)
    monkeypatch.setitem(sys.modules, "darkroom.steps.posterize", module)  # the module …
    monkeypatch.setitem(registry.STEPS, "posterize", "adjust_tone")  # … and the line
    yield
    registry.get.cache_clear()


@pytest.mark.usefixtures("trial")
def test_a_trial_step_is_in_the_library_the_command_line_recipes_and_its_stage() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert len(np.unique(darkroom.apply("posterize", levels, levels=4))) == 4

    shown = json.loads(CliRunner().invoke(cli, ["steps", "posterize", "--json"]).stdout)
    assert shown["stage"] == "adjust_tone"
    assert shown["schema"]["properties"]["levels"]["maximum"] == 256
    assert "posterize" in CliRunner().invoke(cli, ["steps"]).stdout

    mine = recipe.parse({"steps": [{"name": "posterize", "params": {"levels": 4}}, {"name": "gamma"}]})
    assert mine.steps != "auto"
    assert [part.stage for part in planner.plan(mine.steps)] == ["adjust_tone"]
    with pytest.raises(RecipeInvalid, match="2 to 256"):
        recipe.parse({"steps": [{"name": "posterize", "params": {"levels": 1}}]})


@pytest.mark.usefixtures("trial")
def test_a_trial_step_joins_the_invariants() -> None:
    step = registry.get("posterize")
    assert step in registry.steps()
    checks = [getattr(test_invariants, name) for name in dir(test_invariants) if name.startswith("test_")]
    taken = [check for check in checks if any("step" in str(mark.args[0]) for mark in getattr(check, "pytestmark", []))]
    assert len(taken) > 10, "the suite is driven by the registry"


def test_the_suite_of_invariants_has_every_step() -> None:
    assert [step.name for step in test_invariants.STEPS] == list(registry.STEPS)
