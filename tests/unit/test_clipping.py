"""What clipping makes of noise, against noise that is clipped."""

from __future__ import annotations

import numpy as np
import pytest

from darkroom.algorithms.clipping import deviation_left, level_of_mean
from darkroom.color.tone import nearest_level


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("level", [0.0, 0.03, 0.5, 0.9, 1.0])
def test_level_and_deviation_are_known_by_the_mean(level: float, sigma: float) -> None:
    noise = np.random.default_rng(1).standard_normal(1_000_000)
    clipped = np.clip(level + sigma * noise, 0, 1)
    mean = np.array([[clipped.mean()]], np.float32)
    np.testing.assert_allclose(mean + nearest_level(level_of_mean(sigma), mean), level, atol=0.01 * sigma + 2 / 4096)
    np.testing.assert_allclose(
        sigma * nearest_level(deviation_left(sigma), mean), clipped.std(), atol=0.01 * sigma + 1 / 4096
    )


def test_what_lies_outside_takes_the_nearest_entry() -> None:
    table = level_of_mean(0.1)
    assert np.array_equal(nearest_level(table, np.array([-0.5, 1.5], np.float32)), [table[0], table[-1]])
