"""What clipping makes of noise, against noise that is clipped."""

from __future__ import annotations

import numpy as np
import pytest

from darkroom.algorithms.clipping import deviation_left, level_of_mean, look_up


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("level", [0.0, 0.03, 0.5, 0.9, 1.0])
def test_level_and_deviation_are_known_by_the_mean(level: float, sigma: float) -> None:
    noise = np.random.default_rng(1).standard_normal(1_000_000)
    clipped = np.clip(level + sigma * noise, 0, 1)
    mean = np.array([[clipped.mean()]], np.float32)
    np.testing.assert_allclose(mean + look_up(mean, level_of_mean(sigma)), level, atol=0.01 * sigma + 2 / 4096)
    np.testing.assert_allclose(
        sigma * look_up(mean, deviation_left(sigma)), clipped.std(), atol=0.01 * sigma + 1 / 4096
    )


def test_what_lies_outside_takes_the_nearest_entry() -> None:
    table = level_of_mean(0.1)
    assert np.array_equal(look_up(np.array([-0.5, 1.5], np.float32), table), [table[0], table[-1]])
