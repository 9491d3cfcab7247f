"""Where nothing is changed the file is the result; encoded anew, it is stored as its source was."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from darkroom import codec
from darkroom.codec import coding, exif
from darkroom.codec.jpeg import parse
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, noise, save
from tests.unit.codec.test_carried import EVERYTHING, PACKET, block, jpeg_with
from tests.unit.codec.test_color import P3

IMAGE = (colors(120, 160) // 2 + noise((120, 160, 3)) // 6).astype(np.uint8)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_plain_file_is_its_own_result(format):
    data = save(IMAGE, format)
    found = codec.untouched(data, format.lower())
    assert found is not None
    assert found[0] == data
    assert "nothing was changed" in found[1][0]
    assert codec.untouched(data, "tiff") is None


@pytest.mark.parametrize(
    "data",
    [
        save(IMAGE, "PNG", exif=pictures.exif(6)),
        save(IMAGE, "WEBP", exif=pictures.exif(6)),
        save(IMAGE, "JPEG", icc_profile=P3),
        save(Image.fromarray(IMAGE).convert("CMYK"), "JPEG"),
        save(IMAGE, "JPEG")[:-2],
        pictures.animation("PNG"),
        pictures.animation("WEBP"),
    ],
    ids=["turned png", "turned webp", "wide", "cmyk", "unterminated", "apng", "webp animation"],
)
def test_what_is_to_be_corrected_is_not_its_own_result(data):
    assert codec.untouched(data, codec.output_format(codec.read_header(data).format)) is None


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_jpeg_that_its_tag_turns_stays_so(orientation):
    data = save(IMAGE, "JPEG", exif=pictures.exif(orientation, gps=True))
    found = codec.untouched(data, "jpeg")
    assert found is not None
    result, notes = found
    assert f"orientation ({orientation})" in notes[-1]
    assert len(result) == len(data)
    seen = Image.open(io.BytesIO(result)).getexif()
    assert seen[0x0112] == orientation
    assert not seen.get_ifd(exif.GPS)
    assert np.array_equal(codec.decode(result).pixels, codec.decode(data).pixels)


@pytest.mark.parametrize("orientation", [3, 6, 7])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:0"])
def test_a_turned_jpeg_that_is_stored_anew_loses_next_to_nothing(orientation, sampling):
    """Its tables are turned with it, so that its coefficients fall on the levels on which they lay."""
    data = save(IMAGE[:112], "JPEG", quality=80, subsampling=sampling, exif=pictures.exif(orientation))
    picture = codec.decode(data)
    result = codec.decode(codec.encode(picture, "jpeg"))
    error = np.abs(result.pixels.astype(int) - picture.pixels)
    assert error.mean() < (0.3 if sampling == "4:4:4" else 2)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_the_place_is_blanked_and_all_else_stays(format):
    data = EVERYTHING if format == "JPEG" else save(IMAGE, format, exif=exif.PREFIX + block(), xmp=PACKET)
    found = codec.untouched(data, format.lower())
    assert found is not None
    result, notes = found
    assert len(result) == len(data)
    assert "place" in notes[1]
    for place in (b"43,1.5N", b"2,20.25W", b"Irun"):
        assert place not in result
    assert np.array_equal(codec.decode(result).pixels, codec.decode(data).pixels)
    assert not Image.open(io.BytesIO(result)).getexif().get_ifd(exif.GPS)
    assert Image.open(io.BytesIO(result)).getexif()[0x010F] == "Maker"
    kept = codec.untouched(data, format.lower(), keep_gps=True)
    assert kept is not None
    assert kept[0] == data


def test_a_gain_map_stays_where_nothing_is_changed():
    behind = save(IMAGE[::4, ::4], "JPEG") + b"hdrgm:Version"
    data = jpeg_with((0xE1, exif.PREFIX + block()), behind=behind)
    found = codec.untouched(data, "jpeg")
    assert found is not None
    assert found[0].endswith(behind)


@pytest.mark.parametrize("quality", [40, 75, 85, 95])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_a_jpeg_is_stored_as_its_source_was(quality, sampling):
    data = save(IMAGE, "JPEG", quality=quality, subsampling=sampling)
    picture = codec.decode(data)
    result = codec.encode(picture, "jpeg")
    one, two = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(result))
    assert getattr(two, "quantization") == getattr(one, "quantization")  # noqa: B009 - only JPEGs have it
    assert [layer[1:3] for layer in getattr(two, "layer")] == [layer[1:3] for layer in getattr(one, "layer")]  # noqa: B009
    assert len(result) <= 1.1 * len(data) + 600  # the profile
    assert picture.metadata.coding is not None
    assert coding.quality_of(picture.metadata.coding.tables) == quality


def test_a_result_far_larger_than_its_source_is_stored_more_coarsely():
    data = save(colors(240, 320), "JPEG", quality=70)
    picture = codec.decode(data)
    busy = picture.with_pixels(noise((240, 320, 3)))
    share = coding.share(picture.metadata, 240 * 320)
    free = len(codec.encode(busy, "jpeg", quality=70))
    assert share is not None
    assert len(codec.encode(busy, "jpeg")) < 0.6 * free
    assert parse(codec.encode(busy, "jpeg")).ended


@pytest.mark.parametrize("colours", [2, 16, 256])
def test_a_palette_comes_out_as_one(colours):
    indices = np.arange(64 * 64).reshape(64, 64) % colours
    image = Image.fromarray(indices.astype(np.uint8), mode="P")
    image.putpalette(noise((256, 3), seed=7).tobytes())
    picture = codec.decode(save(image, "PNG"))
    result = codec.encode(picture, "png")
    assert Image.open(io.BytesIO(result)).mode == "P"
    assert np.array_equal(codec.decode(result).pixels, picture.pixels)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_single_bits_come_out_as_such(format):
    image = Image.fromarray((noise((64, 70)) > 127).astype(np.uint8) * 255).convert("1")
    picture = codec.decode(save(image, format))
    result = codec.encode(picture, format.lower())
    assert Image.open(io.BytesIO(result)).mode == "1"
    assert np.array_equal(codec.decode(result).pixels, picture.pixels)
