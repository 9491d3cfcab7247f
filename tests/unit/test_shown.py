"""What is hidden is not looked at: pixels count for as much as they show."""

from __future__ import annotations

import numpy as np
import pytest

from darkroom import pipeline
from darkroom.diagnosis.network import diagnose
from darkroom.estimates.measure import measure
from darkroom.picture import Array, Picture, as_shown, fill_hidden
from darkroom.recipe import StepCall


def picture(*shape: int) -> Array:
    return np.random.default_rng(1).integers(60, 160, (120, 90, *shape), dtype=np.uint8)


def test_shares_of_the_whole_are_those_of_the_visible_part() -> None:
    pixels = picture(3)
    seen = np.zeros((120, 90), np.bool_)
    seen[10:70, 20:75] = True
    pixels[~seen] = 255
    filled = fill_hidden(pixels, seen, bleed_px=0)
    np.testing.assert_array_equal(filled[seen], pixels[seen])
    np.testing.assert_allclose(
        np.percentile(filled, (1, 10, 50, 90, 99)), np.percentile(pixels[seen], (1, 10, 50, 90, 99)), atol=3
    )
    assert (fill_hidden(pixels, seen)[5, 30] == pixels[10, 30]).all()
    assert (fill_hidden(pixels, ~np.zeros_like(seen)) == pixels).all()
    assert not fill_hidden(pixels, np.zeros_like(seen)).any()


def test_half_transparent_pixels_count_half() -> None:
    pixels = np.full((64, 64), 200, np.uint8)
    alpha = np.full((64, 64), 255, np.uint8)
    pixels[:, :32], alpha[:, :32] = 100, 128
    assert as_shown(pixels, alpha).mean() == pytest.approx((100 * 0.5 + 200) / 1.5, abs=6)
    assert (as_shown(pixels, np.full((64, 64), 77, np.uint8)) == pixels).all()


@pytest.mark.parametrize("shape", [(), (3,)])
def test_measuring_diagnosing_and_steps_see_the_visible_alone(shape: tuple[int, ...]) -> None:
    alpha = np.full((120, 90), 255, np.uint8)
    alpha[:, 50:] = 0
    results, found = [], []
    for hidden in (0, 255):
        pixels = picture(*shape)
        pixels[alpha == 0] = hidden
        given = Picture(pixels, alpha)
        done, _ = pipeline.run(given, [StepCall("stretch_histogram"), StepCall("unsharp_mask")])
        assert done.pixels.ndim == pixels.ndim
        results.append(done.pixels[alpha == 255])
        found.append((measure(given), diagnose(given.shown())))
    np.testing.assert_array_equal(*results)
    assert found[0] == found[1]
