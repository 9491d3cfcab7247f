"""Crops and thumbnails: which pixels remain, and that none is lost, moved or aliased."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom import registry
from darkroom.algorithms.framing import together
from darkroom.algorithms.resample import resample
from darkroom.color.conversions import srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.estimates.faces import faces
from darkroom.picture import Array
from darkroom.registry import apply
from darkroom.step import max_level
from darkroom.steps.crop import Crop, box_in
from tests.support.photographs import photo

SIDES = st.integers(1, 40)
SHARES = st.floats(0, 1)


def numbered(width: int, height: int) -> Array:
    """A picture in which no two pixels are alike."""
    return np.arange(width * height, dtype=np.uint16).reshape(height, width)


@pytest.mark.parametrize(
    ("params", "box"),
    [
        ({}, (0, 0, 52, 40)),
        ({"width": 20}, (16, 0, 20, 40)),
        ({"height": 10}, (0, 15, 52, 10)),
        ({"width": 20, "height": 10, "left": 3, "top": 4}, (3, 4, 20, 10)),
        ({"left": 50, "top": 39}, (50, 39, 2, 1)),
        ({"left": 50, "width": 20}, (50, 0, 2, 40)),
        ({"width": 20, "height": 10, "center_x": 0.0, "center_y": 1.0}, (0, 30, 20, 10)),
        ({"width": 20, "height": 10, "center_x": 0.25, "center_y": 0.25}, (3, 5, 20, 10)),
        ({"aspect": "1:1"}, (6, 0, 40, 40)),
        ({"aspect": "2:1"}, (0, 7, 52, 26)),
        ({"aspect": "3:4", "center_x": 1.0}, (22, 0, 30, 40)),
        ({"aspect": "1:1", "width": 10}, (21, 15, 10, 10)),
        ({"aspect": "1:1", "left": 40}, (40, 14, 12, 12)),
        ({"aspect": "99999:1"}, (0, 19, 52, 1)),
        ({"width": 999, "height": 999}, (0, 0, 52, 40)),
    ],
)
def test_crop_keeps_the_box_asked_for(params: dict[str, Any], box: tuple[int, int, int, int]) -> None:
    image = numbered(52, 40)
    left, top, width, height = box
    np.testing.assert_array_equal(apply("crop", image, **params), image[top : top + height, left : left + width])


@given(SIDES, SIDES, SIDES, SIDES, SHARES, SHARES, st.sampled_from([None, "1:1", "3:2", "9:16", "7:1"]))
@settings(max_examples=60)
def test_a_crop_is_a_part_of_its_picture(
    width: int, height: int, wide: int, high: int, x: float, y: float, aspect: str | None
) -> None:
    image = numbered(width, height)
    params = {"width": wide, "height": high, "center_x": x, "center_y": y, "aspect": aspect}
    part = apply("crop", image, **params)
    assert part.shape[0] <= min(high, height)
    assert part.shape[1] <= min(wide, width)
    top, left = divmod(int(part[0, 0]), width)
    np.testing.assert_array_equal(part, image[top : top + part.shape[0], left : left + part.shape[1]])
    if aspect is None:
        assert part.shape == (min(high, height), min(wide, width))
    np.testing.assert_array_equal(apply("crop", part, width=wide, height=high), part, "what was cropped stays")


@pytest.mark.parametrize(("params", "told"), [({"left": 52}, "'left' is 52 px"), ({"top": 40}, "only 40 px high")])
def test_a_box_beyond_the_picture_is_refused(params: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeInvalid, match=told):
        apply("crop", numbered(52, 40), **params)


@pytest.mark.parametrize("aspect", ["", "3", "0:1", "3:0", "-1:2", "3/2", "1.5:1", "100000:1"])
def test_an_aspect_is_two_whole_numbers(aspect: str) -> None:
    with pytest.raises(RecipeInvalid, match="aspect"):
        apply("crop", numbered(5, 4), aspect=aspect)


@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from(["inside", "cover"]))
@settings(max_examples=40)
def test_a_thumbnail_has_no_more_than_its_box_and_is_never_enlarged(
    width: int, height: int, wide: int, high: int, fit: str
) -> None:
    image = numbered(width, height).astype(np.uint8)
    small = apply("thumbnail", image, width=wide, height=high, fit=fit)
    assert small.shape[0] <= min(high, height)
    assert small.shape[1] <= min(wide, width)
    if fit == "cover":
        assert small.shape == (min(high, height), min(wide, width))
    elif width <= wide and height <= high:
        np.testing.assert_array_equal(small, image)
    else:  # one side is the box's, the other follows to the pixel
        share = min(wide / width, high / height)
        assert small.shape == (max(1, round(height * share)), max(1, round(width * share)))


def test_a_thumbnail_is_that_of_one_reduction_within_a_level() -> None:
    image = np.tile(photo("nyc"), (3, 3, 1))
    small = apply("thumbnail", image, width=64, height=64)
    exact, _ = resample(image, None, (small.shape[1], small.shape[0]), "lanczos", linear_light=True)
    difference = np.abs(small.astype(int) - exact)
    assert difference.mean() < 1
    assert difference.max() <= 24, "edges alone, where Lanczos of all pixels rings further"


@pytest.mark.parametrize("period", [2, 3, 5, 8])
def test_a_thumbnail_of_a_grating_is_its_mean_light(period: int) -> None:
    image = np.where(np.arange(960) % period < period / 2, 255, 0).astype(np.uint8)[None].repeat(480, 0)
    small = apply("thumbnail", image, width=60, height=60)
    light = srgb_to_linear(small)
    np.testing.assert_allclose(light[4:-4, 4:-4], srgb_to_linear(image).mean(), atol=0.03)


def test_what_cover_keeps_is_chosen() -> None:
    image = np.repeat(np.array([0, 90, 250], np.uint8), 40)[None].repeat(40, 0)
    for x, level in ((0.0, 0), (0.5, 90), (1.0, 250)):
        kept = apply("thumbnail", image, width=20, height=20, fit="cover", center_x=x)
        assert abs(int(np.median(kept)) - level) <= 1


FACE = (184, 83, 197, 197)
"""The girl's, as found in the photo of 416 x 416 px."""


def beside(left: int, top: int, *, size: tuple[int, int] = (1000, 700)) -> Array:
    """The girl's photo at a place of a plain picture of this size (width, height)."""
    canvas = np.full((size[1], size[0], 3), 128, np.uint8)
    canvas[top : top + 416, left : left + 416] = photo("girl")
    return canvas


@pytest.mark.parametrize("place", [(0, 0), (584, 284), (300, 100)])
@pytest.mark.parametrize("aspect", ["1:1", "1:2", "3:1"])
def test_a_crop_about_the_face_holds_it(place: tuple[int, int], aspect: str) -> None:
    image = beside(*place)
    outcome = registry.get("crop")(image, Crop(aspect=aspect, height=400, faces=True))
    left, top = FACE[0] + place[0], FACE[1] + place[1]
    (found,) = outcome.details["faces"]
    np.testing.assert_allclose(found, (left, top, *FACE[2:]), atol=24)
    box = box_in((1000, 700), Crop(aspect=aspect, height=400), [found])
    np.testing.assert_array_equal(outcome.image, image[box[1] : box[1] + box[3], box[0] : box[0] + box[2]])
    middle = left + FACE[2] / 2, top + FACE[3] / 2
    assert all(box[axis] < middle[axis] < box[axis] + box[axis + 2] for axis in (0, 1))


def test_without_a_face_the_point_holds_and_an_edge_holds_always() -> None:
    image = photo("waves")
    outcome = registry.get("crop")(image, Crop(aspect="1:3", center_x=0.2, faces=True))
    assert outcome.details == {"faces": []}
    np.testing.assert_array_equal(outcome.image, apply("crop", image, aspect="1:3", center_x=0.2))
    girl = photo("girl")
    np.testing.assert_array_equal(apply("crop", girl, width=90, left=7, faces=True), girl[:, 7:97])


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_face_is_the_same_in_every_dtype_and_in_grey(dtype: Any) -> None:
    girl = photo("girl")
    (expected,) = faces(girl)
    levels = (girl / 255 * max_level(np.dtype(dtype))).astype(dtype)
    for image, atol in ((levels, 1), (levels[..., 1], 8)):
        (found,) = faces(np.ascontiguousarray(image))
        np.testing.assert_allclose(found, expected, atol=atol)


@pytest.mark.parametrize("name", ["city", "dog", "flowers", "grass", "haze", "nyc", "path", "reflect", "sand", "waves"])
def test_a_picture_without_people_has_no_face(name: str) -> None:
    assert faces(photo(name)) == []


def test_as_many_faces_as_the_box_can_hold_are_in_it() -> None:
    large, near, far = (400, 300, 100, 100), (560, 320, 60, 60), (50, 50, 50, 50)
    assert together((1000, 800), (300, 300), [large, near, far]) == (510 / 1000, 350 / 800)
    assert together((1000, 800), (120, 120), [large, near, far]) == (450 / 1000, 350 / 800)
    assert together((1000, 800), (900, 700), [large, near, far]) == (335 / 1000, 225 / 800)
