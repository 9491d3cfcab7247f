"""Whole but unterminated is decoded; what lacks pixels is refused with a true sentence, or taken as far as it goes."""

import io
import re
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom import codec
from darkroom.errors import ImageRejected
from tests.support import heic
from tests.support.boxes import box
from tests.unit.codec.pictures import animation, colors, exif, frames, noise, png, png_chunk, png_rows, save

IMAGE = (colors(240, 320) // 2 + noise((240, 320, 3)) // 8).astype(np.uint8)
KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "grey": {"mode": "L"},
    "restarts": {"restart_marker_blocks": 8},
    "4:4:4": {"subsampling": 0},
}


def jpeg(mode: str | None = None, **options) -> bytes:
    return save(IMAGE if mode is None else IMAGE[..., 0].copy(), "JPEG", quality=88, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_its_end_mark_is_whole(kind):
    data = jpeg(**KINDS[kind])
    wanted = codec.decode(data)
    assert wanted.metadata.notes == ()
    for cut in (data[:-2], data[:-1], data[:-2] + b"\xff\xff\xff"):
        picture = codec.decode(cut)
        assert np.array_equal(picture.pixels, wanted.pixels)
        assert picture.metadata.notes == ("the JPEG lacks its end mark (EOI); its pixels are all there",)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:1:1"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (17, 33), (239, 317)])
def test_the_strict_decoder_s_pixels_are_those_of_any_other(subsampling, progressive, size):
    for image in (IMAGE[: size[0], : size[1]], IMAGE[: size[0], : size[1], 0]):
        data = save(image.copy(), "JPEG", quality=85, subsampling=subsampling, progressive=progressive)
        assert np.array_equal(codec.decode(data).pixels, np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.55, 0.8, 0.97])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_jpeg_that_ends_early_is_refused_with_its_share_or_taken_as_far_as_it_goes(kind, share, end):
    data = jpeg(**KINDS[kind])
    cut = data[: int(len(data) * share)] + end
    with pytest.raises(ImageRejected, match=r"image\.truncated: the JPEG ends") as caught:
        codec.decode(cut)
    whole, part = codec.decode(data).pixels.astype(int), codec.decode(cut, partial="accept")
    assert "lost" in part.metadata.notes[0]
    if kind != "progressive":
        told = int(caught.value.message.partition("early: ")[2].partition(" %")[0].partition("%")[0])
        right = np.abs(part.pixels - whole).reshape(240, -1).max(axis=1) == 0
        rows = 240 if right.all() else int(np.argmin(right))
        assert abs(told / 100 * 240 - rows) <= 17  # a row of blocks


@pytest.mark.parametrize("kind", ["baseline", "grey", "4:4:4"])
def test_a_hole_or_foreign_bytes_within_a_jpeg_are_no_picture(kind):
    data = bytearray(jpeg(**KINDS[kind]))
    middle = len(data) // 2
    data[middle : middle + 4096] = bytes(4096)
    with pytest.raises(ImageRejected, match=r"image\.(broken|truncated)"):
        codec.decode(bytes(data))
    assert (
        "lost" in codec.decode(bytes(data), partial="accept").metadata.notes[0]
        or "wrong" in (codec.decode(bytes(data), partial="accept").metadata.notes[0])
    )


def test_ten_kilobytes_that_claim_64_megapixels():
    data = bytearray(jpeg()[:10_000])
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = (8000).to_bytes(2) * 2
    with pytest.raises(ImageRejected, match=r"image\.truncated: .* 0% of its rows"):
        codec.decode(bytes(data) + b"\xff\xd9")


def test_filling_in_front_of_the_end_mark_harms_nothing():
    data = jpeg()
    filled = data[:-2] + bytes(500) + data[-2:]
    assert np.array_equal(codec.decode(filled).pixels, codec.decode(data).pixels)


@pytest.mark.parametrize("interlace", [False, True])
def test_a_png_without_its_end_is_whole(interlace):
    data = save(IMAGE, "PNG", interlace=interlace)
    for cut in (data[:-12], data[:-9], data[:-14], data[:-18], data[:-4], data[:-1] + b"\0"):
        picture = codec.decode(cut)
        assert np.array_equal(picture.pixels, IMAGE)
        assert picture.metadata.notes == ("the PNG lacks its end (IEND); its pixels are all there",)


def test_a_png_s_checksum_behind_its_pixels_harms_none():
    """Adler-32 of the packed stream, where each chunk's own checksum is right."""
    rows = png_rows(IMAGE)
    right, packed = png(320, 240, 8, 2, rows), zlib.compress(rows)
    other = packed[:-4] + b"\1\2\3\4"
    wrong = right.replace(png_chunk(b"IDAT", packed), png_chunk(b"IDAT", other))
    assert len(wrong) == len(right)
    assert wrong != right
    picture = codec.decode(wrong)
    assert np.array_equal(picture.pixels, IMAGE)
    assert picture.metadata.notes == ("the checksum behind the PNG's pixels is wrong; they are all there",)
    assert codec.untouched(wrong, "png") is None
    assert codec.untouched(right, "png") is not None
    hole = right.replace(png_chunk(b"IDAT", packed), png_chunk(b"IDAT", packed[:5000] + b"\xff" * 9 + packed[5009:]))
    with pytest.raises(ImageRejected, match=r"image\.broken"):
        codec.decode(hole)


PACKET = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"></rdf:RDF></x:xmpmeta>'
SMALL = colors(48, 64)
BEHIND: dict[str, tuple[bytes, int]] = {
    "WebP": (save(SMALL, "WEBP", quality=90, xmp=PACKET), 20),
    "WebP, no field left": (save(SMALL, "WEBP", quality=90, xmp=PACKET), len(PACKET) + 9),
    "WebP, lossless": (save(SMALL, "WEBP", lossless=True, exif=exif(1), xmp=PACKET), len(PACKET) + 40),
    "WebP, animated": (animation("WEBP"), 40),
    "HEIC": (heic.write(SMALL, matrix=heic.BT601, exif=b"MM\0*\0\0\0\x08" + bytes(60)), 20),
}


@pytest.mark.parametrize("kind", BEHIND)
def test_what_ends_behind_its_pixels_is_whole(kind):
    data, missing = BEHIND[kind]
    whole, picture = codec.decode(data), codec.decode(data[:-missing])
    assert np.array_equal(picture.pixels, whole.pixels)
    format = "HEIC" if kind == "HEIC" else "WebP"
    note = f"the {format} ends early, behind its pixels, which are all there; what else it held there is lost"
    assert note in picture.metadata.notes
    assert note not in whole.metadata.notes
    assert codec.untouched(data[:-missing], "webp") is None


def test_where_exif_is_cut_off_its_turn_is_heard_or_told():
    data = save(SMALL, "WEBP", lossless=True, exif=exif(3))
    turned = codec.decode(data[:-5])
    assert np.array_equal(turned.pixels, SMALL[::-1, ::-1])
    assert "the EXIF data is cut off, but for its turn" in turned.metadata.notes
    lost = codec.decode(data[: data.index(b"EXIF") + 20])
    assert np.array_equal(lost.pixels, SMALL)
    assert "the EXIF data is cut off, and with it how it is turned" in lost.metadata.notes
    chunk = png_chunk(b"eXIf", exif(3).tobytes().removeprefix(b"Exif\0\0"))
    late = save(SMALL, "PNG")[:-12] + chunk
    assert np.array_equal(codec.decode(late).pixels, SMALL[::-1, ::-1])
    assert "the EXIF data is cut off, and with it how it is turned" in codec.decode(late[:-9]).metadata.notes


def test_avif_that_ends_behind_its_pixels_is_whole():
    data = save(SMALL, "AVIF") + box(b"free", bytes(99))
    picture = codec.decode(data[:-8])
    assert np.array_equal(picture.pixels, codec.decode(data).pixels)
    assert "behind its pixels, which are all there" in picture.metadata.notes[0]
    assert codec.untouched(data[:-8], "avif") is None


@pytest.mark.parametrize("count", [1, 3])
def test_a_gif_without_its_end_mark(count):
    data = animation("GIF", count) if count > 1 else save(SMALL, "GIF")
    whole = codec.decode(data)
    for missing in (1, 2):
        picture = codec.decode(data[:-missing])
        assert np.array_equal(picture.pixels, whole.pixels)
        assert "the GIF lacks its end mark (trailer); the pixels of its first frame are all there" in (
            picture.metadata.notes
        )
    assert not any("trailer" in note for note in whole.metadata.notes)


def test_a_bmp_without_the_filling_of_its_last_row():
    data = save(SMALL[:, :-1], "BMP")
    assert codec.decode(data).metadata.notes == ()
    picture = codec.decode(data[:-3])
    assert np.array_equal(picture.pixels, SMALL[:, :-1])
    assert picture.metadata.notes == ("the BMP ends within filling; its pixels are all there",)
    with pytest.raises(ImageRejected, match=r"image\.truncated"):
        codec.decode(data[:-4])


@pytest.mark.parametrize(("there", "pages"), [(10, 2), (0, 1), (-4, 1)])
def test_a_tiff_that_ends_before_its_last_page(there, pages):
    """there: bytes of the second directory."""
    first, *more = frames(2)
    data = save(first, "TIFF", save_all=True, append_images=more, compression="tiff_lzw")
    directory = int.from_bytes(data[4:8], "little")
    link = directory + 2 + 12 * int.from_bytes(data[directory : directory + 2], "little")
    second = int.from_bytes(data[link : link + 4], "little")
    picture = codec.decode(data[: second + there])
    assert np.array_equal(picture.pixels, codec.decode(data).pixels)
    assert "the TIFF ends within or before its last page" in picture.metadata.notes
    assert ("first of 2 pages" in picture.metadata.notes) == (pages == 2)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_png_that_ends_early(share):
    data = save(IMAGE, "PNG")
    cut = data[: int(len(data) * share)]
    with pytest.raises(ImageRejected, match=r"image\.truncated: the PNG ends early: \d+% of its pixels") as caught:
        codec.decode(cut)
    told = int(caught.value.message.partition("early: ")[2].partition("%")[0])
    picture = codec.decode(cut, partial="accept")
    assert f"{100 - told}% of it is lost" in picture.metadata.notes[0]
    right = (picture.pixels == IMAGE).all(axis=(1, 2))
    assert abs(right.sum() / 240 * 100 - told) <= 1.5


def test_bytes_behind_a_png_are_told():
    picture = codec.decode(save(IMAGE, "PNG") + b"more")
    assert picture.metadata.notes == ("4 bytes behind the picture were left out",)


def test_a_gif_past_its_bound_is_rejected():
    data = bytearray(save(IMAGE, "GIF"))
    at = data.index(b"\x2c", 13 + 768)
    data[at + 1 : at + 3] = b"\xff\xff"
    with pytest.raises(ImageRejected, match=r"image\."):
        codec.read_header(bytes(data))


CUT: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {}),
    "JPEG, progressive": ("JPEG", {"progressive": True}),
    "PNG": ("PNG", {}),
    "WebP": ("WEBP", {}),
    "WebP, lossless": ("WEBP", {"lossless": True}),
    "TIFF": ("TIFF", {}),
    "TIFF by LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF by JPEG": ("TIFF", {"compression": "jpeg"}),
    "BMP": ("BMP", {}),
    "AVIF": ("AVIF", {}),
}


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("kind", CUT)
def test_what_ends_early_says_how_much_is_there(kind, share):
    format, options = CUT[kind]
    data = save(colors(96, 128), format, **options)
    with pytest.raises(ImageRejected) as caught:
        codec.decode(data[: int(len(data) * share)])
    assert caught.value.code == "image.truncated"
    assert re.search(r"\d+% of its|ends before its pixels begin|its scan \d", caught.value.message)


def test_a_heic_that_ends_early_says_how_much_is_there():
    data = heic.write(colors(64, 96))
    for share in (0.02, 0.4, 0.9):
        with pytest.raises(ImageRejected, match=r"image\.truncated: the HEIC ends early: \d+% of its bytes"):
            codec.decode(data[: int(len(data) * share)])


def test_what_only_says_that_it_is_longer_is_whole():
    """A count of bytes past the file's end is no harm where the decoder has all pixels."""
    data = save(colors(8, 8), "BMP")
    assert codec.decode(data).metadata.notes == ()
    longer = data[:2] + (len(data) + 999).to_bytes(4, "little") + data[6:]
    assert codec.decode(longer).metadata.notes == ()


UNPACKED = {
    "BMP": save(colors(96, 128), "BMP"),
    "BMP of bit fields": save(np.dstack((colors(96, 128), np.full((96, 128), 255, np.uint8))), "BMP"),
    "TIFF": save(colors(96, 128), "TIFF"),
    "TIFF of 16 bits": save(colors(96, 128)[..., 0].astype(np.uint16) * 257, "TIFF"),
}


@pytest.mark.parametrize("kind", UNPACKED)
def test_what_is_not_packed_is_taken_as_far_as_it_goes(kind):
    data = UNPACKED[kind]
    whole = codec.decode(data).pixels
    picture = codec.decode(data[: len(data) * 2 // 5], partial="accept")
    assert re.search(
        r"ends early: (39|40|41)% of its bytes are there; (59|60|61)% of it is lost", picture.metadata.notes[0]
    )
    rows = slice(-30, None) if kind.startswith("BMP") else slice(0, 30)  # BMP begins at the bottom
    lost = slice(0, 50) if kind.startswith("BMP") else slice(-50, None)
    assert np.array_equal(picture.pixels[rows], whole[rows])
    assert not picture.pixels[lost].any()
    assert codec.decode(data, partial="accept").metadata.notes == codec.decode(data).metadata.notes
    with pytest.raises(ImageRejected, match="truncated"):
        codec.decode(data[:40], partial="accept")
