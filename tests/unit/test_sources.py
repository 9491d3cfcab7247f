"""What a photo may be given as to the library, and what `encode` takes."""

from __future__ import annotations

import io
import pathlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import darkroom
from darkroom.picture import FLOAT64
from tests.support import photos

PIXELS = photos.pixels()


def gamma(photo: Any) -> darkroom.Result:
    return darkroom.enhance(photo, [darkroom.StepCall("gamma", {"gamma": 1.5})])


EXPECTED = gamma(PIXELS).image


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "in.png"
    Image.fromarray(PIXELS).save(place)
    return place


def test_a_file_by_its_bytes_its_path_and_open(path: Path) -> None:
    with path.open("rb") as file:
        results = [gamma(each) for each in (path, str(path), pathlib.PurePath(path), path.read_bytes(), file)]
    for result in results:
        np.testing.assert_array_equal(result.image, EXPECTED)
        assert result.report.source.bytes == path.stat().st_size
        assert result.report.source.format == "PNG"


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        gamma(tmp_path / "none.jpg")


def test_no_more_of_a_file_is_read_than_may_be(path: Path) -> None:
    limits = darkroom.Limits(max_bytes=100)
    for photo in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(darkroom.ImageRejected, match="100"):
            darkroom.enhance(photo, "none", limits=limits)


@pytest.mark.parametrize("photo", [None, 3, io.StringIO("text"), [[1, 2], [3, 4]]], ids=type)
def test_what_is_no_photo_is_told_what_is(photo: Any) -> None:
    with pytest.raises(darkroom.ImageRejected, match=f"a path, .*, not {type(photo).__name__}"):
        gamma(photo)


@pytest.mark.parametrize(
    "mode", ["RGB", "L", "RGBA", "LA", "P", "1", "I;16", "CMYK", "HSV", "YCbCr", "RGBX", "PA", "RGBa", "La"]
)
def test_a_pillow_image_of_any_mode(mode: str) -> None:
    image = Image.fromarray(PIXELS)
    by_way_of = {"I;16": ("L", "I"), "PA": ("P",), "RGBa": ("RGBA",), "La": ("LA",)}
    for each in (*by_way_of.get(mode, ()), mode):
        image = image.convert(each)
    result = gamma(image)
    assert result.image.shape[:2] == PIXELS.shape[:2]
    assert result.report.source.format is None
    if mode in ("RGB", "RGBX"):
        np.testing.assert_array_equal(result.image, EXPECTED)
    if mode in ("HSV", "YCbCr", "RGBa"):
        assert np.abs(result.image[..., :3].astype(int) - EXPECTED).mean() < 4


def test_a_pillow_image_is_upright_and_in_its_own_colours(tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    exif = image.getexif()
    exif[0x0112] = 6
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(tmp_path / "turned.jpg", exif=exif, icc_profile=lab, quality=100, subsampling=0)
    with Image.open(tmp_path / "turned.jpg") as opened:
        by_image = gamma(opened)
    by_path = gamma(tmp_path / "turned.jpg")
    assert by_image.image.shape == by_path.image.shape == (96, 64, 3)
    assert np.abs(by_image.image.astype(int) - by_path.image).max() <= 1
    assert by_image.report.source.format == "JPEG"


def test_a_pillow_image_without_pixels_is_refused(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:-400])
    with Image.open(tmp_path / "half.jpg") as half:
        for image, why in ((half, "RGB of .* truncated"), (Image.new("L", (0, 5)), "L of .* empty")):
            with pytest.raises(darkroom.ImageRejected, match=why):
                gamma(image)


def test_float64_is_taken_with_a_note() -> None:
    result = gamma(PIXELS / 255)
    assert result.image.dtype == np.float32
    assert np.abs(result.image * 255 - EXPECTED).max() < 1
    assert FLOAT64 in result.report.notes
    assert FLOAT64 not in gamma((PIXELS / 255).astype(np.float32)).report.notes


@pytest.mark.parametrize("name", ["JPG", "jpeg", ".jpg", "image/jpeg", "Png", "TIF", "webp"])
def test_encode_takes_arrays_and_formats_by_any_usual_name(name: str) -> None:
    for array in (PIXELS, (PIXELS / 255).astype(np.float32), PIXELS.astype(np.uint16) * 257):
        decoded = darkroom.decode(darkroom.encode(array, name))
        assert np.abs(decoded.as_array() / (65535 if decoded.bit_depth == 16 else 255) - PIXELS / 255).mean() < 0.02


def test_decode_takes_bytes_of_any_kind_and_names_what_are_none(path: Path) -> None:
    data = path.read_bytes()
    for each in (data, bytearray(data), memoryview(data)):
        np.testing.assert_array_equal(darkroom.decode(each).pixels, PIXELS)
    for other in (str(path), path, None):
        with pytest.raises(darkroom.ImageRejected, match=f"not {type(other).__name__}"):
            darkroom.decode(other)  # type: ignore[arg-type]


def test_encode_names_what_is_no_picture() -> None:
    with pytest.raises(darkroom.ImageRejected, match="int64"):
        darkroom.encode(PIXELS.astype(np.int64), "png")


def test_float64_is_taken_with_a_warning_where_there_is_no_report() -> None:
    double, single = PIXELS / 255, (PIXELS / 255).astype(np.float32)
    with pytest.warns(UserWarning, match=FLOAT64) as told:
        applied = darkroom.apply("gamma", double, gamma=1.5)
    with pytest.warns(UserWarning, match=FLOAT64) as told_of_encoding:
        file = darkroom.encode(double, "png")
    with pytest.warns(UserWarning, match=FLOAT64):
        darkroom.apply("adjust_distribution", single, reference=double)
    assert told[0].filename == told_of_encoding[0].filename == __file__, "it names the caller's line"
    assert applied.dtype == np.float32
    np.testing.assert_array_equal(applied, darkroom.apply("gamma", single, gamma=1.5))
    assert file == darkroom.encode(single, "png")
