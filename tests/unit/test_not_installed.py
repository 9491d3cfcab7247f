"""The library in a process that lacks a package: typed errors, and all that can do without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from tests.support import heic

pytestmark = pytest.mark.slow

DO = """
import sys
from pathlib import Path
sys.modules[sys.argv[1]] = None  # cannot be imported, nor found
import darkroom
jpeg, heic = (Path(name).read_bytes() for name in ("in.jpg", "in.heic"))
try:
    {call}
except darkroom.DarkroomError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photo = skimage.data.astronaut()[:64, :64]
    Image.fromarray(photo).point(lambda level: level // 4).save(tmp_path / "in.jpg")
    (tmp_path / "in.heic").write_bytes(heic.write(photo))
    return tmp_path


def without(package: str, call: str, folder: Path) -> str:
    command = [sys.executable, "-c", DO.format(call=call), package]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("cv2", "darkroom.enhance(jpeg)"),
        ("cv2", "from darkroom import enhance"),
        ("cv2", "darkroom.apply('gamma', darkroom.decode(jpeg).as_array(), gamma=0.8)"),
        ("cv2", "darkroom.steps()"),
        ("onnxruntime", "darkroom.enhance(jpeg)"),
        ("onnxruntime", "darkroom.apply('diagnose', darkroom.decode(jpeg).as_array())"),
        ("pi_heif", "darkroom.decode(heic)"),
        ("simplejpeg", "darkroom.decode(jpeg)"),
    ],
)
def test_what_needs_it_says_so(package: str, call: str, folder: Path) -> None:
    told = without(package, call, folder)
    assert (
        told == f"StepFailed step.not-installed: {package} is not installed: pip install --force-reinstall darkroom\n"
    )


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("cv2", "assert darkroom.apply('diagnose', darkroom.decode(jpeg).as_array())"),
        ("onnxruntime", "assert darkroom.enhance(jpeg, recipe='vivid').report.steps"),
        ("pi_heif", "assert darkroom.encode(darkroom.enhance(jpeg).picture, 'png')"),
    ],
)
def test_what_does_not_need_it_works(package: str, call: str, folder: Path) -> None:
    assert without(package, call, folder) == ""
