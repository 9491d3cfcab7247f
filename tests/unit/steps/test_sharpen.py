"""Sharpening against its references."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from darkroom.errors import RecipeInvalid
from darkroom.picture import Array
from darkroom.registry import get
from darkroom.srgb import LUMA_WEIGHTS


def apply(image: Array, **params: object) -> Array:
    step = get("unsharp_mask")
    return step(image, step.params.parse(params, of=step.name)).image


@pytest.fixture
def photo() -> Array:
    """Smooth random colour, 40x50x3, within 0.2-0.8 so that nothing clips."""
    noise = np.random.default_rng(3).random((40, 50, 3))
    smooth = ndimage.gaussian_filter(noise, (1.5, 1.5, 0))
    return (0.2 + 0.6 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


@pytest.mark.parametrize(("radius", "amount"), [(0.5, 1.0), (1.0, 0.5), (2.5, 2.0)])
def test_equals_scikit_image(photo: Array, radius: float, amount: float) -> None:
    grey = np.ascontiguousarray(photo[..., 0])
    reference = filters.unsharp_mask(grey, radius, amount)
    np.testing.assert_allclose(apply(grey, radius=radius, amount=amount), reference, atol=2e-5)
    reference = filters.unsharp_mask(photo, radius, amount, channel_axis=2)
    np.testing.assert_allclose(apply(photo, radius=radius, amount=amount, channels="each"), reference, atol=2e-5)


@pytest.mark.parametrize("smoother", ["gaussian", "mean", "median", "bilateral"])
def test_luminance_gets_the_detail_and_colour_stays(photo: Array, smoother: str) -> None:
    result = apply(photo, smoother=smoother, radius=1.5, amount=0.5)
    added = result - photo
    np.testing.assert_allclose(added, np.repeat(added[..., :1], 3, axis=2), atol=1e-6)
    sharpened_luma = apply(np.ascontiguousarray(photo @ LUMA_WEIGHTS), smoother=smoother, radius=1.5, amount=0.5)
    np.testing.assert_allclose(result @ LUMA_WEIGHTS, sharpened_luma, atol=1e-5)


def test_mean_and_median_follow_their_formulas(photo: Array) -> None:
    grey = np.ascontiguousarray(photo[..., 1])
    for smoother, smooth in (
        ("mean", ndimage.uniform_filter(grey, 5, mode="reflect")),
        ("median", ndimage.median_filter(grey, 5, mode="nearest")),
    ):
        expected = np.clip(grey + 1.5 * (grey - smooth), 0, 1)
        np.testing.assert_allclose(apply(grey, smoother=smoother, radius=2, amount=1.5), expected, atol=1e-5)


def test_threshold_leaves_noise_alone_and_sharpens_edges() -> None:
    image = np.full((32, 32), 0.4, np.float32)
    image[:, 16:] = 0.6
    noisy = image + np.random.default_rng(0).uniform(-0.01, 0.01, image.shape).astype(np.float32)
    result = apply(noisy, amount=2.0, threshold=0.02)
    np.testing.assert_array_equal(result[:, :10], noisy[:, :10])
    assert result[:, 16].mean() - result[:, 15].mean() > 0.25


def test_halo_bounds_overshoot() -> None:
    image = np.full((20, 40), 0.3, np.float32)
    image[:, 20:] = 0.7
    assert apply(image, radius=2, amount=3).max() > 0.9
    bounded = apply(image, radius=2, amount=3, halo=0.04)
    assert bounded.max() == pytest.approx(0.74, abs=1e-5)
    assert bounded.min() == pytest.approx(0.26, abs=1e-5)


def test_bilateral_refuses_a_radius_past_its_bound() -> None:
    with pytest.raises(RecipeInvalid, match=r"'radius' is 12 but must be at most 10"):
        apply(np.zeros((4, 4), np.uint8), smoother="bilateral", radius=12)
