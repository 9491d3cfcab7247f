"""Limits hold at their exact bounds, and before any pixel is decoded."""

import numpy as np
import pi_heif.heif
import pytest
from PIL import Image, ImageFile

from darkroom import codec
from darkroom.codec import header, jpeg
from darkroom.errors import ImageRejected
from darkroom.limits import Limits
from tests.support import heic
from tests.unit.codec import pictures

HEIGHT, WIDTH = 30, 40
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")


def sample(format: str) -> bytes:
    image = pictures.colors(HEIGHT, WIDTH)
    return heic.write(image, matrix=heic.BT601) if format == "HEIF" else pictures.save(image, format)


SAMPLES = {format: sample(format) for format in FORMATS}
CLAIM_SIZES = {"too-many-pixels": (29_000, 28_000), "too-large-side": (31_000, 10)}
CLAIMS = {
    (format, reason): heic.write(pictures.colors(8, 8), matrix=heic.BT601, claims=size)
    if format == "HEIF"
    else pictures.claiming(format, *size)
    for format in FORMATS
    for reason, size in CLAIM_SIZES.items()
}
EXIF_BEHIND_PIXELS = (
    SAMPLES["PNG"][:-12]
    + pictures.png_chunk(b"eXIf", pictures.exif(6).tobytes().removeprefix(b"Exif\0\0"))
    + SAMPLES["PNG"][-12:]
)


@pytest.fixture
def nothing_decodes(monkeypatch):
    """Makes any decoding fail the test."""

    def fail(*_args, **_kwargs):
        pytest.fail("pixels were decoded")

    for owner in (Image.Image, ImageFile.ImageFile, pi_heif.heif.BaseImage, *header._PLUGINS.values()):
        monkeypatch.setattr(owner, "load", fail)
    monkeypatch.setattr("PIL.Image.core.new", fail)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("field", "bound", "reason"),
    [
        ("max_pixels", HEIGHT * WIDTH, "too-many-pixels"),
        ("max_side", WIDTH, "too-large-side"),
        ("max_bytes", None, "too-many-bytes"),
    ],
)
def test_the_bound_itself_is_allowed_and_one_less_is_not(nothing_decodes, format, field, bound, reason):
    data = SAMPLES[format]
    bound = bound or len(data)
    found = codec.read_header(data, Limits(**{field: bound}))
    assert (found.format, found.width, found.height, found.frames) == (format, WIDTH, HEIGHT, 1)
    for read in (codec.read_header, lambda data, limits: codec.decode(data, limits=limits)):
        with pytest.raises(ImageRejected) as caught:
            read(data, Limits(**{field: bound - 1}))
        assert caught.value.code == f"image.{reason}"
        assert f"{bound - 1:,}" in caught.value.message


@pytest.mark.parametrize("format", ["GIF", "WEBP", "AVIF", "TIFF", "PNG"])
def test_frames_are_counted_up_to_the_bound(format):
    data = pictures.animation(format, 5)
    assert codec.read_header(data, Limits(max_frames=5)).frames == 5
    with pytest.raises(ImageRejected, match=r"too-many-frames.*4"):
        codec.decode(data, limits=Limits(max_frames=4))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("reason", CLAIM_SIZES)
def test_a_claim_with_nothing_behind_it_is_rejected_before_decoding(nothing_decodes, format, reason):
    with pytest.raises(ImageRejected) as caught:
        codec.decode(CLAIMS[format, reason])
    assert caught.value.code == f"image.{reason}"
    assert "{}x{}".format(*CLAIM_SIZES[reason]) in caught.value.message


def test_a_webp_canvas_is_checked_before_its_decoder_is_made(monkeypatch):
    monkeypatch.setattr("PIL._webp.WebPAnimDecoder", lambda *_: pytest.fail("the decoder was made"))
    with pytest.raises(ImageRejected, match="too-many-pixels"):
        codec.read_header(pictures.claiming("WEBP", 16_000, 16_000))


def test_pillows_own_limit_is_out_of_the_way(monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    for format in ("JPEG", "PNG", "BMP", "GIF", "AVIF"):
        assert codec.decode(SAMPLES[format]).width == WIDTH
    assert not [warning for warning in recwarn if issubclass(warning.category, Image.DecompressionBombWarning)]


def test_a_gif_is_as_large_as_its_first_frame():
    data = bytearray(pictures.save(pictures.colors(HEIGHT, WIDTH), "GIF"))
    data[6:10] = b"\x01\x00\x01\x00"  # the screen claims 1x1
    assert codec.decode(bytes(data)).pixels.shape[:2] == (HEIGHT, WIDTH)
    with pytest.raises(ImageRejected, match="too-many-pixels"):
        codec.decode(bytes(data), limits=Limits(max_pixels=HEIGHT * WIDTH - 1))


def test_a_loop_of_tiff_pages_ends():
    data = bytearray(pictures.tiff_of(pictures.colors(4, 4)))
    at = int.from_bytes(data[4:8], "little")
    after = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    data[after : after + 4] = data[4:8]  # the next page is this one
    assert codec.read_header(bytes(data)).frames == 1


def test_huge_tiles_are_rejected():
    data = pictures.tiff_of(pictures.colors(4, 4), t322=(4, (65536,)), t323=(4, (65536,)), t324=(4, (8,)))
    with pytest.raises(ImageRejected, match=r"too-many-pixels.*tiles of 65536x65536"):
        codec.read_header(data)


def test_jpegs_of_endless_tables_are_rejected():
    """Pillow takes seconds to read them; four before each scan of the most that are read pass."""
    plain = SAMPLES["JPEG"]
    table = jpeg.segment(0xDB, (b"\0" + b"\1" * 64) * 4)
    many = plain[:2] + table * jpeg.MAX_SCANS + plain[2:]
    assert codec.read_header(many).format == "JPEG"
    with pytest.raises(ImageRejected, match="quantisation tables"):
        codec.read_header(plain[:2] + table * 9 * jpeg.MAX_SCANS + plain[2:])


def test_jpegs_of_endless_scans_are_rejected():
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    data = pictures.claiming("JPEG", 100, 100) + scan * 1000 + b"\xff\xd9"
    with pytest.raises(ImageRejected, match="500 scans"):
        codec.decode(data)


def test_many_comment_blocks_in_a_gif_cost_little():
    plain = pictures.save(pictures.colors(4, 4), "GIF")
    at = 13 + (3 << (plain[10] & 7) + 1)
    comment = b"\x21\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0"  # 10 MB; Pillow would join them one by one
    assert np.array_equal(codec.decode(plain[:at] + comment + plain[at:]).pixels, codec.decode(plain).pixels)


def test_limits_from_the_environment():
    assert Limits.from_env({}) == Limits()
    assert Limits.from_env({"MAX_PIXELS": "", "MAX_SIDE": " 12 ", "OTHER": "x"}) == Limits(max_side=12)
    values = {"MAX_BYTES": "1", "MAX_PIXELS": "2", "MAX_SIDE": "3", "MAX_FRAMES": "4"}
    assert Limits.from_env(values) == Limits(max_bytes=1, max_pixels=2, max_side=3, max_frames=4)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e6", "many", "²"])
def test_a_limit_that_is_no_whole_number_is_an_error_that_names_it(text):
    with pytest.raises(ValueError, match=r"MAX_FRAMES is .* whole number of at least 1"):
        Limits.from_env({"MAX_FRAMES": text})


def test_exif_behind_the_pixels_is_found_without_decoding_them(nothing_decodes):
    found = codec.read_header(EXIF_BEHIND_PIXELS)
    assert (found.orientation, found.width, found.height) == (6, HEIGHT, WIDTH)
