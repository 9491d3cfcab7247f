"""Where the evaluation data lies: photographs and hostile files that are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("DARKROOM_DATA", Path(__file__).parents[3] / "shared" / "data"))


def data(relative: str) -> Path:
    """A path below the data folder. Where there is none the test skips, or fails if ``DARKROOM_REQUIRE`` has "data"."""
    path = ROOT / relative
    if not path.exists():
        why = f"no {relative} (set DARKROOM_DATA to the data folder)"
        (pytest.fail if "data" in os.environ.get("DARKROOM_REQUIRE", "").split(",") else pytest.skip)(why)
    return path
