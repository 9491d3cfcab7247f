"""Adding a step takes a module and a registry line: in a copy of the sources, all that is derived then has it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = ("docs", "functions", "infra", "layers", "models", "tests")
FILES = ("README.md", "pyproject.toml", "template.yaml")

MODULE = '''"""Fewer levels."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class Posterize(Params, frozen=True):
    levels: Annotated[int, param("levels that remain per channel", ge=2, le=256)] = 8
    strength: Strength = 1.0


@step("posterize", stage="adjust_tone", params=Posterize, halo=0, discontinuous="levels are chosen by rounding")
def posterize(image: Array, params: Posterize) -> Array:
    """Leave fewer levels per channel.

    Reference: uniform quantisation.
    """
    return np.rint(image * (params.levels - 1)) / (params.levels - 1)
'''
LINE = '    "posterize": "adjust_tone",\n'

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trial")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, with one module and one line more."""
    folder = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        leave_out = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
        shutil.copytree(ROOT / name, folder / name, ignore=leave_out, symlinks=True)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    (folder / "layers/core/darkroom/steps/posterize.py").write_text(MODULE)
    registry = folder / "layers/core/darkroom/registry.py"
    text = registry.read_text()
    after = text.index("\n", text.index('    "gamma":')) + 1
    registry.write_text(text[:after] + LINE + text[after:])
    return folder


def run(copy: Path, *arguments: str) -> str:
    """What Python prints in the copy."""
    path = os.pathsep.join(str(copy / part) for part in ("layers/core", "infra/local", "."))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DARKROOM_"))}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env={**plain, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(copy: Path, *arguments: str) -> int:
    """Run tests of the copy, all of which must pass; how many there were."""
    told = run(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments)
    counted = re.search(r"^(\d+) passed", told, re.MULTILINE)
    assert counted, told
    return int(counted[1])


def test_the_library_and_the_command_line_have_it(copy: Path) -> None:
    script = "import darkroom, numpy as np; levels = np.arange(256, dtype=np.uint8).reshape(16, 16);"
    script += "print(darkroom.__file__, len(np.unique(darkroom.apply('posterize', levels, levels=4))))"
    file, levels = run(copy, "-c", script).split()
    assert Path(file).is_relative_to(copy)
    assert levels == "4"

    command = ("-c", "from darkroom.cli import main; main()", "steps")
    shown = json.loads(run(copy, *command, "posterize", "--json"))
    assert shown["stage"] == "adjust_tone"
    assert shown["summary"] == "Leave fewer levels per channel"
    assert shown["schema"]["properties"]["levels"]["maximum"] == 256
    assert "posterize" in run(copy, *command)


def test_recipes_plans_and_the_workflow_have_it(copy: Path) -> None:
    script = """
import json
from darkroom import planner, recipe
from darkroom.errors import RecipeInvalid
mine = recipe.parse({"steps": [{"name": "posterize", "params": {"levels": 4}}, {"name": "gamma"}]})
try:
    recipe.parse({"steps": [{"name": "posterize", "params": {"levels": 1}}]})
except RecipeInvalid as error:
    refused = error.message
print(json.dumps([[part.stage for part in planner.plan(mine.steps)], refused]))
"""
    stages, refused = json.loads(run(copy, "-c", script))
    assert stages == ["adjust_tone"]
    assert "2 to 256" in refused
    assert check(copy, "tests/unit/test_template.py", "-k", "every_step_has_a_stage") == 1
    workflow = json.loads((copy / "infra/enhance.asl.json").read_text())
    routes = {choice["Condition"]: choice["Next"] for choice in workflow["States"]["Next stage"]["Choices"]}
    assert routes["{% $plan[$index].stage = '" + stages[0] + "' %}"] == "Adjust tone"


def test_the_api_has_it(copy: Path) -> None:
    assert check(copy, "tests/api/test_reference.py", "-k", "steps") >= 1


def test_the_suite_of_invariants_has_it(copy: Path) -> None:
    assert check(copy, "tests/unit/steps/test_invariants.py", "-k", "posterize") > 20


def test_the_documentation_has_it(copy: Path) -> None:
    script = """
from pathlib import Path
from darkroom import registry
from docs.make import __main__ as make
steps = Path("docs/steps")
(steps / "posterize.md").write_text(make.step_page(registry.get("posterize"), steps))
"""
    run(copy, "-c", script)
    assert check(copy, "tests/unit/test_docs.py", "-k", "page and posterize") == 1
