"""Pictures and files for the codec's tests, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, Literal

import numpy as np
from PIL import Image

from darkroom.picture import Array

PLAIN_ORIENTATIONS = {  # EXIF orientation -> how a camera would have stored an upright picture
    1: lambda image: image,
    2: lambda image: np.fliplr(image),
    3: lambda image: np.rot90(image, 2),
    4: lambda image: np.flipud(image),
    5: lambda image: np.rot90(np.fliplr(image)),
    6: lambda image: np.rot90(image),
    7: lambda image: np.rot90(np.fliplr(image), -1),
    8: lambda image: np.rot90(image, -1),
}


def colors(height: int = 40, width: int = 56, dtype: Any = np.uint8) -> Array:
    """Smooth colour in which no two corners are alike: HxWx3."""
    down, across = np.mgrid[0:height, 0:width]
    channels = across / max(width - 1, 1), down / max(height - 1, 1), (across + 2 * down) / (width + 2 * height)
    return np.rint(np.stack(channels, axis=-1) * np.iinfo(dtype).max).astype(dtype)


def noise(shape: tuple[int, ...], dtype: Any = np.uint8, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def save(image: Array | Image.Image, format: str, **options: Any) -> bytes:
    """A file by Pillow, in Pillow's name of the format."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, format, **options)
    return file.getvalue()


def exif(orientation: int | None = None, *, gps: bool = False) -> Image.Exif:
    """EXIF as a camera writes it."""
    block = Image.Exif()
    block[0x010F] = "Maker"
    block[0x0132] = "2024:05:06 07:08:09"
    block[0x8769] = {0x8827: 200, 0xA001: 0xFFFF, 0xA002: 4000, 0x927C: b"maker's notes", 0x9003: "2024:05:06 07:08:09"}
    if orientation is not None:
        block[0x0112] = orientation
    if gps:
        block[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    read = Image.Exif()
    read.load(block.tobytes())
    return read


def frames(count: int, **size: int) -> list[Image.Image]:
    """Images that all differ, for animations and pages."""
    image = colors(**size)
    return [Image.fromarray(np.roll(image, 5 * number, axis=1)) for number in range(count)]


def animation(format: str, count: int = 3) -> bytes:
    first, *rest = frames(count)
    return save(first, format, save_all=True, append_images=rest)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of raw rows (each with its filter byte), with `chunks` before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def png_rows(image: Array) -> bytes:
    """Rows without a filter, of HxW or HxWxC samples of 8 or 16 bits."""
    raw = image.astype(image.dtype.newbyteorder(">")).reshape(len(image), -1).view(np.uint8)
    return np.hstack((np.zeros((len(raw), 1), np.uint8), raw)).tobytes()


def tiff(tags: dict[int, tuple[int, tuple[int, ...]]], data: bytes, *, order: str = "<") -> bytes:
    """A TIFF of one page: tag -> (type, values), with its pixels in one strip, whose offset is filled in."""
    tags = {**tags, 273: (4, (8,)), 279: (4, (len(data),))}
    at = 8 + len(data) + len(data) % 2
    entries, extra = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        content = struct.pack(order + {3: "H", 4: "I"}[kind] * len(values), *values)
        if len(content) > 4:
            place = at + 2 + 12 * len(tags) + 4 + len(extra)
            extra += content + bytes(len(content) % 2)
            content = struct.pack(order + "I", place)
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return start + data + bytes(len(data) % 2) + struct.pack(order + "H", len(tags)) + entries + bytes(4) + extra


def tiff_of(
    image: Array, *, order: Literal["<", ">"] = "<", photometric: int | None = None, **tags: tuple[int, tuple[int, ...]]
) -> bytes:
    """An uncompressed TIFF of HxW or HxWxC samples, with more tags by number (``t338=(3, (2,))``)."""
    height, width = image.shape[:2]
    samples = image.shape[2] if image.ndim == 3 else 1
    photometric = photometric if photometric is not None else (1 if samples == 1 else 2)
    return tiff(
        {
            256: (4, (width,)),
            257: (4, (height,)),
            258: (3, (image.dtype.itemsize * 8,) * samples),
            259: (3, (1,)),
            262: (3, (photometric,)),
            277: (3, (samples,)),
            278: (4, (height,)),
            **{int(name[1:]): value for name, value in tags.items()},
        },
        image.astype(image.dtype.newbyteorder(order)).tobytes(),
        order=order,
    )


def claiming(format: str, width: int, height: int) -> bytes:
    """A few bytes that claim a picture of any size, with no pixels behind the claim."""
    match format:
        case "PNG":
            return png(width, height, 8, 2, b"")
        case "GIF":
            block = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x01\x00\x00"
            return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0) + block + b";"
        case "WEBP":
            sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + sides
        case "BMP":
            return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        case "JPEG":
            frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
            scan = b"\x01\x01\x00\x00\x3f\x00"
            return b"\xff\xd8\xff\xc0\x00\x0b" + frame + b"\xff\xda\x00\x08" + scan
        case "TIFF":
            return tiff_of(np.zeros((1, 1, 3), np.uint8), t256=(4, (width,)), t257=(4, (height,)), t278=(4, (height,)))
        case "AVIF":
            data = save(colors(8, 8), "AVIF")
            at = data.index(b"ispe") + 8
            return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]
    raise AssertionError(format)
