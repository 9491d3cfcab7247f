"""Blending across sizes and kinds of picture, without OpenCV."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from darkroom import blending
from darkroom.picture import Picture

WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = None
import darkroom.auto.guard, darkroom.blending
"""


def test_imports_no_opencv() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_OPENCV], check=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((40, 60, 3), (40, 60, 3)),
        ((40, 60, 3), (80, 120, 3)),
        ((40, 60, 3), (20, 30)),
        ((40, 60), (13, 1, 3)),
        ((1, 1), (5, 7, 3)),
        ((40, 60, 3), (40, 60)),
    ],
)
def test_the_original_takes_the_result_s_form(before: tuple[int, ...], after: tuple[int, ...], dtype: Any) -> None:
    low, high = (round(share * np.iinfo(dtype).max) for share in (0.2, 0.6))
    blended = blending.blend(Picture(np.full(before, low, dtype)), Picture(np.full(after, high, dtype)), 25)
    assert (blended.pixels.shape, blended.pixels.dtype) == (after, dtype)
    np.testing.assert_allclose(blended.pixels, 0.75 * low + 0.25 * high, atol=1)


def test_reduction_averages_and_enlargement_stays_within_range() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (8, 4))
    assert blending.blend(Picture(stripes), Picture(np.zeros((4, 4), np.uint8)), 0).pixels.tolist() == [[128] * 4] * 4
    enlarged = blending.blend(Picture(stripes), Picture(np.zeros((16, 16), np.uint8)), 0).pixels
    assert (int(enlarged.min()), int(enlarged.max())) == (0, 255)
