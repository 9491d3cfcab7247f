"""Colour conversions, held against the standards' formulas and scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage import color as reference

from darkroom import srgb
from darkroom.color import conversions
from darkroom.picture import Array

RNG = np.random.default_rng(5)
RGB = RNG.random((64, 80, 3), dtype=np.float32)
DENSE = np.linspace(0, 1, 200_001)


def test_srgb_hits_the_standards_values() -> None:
    """IEC 61966-2-1: the ends, the two joints, and the linear light of mid grey."""
    encoded = np.array([0, 0.04045, 0.5, 1], np.float32)
    np.testing.assert_allclose(
        conversions.srgb_to_linear(encoded), [0, 0.04045 / 12.92, 0.21404114, 1], rtol=1e-6, atol=1e-7
    )
    assert conversions.srgb_to_linear(encoded)[0] == 0
    np.testing.assert_allclose(conversions.linear_to_srgb(conversions.srgb_to_linear(encoded)), encoded, atol=1e-6)


def test_float_curves_follow_float64() -> None:
    dense = DENSE.astype(np.float32)
    np.testing.assert_allclose(conversions.srgb_to_linear(dense), srgb.srgb_to_linear_exact(DENSE), atol=1e-6)
    np.testing.assert_allclose(conversions.linear_to_srgb(dense), srgb.linear_to_srgb_exact(DENSE), atol=1e-6)
    shadows = DENSE.astype(np.float32) * np.float32(0.01)
    expected = srgb.linear_to_srgb_exact(shadows.astype(np.float64))
    np.testing.assert_allclose(conversions.linear_to_srgb(shadows), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_survives_linear_light(dtype: Any) -> None:
    white = np.iinfo(dtype).max
    levels = np.arange(white + 1, dtype=dtype).reshape(-1, 64)
    linear = conversions.srgb_to_linear(levels)
    assert linear.dtype == np.float32
    np.testing.assert_allclose(linear, srgb.srgb_to_linear_exact(levels / white), rtol=1e-6)
    np.testing.assert_array_equal(np.rint(conversions.linear_to_srgb(linear) * white), levels)


def test_table_equals_indexing() -> None:
    for dtype in (np.uint8, np.uint16):
        levels = np.iinfo(dtype).max + 1
        table = RNG.permutation(levels).astype(dtype)
        for shape in ((1, 1), (5, 7), (5, 7, 3)):
            image = RNG.integers(0, levels, shape).astype(dtype)
            np.testing.assert_array_equal(conversions.apply_table(image, table), table[image])


def test_luma_and_luminance() -> None:
    primaries = np.eye(3, dtype=np.float32)[None]
    np.testing.assert_allclose(conversions.luma(primaries)[0], [0.299, 0.587, 0.114], rtol=1e-6)
    np.testing.assert_allclose(conversions.luminance(primaries)[0], [0.2126, 0.7152, 0.0722], atol=1e-4)
    gray = RGB[..., 0]
    np.testing.assert_array_equal(conversions.luma(gray), gray)


def test_lab_equals_scikit_image() -> None:
    expected = reference.rgb2lab(RGB.astype(np.float64))
    np.testing.assert_allclose(conversions.rgb_to_lab(RGB), expected, atol=3e-4)  # of 100: float32 against float64
    # There and back in float32: processors differ in the last bit of L*, which is up to 2e-5 of the dark channels.
    np.testing.assert_allclose(conversions.lab_to_rgb(conversions.rgb_to_lab(RGB)), RGB, atol=2e-5)
    dark = RGB * np.float32(0.05)  # the linear part of L*
    np.testing.assert_allclose(conversions.rgb_to_lab(dark), reference.rgb2lab(dark.astype(np.float64)), atol=3e-4)
    np.testing.assert_allclose(conversions.lab_to_rgb(conversions.rgb_to_lab(dark)), dark, atol=1e-5)


def test_oklab_hits_the_published_values() -> None:
    """The pairs of XYZ and Oklab in Ottosson's article, which rounds them to three digits."""
    xyz = np.array([[[0.950, 1.0, 1.089]]], np.float32)
    oklab = conversions.linear_to_oklab(np.maximum(conversions.xyz_to_rgb(xyz), 0))
    np.testing.assert_allclose(oklab[0, 0], [1, 0, 0], atol=1e-3)
    red = conversions.linear_to_oklab(np.array([[[1, 0, 0]]], np.float32))[0, 0]
    np.testing.assert_allclose(red, [0.62796, 0.22486, 0.12585], atol=1e-4)
    np.testing.assert_allclose(conversions.oklab_to_linear(conversions.linear_to_oklab(RGB)), RGB, atol=1e-5)


def hue(rgb: Array) -> Array:
    return reference.rgb2hsv(rgb.astype(np.float64))[..., 0]


def test_with_luma_sets_luma_and_keeps_hue_without_clipping() -> None:
    target = RNG.random(RGB.shape[:2], dtype=np.float32)
    result = conversions.with_luma(RGB, target)
    assert result.min() >= -1e-6
    assert result.max() <= 1 + 1e-6
    np.testing.assert_allclose(conversions.luma(result), target, atol=2e-6)
    chromatic = np.ptp(result, axis=2) > 0.02
    turn = np.abs(hue(np.clip(result, 0, 1)) - hue(RGB))
    assert np.minimum(turn, 1 - turn)[chromatic].max() < 1e-3


def test_with_luma_of_floats_stays_within_what_steps_take() -> None:
    """The next step rejects a float beyond white. A part of a picture, which no compiled loop takes, as well."""
    target = np.random.default_rng(5).random((64, 70), dtype=np.float32)
    for image in (RGB, np.rint(RGB)):
        for part in (image[:, :70], image[:, :70].copy()):
            result = conversions.with_luma(part, target)
            assert result.min() >= 0
            assert result.max() <= 1


def test_with_luma_multiplies_where_there_is_room() -> None:
    darker = conversions.with_luma(RGB, conversions.luma(RGB) * np.float32(0.5))
    np.testing.assert_allclose(darker, RGB * 0.5, atol=1e-6)
    np.testing.assert_allclose(conversions.with_luma(RGB, conversions.luma(RGB)), RGB, atol=1e-6)
    black = np.zeros((2, 2, 3), np.float32)
    np.testing.assert_allclose(conversions.with_luma(black, np.full((2, 2), 0.3, np.float32)), 0.3, atol=1e-6)


def test_a_toe_tames_the_colour_of_lightened_shadows_alone() -> None:
    shadows, target = RGB * np.float32(0.02), np.full(RGB.shape[:2], 0.3, np.float32)
    plain, tamed = conversions.with_luma(shadows, target), conversions.with_luma(shadows, target, toe=0.02)
    assert (np.ptp(tamed, axis=2) <= np.ptp(plain, axis=2) + 1e-6).all()
    assert np.median(np.ptp(tamed, axis=2)) < 0.5 * np.median(np.ptp(plain, axis=2))
    np.testing.assert_allclose(conversions.luma(tamed), target, atol=2e-6)
    darker = conversions.luma(RGB) * np.float32(0.5)
    np.testing.assert_allclose(
        conversions.with_luma(RGB, darker, toe=0.02), conversions.with_luma(RGB, darker), atol=1e-6
    )


def test_fit_gamut_keeps_luminance() -> None:
    wild = RGB * 2 - np.float32(0.5)
    luminance = conversions.luminance(wild)
    fitted = conversions.fit_gamut(wild)
    assert fitted.min() >= 0
    assert fitted.max() <= 1
    np.testing.assert_allclose(conversions.luminance(fitted), np.clip(luminance, 0, 1), atol=1e-5)
    np.testing.assert_allclose(conversions.fit_gamut(RGB), RGB, atol=1e-6)
