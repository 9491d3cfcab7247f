"""How a source stored its picture, and how a result is stored alike: JPEG's tables, sizes in proportion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL.JpegImagePlugin import JpegImageFile

from darkroom.codec.header import Source
from darkroom.picture import Coding, Metadata

MOST = 1.45
"""A result of lossy kind may have this many times the bytes per pixel that its lossy source had."""

LEAST_QUALITY = 60
"""Nothing is stored more coarsely for the sake of its size."""

COARSEST = 4.0
"""Nor are a JPEG's tables scaled further than by this."""

_LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
_JPEG_IN_TIFF = frozenset({6, 7, 34892, 50001, 50002})
_SAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}

# ITU-T T.81, table K.1, row by row: what libjpeg scales by its quality.
_LUMINANCE = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
        *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    ]
)


def of(source: Source, size: int) -> Coding:
    """How an opened file stores its picture; `size` is its bytes."""
    header, image = source.header, source.image
    lossless = header.format not in _LOSSY
    tables: tuple[tuple[int, ...], ...] = ()
    subsampling = ""
    if header.format == "JPEG":
        tables, subsampling = _of_jpeg(image)
    elif header.format == "WEBP":
        lossless = b"VP8L" in (source.contents.parsed or {})
    elif header.format == "TIFF":
        lossless = source.contents.parsed.number("image", 259) not in _JPEG_IN_TIFF
    palette = header.mode in ("P", "PA")
    return Coding(size, header.width * header.height, lossless, header.bit_depth, palette, tables, subsampling)


def _of_jpeg(image: JpegImageFile) -> tuple[tuple[tuple[int, ...], ...], str]:
    """Tables of 8 bits by component, and the subsampling where an encoder can be told it."""
    layers = image.layer[:3]
    try:
        tables = tuple(tuple(image.quantization[layer[3]]) for layer in layers)
    except (KeyError, IndexError):
        return (), ""
    if not tables or any(len(table) != 64 or max(table) > 255 or min(table) < 1 for table in tables):
        return (), ""
    chroma = {(layer[1], layer[2]) for layer in layers[1:]}
    return tables, _SAMPLING.get(layers[0][1:3], "") if chroma <= {(1, 1)} else ""


def quality_of(tables: tuple[tuple[int, ...], ...]) -> int:
    """libjpeg's quality of 1–100 whose table of luminance is nearest."""
    wanted = np.array(tables[0])
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    scaled = np.clip((_LUMINANCE * scales[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(scaled - wanted).sum(axis=1).argmin()])


def scaled(tables: tuple[tuple[int, ...], ...], factor: float) -> list[list[int]]:
    """For an encoder, which takes the last one for all further components."""
    while len(tables) > 1 and tables[-1] == tables[-2]:
        tables = tables[:-1]
    return [np.clip(np.rint(np.array(table) * factor), 1, 255).astype(int).tolist() for table in tables]


def bound(meta: Metadata, pixels: int) -> int | None:
    """Bytes that a result of lossy kind should not pass; None where its source was stored without loss."""
    coding = meta.coding
    if coding is None or coding.lossless or not coding.pixels:
        return None
    return int(MOST * coding.size * pixels / coding.pixels)


def fitted(write: Callable[[Any], bytes], settings: list[Any], most: int | None) -> bytes:
    """The first of `settings` (from fine to coarse) whose file is within the bound, else the last's."""
    file = b""
    for setting in settings:
        file = write(setting)
        if most is None or len(file) <= most:
            break
    return file
