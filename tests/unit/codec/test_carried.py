"""What a file holds beside its pixels: carried byte for byte, corrected, or told. Read by other eyes too."""

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom import codec
from darkroom.codec import exif, iptc, xmp
from darkroom.codec.jpeg import XMP, parse
from tests.support import heic
from tests.support.boxes import box
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, png_chunk, save

IMAGE = colors(24, 32)
ARTIST = "Žižka Þór 東京".encode()
PACKET = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://ns.adobe.com/exif/1.0/" '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:ps="http://ns.adobe.com/photoshop/1.0/" '
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" tiff:Orientation="6" e:GPSLatitude="43,1.5N" '
    b'ps:City="Irun" hdrgm:Version="1.0">'
    b'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Autumn</rdf:li></rdf:Alt></dc:title>'
    b"<e:GPSLongitude>2,20.25W</e:GPSLongitude></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
)
RECORDS = b"".join(
    struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text
    for number, text in ((120, b"Autumn above the pass"), (90, b"Irun"), (25, b"mountain"))
)


def block(order: exif.Order = "<") -> Any:
    """EXIF with text in UTF-8, a signed rational, GPS, and a maker's notes."""
    details = {
        0x9003: (2, 20, b"2024:05:06 07:08:09\0"),
        0x9204: (10, 1, struct.pack(f"{order}ii", -1, 3)),
        0x927C: (7, 40, b"MakerNote" + bytes(range(31))),
        0x9286: (7, 8 + len(ARTIST), b"UNICODE\0" + ARTIST),
        0xA002: exif.integers(order, exif.LONG, 4000),
    }
    image = {
        0x010F: (2, 6, b"Maker\0"),
        0x0112: exif.integers(order, exif.SHORT, 1),
        0x013B: (2, len(ARTIST) + 1, ARTIST + b"\0"),
    }
    gps = {1: (2, 2, b"N\0"), 2: exif.rationals(order, 52.0, 31.0, 12.0)}
    return exif.compose(order, image, details, gps, {})


def jpeg_with(*segments: tuple[int, bytes], behind: bytes = b"", **options) -> bytes:
    data = save(IMAGE, "JPEG", quality=90, **options)
    more = b"".join(bytes((0xFF, kind)) + struct.pack(">H", len(body) + 2) + body for kind, body in segments)
    return data[:2] + more + data[2:] + behind


EVERYTHING = jpeg_with(
    (0xE1, exif.PREFIX + block()),
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET),
    (0xED, iptc.HEADER + iptc.to_resources(RECORDS)),
    (0xFE, "Größe".encode()),
)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
def test_text_in_exif_is_carried_byte_for_byte(format, order):
    data = jpeg_with((0xE1, exif.PREFIX + block(order)))
    result = codec.encode(codec.decode(data), format)
    assert ARTIST + b"\0" in result
    assert b"UNICODE\0" + ARTIST in result
    assert struct.pack(f"{order}ii", -1, 3) in result
    assert b"MakerNote" + bytes(range(31)) in result
    found = codec.decode(result).metadata.exif
    read = exif.parse(found)
    assert read.value("exif", 0x9204) == (Fraction(-1, 3),)
    assert read.number("image", 0x0112) is None
    assert read.entry("image", exif.GPS) is None
    seen = Image.open(io.BytesIO(result)).getexif()
    assert seen[0x010F] == "Maker"
    assert seen.get(0x0112, 1) == 1
    assert not seen.get_ifd(exif.GPS)
    if format != "tiff":  # of a TIFF the size among its own tags counts
        assert seen.get_ifd(exif.EXIF)[0xA002] == 32


def test_makers_notes_stay_where_they_were():
    """Their offsets count from the block's beginning."""
    source = block()
    result = codec.encode(codec.decode(jpeg_with((0xE1, exif.PREFIX + source))), "jpeg")
    kept: Any = parse(result).exif
    assert kept.index(b"MakerNote") == source.index(b"MakerNote")
    tiff = codec.encode(codec.decode(jpeg_with((0xE1, exif.PREFIX + source))), "tiff")
    assert tiff.index(b"MakerNote") == source.index(b"MakerNote")


def test_a_thumbnail_and_gps_leave_no_bytes():
    image = Image.fromarray(IMAGE)
    small = save(image.resize((8, 6)), "JPEG")
    data = bytearray(block())
    start = exif.parse(bytes(data))
    link = start.places["image"] + 2 + 12 * len(start.directories["image"])
    data += bytes(len(data) % 2)
    data[link : link + 4] = struct.pack("<I", len(data))
    at = len(data) + 2 + 24 + 4
    data += struct.pack("<HHHIIHHII", 2, 0x0201, 4, 1, at, 0x0202, 4, 1, len(small)) + bytes(4) + small
    kept: Any = codec.decode(jpeg_with((0xE1, exif.PREFIX + bytes(data)))).metadata.exif
    assert small not in kept
    assert b"\xff\xd8" not in kept
    assert struct.pack("<IIIIII", 52, 1, 31, 1, 12, 1) not in kept
    assert len(kept) < len(block()) + 8


@pytest.mark.parametrize("format", codec.OUTPUT_FORMATS)
def test_xmp_iptc_and_text_are_carried_or_told(format):
    picture = codec.decode(EVERYTHING)
    result = codec.encode(picture, format)
    told = " ".join((*picture.metadata.notes, *codec.omitted(picture, format)))
    assert b"<dc:title>" in result or zlib_text(result)
    for place in (b"43,1.5N", b"2,20.25W", b"Irun"):
        assert place not in result
    assert b'Orientation="6"' not in result
    assert "GPS, XMP, IPTC" in told
    again = codec.decode(result).metadata
    assert again.xmp == picture.metadata.xmp
    assert (again.iptc == picture.metadata.iptc) or "IPTC data was left out" in told
    assert b"Autumn above the pass" in (again.iptc or b"Autumn above the pass")
    assert again.text == (("Comment", "Größe"),) or "Comment" in told


def zlib_text(data: bytes) -> bool:
    return data[:4] == b"\x89PNG" and b"XML:com.adobe.xmp" in data


def test_the_place_is_kept_where_asked_for():
    metadata: Any = codec.decode(EVERYTHING, keep_gps=True).metadata
    assert b"43,1.5N" in metadata.xmp
    assert b"Irun" in metadata.iptc
    assert exif.parse(metadata.exif).value("gps", 2) == (52, 31, 12)
    assert not any("place" in note for note in metadata.notes)


def test_a_corrected_packet_keeps_its_length():
    kept: Any
    kept, missing = xmp.carried(PACKET, place=False)
    assert len(kept) == len(PACKET)
    assert missing == {"place", "within"}
    assert b"<dc:title>" in kept
    kept, missing = xmp.carried(PACKET, place=True)
    assert b"43,1.5N" in kept
    assert xmp.carried(PACKET + b" " * 70_000, place=False) == (None, {"long"})


@pytest.mark.parametrize(
    ("behind", "words"),
    [
        (save(IMAGE[::2, ::2], "JPEG") + b"hdrgm:", "a gain map"),
        (save(IMAGE[::2, ::2], "JPEG"), "further pictures"),
        (b"\0\0\0\x18ftypmp42" + bytes(40) * 100_000, "motion photo"),
        (b"hello" * 9, "45 bytes behind the picture"),
    ],
)
def test_what_lies_behind_a_jpeg_is_told(behind, words):
    picture = codec.decode(jpeg_with(behind=behind))
    assert any(words in note for note in picture.metadata.notes)
    assert np.array_equal(picture.pixels, codec.decode(jpeg_with()).pixels)


def test_forty_megabytes_behind_a_jpeg_are_not_searched_for_scans():
    picture = codec.decode(jpeg_with(behind=b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 20_000_000))
    assert any("motion photo" in note for note in picture.metadata.notes)


def test_c2pa_and_paths_are_told():
    paths = b"8BIM" + struct.pack(">HHI", 2000, 0, 4) + b"path"
    data = jpeg_with((0xEB, b"JP\0\1" + b"jumbc2pa" + bytes(20)), (0xED, iptc.HEADER + paths))
    notes = " ".join(codec.decode(data).metadata.notes)
    assert "C2PA" in notes
    assert "clipping paths" in notes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<e:GPSLongitude>", b'<GPSLongitude xmlns="http://ns.adobe.com/exif/1.0/">'),
        (b"<e:GPSLongitude>", b"<e:GPSLongitude rdf:parseType='Literal'\n>"),
        (b"<e:GPSLongitude>", b'<q:GPSLongitude xmlns:q="http://ns.adobe.com/exif/1.0/">'),
        (b'ps:City="Irun"', b"ps:City = 'Irun'"),
        (b'ps:City="Irun"', b""),
    ],
)
def test_a_place_in_xmp_goes_however_it_is_written(before, after):
    packet = PACKET.replace(before, after)
    if b"<GPS" in after:
        packet = packet.replace(b"</e:GPSLongitude>", b"</GPSLongitude>")
    elif b"<q:" in after:
        packet = packet.replace(b"</e:GPSLongitude>", b"</q:GPSLongitude>")
    elif not after:  # elsewhere the prefix means something else
        city = b'<City xmlns="http://ns.adobe.com/photoshop/1.0/">Irun</City>'
        more = b'<ps:City xmlns:ps="http://ns.adobe.com/photoshop/1.0/">Irun</ps:City><ps:Z xmlns:ps="urn:z"/>'
        packet = packet.replace(b"</dc:title>", b"</dc:title>" + city + more)
    notes = codec.decode(jpeg_with((0xE1, XMP + packet))).metadata
    kept: Any = notes.xmp
    assert b"2,20.25W" not in kept
    assert b"Irun" not in kept
    assert b"Autumn" in kept
    assert len(kept) == len(packet)


def test_what_is_twice_is_told_and_what_says_nothing_is_no_damage():
    turned = exif.compose("<", {0x0112: exif.integers("<", exif.SHORT, 6)}, {}, {}, {})
    assert codec.decode(jpeg_with((0xE1, exif.PREFIX + (turned or b"")))).metadata.notes == ()
    twice = jpeg_with(
        (0xE1, XMP + PACKET), (0xE1, XMP + PACKET), (0xE1, exif.PREFIX + block()), (0xE1, exif.PREFIX + block())
    )
    notes = "; ".join(codec.decode(twice).metadata.notes)
    assert "further EXIF blocks were left out" in notes
    assert "further XMP packets were left out" in notes


def resource(number: int, content: bytes = b"\1", name: bytes = b"") -> bytes:
    called = bytes((len(name),)) + name
    called += bytes(len(called) % 2)
    body = struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    return b"8BIM" + struct.pack(">H", number) + called + body


RESOURCES = b"".join(
    (
        resource(0x0404, RECORDS),
        resource(0x03ED, bytes(16)),
        resource(0x040A),
        resource(0x040B, b"https://photos.example/"),
        resource(0x0408, bytes(16)),
        resource(0x03F3, bytes(9)),
        resource(0x2710, bytes(10)),
        resource(2998, b"path", b"Outline"),
    )
)


@pytest.mark.parametrize("format", ["JPEG", "TIFF", "PNG"])
def test_photoshop_s_image_resources_are_carried_or_named(format):
    if format == "JPEG":
        data = jpeg_with((0xED, iptc.HEADER + RESOURCES[:200]), (0xED, iptc.HEADER + RESOURCES[200:]))
    elif format == "TIFF":
        layers = b"Adobe Photoshop Document Data Block\0" + bytes(100_000)
        more = {34377: (7, len(RESOURCES), RESOURCES), 0x935C: (7, len(layers), layers), 0x013B: (2, 4, b"Eva\0")}
        data = exif.editable(save(IMAGE, "TIFF")).with_fields(more)
    else:
        lines = RESOURCES.hex()
        words = f"\n8bim\n{len(RESOURCES):8d}\n{lines}\n".encode()
        text = b"Raw profile type 8bim\0\0" + zlib.compress(words)
        data = pictures.png(32, 24, 8, 2, pictures.png_rows(IMAGE), (b"zTXt", text))
    metadata = codec.decode(data).metadata
    assert b"Autumn above the pass" in (metadata.iptc or b"")
    notes = "; ".join(metadata.notes)
    assert "image resources were left out: copyright flag, web address, guides, 2 settings of the program" in notes
    assert "clipping paths were left out" in notes
    if format == "TIFF":
        assert "Photoshop's layers in the TIFF were left out" in notes
        assert b"Eva\0" in (metadata.exif or b"")


def test_png_text_goes_from_png_to_png_and_is_told_elsewhere():
    rows = pictures.png_rows(IMAGE)
    text = [
        (b"tEXt", b"Title\0Gr\xf6\xdfe"),
        (b"zTXt", b"Author\0\0" + zlib.compress(b"somebody")),
        (b"iTXt", b"Description\0\0\0de\0\0" + "東京".encode()),
        (b"vpAg", bytes(9)),
    ]
    picture = codec.decode(pictures.png(32, 24, 8, 2, rows, *text))
    wanted = (("Title", "Größe"), ("Author", "somebody"), ("Description", "東京"))
    assert picture.metadata.text == wanted
    assert "vpAg" in picture.metadata.notes[0]
    result = codec.encode(picture, "png")
    seen: Any = Image.open(io.BytesIO(result))
    assert seen.text == dict(wanted)
    for format in ("jpeg", "webp", "tiff", "avif"):
        assert "Title, Author, Description" in codec.omitted(picture, format)[-1]


def test_huge_and_damaged_fields_cost_no_png_its_pixels():
    rows = pictures.png_rows(IMAGE)
    huge = zlib.compress(b"x" * (50 << 20))
    chunks = [
        (b"zTXt", b"Big\0\0" + huge),
        (b"iCCP", b"p\0\0" + huge),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + huge),
    ]
    data = pictures.png(32, 24, 8, 2, rows, *chunks, (b"tEXt", b"Title\0one"), (b"tIME", bytes(7)))
    wrong = png_chunk(b"tIME", bytes(7))
    data = data.replace(wrong, wrong[:-1] + bytes((wrong[-1] ^ 1,)))
    picture = codec.decode(data)
    assert np.array_equal(picture.pixels, IMAGE)
    assert picture.metadata.text == (("Title", "one"),)
    notes = " ".join(picture.metadata.notes)
    for words in ("tIME", "2 damaged or overlong text fields", "ICC profile was ignored"):
        assert words in notes


BOXES = heic.write(colors(32, 64), matrix=heic.BT601)
GIF = save(Image.fromarray(IMAGE).quantize(16), "GIF")
STRANGERS: dict[str, tuple[bytes, str]] = {
    "HEIC: video": (BOXES + box(b"mpvd", bytes(999)), "a video (motion photo) in the file was left out"),
    "HEIC: maker's box": (BOXES + box(b"sefd", b"more"), "the file's own boxes sefd were left out"),
    "HEIC: box by uuid": (BOXES + box(b"uuid", bytes(16)), "the file's own boxes uuid were left out"),
    "HEIC: behind": (BOXES + b"no box at all", "13 bytes behind the picture were left out"),
    "AVIF: video": (
        save(IMAGE, "AVIF") + box(b"mpvd", bytes(9)),
        "a video (motion photo) in the file was left out",
    ),
    "AVIF: behind": (save(IMAGE, "AVIF") + b"more", "4 bytes behind the picture were left out"),
    "WebP: behind": (save(IMAGE, "WEBP") + b"more", "4 bytes behind the picture were left out"),
    "BMP: behind": (save(IMAGE, "BMP") + b"more", "4 bytes behind the picture were left out"),
    "GIF: behind": (GIF + b"more", "4 bytes behind the picture were left out"),
    "GIF: application": (
        GIF[:-1] + b"\x21\xff\x0bMYPROGRAM10\x03abc\0;",
        "the GIF's own fields MYPROGRAM10 were left out",
    ),
    "GIF: plain text": (
        GIF[:-1] + b"\x21\x01\x0c" + bytes(12) + b"\x02hi\0;",
        "the GIF's own fields plain text were left out",
    ),
    "PNG: time and background": (
        pictures.png(1, 1, 8, 2, bytes(4), (b"tIME", bytes(7)), (b"bKGD", bytes(6))),
        "the PNG's fields bKGD, tIME were left out: they are about the file as it was",
    ),
    "JPEG: boxes of JUMBF": (
        jpeg_with((0xEB, b"JP\0\1" + bytes(30))),
        "the JPEG's own fields APP11 'JP' were left out",
    ),
    "TIFF: spot colour": (
        pictures.tiff_of(np.dstack((IMAGE, IMAGE[..., :1])), t338=(3, (0,))),
        "channels of the TIFF besides its colours and alpha were left out: 1",
    ),
    "TIFF: density curve": (
        pictures.tiff_of(IMAGE[..., 0], t291=(3, tuple(range(256)))),
        "density curves (GrayResponseCurve) in the TIFF were left out",
    ),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_what_has_no_place_in_a_result_is_named(kind):
    data, note = STRANGERS[kind]
    assert codec.decode(data).metadata.notes == (note,)


@pytest.mark.parametrize(
    "data",
    [
        BOXES + box(b"free", bytes(9)),
        save(IMAGE, "BMP") + bytes(2),
        GIF + bytes(9),
        save(IMAGE, "WEBP", lossless=True) + bytes(9),
        save(Image.fromarray(IMAGE).quantize(16), "GIF", loop=0),
        GIF[:-1] + b"\0;",
    ],
)
def test_filling_is_nothing(data):
    assert codec.decode(data).metadata.notes == ()
