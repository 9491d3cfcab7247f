"""What is written is what was meant: read back by this codec and by others."""

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from darkroom import codec
from darkroom.codec import chunks, icc, png, tiff
from darkroom.codec.color import to_eight_bits
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.limits import Limits
from darkroom.picture import Metadata, Picture
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, noise, save

BLOCK = pictures.exif(gps=True).tobytes().removeprefix(b"Exif\0\0")
LOSSLESS = ("png", "tiff")


def sample(dtype=np.uint8, *, gray=False, alpha=False, **metadata) -> Picture:
    image = colors(dtype=dtype)
    white = np.iinfo(dtype).max
    ramp = np.linspace(0, white, image.shape[1]).astype(dtype)[None].repeat(len(image), axis=0)
    return Picture(image[..., 0].copy() if gray else image, ramp if alpha else None, Metadata(**metadata))


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_round_trip(format, dtype, gray, alpha):
    picture = sample(dtype, gray=gray, alpha=alpha, exif=BLOCK, dpi=(300.0, 150.0))
    data = codec.encode(picture, format)
    again, header = codec.decode(data, keep_gps=True), codec.read_header(data)
    assert codec.output_format(header.format) == format
    assert again.metadata.dpi == (300.0, 150.0)
    assert not [note for note in again.metadata.notes if "maker" not in note]  # so the tag is understood as sRGB
    assert header.orientation == 1
    block = Image.Exif()
    assert again.metadata.exif is not None
    block.load(again.metadata.exif)
    assert block[0x010F] == "Maker"
    assert block.get_ifd(0x8769)[0x8827] == 200
    assert block.get_ifd(0x8825)[2] == (52.0, 31.0, 12.0)
    keeps = format in codec.SIXTEEN_BIT
    assert again.bit_depth == (picture.bit_depth if keeps else 8)
    assert (again.alpha is not None) == (alpha and format != "jpeg")
    wanted = picture.as_array()[..., :3] if alpha and not gray else picture.pixels
    if format == "jpeg" and picture.alpha is not None:
        share = picture.alpha / np.iinfo(dtype).max
        wanted = wanted * (share if gray else share[..., None]) + np.iinfo(dtype).max * (
            1 - (share if gray else share[..., None])
        )
    got = again.pixels if again.pixels.ndim == wanted.ndim else again.pixels[..., 1]
    error = np.abs(got / np.iinfo(got.dtype).max - wanted / np.iinfo(dtype).max)
    if format in LOSSLESS:
        assert np.array_equal(got, wanted)
        assert not alpha or np.array_equal(np.asarray(again.alpha), np.asarray(picture.alpha))
    else:
        assert error.mean() < 0.01
        if again.alpha is not None:
            assert picture.alpha is not None
            assert np.abs(again.alpha / 255 - picture.alpha / picture.alpha.max()).max() < 0.02


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
def test_equal_pictures_make_equal_bytes(format):
    picture = sample(exif=BLOCK, dpi=(72.0, 72.0))
    assert codec.encode(picture, format) == codec.encode(picture, format)


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 5), (90, 70)])
def test_16_bit_files_are_read_by_others(monkeypatch, gray, alpha, size):
    monkeypatch.setattr(png, "BAND_PIXELS", 1000)  # several bands, and strips
    monkeypatch.setattr(tiff, "_STRIP_BYTES", 4000)
    image = noise((*size, 3), np.uint16)
    picture = Picture(image[..., 0].copy() if gray else image, noise(size, np.uint16, seed=1) if alpha else None)
    expected = picture.as_array()
    by_opencv = np.asarray(cv2.imdecode(np.frombuffer(codec.encode(picture, "png"), np.uint8), cv2.IMREAD_UNCHANGED))
    by_tifffile = tifffile.imread(io.BytesIO(codec.encode(picture, "tiff")))
    if expected.ndim == 3:
        by_opencv = cv2.cvtColor(by_opencv, cv2.COLOR_BGRA2RGBA if alpha else cv2.COLOR_BGR2RGB)
    assert np.array_equal(by_opencv, expected)
    assert np.array_equal(by_tifffile, expected)


def test_16_bit_png_filters_smooth_pictures_well():
    smooth = colors(200, 300, np.uint16)
    assert len(codec.encode(Picture(smooth), "png")) < smooth.nbytes / 8


def test_16_bits_are_rounded_for_8_bit_formats():
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_eight_bits(levels), np.rint(levels / 257).astype(np.uint8))


@pytest.mark.parametrize("quality", [90, 100])
def test_noise_makes_a_jpeg_too(quality):
    image = noise((700, 700, 3))
    picture = codec.decode(codec.encode(Picture(image), "jpeg", quality=quality))
    assert np.abs(picture.pixels.astype(int) - image).mean() < (12 if quality == 90 else 2)


# ---- what the file says


@pytest.mark.parametrize(
    ("quality", "sampling"), [(None, (1, 1)), (90, (1, 1)), (100, (1, 1)), (89, (2, 2)), (1, (2, 2))]
)
def test_jpeg_color_resolution_follows_quality(quality, sampling):
    data = codec.encode(sample(), "jpeg", quality=quality)
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImageFile)
    assert image.layer[0][1:3] == sampling


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [None, 70, 95])
def test_a_jpeg_of_a_jpeg_keeps_its_color_resolution(subsampling, quality):
    source = save(colors(48, 64), "JPEG", quality=80, subsampling=subsampling)
    result = Image.open(io.BytesIO(codec.encode(codec.decode(source), "jpeg", quality=quality)))
    assert isinstance(result, JpegImageFile)
    assert result.layer[0][1:3] == {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}[subsampling]


@pytest.mark.parametrize("quality", [None, 90, 60])
def test_a_baseline_jpeg_has_the_same_pixels(quality):
    fast = codec.encode(sample(), "jpeg", quality=quality)
    small = codec.encode(sample(), "jpeg", quality=quality, progressive=True)
    assert Image.open(io.BytesIO(small)).info["progressive"]
    assert not Image.open(io.BytesIO(fast)).info.get("progressive")
    np.testing.assert_array_equal(codec.decode(fast).pixels, codec.decode(small).pixels)


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
def test_quality_is_obeyed(format):
    picture = Picture(noise((64, 64, 3)))
    sizes = [len(codec.encode(picture, format, quality=quality)) for quality in (20, 60, 95)]
    assert sizes == sorted(sizes)
    assert len(codec.encode(picture, format)) == len(codec.encode(picture, format, quality=90))


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_file_is_tagged_as_srgb(format, gray, dtype):
    data = codec.encode(sample(dtype, gray=gray), format)
    if format == "png":
        assert b"sRGB" in chunks.parse(data).first
    elif format == "avif":
        at = data.index(b"colrnclx") + 8
        assert struct.unpack_from(">HH", data, at) == (1, 13)
    else:
        image = Image.open(io.BytesIO(data))
        profile = image.info["icc_profile"]
        assert icc.parse(profile).is_srgb()
        space = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space
        assert space == ("GRAY" if image.mode[0] in "LI" else "RGB ")


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_profile_in_the_metadata_is_embedded(format, dtype):
    profile = icc.rgb_profile("Display P3", icc.DISPLAY_P3_COLORANTS)
    data = codec.encode(sample(dtype, icc=profile), format)
    assert codec.read_header(data).icc == "Display P3"


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_file_is_ever_turned(format, dtype):
    block = pictures.exif(6).tobytes().removeprefix(b"Exif\0\0")
    header = codec.read_header(codec.encode(sample(dtype, exif=block), format))
    assert (header.orientation, header.width, header.height) == (1, 56, 40)


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_nothing_is_invented(format, dtype):
    metadata = codec.decode(codec.encode(sample(dtype), format)).metadata
    assert (metadata.exif, metadata.dpi) == (None, None)


def test_encoding_leaves_the_picture_alone():
    picture = sample(np.uint16, alpha=True)
    before = picture.pixels.copy(), np.array(picture.alpha)
    for format in codec.OUTPUT_FORMATS:
        codec.encode(picture, format)
    assert np.array_equal(picture.pixels, before[0])
    assert np.array_equal(np.asarray(picture.alpha), before[1])


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
def test_views_are_encoded_like_copies(format):
    image = colors()
    view = Picture(image[::-1, ::-1])
    assert codec.encode(view, format) == codec.encode(Picture(view.pixels.copy()), format)


# ---- what cannot be written


@pytest.mark.parametrize(("format", "bound"), [("webp", 16_383), ("jpeg", 65_500), ("avif", 32_768)])
def test_the_formats_own_bound(format, bound):
    assert (
        codec.read_header(codec.encode(Picture(np.zeros((1, bound), np.uint8)), format), Limits(max_side=70_000)).width
        == bound
    )
    with pytest.raises(ImageRejected, match=rf"too-large-side.*{bound + 1}x1 px.*{bound:,}"):
        codec.encode(Picture(np.zeros((1, bound + 1), np.uint8)), format)


@pytest.mark.parametrize("format", ["jpgg", "JPEG 2000", "gif", ""])
def test_an_unknown_format_names_the_nearest(format):
    with pytest.raises(RecipeInvalid, match=r"unknown-format.*jpeg, png, webp, tiff, avif"):
        codec.encode(sample(), format)


@pytest.mark.parametrize("quality", [0, 101, -1, 50.5, "90"])
def test_quality_out_of_bounds(quality):
    with pytest.raises(RecipeInvalid, match=r"bad-quality.*1 to 100"):
        codec.encode(sample(), "jpeg", quality=quality)


def test_every_accepted_format_has_an_output():
    outputs = [codec.output_format(name) for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "BMP", "GIF", "HEIF", "")]
    assert outputs == ["jpeg", "png", "webp", "tiff", "avif", "png", "png", "jpeg", "png"]
    assert set(codec.OUTPUT_FORMATS) == set(codec.EXTENSIONS) == set(codec.MEDIA_TYPES)
    assert set(codec.EXTENSIONS.values()) <= codec.INPUT_EXTENSIONS
