"""Colour models against scikit-image, colorsys and OpenCV, and back again."""

from __future__ import annotations

import colorsys
from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.color
from PIL import Image
from skimage.color.colorconv import rgb2luv

from darkroom import apply
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.picture import Array
from darkroom.step import max_level
from tests.support.photographs import photo

THREE = ("hsv", "hls", "ycbcr", "xyz", "lab", "lch", "luv")

# Every corner and a grid between, greys included: 17 x 17 x 17 colours.
LEVELS = np.linspace(0, 1, 17, dtype=np.float32)
CUBE = np.array(list(product(LEVELS, LEVELS, LEVELS)), np.float32).reshape(17, 289, 3)


def pictures() -> list[Array]:
    return [CUBE, photo("flowers").astype(np.float32) / np.float32(255)]


def convert(image: Array, to: str, source: str = "rgb") -> Array:
    return np.asarray(apply("convert_color", image, **{"from": source, "to": to}))


def hls_by_colorsys(image: Array) -> Array:
    flat = image.reshape(-1, 3).astype(np.float64)
    return np.array([colorsys.rgb_to_hls(*pixel) for pixel in flat]).reshape(image.shape)


def expected(image: Array, to: str) -> Array:
    """The model's values by scikit-image, in float64, put into 0–1 as the step's documentation says."""
    exact = image.astype(np.float64)
    match to:
        case "gray":
            return skimage.color.rgb2gray(exact)
        case "hsv":
            return skimage.color.rgb2hsv(exact)
        case "hls":
            return hls_by_colorsys(image)
        case "ycbcr":
            return skimage.color.rgb2ypbpr(exact) + np.array([0, 0.5, 0.5])
        case "xyz":
            return skimage.color.rgb2xyz(exact) / (0.95047, 1, 1.08883)
        case "lab":
            return (skimage.color.rgb2lab(exact) + np.array([0, 128, 128])) / (100, 255, 255)
        case "lch":
            return skimage.color.lab2lch(skimage.color.rgb2lab(exact)) / (100, 128 * np.sqrt(2), 2 * np.pi)
        case "luv":
            return (rgb2luv(exact) / (1, 1.4, 1.4) + (0, 128, 128)) / (100, 255, 255)
    raise AssertionError(to)


@pytest.mark.parametrize("to", ["gray", *THREE])
def test_agrees_with_the_reference(to: str) -> None:
    for image in pictures():
        if to == "hls":
            image = image[::3, ::7]
        result, reference = convert(image, to).astype(np.float64), expected(image, to)
        error = np.abs(result - reference)
        if to == "lch":
            # Where there is no chroma, hue is anything; and it is a circle.
            error[..., 2] = np.minimum(error[..., 2], 1 - error[..., 2]) * np.minimum(reference[..., 1] * 181, 1)
        if to == "hls":
            # Saturation near black and white is the quotient of two roundings.
            room = np.minimum(reference[..., 1], 1 - reference[..., 1])
            error[..., 2] *= np.minimum(room * 100, 1)
        assert error.max() <= 1e-4


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("to", THREE)
def test_there_and_back_is_within_a_level(to: str, dtype: Any) -> None:
    for image in pictures():
        stored = np.rint(image * max_level(np.dtype(dtype))).astype(dtype) if dtype == np.uint16 else image
        back = convert(convert(stored, to), "rgb", to)
        assert np.abs(back / max_level(back.dtype) - image).max() * 255 <= 1


def test_ycbcr_is_jfifs() -> None:
    """Full range and a neutral of 128: the formulas of ITU-T T.871, section 7, and OpenCV's, which rounds twice."""
    image = np.rint(CUBE * 255).astype(np.uint8)
    r, g, b = np.moveaxis(image.astype(np.float64), -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    exact = np.stack((y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128), axis=-1)
    ours = convert(image, "ycbcr").astype(int)
    np.testing.assert_allclose(ours, np.minimum(exact, 255), atol=0.5 + 1e-3)
    opencv = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]].astype(int)
    assert np.abs(ours - opencv).max() <= 1
    np.testing.assert_array_equal(convert(np.full((1, 1, 3), 255, np.uint8), "ycbcr")[0, 0], (255, 128, 128))
    assert np.abs(convert(convert(image, "ycbcr"), "rgb", "ycbcr").astype(int) - image).max() <= 1


def test_published_values() -> None:
    """L*a*b* and L*u*v* of sRGB's primaries and white (Lindbloom's calculator, D65)."""
    red, blue, white = np.eye(3, dtype=np.float32)[0], np.eye(3, dtype=np.float32)[2], np.ones(3, np.float32)
    colors = np.stack((red, blue, white))[None]
    lab = convert(colors, "lab")[0] * (100, 255, 255) - (0, 128, 128)
    np.testing.assert_allclose(lab, [[53.24, 80.09, 67.20], [32.30, 79.19, -107.86], [100.0, 0.0, 0.0]], atol=0.02)
    luv = (convert(colors, "luv")[0] * (100, 255, 255) - (0, 128, 128)) * (1, 1.4, 1.4)
    np.testing.assert_allclose(luv, [[53.24, 175.01, 37.76], [32.30, -9.40, -130.34], [100.0, 0.0, 0.0]], atol=0.05)


@pytest.mark.parametrize(("first", "second"), [("lab", "lch"), ("xyz", "luv"), ("lab", "xyz"), ("hsv", "hls")])
def test_within_a_family_nothing_is_lost(first: str, second: str) -> None:
    codes = convert(CUBE, first)
    if first == "lab":
        codes = np.stack((codes[..., 0] * 0.5 + 0.3, codes[..., 1], codes[..., 2]), axis=-1)  # partly outside of sRGB
    back = convert(convert(codes, second, first), first, second)
    inside = np.ones(codes.shape[:2], bool)
    if second == "xyz":
        inside = convert(codes, "xyz", "lab").max(axis=-1) < 1
    if first == "hsv":
        codes, back = convert(codes, "rgb", "hsv"), convert(back, "rgb", "hsv")  # hue of greys is anything
    np.testing.assert_allclose(back[inside], codes[inside], atol=1e-4)


def test_grey_pictures() -> None:
    gray = np.linspace(0, 255, 60).astype(np.uint8).reshape(6, 10)
    lab = convert(gray, "lab")
    assert lab.shape == (6, 10, 3)
    np.testing.assert_array_equal(lab[..., 1:], 128)
    np.testing.assert_array_equal(convert(gray, "rgb", "gray"), np.dstack([gray] * 3))
    np.testing.assert_array_equal(convert(np.dstack([gray] * 3), "hsv", "gray")[..., 2], gray)
    with pytest.raises(ImageRejected, match="'lab'"):
        convert(gray, "rgb", "lab")
    with pytest.raises(ImageRejected, match="'gray'"):
        convert(photo("flowers"), "rgb", "gray")


def test_alpha_is_carried() -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    gray = convert(rgba, "gray")
    np.testing.assert_array_equal(gray[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(gray[..., 0], convert(rgba[..., :3], "gray"))
    np.testing.assert_array_equal(gray[..., 0], gray[..., 2])


def test_channels_are_those_of_the_model() -> None:
    image = photo("flowers")
    for space, names in {"rgb": "rgb", "hsv": "hsv", "lab": "lab", "lch": "lch", "luv": "luv", "xyz": "xyz"}.items():
        whole = convert(image, space)
        for place, name in enumerate(names):
            by_name = apply("extract_channel", image, space=space, channel=name)
            np.testing.assert_array_equal(by_name, whole[..., place])
            np.testing.assert_array_equal(apply("extract_channel", image, space=space, channel=place), by_name)
    luma = Image.fromarray(image).convert("L")
    assert np.abs(apply("extract_channel", image, space="ycbcr", channel="y").astype(int) - np.asarray(luma)).max() <= 1
    np.testing.assert_array_equal(apply("extract_channel", image, space="gray"), convert(image, "gray"))


def test_a_channel_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(RecipeInvalid, match=r"'channel' is 'cb' but 'lab' has: l, a, b"):
        apply("extract_channel", CUBE, space="lab", channel="cb")
    with pytest.raises(RecipeInvalid, match="'from'"):
        convert(CUBE, "lab", "cmyk")
