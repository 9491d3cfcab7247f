"""White balance, colour sliders and CLAHE, held against their definitions, OpenCV and photographs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import cv2
import numpy as np
import pytest

from darkroom import apply, srgb
from darkroom.color import conversions
from darkroom.errors import RecipeInvalid
from darkroom.estimates.illuminant import estimate_illuminant
from darkroom.picture import Array
from darkroom.registry import get
from darkroom.srgb import cast_degrees
from darkroom.step import from_float
from tests.support.photographs import photo, photos

RNG = np.random.default_rng(3)
RGB = (0.1 + 0.8 * RNG.random((40, 56, 3))).astype(np.float32)
CASTS = (
    (1.2, 1, 0.8),
    (0.8, 1, 1.2),
    (1.4, 1, 0.6),
    (0.6, 1, 1.4),
    (1, 0.8, 1),
    (1, 1.2, 1),
    (1.4, 1.2, 1),
    (0.6, 1, 1),
)


NEUTRAL = ("city", "dog", "girl", "grass", "guitar", "nyc", "waves")
"""Photographs without a cast: none of the evening light, the toned sky and the flowers."""


def under_light(image: Array, gains: Sequence[float]) -> Array:
    """The ``uint8`` picture as light of another colour, no brighter in any channel, would make it."""
    linear = conversions.srgb_to_linear(image) * (np.array(gains, np.float32) / max(gains))
    return np.rint(conversions.linear_to_srgb(linear) * 255).astype(np.uint8)


# --- white_balance ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["shades_of_grey", "grey_world", "white_patch", "grey_edge"])
def test_each_estimate_follows_the_light(method: str) -> None:
    """Multiplying the light multiplies the estimate (all methods are equivariant but for rounding)."""
    errors: list[float] = []
    for image, gains in zip(photos(), cycle(CASTS), strict=False):
        own = estimate_illuminant(image, method)  # type: ignore[arg-type]
        seen = estimate_illuminant(under_light(image, gains), method)  # type: ignore[arg-type]
        expected = own * gains
        cosine = seen @ expected / np.linalg.norm(expected)
        errors.append(float(np.degrees(np.arccos(min(float(cosine), 1.0)))))
    assert np.median(errors) <= 3


def test_casts_are_removed_from_photographs_and_none_is_added() -> None:
    left, added = [], []
    for image, gains in zip(map(photo, NEUTRAL), cycle(CASTS), strict=False):
        added.append(cast_degrees(estimate_illuminant(image)))
        seen = estimate_illuminant(under_light(image, gains))
        left.append(cast_degrees(seen / gains))
    assert np.median(left) <= 3
    assert np.median(added) <= 3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_grey_ramp_under_coloured_light_turns_grey(dtype: type) -> None:
    light = np.array([0.9, 0.7, 0.5])
    ramp = np.linspace(0.02, 0.9, 400).reshape(20, 20, 1)
    encoded = srgb.linear_to_srgb_exact(ramp * light)
    image = encoded.astype(dtype) if dtype == np.float32 else np.rint(encoded * np.iinfo(dtype).max).astype(dtype)
    balanced = apply("white_balance", image)
    linear, before = conversions.srgb_to_linear(balanced), conversions.srgb_to_linear(image)
    assert np.ptp(linear, axis=2).max() < 0.01
    np.testing.assert_allclose(conversions.luminance(linear).mean(), conversions.luminance(before).mean(), rtol=0.01)
    np.testing.assert_allclose(estimate_illuminant(image), light / np.linalg.norm(light), atol=2e-3)


def test_a_light_that_is_known_is_divided_out() -> None:
    image = photo("nyc")
    gains = (1.0, 0.8, 0.6)
    known = get("white_balance")(under_light(image, gains), get("white_balance").params(illuminant=gains))
    assert known.details["cast_degrees"] == pytest.approx(cast_degrees(np.array(gains)), abs=0.01)
    before, after = conversions.srgb_to_linear(image), conversions.srgb_to_linear(known.image)
    plain = before.min(axis=2) > 0.1
    ratio = after[plain] / before[plain]
    np.testing.assert_allclose(ratio / ratio[:, 1:2], 1, atol=0.08)  # 8 bits
    assert known.details["gains"][1] == 1  # a camera's balance leaves green
    assert ratio[:, 1].mean() == pytest.approx(gains[1], abs=0.01)
    with pytest.raises(RecipeInvalid, match="'illuminant'"):
        apply("white_balance", image, illuminant=[1.0, 0.0, 1.0])


def test_blown_highlights_stay_white() -> None:
    image = np.full((20, 20, 3), (200, 170, 120), np.uint8)
    image[:4] = 255
    balanced = apply("white_balance", image)
    np.testing.assert_array_equal(balanced[:4], 255)
    assert np.ptp(balanced[10, 10].astype(int)) <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_highlights_clipped_in_a_channel_do_not_turn_to_the_opposite_colour(dtype: type) -> None:
    """White in warm light, of which red is clipped, is white again; a red lamp is not made grey."""
    light = np.array((1.2, 1.0, 0.8), np.float32)
    seen = np.array([(1, 1, 1), (0.5, 0.5, 0.5), (1, 0.02, 0.01)], np.float32)[:, None].repeat(8, axis=1)
    image = from_float(conversions.linear_to_srgb(np.minimum(seen * light, 1)), np.dtype(dtype))
    balanced = conversions.srgb_to_linear(apply("white_balance", image, illuminant=light.tolist()))
    np.testing.assert_allclose(balanced[:2], seen[:2], atol=0.02)
    np.testing.assert_allclose(balanced[2], seen[2] / (1.2, 1, 1), atol=0.02)


def test_a_picture_of_one_colour_is_no_cast() -> None:
    red = np.full((16, 16, 3), (190, 15, 20), np.uint8)
    step = get("white_balance")
    reported = step(red, step.params())
    np.testing.assert_array_equal(reported.image, red)
    assert reported.details["cast_degrees"] > 40


def test_cast_degrees() -> None:
    assert cast_degrees(np.ones(3)) == pytest.approx(0, abs=1e-5)
    assert cast_degrees(np.array([1.0, 0, 0])) == pytest.approx(54.7356, abs=1e-3)


# --- adjust_color -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_exposure_is_multiplication_in_linear_light(dtype: type) -> None:
    white = np.iinfo(dtype).max
    levels: Array = np.linspace(0, white, 4096).astype(dtype).reshape(64, 64)
    for ev in (-2.0, -0.5, 0.7, 3.0):
        expected = srgb.linear_to_srgb_exact(2**ev * srgb.srgb_to_linear_exact(levels / white))
        result = apply("adjust_color", levels, exposure=ev)
        assert np.abs(result - np.clip(expected, 0, 1) * white).max() <= 0.5 + white * 1e-6


@pytest.mark.parametrize(
    ("slider", "value", "undo"),
    [
        ("exposure", -1.5, 1.5),
        ("brightness", -0.4, 0.4),
        ("contrast", 0.3, -0.3),
        ("saturation", -0.5, 1.0),
        ("hue", 25.0, -25.0),
        ("temperature", 0.5, -0.5),
        ("tint", -0.6, 0.6),
    ],
)
def test_each_slider_is_undone_by_its_opposite(slider: str, value: float, undo: float) -> None:
    muted = (0.45 + 0.2 * (RGB - 0.5)).astype(np.float32)  # stays within the gamut
    there = apply("adjust_color", muted, **{slider: value})
    assert np.abs(there - muted).max() > 0.01
    back = apply("adjust_color", there, **{slider: undo})
    if slider in ("temperature", "tint"):  # opposite gains cancel; each keeps the luminance of greys by its own factor
        back *= np.float32(muted.mean() / back.mean())
    np.testing.assert_allclose(back, muted, atol=2e-3 if slider in ("temperature", "tint") else 2e-5)


def test_tone_sliders_keep_black_white_and_clip_nothing() -> None:
    ramp = np.linspace(0, 1, 257, dtype=np.float32).reshape(1, -1)
    for values in ({"brightness": 1.0}, {"brightness": -1.0}, {"contrast": 1.0}, {"contrast": -1.0}):
        result = apply("adjust_color", ramp, **values)
        assert result[0, 0] == 0
        assert result[0, -1] == pytest.approx(1, abs=1e-6)
        assert (np.diff(result[0]) > 0).all()
    contrast = apply("adjust_color", ramp, contrast=0.5)
    assert contrast[0, 128] == pytest.approx(0.5, abs=1e-6)
    assert contrast[0, 64] < 0.25 < 0.75 < contrast[0, 192]


def test_saturation_keeps_lightness_and_reaches_grey() -> None:
    grey = apply("adjust_color", RGB, saturation=-1.0)
    assert np.ptp(grey, axis=2).max() < 2e-3
    for values in ({"saturation": 0.2}, {"vibrance": 0.4}, {"hue": 20.0}):
        muted = (0.5 + 0.15 * (RGB - 0.5)).astype(np.float32)
        result = apply("adjust_color", muted, **values)
        before, after = (conversions.linear_to_oklab(conversions.srgb_to_linear(image)) for image in (muted, result))
        np.testing.assert_allclose(after[..., 0], before[..., 0], atol=1e-4)
        if "saturation" in values:
            np.testing.assert_allclose(after[..., 1:], 1.2 * before[..., 1:], atol=1e-4)


def test_vibrance_favours_pale_colours() -> None:
    pale, vivid = np.array([0.55, 0.5, 0.45], np.float32), np.array([0.85, 0.3, 0.2], np.float32)
    image = np.stack((pale, vivid))[None]
    lab = conversions.linear_to_oklab(conversions.srgb_to_linear(image))
    boosted = conversions.linear_to_oklab(conversions.srgb_to_linear(apply("adjust_color", image, vibrance=0.5)))
    gain = np.hypot(boosted[0, :, 1], boosted[0, :, 2]) / np.hypot(lab[0, :, 1], lab[0, :, 2])
    assert gain[0] > 1.3
    assert gain[1] < 1.15


def test_vibrance_leaves_the_faint_violet_of_greys_where_it_is_asked_to() -> None:
    hues = np.deg2rad([300, 340, 250, 90, 140, 320])
    chroma = np.array([0.015, 0.03, 0.03, 0.03, 0.03, 0.15])
    lab = np.stack((np.full(6, 0.6), chroma * np.cos(hues), chroma * np.sin(hues)), -1)[None].astype(np.float32)
    image = conversions.linear_to_srgb(conversions.oklab_to_linear(lab))
    gain = []
    for spared in (0.0, 1.0):
        after = apply("adjust_color", image, vibrance=0.8, spare_greys=spared)
        after_lab = conversions.linear_to_oklab(conversions.srgb_to_linear(after))[0]
        gain.append(np.hypot(after_lab[:, 1], after_lab[:, 2]) / chroma - 1)
    plain, kept = gain[0], gain[1] / gain[0]
    assert plain[0] > 0.6
    assert kept[0] == pytest.approx(0.015**2 / (0.015**2 + 0.05**2), abs=0.02)
    assert kept[1] < 0.35
    assert (kept[2:] > 0.85).all(), "a sky, sand, grass and a violet flower are made lively"


def test_temperature_and_tint_go_their_way() -> None:
    grey = np.full((4, 4, 3), 0.5, np.float32)
    warm = apply("adjust_color", grey, temperature=1.0)[0, 0]
    assert warm[0] > 0.5 > warm[2]
    magenta = apply("adjust_color", grey, tint=1.0)[0, 0]
    assert magenta[0] > magenta[1] < magenta[2]
    for pixel in (warm, magenta):
        luminance = conversions.luminance(conversions.srgb_to_linear(pixel[None, None]))
        np.testing.assert_allclose(luminance, 0.21404, atol=1e-4)


def test_all_sliders_at_zero_are_neutral() -> None:
    step = get("adjust_color")
    assert step.params().is_neutral()
    assert not step.params.parse({"hue": 1.0}, of="adjust_color").is_neutral()
    with pytest.raises(RecipeInvalid, match="exposure"):
        apply("adjust_color", RGB, exposure=6.0)


# --- equalize_adaptive ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(96, 128), (97, 131), (96, 131), (200, 97), (64, 64)])
@pytest.mark.parametrize(("clip_limit", "tiles"), [(2.0, 8), (3.5, 4), (10.0, 5)])
def test_clahe_is_opencvs_within_a_level(size: tuple[int, int], clip_limit: float, tiles: int) -> None:
    y, x = np.mgrid[: size[0], : size[1]]
    noise = RNG.normal(0, 6, size)
    image = np.clip(120 + 60 * np.sin(x / 17) * np.cos(y / 23) + 30 * (x > 50) + noise, 0, 255).astype(np.uint8)
    expected = cv2.createCLAHE(clip_limit, (tiles, tiles)).apply(image).astype(int)
    result = apply("equalize_adaptive", image, clip_limit=clip_limit, tiles=tiles)
    assert np.abs(result - expected).max() <= 1


def test_clahe_keeps_sixteen_bits_and_constant_pictures() -> None:
    ramp = np.linspace(10_000, 20_000, 128 * 128).astype(np.uint16).reshape(128, 128)
    assert len(np.unique(apply("equalize_adaptive", ramp))) > 5_000
    for shape in ((1, 1), (3, 5), (40, 30)):
        flat = np.full(shape, 100, np.uint8)
        result = apply("equalize_adaptive", flat)
        assert result.min() == result.max()
        assert abs(int(result[0, 0]) - 100) <= 4


def test_clahe_bounds_the_noise_of_flat_regions() -> None:
    """The slope is at most the limit, and one more from what was cut and spread over all bins."""
    flat = (0.5 + RNG.normal(0, 0.01, (256, 256))).astype(np.float32)
    for clip_limit in (1.0, 2.0, 4.0):
        growth = apply("equalize_adaptive", flat, clip_limit=clip_limit).std() / flat.std()
        assert growth <= 1.02 * (clip_limit + 1)


def test_clahe_keeps_hue() -> None:
    result = apply("equalize_adaptive", RGB, clip_limit=4.0, tiles=2)
    before = RGB - RGB.mean(axis=2, keepdims=True)
    after = result - result.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(before, axis=2), np.linalg.norm(after, axis=2)
    vivid = (lengths[0] > 0.1) & (lengths[1] > 0.05)
    cosine = (before * after).sum(axis=2)[vivid] / (lengths[0] * lengths[1])[vivid]
    assert vivid.mean() > 0.5
    assert cosine.min() > 0.9999
