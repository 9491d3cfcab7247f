"""What other distributions bring to the command line, by entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
import click

@click.command()
def greet() -> None:
    \"\"\"Say a word.\"\"\"
    click.echo("good morning")
"""
POINTS = """
[darkroom.commands]
greet = visitor:greet
"""


@pytest.fixture
def visitor(tmp_path: Path) -> Path:
    """A folder with an installed distribution that has a command."""
    (tmp_path / "visitor.py").write_text(MODULE)
    (tmp_path / "visitor-1.dist-info").mkdir()
    (tmp_path / "visitor-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: visitor\nVersion: 1\n")
    (tmp_path / "visitor-1.dist-info/entry_points.txt").write_text(POINTS)
    return tmp_path


def darkroom(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from darkroom.cli import main; main()", *arguments]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(path)}, capture_output=True, text=True)


def test_a_distribution_s_command_is_listed_and_runs(visitor: Path) -> None:
    told = darkroom("--help", path=visitor).stdout
    assert "Say a word." in told
    assert "embedded AWS" in told, "the emulator's own commands join in the same way"
    assert darkroom("greet", path=visitor).stdout == "good morning\n"


def test_without_the_distribution_there_is_no_such_command(tmp_path: Path) -> None:
    done = darkroom("greet", path=tmp_path)
    assert done.returncode == 2
    assert "No such command 'greet'" in done.stderr
