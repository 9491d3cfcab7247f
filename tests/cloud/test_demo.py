"""README's first command."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from PIL import Image

from darkroom_local.demo import OUTPUT
from darkroom_local.emulator import REPOSITORY

pytestmark = pytest.mark.cloud


def test_make_demo_leaves_the_photo_better_and_says_why() -> None:
    done = subprocess.run(["make", "demo"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    names = ("before.jpg", "after.jpg", "comparison.png")
    before, after, _ = (np.asarray(Image.open(OUTPUT / name).convert("L")).mean() for name in names)
    assert after > before + 30, "it was two stops dark"
    manifest = json.loads((OUTPUT / "manifest.json").read_text())
    sizes = [(OUTPUT / name).stat().st_size for name in names[:2]]
    assert sizes == [manifest["source"]["bytes"], manifest["result"]["bytes"]], "the very files"
    assert any(decision["chosen"] for decision in manifest["decisions"])
