"""Every error that can leave darkroom is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from darkroom import errors

ROOT = Path(__file__).parents[2]
REASONS_FROM = {"translate": 2, "failure": 0}
"""Functions that make a `StepFailed` of a reason that they are given, and which argument that is."""

WRITTEN_OUT = r"step\.(stopped|ended|timeout|elsewhere|forgotten)"
"""Codes of executions that ended without an error of ours: written whole where the record is ended."""

KINDS = {cls.__name__: cls.kind for cls in errors.DarkroomError.__subclasses__()}


def raised() -> Iterator[str]:
    """The code of each error that the sources construct with a literal reason."""
    sources = [*(ROOT / "layers/core/darkroom").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
                reasons = node.args[0]
                options = (reasons.body, reasons.orelse) if isinstance(reasons, ast.IfExp) else (reasons,)
                for option in options:
                    if isinstance(option, ast.Constant) and isinstance(option.value, str):
                        yield f"{KINDS[node.func.id]}.{option.value}"
            elif isinstance(node, ast.Call) and len(node.args) > REASONS_FROM.get(called(node), len(node.args)):
                reason = node.args[REASONS_FROM[called(node)]]
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                    yield f"step.{reason.value}"
            elif isinstance(node, ast.Constant) and re.fullmatch(WRITTEN_OUT, str(node.value)):
                yield str(node.value)


def called(call: ast.Call) -> str:
    """The name of a called function, without its module's."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def test_every_code_is_in_the_documentation_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([a-z]+\.[a-z-]+)`", (ROOT / "docs/errors.md").read_text(), re.MULTILINE))
    workflow = (ROOT / "infra/enhance.asl.json").read_text()
    in_workflow = set(re.findall(r"step\.[a-z-]+", workflow))
    in_workflow |= {f"step.{name.lower()}" for name in re.findall(r"States\.(Timeout)", workflow)}
    assert documented == set(raised()) | in_workflow


def test_every_code_of_the_api_is_in_its_documentation_and_no_other() -> None:
    told = [*(ROOT / "layers/core/darkroom/aws").rglob("*.py"), ROOT / "infra/openapi.json", ROOT / "template.yaml"]
    answered = {
        code for path in told for code in re.findall(r"(?<!from )\bhttp\.[a-z][a-z0-9-]+", path.read_text("utf-8"))
    }
    page = (ROOT / "docs/api.md").read_text("utf-8").partition("\n## Errors\n")[2]
    rows = "".join(line.partition(" | ")[0] for line in page.splitlines() if line.startswith("| `http."))
    assert set(re.findall(r"http\.[a-z0-9-]+", rows)) == answered


@pytest.mark.parametrize("kind", errors.DarkroomError.__subclasses__())
def test_an_error_tells_its_code_first(kind: type[errors.DarkroomError]) -> None:
    error = kind("reason", "what is wrong, and the bound")
    assert str(error) == f"{kind.kind}.reason: what is wrong, and the bound"
    assert error.retryable is (kind is errors.TransientError)


def test_the_nearest_name() -> None:
    assert errors.nearest("gama", ["gamma", "denoise"]) == "; did you mean 'gamma'?"
    assert errors.nearest("xyz", ["gamma", "denoise"]) == ""


def test_what_opencv_finds_no_memory_for_is_python_s_error_too() -> None:
    with pytest.raises(cv2.error) as caught:
        cv2.resize(np.zeros((10, 10), np.float32), (1 << 23, 1 << 23))  # more than addresses reach
    assert isinstance(errors.out_of_memory(caught.value), MemoryError)
    with pytest.raises(cv2.error) as caught:
        cv2.resize(np.zeros((0, 0), np.float32), (1, 1))
    assert errors.out_of_memory(caught.value) is None


def test_what_no_thread_can_be_started_for_is_no_memory_too() -> None:
    """As in a process whose memory is bounded: a thread's stack counts."""
    story = """
import resource, threading
from darkroom import errors
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), used + (1 << 20)))
try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print(type(errors.out_of_memory(error)).__name__)
"""
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=False)
    assert done.stdout == "MemoryError\n", done.stderr
