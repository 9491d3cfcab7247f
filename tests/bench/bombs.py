"""Files that are small to make and dear to open: a name and the bytes of each, of every accepted format.

Each takes one of the ways by which a file asks for more than its picture is worth: repeated, filled, packed, nested,
claimed, or pointing at itself. All are within the limit on bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

MIB = 1 << 20


def saved(format_name: str, width: int = 64, height: int = 48, mode: str = "RGB", **options: Any) -> bytes:
    """A small picture by Pillow."""
    rows, columns = np.mgrid[0:height, 0:width]
    image = Image.fromarray(np.stack((rows * 5, columns * 3, rows + columns), -1).astype(np.uint8)).convert(mode)
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def chunk(kind: bytes, content: bytes, *, sound: bool = True) -> bytes:
    check = zlib.crc32(kind + content) ^ (not sound)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + kind + content


def jpegs(size: float) -> Iterator[tuple[str, bytes]]:
    plain = saved("JPEG")
    start, rest = plain[:2], plain[2:]
    exif = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + bytes(65_000))
    yield "exif segments", start + exif * round(1500 * size) + rest
    yield "fill", start + b"\xff" * round(50 * MIB * size) + rest
    yield "empty segments", start + b"\xff\xe1\0\2" * round(3 * MIB * size) + rest
    yield "comments", start + segment(0xFE, b"x" * 60_000) * round(500 * size) + rest
    yield "profile in parts", start + segment(0xE2, b"ICC_PROFILE\0\1\xff" + bytes(60_000)) * round(255 * size) + rest
    yield "tables", start + segment(0xDB, bytes(65) * 900) * round(500 * size) + rest
    yield "trailing zeros", plain + bytes(round(32 * MIB * size))
    yield "trailing noise", plain + np.random.default_rng(0).bytes(round(32 * MIB * size))
    yield "trailing pictures", plain * round(20_000 * size)
    scan = plain.index(b"\xff\xda")
    yield "scans", plain[:scan] + plain[scan:-2] * 600 + b"\xff\xd9"
    yield "restarts", plain[:-2] + b"\xff\xd0\0" * round(5 * MIB * size) + b"\xff\xd9"
    frame = plain.index(b"\xff\xc0") + 5
    yield "claims 64 megapixels", plain[:frame] + struct.pack(">HH", 8000, 8000) + plain[frame + 4 :]


def pngs(size: float) -> Iterator[tuple[str, bytes]]:
    plain = saved("PNG")
    start, rest = plain[:33], plain[33:]
    packed = zlib.compress(bytes(round(200 * MIB * size)), 9)
    yield "packed text", start + chunk(b"zTXt", b"Comment\0\0" + packed) + rest
    yield "packed packet", start + chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed) + rest
    yield "packed profile", start + chunk(b"iCCP", b"p\0\0" + packed) + rest
    yield "long packet", start + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * round(60 * MIB * size)) + rest
    yield "texts", start + chunk(b"tEXt", b"a\0" + b"b" * 100) * round(190_000 * size) + rest
    yield (
        "wrong checksums",
        start + chunk(b"tEXt", b"a\0b", sound=False) * 1000 + chunk(b"pHYs", bytes(9), sound=False) + rest,
    )
    yield "empty pixels", plain[:-12] + chunk(b"IDAT", b"") * round(190_000 * size) + plain[-12:]
    bomb = zlib.compressobj(9)
    rows = b"".join(bomb.compress(bytes(24_001)) for _ in range(round(8000 * size))) + bomb.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8000, 8000, 8, 2, 0, 0, 0))
    yield "packed pixels", plain[:8] + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gifs(size: float) -> Iterator[tuple[str, bytes]]:
    plain = saved("GIF")
    frame = plain.index(b"\x2c", 13 + 3 * 256 if plain[10] & 7 == 7 else 13)
    yield "left and width", plain[: frame + 1] + struct.pack("<HHHH", 65_000, 0, 64, 48) + plain[frame + 9 :]
    yield "frames", plain[:frame] + plain[frame:-1] * round(5000 * size) + b";"
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 100 + b"\0"
    yield "comments", plain[:frame] + comment * round(1000 * size) + plain[frame:]
    yield "blocks of one byte", plain[:frame] + b"\x21\xfe" + b"\1c" * round(4 * MIB * size) + b"\0" + plain[frame:]
    yield "padding", plain[:frame] + bytes(round(8 * MIB * size)) + plain[frame:]


def webps(size: float) -> Iterator[tuple[str, bytes]]:
    plain = saved("WEBP", xmp=b"<x/>")
    body = plain[12:]

    def riff(content: bytes) -> bytes:
        return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content

    yield "chunks", riff(body + b"JUNK\0\0\0\0" * round(2 * MIB * size))
    yield "packet", riff(body + b"XMP " + struct.pack("<I", round(60 * MIB * size)) + b"x" * round(60 * MIB * size))
    yield "frames", riff(body + b"ANMF\x10\0\0\0" * 100_000 + bytes(16))


def tiffs(size: float) -> Iterator[tuple[str, bytes]]:
    def directory(tags: dict[int, tuple[int, int, int]], at: int, following: int = 0) -> bytes:
        entries = b"".join(struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags))
        return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)

    def of(tags: dict[int, tuple[int, int, int]], behind: bytes) -> bytes:
        usual = {256: (4, 1, 64), 257: (4, 1, 48), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 277: (3, 1, 1)}
        usual |= {278: (4, 1, 48), 273: (4, 1, 200), 279: (4, 1, 64 * 48)}
        return (b"II*\0\x08\0\0\0" + directory(usual | tags, 8)).ljust(200, b"\0") + bytes(64 * 48) + behind

    end = 200 + 64 * 48
    many = round(8 * MIB * size)
    yield "strips", of({257: (4, 1, 30_000), 278: (4, 1, 1), 273: (4, many, end), 279: (4, many, end)}, bytes(4 * many))
    whole = struct.pack("<I", 200) * 30_000, struct.pack("<I", round(40 * MIB * size)) * 30_000
    strips = {
        257: (4, 1, 30_000),
        278: (4, 1, 1),
        259: (3, 1, 5),
        273: (4, 30_000, end),
        279: (4, 30_000, end + 120_000),
    }
    yield "strips of the whole file", of(strips, b"".join(whole) + bytes(round(40 * MIB * size)))
    yield "samples", of({277: (3, 1, 65_535)}, b"")
    yield "tiles", of({322: (4, 1, 1 << 20), 323: (4, 1, 1 << 20), 324: (4, 1, 200), 325: (4, 1, 3072)}, b"")
    yield "packet", of({700: (1, round(60 * MIB * size), end)}, b"x" * round(60 * MIB * size))
    yield "palette", of({262: (3, 1, 3), 320: (3, many, end)}, bytes(2 * many))
    pages = b"".join(directory({256: (4, 1, 1)}, 0, 8 + 18 * (number + 1)) for number in range(round(MIB * size)))
    yield "pages", b"II*\0\x08\0\0\0" + pages
    yield "a page that is its own next", b"II*\0\x08\0\0\0" + directory({256: (4, 1, 1)}, 0, 8)
    yield "entries", b"II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + struct.pack("<HHII", 256, 4, 1, 1) * 65_535
    bits = {256: (4, 1, 8000), 257: (4, 1, 8000), 278: (4, 1, 8000), 259: (3, 1, 8)}
    packed = zlib.compress(bytes(round(64_000_000 * size)), 9)
    yield "packed pixels", of(bits | {273: (4, 1, end), 279: (4, 1, len(packed))}, packed)


def bmps(size: float) -> Iterator[tuple[str, bytes]]:
    def of(width: int, height: int, depth: int, kind: int, colors: int, behind: bytes) -> bytes:
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, kind, 0, 0, 0, colors, 0)
        return b"BM" + struct.pack("<IHHI", 54 + len(behind), 0, 0, 54) + header + behind

    yield "palette", of(64, 48, 8, 0, 1 << 30, bytes(100_000))
    yield "run lengths", of(8000, 8000, 8, 1, 256, bytes(1024) + b"\xff\1" * round(200_000 * size) + b"\0\1")
    yield "most negative height", of(64, -(1 << 31), 32, 0, 0, bytes(1000))
    yield "claims 64 megapixels", of(8000, 8000, 32, 3, 0, struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))


def items(size: float) -> Iterator[tuple[str, bytes]]:
    plain = saved("AVIF")
    first = int.from_bytes(plain[:4])
    start, rest = plain[:first], plain[first:]
    yield "boxes", start + box(b"free") * round(2 * MIB * size) + rest
    yield "boxes behind", plain + box(b"free") * round(2 * MIB * size)
    yield (
        "nested",
        start + box(b"meta", bytes(4), box(b"iinf", bytes(6), box(b"infe", b"\2" + bytes(11)) * 300_000)) + rest,
    )
    yield "a box of the whole file", start + struct.pack(">I4s", 0, b"free") + rest
    at = plain.index(b"ispe") + 8
    yield "claims 64 megapixels", plain[:at] + struct.pack(">II", 8000, 8000) + plain[at + 8 :]
    yield "trailing", plain + bytes(round(40 * MIB * size))
    heic = plain.replace(b"ftypavif", b"ftypheic").replace(b"avifmif1", b"heicmif1").replace(b"av01", b"hvc1")
    yield "AVIF as HEIC", heic
    yield "AVIF as HEIC with boxes", heic[:first] + box(b"free") * round(2 * MIB * size) + heic[first:]


MAKERS: dict[str, Callable[[float], Iterator[tuple[str, bytes]]]] = {
    "JPEG": jpegs,
    "PNG": pngs,
    "GIF": gifs,
    "WebP": webps,
    "TIFF": tiffs,
    "BMP": bmps,
    "AVIF, HEIC": items,
}


def bombs(size: float = 1.0) -> Iterator[tuple[str, bytes]]:
    """All of them; `size` makes what is many or long fewer or shorter."""
    for format_name, make in MAKERS.items():
        for name, data in make(size):
            yield f"{format_name}: {name}", data
