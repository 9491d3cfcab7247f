"""The library's types, as another project's checker sees them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
PYRIGHT = SUPPORT / "bin" / "pyright"

pytestmark = pytest.mark.slow


def findings(folder: Path) -> list[str]:
    """What Pyright, in its strict mode, has against the modules of a project that stands apart."""
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "include": ["."]}))
    command = [str(PYRIGHT), "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == 1, done.stderr
    return [f"{one['severity']}: {one['message']}" for one in told["generalDiagnostics"]]


def test_another_project_s_checker_has_nothing_against_its_use(tmp_path: Path) -> None:
    shutil.copy(SUPPORT / "outside" / "use.py", tmp_path)
    assert findings(tmp_path) == []


def test_a_wrong_use_is_found(tmp_path: Path) -> None:
    lines = ("import darkroom", 'darkroom.enhance(3, recipe="auto")', 'darkroom.enhance("in.jpg").report.none')
    (tmp_path / "use.py").write_text("\n".join(lines) + "\n")
    found = " ".join(findings(tmp_path))
    assert '"Literal[3]"' in found
    assert '"none"' in found
