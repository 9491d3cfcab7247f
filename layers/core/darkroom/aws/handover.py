"""The lossless file in which one stage hands a picture to the next.

Every stage is a function of its own, so between two stages the picture crosses the object store: this format is on the
critical path of every job. Pixels are differenced along each row (neighbours in a photo are alike, so the differences
are small), 16-bit values split into their high and low bytes, and the result is compressed by Zstandard at its fastest
level. ``make bench`` compares it with the alternatives.

Layout: magic ``DKR1``, the header's length (uint32, little-endian), the header (MessagePack, `Header`), one Zstandard
frame per plane set (pixels, then alpha).
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import numpy as np
import zstandard

from darkroom.errors import StepFailed
from darkroom.picture import Array, Coding, GainMap, Metadata, Picture
from darkroom.step import bands

MAGIC = b"DKR1"
SUFFIX = ".dkr"
MEDIA_TYPE = "application/vnd.darkroom.picture"
LEVEL = 1


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What it takes to read the frames back."""

    height: int
    width: int
    channels: int  # 0 for grey (HxW), 3 for RGB
    bit_depth: int  # 8 or 16
    frames: tuple[int, ...]  # compressed bytes of each frame
    icc: bytes | None
    exif: bytes | None
    dpi: tuple[float, float] | None
    source_format: str
    notes: tuple[str, ...]
    xmp: bytes | None
    iptc: bytes | None
    text: tuple[tuple[str, str], ...]
    coding: Coding | None
    gain_map: GainMap | None


def pack(picture: Picture) -> bytes:
    """One picture, its alpha and its metadata as bytes."""
    planes = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
    frames = [_compress(plane) for plane in planes]
    meta = picture.metadata
    header = msgspec.msgpack.encode(
        Header(
            height=picture.height,
            width=picture.width,
            channels=0 if picture.pixels.ndim == 2 else 3,
            bit_depth=picture.bit_depth,
            frames=tuple(map(len, frames)),
            icc=meta.icc,
            exif=meta.exif,
            dpi=meta.dpi,
            source_format=meta.source_format,
            notes=meta.notes,
            xmp=meta.xmp,
            iptc=meta.iptc,
            text=meta.text,
            coding=meta.coding,
            gain_map=meta.gain_map,
        )
    )
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *frames])


def unpack(data: bytes) -> Picture:
    """The picture that `pack` wrote. Raises `StepFailed` where the bytes are something else."""
    try:
        if data[:4] != MAGIC:
            raise ValueError("wrong magic")
        (length,) = struct.unpack_from("<I", data, 4)
        header = msgspec.msgpack.decode(data[8 : 8 + length], type=Header)
        offset = 8 + length
        dtype: np.dtype[Any] = np.dtype(np.uint16 if header.bit_depth == 16 else np.uint8)
        shape = (header.height, header.width)
        shapes = [(*shape, 3) if header.channels == 3 else shape, shape]
        planes: list[Array] = []
        for size, plane_shape in zip(header.frames, shapes, strict=False):
            planes.append(_decompress(memoryview(data)[offset : offset + size], plane_shape, dtype))
            offset += size
    except (ValueError, struct.error, msgspec.MsgspecError, zstandard.ZstdError) as error:
        raise StepFailed("bad-handover", f"a picture between two stages could not be read: {error}") from error
    meta = Metadata(
        icc=header.icc,
        exif=header.exif,
        dpi=header.dpi,
        source_format=header.source_format,
        notes=header.notes,
        xmp=header.xmp,
        iptc=header.iptc,
        text=header.text,
        coding=header.coding,
        gain_map=header.gain_map,
    )
    return Picture(planes[0], planes[1] if len(planes) > 1 else None, meta)


def _compress(plane: Array) -> bytes:
    narrow = plane.dtype == np.uint8
    delta = np.empty(plane.shape if narrow else (2, *plane.shape), np.uint8)
    for rows, _, _ in bands(plane.shape, 0):
        band = delta[rows] if narrow else np.empty_like(plane[rows])
        band[:, 0] = plane[rows, 0]
        np.subtract(plane[rows, 1:], plane[rows, :-1], out=band[:, 1:])
        if not narrow:
            # A small negative difference has a high byte of 255 and a small positive one of 0: moved by half a byte's
            # range, both have the same high byte.
            band += np.uint16(128)
            delta[0, rows] = band >> 8
            delta[1, rows] = band & 255
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(delta.data)


def _decompress(frame: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    size = int(np.prod(shape)) * dtype.itemsize
    raw = zstandard.ZstdDecompressor().decompress(frame, max_output_size=size)
    if len(raw) != size:
        raise ValueError(f"{len(raw)} bytes of pixels instead of {size}")
    delta = np.frombuffer(raw, np.uint8).reshape(dtype.itemsize, *shape)
    plane = np.empty(shape, dtype)
    for rows, _, _ in bands(shape, 0):
        band: Array = delta[0, rows]
        if dtype == np.uint16:
            band = (band.astype(np.uint16) << 8 | delta[1, rows]) - np.uint16(128)
        np.add.accumulate(band, axis=1, dtype=dtype, out=plane[rows])
    return plane
