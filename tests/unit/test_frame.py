"""What frames a photo is no part of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from darkroom.algorithms.frame import without_frame
from darkroom.diagnosis.network import diagnose
from darkroom.estimates.measure import measure
from darkroom.picture import Array, Picture
from tests.support.photographs import NAMES, photo


def framed(pixels: Array, top: int, right: int, bottom: int, left: int, level: float = 1.0) -> Array:
    white = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    sides = ((top, bottom), (left, right), (0, 0))[: pixels.ndim]
    return np.pad(pixels, sides, constant_values=pixels.dtype.type(level * white))


def scene(dtype: Any = np.uint8, channels: int = 3) -> Array:
    white = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    shape = (60, 80, 3)[: 2 + (channels > 1)]
    return (np.random.default_rng(0).random(shape) * white).astype(dtype)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("sides", [(0, 9, 0, 5), (12, 0, 7, 0), (3, 4, 5, 6), (0, 0, 0, 0)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_frame_is_left_out(dtype: Any, sides: tuple[int, int, int, int], level: float) -> None:
    for channels in (1, 3):
        picture = scene(dtype, channels)
        assert np.array_equal(without_frame(framed(picture, *sides, level)), picture)


def test_what_lies_on_one_side_alone_stays() -> None:
    sky = framed(scene(), 15, 0, 0, 0)
    assert without_frame(sky).shape == sky.shape
    unlike = np.concatenate((np.full((60, 9, 3), 255, np.uint8), scene(), np.zeros((60, 9, 3), np.uint8)), axis=1)
    assert without_frame(unlike).shape == unlike.shape


def test_at_least_half_of_each_side_stays() -> None:
    assert without_frame(np.zeros((40, 80, 3), np.uint8)).shape == (20, 40, 3)
    assert without_frame(np.zeros((1, 1), np.uint8)).shape == (1, 1)
    assert without_frame(np.zeros((3, 5), np.uint8)).size > 0


@pytest.mark.slow
def test_a_white_margin_changes_nothing_of_what_is_measured_and_seen() -> None:
    alone = photo(NAMES[0])
    margin = framed(alone, 40, 100, 40, 100)
    assert measure(Picture(margin)).tones == measure(Picture(alone)).tones
    assert diagnose(margin) == diagnose(alone)
