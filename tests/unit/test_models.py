"""The trained models are run without telling anyone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.diagnosis import network

LEFT_ALONE = "import onnxruntime"
"""What ONNX Runtime's own habit is seen by: it makes a device's name and a database as soon as it is imported."""

OURS = f"from darkroom import models; models.load({network.MODEL!r})"


def written_by(code: str, folder: Path) -> set[str]:
    """The files that a process leaves in the only home and folder of temporary files that it knows.

    Its looking up of the collector's name is no evidence: that comes seconds later, and only where certificates are.
    """
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir(parents=True)
    temporary.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.platform != "linux", reason="where the files of telemetry lie is known of Linux alone")
def test_a_model_is_loaded_without_telemetry(tmp_path: Path) -> None:
    seen = written_by(LEFT_ALONE, tmp_path / "alone")
    assert {"tmp/.ses", "home/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid"} <= seen, "no evidence any more"
    assert written_by(OURS, tmp_path / "ours") == set()
