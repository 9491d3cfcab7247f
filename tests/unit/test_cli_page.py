"""docs/cli.md: what it says of each use is what happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs.make import cli_page

pytestmark = pytest.mark.slow


def test_each_use_ends_as_the_page_says(tmp_path: Path) -> None:
    if not (shutil.which("bash") and shutil.which("jq")):
        pytest.skip("not installed: bash or jq")
    rows = cli_page.run(tmp_path)
    for row in rows:
        refused = row.says.startswith(("darkroom: ", "Error: "))
        told = row if refused else row._replace(says="")  # what is said of photos is the eye's, and it learns
        (line,) = cli_page.lines([told])
        assert line.removesuffix(" |") in cli_page.PAGE.read_text("utf-8"), "make docs has not been run"
    assert {row.status for row in rows} == {0, 1, 2}
