"""What is told while a photo is worked on: to a callback, and by the command line's bar."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import darkroom
from darkroom.report import StepReport
from tests.support import photos


def told(photo: bytes, recipe: str | list[darkroom.StepCall]) -> tuple[list[str], list[float], list[str]]:
    """What was said to begin, the shares, and the steps that were done."""
    heard: list[tuple[str, float]] = []
    done: list[str] = []

    def on_step(report: StepReport, _: int) -> None:
        done.append(report.name)

    darkroom.enhance(photo, recipe, on_step=on_step, on_progress=lambda *what: heard.append(what))
    return [name for name, _ in heard], [share for _, share in heard], done


@pytest.mark.parametrize("recipe", ["none", "vivid", "auto"])
def test_each_step_is_told_as_it_begins(recipe: str) -> None:
    begins, shares, done = told(photos.encoded(), recipe)
    assert begins == [
        "reading",
        "diagnosing" if recipe == "auto" else "planning",
        *done,
        "looking again",
        "done",
    ]
    assert (shares[0], shares[-1]) == (0, 1)
    assert (np.diff(shares) > 0).all()


def test_what_fails_is_not_told_as_done() -> None:
    heard: list[str] = []
    with pytest.raises(darkroom.ImageRejected):
        darkroom.enhance(b"no photo", on_progress=lambda name, _: heard.append(name))
    assert heard == ["reading"]


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """What a command says on stderr, where that is a terminal."""
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-c", "from darkroom.cli import main; main()", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=follower,
        )
        os.close(follower)
        said = b""
        try:
            while part := terminal.read(1 << 16):
                said += part
        except OSError:  # EIO: nobody writes to it any longer
            pass
        assert process.wait() == 0, said
    return said.decode()


@pytest.mark.slow
def test_the_bar_moves_within_a_photo(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(photos.encoded())
    said = on_a_terminal(tmp_path, "enhance", "in.jpg", "-o", "out.jpg", "--step", "gamma", "--step", "median_blur")
    for part in ("in.jpg: reading", "in.jpg: gamma", "in.jpg: median_blur", " 20%", " 55%", "100%"):
        assert part in said
