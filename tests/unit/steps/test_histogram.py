"""Histograms, the percentile stretch and gamma, held against NumPy, scikit-image and the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.exposure import rescale_intensity

from darkroom import apply
from darkroom.errors import RecipeInvalid
from darkroom.estimates import histogram
from darkroom.picture import Array

RNG = np.random.default_rng(11)


def dull(dtype: Any, channels: int = 3) -> Array:
    values = np.clip(RNG.normal((0.45, 0.5, 0.4), 0.07, (60, 70, 3)), 0, 1)[..., :channels].squeeze()
    return values.astype(dtype) if dtype == np.float32 else np.rint(values * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_histogram_counts_every_level(dtype: Any) -> None:
    image = dull(dtype)
    levels = np.iinfo(dtype).max + 1
    np.testing.assert_array_equal(histogram.histogram(image), np.bincount(image.ravel(), minlength=levels))
    for channel, counts in enumerate(histogram.channel_histograms(image)):
        np.testing.assert_array_equal(counts, np.bincount(image[..., channel].ravel(), minlength=levels))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 1e-12), (np.uint16, 1e-12), (np.float32, 1e-5)])
def test_percentiles_are_numpys(dtype: Any, tolerance: float) -> None:
    percents = (0, 0.5, 2, 50, 99.9, 100)
    for image in (dull(dtype), dull(dtype)[:1, :1], dull(dtype)[:2, :1]):
        white = 1 if dtype == np.float32 else np.iinfo(dtype).max
        expected = np.percentile(image.astype(np.float64) / white, percents)
        found = histogram.percentiles(histogram.histogram(image), percents)
        np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("per_channel", [False, True])
def test_stretch_is_scikit_images(dtype: Any, per_channel: bool) -> None:
    image = dull(dtype)
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    result = apply("stretch_histogram", image, low=2.0, high=97.0, per_channel=per_channel)
    floats = image / np.float64(white)
    parts = [floats[..., c] for c in range(3)] if per_channel else [floats]
    expected = [
        rescale_intensity(part, in_range=tuple(np.percentile(part, (2, 97))), out_range=(0, 1)) for part in parts
    ]
    reference = np.stack(expected, axis=-1) if per_channel else expected[0]
    np.testing.assert_allclose(result / np.float64(white), reference, atol=0.5 / white + 1e-9 if white > 1 else 1e-4)


def test_stretch_fills_the_range_it_is_given() -> None:
    image = dull(np.uint8)
    result = apply("stretch_histogram", image, low=0.0, high=100.0, output_low=0.2, output_high=0.6)
    assert (result.min(), result.max()) == (51, 153)


def test_stretch_about_a_middle_brings_contrast_back_where_nothing_was_white() -> None:
    scene = np.linspace(0, 0.7, 256, dtype=np.float32).reshape(16, 16)
    flat = 0.5 + 0.4 * (scene - 0.5)
    np.testing.assert_allclose(apply("stretch_histogram", flat, low=0.0, high=100.0, middle=0.5), scene, atol=1e-4)
    whole = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    np.testing.assert_allclose(apply("stretch_histogram", whole, low=0.0, high=100.0, middle=0.3), whole, atol=1e-4)
    with pytest.raises(RecipeInvalid, match="'middle'"):
        apply("stretch_histogram", flat, middle=0.2, output_low=0.3)


def test_stretch_finds_the_ends_below_what_single_pixels_overshoot() -> None:
    rng = np.random.default_rng(5)
    scene = np.repeat(np.repeat(rng.integers(0, 2, (24, 24)) * 255, 8, axis=0), 8, axis=1)
    noisy = np.rint(127.5 + 0.4 * (scene - 127.5) + rng.normal(0, 3, scene.shape)).astype(np.uint8)
    flat = {"low": 0.005, "high": 99.995, "middle": 0.5}
    found = {side: apply("stretch_histogram", noisy, **flat, averaged_px=side) for side in (1, 4)}
    off = {side: float(np.abs(result.astype(float) - scene).mean()) for side, result in found.items()}
    assert off[4] < 0.6 * off[1]


def test_stretch_leaves_constant_pictures_alone() -> None:
    for dtype, value, white in ((np.uint8, 90, 255), (np.uint16, 9000, 65535), (np.float32, 0.3, 1)):
        flat = np.full((9, 9, 3), value, dtype)
        for per_channel in (False, True):
            np.testing.assert_array_equal(apply("stretch_histogram", flat, per_channel=per_channel), flat)
            np.testing.assert_array_equal(apply("stretch_histogram", flat, averaged_px=64), flat)
        np.testing.assert_array_equal(apply("stretch_histogram", flat, middle=value / white), flat)


def test_stretch_refuses_ends_in_the_wrong_order() -> None:
    with pytest.raises(RecipeInvalid, match="'low'"):
        apply("stretch_histogram", dull(np.uint8), low=60.0, high=40.0)
    with pytest.raises(RecipeInvalid, match="'output_low'"):
        apply("stretch_histogram", dull(np.uint8), output_low=0.5, output_high=0.5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gamma", [0.1, 0.45, 2.2, 10.0])
def test_gamma_is_exact_for_every_level(dtype: Any, gamma: float) -> None:
    white = np.iinfo(dtype).max
    levels = np.arange(white + 1, dtype=dtype).reshape(16, -1)
    expected = np.rint((levels / white) ** (1 / gamma) * white)
    np.testing.assert_array_equal(apply("gamma", levels, gamma=gamma), expected)


def test_gamma_of_floats_is_the_formula() -> None:
    image = np.linspace(0, 1, 10_001, dtype=np.float32).reshape(1, -1)
    for gamma in (0.1, 0.45, 2.2, 10.0):
        expected = image.astype(np.float64) ** (1 / gamma)
        result = apply("gamma", image, gamma=gamma)
        np.testing.assert_allclose(result, expected, atol=1e-6)
        assert result[0, 0] == 0
        assert result[0, -1] == 1
