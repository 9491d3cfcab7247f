"""The white point of a picture: how bright its brightest is, whatever noise and a JPEG's ringing make of it."""

from __future__ import annotations

import numpy as np
import pytest

from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.estimates.measure import WHITE_POINT_PERCENTILE, WHITE_POINT_PX, thumbnail, white_point
from darkroom.picture import Array
from darkroom.step import from_float
from tests.support.photographs import NAMES, as_jpeg, photo

STOPS = 2.5
PAPER = (255, 250, 240)


def with_paper(name: str, side: int) -> Array:
    """A photograph on which a square piece of coloured paper lies."""
    pixels = photo(name) // 2
    pixels[50 : 50 + side, 90 : 90 + side] = PAPER
    return np.asarray(pixels)


def too_dark(pixels: Array) -> Array:
    """By `STOPS`, with the noise of light, and saved as JPEG."""
    light = (
        np.random.default_rng(0).poisson(srgb_to_linear(np.asarray(pixels / 255, np.float32)) * 2**-STOPS * 4000) / 4000
    )
    return as_jpeg(from_float(linear_to_srgb(np.asarray(light, np.float32)), np.dtype(np.uint8)))


def of_pixels(pixels: Array) -> Array:
    return np.asarray(np.percentile(thumbnail(pixels, WHITE_POINT_PX), WHITE_POINT_PERCENTILE, axis=(0, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_of_an_even_surface_it_is_the_surfaces_own_level(name: str) -> None:
    dark = too_dark(with_paper(name, 120))
    level = linear_to_srgb(srgb_to_linear(np.array(PAPER, np.float32) / 255) * np.float32(2**-STOPS))
    np.testing.assert_allclose(white_point(dark), level, atol=1.5 / 255)
    assert of_pixels(dark).max() > level.max() + 2 / 255


@pytest.mark.parametrize("name", NAMES)
def test_of_lights_it_is_that_which_few_pixels_exceed(name: str) -> None:
    pixels = with_paper(name, 13)
    np.testing.assert_allclose(white_point(pixels), of_pixels(pixels))


def test_of_grey_it_is_that_of_grey_in_colour() -> None:
    grey = too_dark(with_paper("city", 120))[..., 1]
    np.testing.assert_allclose(white_point(grey), white_point(np.dstack([grey] * 3)), atol=1e-6)
