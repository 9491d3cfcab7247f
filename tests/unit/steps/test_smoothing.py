"""Smoothing against its references. For noise and its removal see test_steps_denoise.py."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from darkroom.errors import RecipeInvalid
from darkroom.picture import Array
from darkroom.registry import get


def apply(name: str, image: Array, **params: object) -> Array:
    step = get(name)
    return step(image, step.params.parse(params, of=step.name)).image


@pytest.fixture
def floats() -> Array:
    return np.random.default_rng(1).random((37, 45, 3), np.float32)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 3.3, 12.0])
def test_gaussian_blur_equals_scipy(floats: Array, sigma: float) -> None:
    reference = ndimage.gaussian_filter(floats.astype(np.float64), (sigma, sigma, 0), mode="reflect", truncate=4)
    np.testing.assert_allclose(apply("gaussian_blur", floats, sigma=sigma), reference, atol=2e-4)


@pytest.mark.parametrize("size", [3, 5, 7, 15, 31])
def test_median_blur_equals_scipy(size: int) -> None:
    rng = np.random.default_rng(size)
    for dtype, top in ((np.uint8, 256), (np.uint16, 65536)):
        image = rng.integers(0, top, (40, 33, 3)).astype(dtype)
        reference = ndimage.median_filter(image, (size, size, 1), mode="nearest")
        np.testing.assert_array_equal(apply("median_blur", image, size=size), reference)


@pytest.mark.parametrize(("size", "tolerance"), [(3, 0.0), (5, 0.0), (9, 7.7e-6)])
def test_median_blur_of_floats_equals_scipy(floats: Array, size: int, tolerance: float) -> None:
    reference = ndimage.median_filter(floats, (size, size, 1), mode="nearest")
    np.testing.assert_allclose(apply("median_blur", floats, size=size), reference, rtol=0, atol=tolerance)


def test_median_blur_of_16_bits_has_no_tile_borders() -> None:
    y, x = np.mgrid[0:300, 0:270]
    noise = np.random.default_rng(2).integers(0, 900, x.shape)
    image = (y * 100 + x * 40 + noise).astype(np.uint16)
    reference = ndimage.median_filter(image, 9, mode="nearest")
    np.testing.assert_array_equal(apply("median_blur", image, size=9), reference)


def test_median_blur_refuses_an_even_size() -> None:
    with pytest.raises(RecipeInvalid, match="'size' is 4 but must be odd"):
        apply("median_blur", np.zeros((4, 4), np.uint8), size=4)


def brute_force_bilateral(image: Array, sigma_space: float, sigma_color: float) -> Array:
    """The definition, sample by sample, in float64."""
    radius = max(1, int(np.ceil(2 * sigma_space)))
    planes = image.reshape(*image.shape[:2], -1).astype(np.float64)
    padded = np.pad(planes, ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    height, width = image.shape[:2]
    total = np.zeros_like(planes)
    weights = np.zeros((height, width, 1))
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy > radius * radius:
                continue
            other = padded[radius + dy : radius + dy + height, radius + dx : radius + dx + width]
            difference = np.abs(other - planes).mean(axis=2, keepdims=True)
            weight = np.exp(-(dx * dx + dy * dy) / (2 * sigma_space**2) - difference**2 / (2 * sigma_color**2))
            total += weight * other
            weights += weight
    return (total / weights).reshape(image.shape)


@pytest.mark.parametrize(("sigma_space", "sigma_color"), [(1.0, 0.05), (2.0, 0.2), (3.0, 1.0)])
def test_bilateral_filter_equals_its_definition(floats: Array, sigma_space: float, sigma_color: float) -> None:
    for image in (floats, np.ascontiguousarray(floats[..., 0])):
        result = apply("bilateral_filter", image, sigma_space=sigma_space, sigma_color=sigma_color)
        np.testing.assert_allclose(result, brute_force_bilateral(image, sigma_space, sigma_color), atol=1e-3)


def test_bilateral_filter_treats_grey_alike_as_grey_and_as_rgb(floats: Array) -> None:
    grey = np.ascontiguousarray(floats[..., 0])
    as_rgb = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_allclose(apply("bilateral_filter", as_rgb)[..., 1], apply("bilateral_filter", grey), atol=1e-5)


def test_bilateral_filter_keeps_an_edge_and_smooths_beside_it() -> None:
    image = np.full((30, 60), 0.3)
    image[:, 30:] = 0.7
    noisy = (image + np.random.default_rng(4).normal(0, 0.02, image.shape)).astype(np.float32)
    result = apply("bilateral_filter", noisy, sigma_space=3, sigma_color=0.1)
    assert result[:, :25].std() < noisy[:, :25].std() / 3
    assert result[:, 30].mean() - result[:, 29].mean() > 0.38
