"""Every kind of file becomes the picture that it holds: depth, transparency, orientation, metadata, frames."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from darkroom import codec
from darkroom.errors import ImageRejected
from tests.support import heic
from tests.support.photographs import PNGSUITE
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, noise, save, tiff_of

RGB8 = colors()
GRAY8 = RGB8[..., 0]
RAMP_ALPHA = np.ascontiguousarray(np.linspace(0, 255, RGB8.shape[1]).astype(np.uint8)[None].repeat(len(RGB8), 0))
RGBA8 = np.dstack((RGB8, RAMP_ALPHA))
LA8 = np.dstack((GRAY8, RAMP_ALPHA))
RGB16 = noise((9, 13, 3), np.uint16)
RGBA16 = noise((9, 13, 4), np.uint16)
GRAY16 = RGB16[..., 0]
LA16 = RGBA16[..., :2]


def by_tifffile(image: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, image, **options)
    return file.getvalue()


LOSSLESS = {
    "png rgb": (save(RGB8, "PNG"), RGB8, None),
    "png rgba": (save(RGBA8, "PNG"), RGB8, RAMP_ALPHA),
    "png grey": (save(GRAY8, "PNG"), GRAY8, None),
    "png grey alpha": (save(LA8, "PNG"), GRAY8, RAMP_ALPHA),
    "png 1 bit": (
        save(Image.fromarray(GRAY8).point(lambda v: v > 99, mode="1"), "PNG"),
        (GRAY8 > 99) * np.uint8(255),
        None,
    ),
    "png 16 rgb": (pictures.png(13, 9, 16, 2, pictures.png_rows(RGB16)), RGB16, None),
    "png 16 rgba": (pictures.png(13, 9, 16, 6, pictures.png_rows(RGBA16)), RGBA16[..., :3], RGBA16[..., 3]),
    "png 16 grey": (pictures.png(13, 9, 16, 0, pictures.png_rows(GRAY16)), GRAY16, None),
    "png 16 grey alpha": (pictures.png(13, 9, 16, 4, pictures.png_rows(LA16)), LA16[..., 0], LA16[..., 1]),
    "webp lossless": (save(RGB8, "WEBP", lossless=True), RGB8, None),
    "webp alpha": (save(RGBA8, "WEBP", lossless=True, exact=True), RGB8, RAMP_ALPHA),
    "bmp rgb": (save(RGB8, "BMP"), RGB8, None),
    "bmp grey": (save(GRAY8, "BMP"), GRAY8, None),
    "tiff rgb": (save(RGB8, "TIFF"), RGB8, None),
    "tiff lzw": (save(RGB8, "TIFF", compression="tiff_lzw"), RGB8, None),
    "tiff rgba": (save(RGBA8, "TIFF"), RGB8, RAMP_ALPHA),
    "tiff grey": (save(GRAY8, "TIFF"), GRAY8, None),
    "tiff white is zero": (tiff_of(255 - GRAY8, photometric=0), GRAY8, None),
    "tiff 16 little": (tiff_of(RGB16), RGB16, None),
    "tiff 16 big": (tiff_of(RGB16, order=">"), RGB16, None),
    "tiff 16 alpha": (tiff_of(RGBA16, t338=(3, (2,))), RGBA16[..., :3], RGBA16[..., 3]),
    "tiff 16 grey": (tiff_of(GRAY16), GRAY16, None),
    "tiff 16 grey big": (tiff_of(GRAY16, order=">"), GRAY16, None),
    "tiff 16 white is zero": (tiff_of(65535 - GRAY16, photometric=0), GRAY16, None),
    "heic 10 bit": (
        heic.write(RGB16 >> 6, 10),
        np.rint((RGB16 >> 6) * (65535 / 1023)).astype(np.uint16),
        None,
    ),
    "heic 12 bit grey": (
        heic.write(GRAY16 >> 4, 12),
        np.rint((GRAY16 >> 4) * (65535 / 4095)).astype(np.uint16),
        None,
    ),
    "heic grey": (heic.write(GRAY8), GRAY8, None),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_files_give_their_very_samples(name):
    data, pixels, alpha = LOSSLESS[name]
    picture, header = codec.decode(data), codec.read_header(data)
    assert picture.pixels.dtype == pixels.dtype
    assert np.array_equal(picture.pixels, pixels)
    assert (picture.alpha is None) == (alpha is None)
    assert alpha is None or np.array_equal(np.asarray(picture.alpha), alpha)
    assert picture.pixels.flags.c_contiguous
    assert (header.width, header.height) == (picture.width, picture.height)
    assert header.has_alpha == (alpha is not None)
    assert (header.bit_depth > 8) == (picture.bit_depth == 16)
    assert picture.metadata.notes == ()


@pytest.mark.parametrize(
    ("data", "tolerance"),
    [
        (save(RGB8, "JPEG", quality=95, subsampling=0), 3),
        (save(GRAY8, "JPEG", quality=95), 3),
        (save(RGB8, "JPEG", quality=95, subsampling=0, progressive=True), 3),
        (save(RGB8, "WEBP", quality=95), 8),
        (save(RGB8, "AVIF", quality=95, subsampling="4:4:4"), 4),
        (heic.write(RGB8, matrix=heic.BT601), 3),
        (save(Image.fromarray(RGB8).quantize(256), "GIF"), 40),
    ],
    ids=["jpeg", "jpeg grey", "jpeg progressive", "webp", "avif", "heic", "gif"],
)
def test_lossy_files_come_near(data, tolerance):
    picture = codec.decode(data)
    original = RGB8 if picture.pixels.ndim == 3 else GRAY8
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels.astype(int) - original).max() <= tolerance


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_16_bit_tiff_by_another_writer(compression):
    cv2 = pytest.importorskip("cv2")
    kinds = {None: 1, "tiff_lzw": 5, "tiff_adobe_deflate": 8}
    ok, data = cv2.imencode(".tiff", RGB16[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, kinds[compression]])
    assert ok
    assert np.array_equal(codec.decode(data.tobytes()).pixels, RGB16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiled_tiff(dtype):
    image = noise((100, 90, 3), dtype)
    assert np.array_equal(codec.decode(by_tifffile(image, tile=(32, 32), photometric="rgb")).pixels, image)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (by_tifffile(np.zeros((8, 8), np.int32)), "signed integers"),
        (tiff_of(RGB8, t50706=(4, (0x01040000,))), "raw file"),
        (tiff_of(RGB8, t254=(4, (1,)), t330=(4, (8,))), "raw file"),
    ],
    ids=["int32", "dng", "nef"],
)
def test_tiffs_of_other_kinds_are_rejected_by_name(data, what):
    with pytest.raises(ImageRejected, match=f"image.unsupported-format.*{what}"):
        codec.decode(data)


def test_premultiplied_16_bit_tiff_becomes_straight():
    alpha = noise((9, 13), np.uint16) | 0x8000
    straight = RGB16
    stored = np.rint(straight.astype(float) * alpha[..., None] / 65535).astype(np.uint16)
    picture = codec.decode(tiff_of(np.dstack((stored, alpha)), t338=(3, (1,))))
    assert np.array_equal(np.asarray(picture.alpha), alpha)
    assert np.abs(picture.pixels.astype(int) - straight).max() <= 1


# ---- bit fields of BMP


def bmp_of(words: np.ndarray, masks: tuple[int, ...], kind: int = 3, header: int = 56, down: bool = False) -> bytes:
    """A BMP of HxW words of 16 or 32 bits, with a mask for red, green, blue and perhaps alpha."""
    height, width = words.shape
    bits = words.dtype.itemsize * 8
    table = struct.pack(f"<{len(masks)}I", *masks)
    described = struct.pack(
        "<IiiHHIIiiII", header, width, -height if down else height, 1, bits, kind, 0, 11811, 11811, 0, 0
    )
    described += table.ljust(max(header - 40, len(table)), b"\0")
    padded = np.pad(words, ((0, 0), (0, width % (32 // bits))))
    rows = (padded if down else padded[::-1]).astype(words.dtype.newbyteorder("<")).tobytes()
    start = 14 + len(described)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + described + rows


def bits_of(word: np.ndarray, mask: int, white: int = 255) -> np.ndarray:
    low = (mask & -mask).bit_length() - 1
    return np.rint(((word.astype(np.int64) & mask) >> low) * (white / (mask >> low)))


@pytest.mark.parametrize(
    ("masks", "dtype", "white"),
    [
        ((0xF800, 0x07E0, 0x001F), np.uint16, 255),
        ((0x7C00, 0x03E0, 0x001F), np.uint16, 255),
        ((0x0F00, 0x00F0, 0x000F, 0xF000), np.uint16, 255),
        ((0x000000FF, 0x0000FF00, 0x00FF0000), np.uint32, 255),
        ((0xFF000000, 0x00FF0000, 0x0000FF00, 0x000000FF), np.uint32, 255),
        ((0xFF800000, 0x003FF000, 0x00000FFE), np.uint32, 65535),
        ((0x3FF00000, 0x000FFC00, 0x000003FF, 0xC0000000), np.uint32, 65535),
        ((0xE0000000, 0x00F00000, 0x00000F80), np.uint32, 255),
    ],
)
@pytest.mark.parametrize("down", [False, True])
def test_bit_fields_of_every_width_and_place(masks, dtype, white, down):
    words = noise((9, 13), dtype)
    picture = codec.decode(bmp_of(words, masks, down=down))
    wanted = np.stack([bits_of(words, mask, white) for mask in masks], axis=-1)
    assert picture.pixels.dtype == (np.uint16 if white > 255 else np.uint8)
    assert np.array_equal(picture.as_array(), wanted)
    assert picture.metadata.dpi == (300.0, 300.0)


def test_bit_fields_by_older_headers_and_without_masks():
    words = noise((9, 13), np.uint16)
    for masks, kind, header in (((0xF800, 0x07E0, 0x001F), 3, 40), ((0xF00, 0xF0, 0xF, 0xF000), 6, 40), ((), 0, 40)):
        shown = masks or (0x7C00, 0x03E0, 0x001F)
        wanted = np.stack([bits_of(words, mask) for mask in shown], axis=-1)
        assert np.array_equal(codec.decode(bmp_of(words, masks, kind, header)).as_array(), wanted)


def test_alpha_bits_that_are_all_0_are_no_alpha():
    words = noise((9, 13), np.uint32) & 0x00FFFFFF
    picture = codec.decode(bmp_of(words, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)))
    assert np.asarray(picture.alpha).min() == 255


@pytest.mark.parametrize(
    "masks", [(0xFF00FF, 0xFF00, 0), (0xFF, 0xFFF, 0xF000), (0, 0, 0, 0xFF), (0xFF0000, 0xFF00, 0xFF)]
)
def test_bit_fields_that_make_no_sense_are_refused(masks):
    with pytest.raises(ImageRejected, match=r"image\.broken: the BMP has"):
        codec.decode(bmp_of(noise((9, 13), np.uint16), masks))


@pytest.mark.parametrize(("kind", "what"), [(4, "around a JPEG"), (5, "around a PNG")])
def test_a_bmp_around_another_file_is_refused_by_name(kind, what):
    with pytest.raises(ImageRejected, match=f"unsupported-format.*{what}"):
        codec.decode(bmp_of(noise((9, 13), np.uint32), (), kind, 40))


# ---- transparency of palettes and single colours


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("transparent", [False, True])
def test_palette_png_of_every_depth(depth, transparent):
    count = min(1 << depth, 13)
    palette = noise((count, 3), seed=3)
    alpha = noise((count,), seed=4)
    indices = np.arange(13 * 9).reshape(9, 13) % count
    bits = (indices[..., None] >> np.arange(depth - 1, -1, -1) & 1).reshape(9, -1).astype(np.uint8)
    rows = pictures.png_rows(np.packbits(bits, axis=1))
    chunks = [(b"PLTE", palette.tobytes())] + ([(b"tRNS", alpha.tobytes())] if transparent else [])
    picture = codec.decode(pictures.png(13, 9, depth, 3, rows, *chunks))
    assert np.array_equal(picture.pixels, palette[indices])
    assert (picture.alpha is not None) == transparent
    assert not transparent or np.array_equal(np.asarray(picture.alpha), alpha[indices])


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_one_transparent_grey_level(depth):
    levels = np.arange(13 * 9).reshape(9, 13) % (1 << min(depth, 6))
    key = 1
    white = (1 << depth) - 1
    if depth < 8:
        bits = (levels[..., None] >> np.arange(depth - 1, -1, -1) & 1).reshape(9, -1).astype(np.uint8)
        stored = np.packbits(bits, axis=1)
    else:
        stored = levels.astype(np.uint8 if depth == 8 else np.uint16)
    data = pictures.png(13, 9, depth, 0, pictures.png_rows(stored), (b"tRNS", key.to_bytes(2)))
    picture = codec.decode(data)
    full = 65535 if depth == 16 else 255
    assert np.array_equal(picture.pixels, levels * full // white)
    assert np.array_equal(np.asarray(picture.alpha), np.where(levels == key, 0, full))


@pytest.mark.parametrize("image", [RGB8, RGB16], ids=["8 bit", "16 bit"])
def test_one_transparent_color(image):
    key = image[2, 3].astype(np.uint16)
    height, width, _ = image.shape
    depth = image.dtype.itemsize * 8
    chunk = (b"tRNS", key.astype(">u2").tobytes())
    picture = codec.decode(pictures.png(width, height, depth, 2, pictures.png_rows(image), chunk))
    assert np.array_equal(picture.pixels, image)
    assert np.array_equal(picture.alpha == 0, (image == key).all(axis=2))
    assert set(np.unique(np.asarray(picture.alpha))) == {0, np.iinfo(image.dtype).max}


def test_interlaced_16_bit_png():
    for name in ("2c16", "6a16", "4a16", "0g16"):
        straight, interlaced = (codec.decode((PNGSUITE / f"bas{kind}{name}.png").read_bytes()) for kind in "ni")
        assert straight.bit_depth == 16
        assert np.array_equal(straight.as_array(), interlaced.as_array())


def test_transparent_gif():
    image = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4), mode="P")
    image.putpalette(noise((256, 3), seed=5).tobytes())
    picture = codec.decode(save(image, "GIF", transparency=5))
    assert np.array_equal(picture.alpha == 0, np.arange(12).reshape(3, 4) == 5)


# ---- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF", "JPEG"])
def test_all_orientations_come_out_upright(format, orientation):
    image = pictures.colors(32, 48)
    stored = np.ascontiguousarray(pictures.PLAIN_ORIENTATIONS[orientation](image))
    options = {"lossless": True} if format == "WEBP" else {"quality": 98} if format in ("AVIF", "JPEG") else {}
    data = save(stored, format, exif=pictures.exif(orientation), **options)
    picture, header = codec.decode(data), codec.read_header(data)
    assert (header.width, header.height) == (48, 32)
    assert header.orientation == orientation
    assert np.abs(picture.pixels.astype(int) - image).max() <= (10 if format in ("AVIF", "JPEG") else 0)
    assert 0x0112 not in _exif_of(picture)


def test_a_16_bit_tiff_is_turned_too():
    picture = codec.decode(tiff_of(RGB16, t274=(3, (6,))))
    assert np.array_equal(picture.pixels, np.rot90(RGB16, -1))


def test_alpha_is_turned_with_its_picture():
    stored = np.ascontiguousarray(np.rot90(RGBA8))
    picture = codec.decode(save(stored, "PNG", exif=pictures.exif(6)))
    assert np.array_equal(picture.as_array(), RGBA8)


@pytest.mark.parametrize("turns", range(4))
def test_heic_is_turned_by_its_own_instruction_alone(turns):
    block = pictures.exif(6).tobytes().removeprefix(b"Exif\0\0")
    picture = codec.decode(heic.write(GRAY8, rotate=turns, exif=block))
    assert np.array_equal(picture.pixels, np.rot90(GRAY8, turns))
    assert _exif_of(picture)[0x010F] == "Maker"
    assert 0x0112 not in _exif_of(picture)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_makes_no_sense_is_upright(orientation):
    assert np.array_equal(codec.decode(save(RGB8, "PNG", exif=pictures.exif(orientation))).pixels, RGB8)


# ---- metadata


def _exif_of(picture) -> Image.Exif:
    block = Image.Exif()
    block.load(picture.metadata.exif)
    return block


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("keep", [False, True])
def test_exif_is_kept_and_gps_only_if_asked_for(format, keep):
    data = save(RGB8, format, exif=pictures.exif(6, gps=True))
    picture = codec.decode(data, keep_gps=keep)
    block = _exif_of(picture)
    assert block[0x010F] == "Maker"
    details = block.get_ifd(0x8769)
    assert details[0x8827] == 200
    assert details[0xA001] == 1  # it is sRGB now
    # A maker's notes hold only where they were written: all but TIFF keep them there.
    assert (details.get(0x927C) == b"maker's notes") == (format != "TIFF")
    assert ("maker's notes" in " ".join(picture.metadata.notes)) == (format == "TIFF")
    assert any("(GPS)" in note for note in picture.metadata.notes) != keep
    assert bool(block.get_ifd(0x8825)) == keep
    assert not keep or block.get_ifd(0x8825)[2] == (52.0, 31.0, 12.0)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution(format):
    assert codec.decode(save(RGB8, format, dpi=(300, 150))).metadata.dpi == (300.0, 150.0)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "AVIF"])
def test_no_resolution_is_none(format):
    assert codec.decode(save(RGB8, format)).metadata.dpi is None
    assert codec.decode(save(RGB8, format)).metadata.exif is None


def test_resolution_from_exif_in_centimetres_and_turned():
    block = pictures.exif(6)
    block[0x011A], block[0x011B], block[0x0128] = 100.0, 50.0, 3
    assert codec.decode(save(RGB8, "WEBP", exif=block)).metadata.dpi == (127.0, 254.0)


def test_broken_exif_costs_no_picture():
    data = save(RGB8, "PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40)
    assert np.array_equal(codec.decode(data).pixels, RGB8)


def test_exif_too_large_for_a_jpeg_is_left_out_with_a_note():
    block = pictures.exif()
    block[0x010E] = "x" * 70_000
    metadata = codec.decode(save(RGB8, "PNG", exif=block)).metadata
    assert metadata.exif is None
    assert any("65,000" in note for note in metadata.notes)


# ---- frames


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation_is_taken_or_it_is_rejected(format):
    data = pictures.animation(format, 3)
    picture = codec.decode(data)
    assert "first of 3 frames" in picture.metadata.notes
    assert codec.read_header(data).frames == 3
    single = codec.decode(save(pictures.frames(1)[0], format)).pixels.astype(int)
    assert np.abs(picture.pixels - single).mean() < 6
    with pytest.raises(ImageRejected, match=r"image.animated.*3 frames"):
        codec.decode(data, animation="reject")


def test_the_first_page_is_taken():
    picture = codec.decode(pictures.animation("TIFF", 3), animation="reject")
    assert picture.metadata.notes == ("first of 3 pages",)
    assert np.array_equal(picture.pixels, np.asarray(pictures.frames(1)[0]))


def test_a_single_picture_is_no_animation():
    assert codec.decode(save(RGB8, "GIF"), animation="reject").metadata.notes == ()
