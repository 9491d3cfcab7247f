"""`darkroom submit`, from the photo to the files, with the deployed stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import darkroom
from darkroom.cli.main import cli
from darkroom_local import control
from tests.cloud.cloud import Cloud
from tests.support import photos

pytestmark = pytest.mark.cloud


def test_submit(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(control, "connection", cloud.aws.connection)
    good, bad = tmp_path / "a+b ü.jpg", tmp_path / "words.jpg"
    good.write_bytes(photos.encoded())
    bad.write_text("just words, and more of them than a header has")
    out = tmp_path / "out"
    done = CliRunner().invoke(
        cli, ["submit", str(good), str(bad), "--local", "--step", "gamma:gamma=1.4", "--blend", "50", "-o", str(out)]
    )
    assert done.exit_code == 1
    assert "words.jpg: the file is not a picture" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in out.iterdir()) == ["a+b ü.jpg", "a+b ü.jpg.json"]
    manifest = json.loads((out / "a+b ü.jpg.json").read_bytes())
    assert manifest["blend"] == 50
    assert [step["name"] for stage in manifest["stages"] for step in stage["steps"]] == ["gamma"]
    assert darkroom.decode((out / "a+b ü.jpg").read_bytes()).width == 96
