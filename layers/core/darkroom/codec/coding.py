"""How a source stored its picture, and how a result is stored alike: JPEG's tables, sizes in proportion."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from PIL.JpegImagePlugin import JpegImageFile

from darkroom.codec.exif import Block
from darkroom.codec.header import Source, rejecting
from darkroom.codec.tiff_layout import WEBP
from darkroom.errors import ImageRejected
from darkroom.picture import Coding, Metadata

WANTED = 1.1
"""Times the bytes per pixel of its lossy source that a JPEG may have before its tables are made a little coarser."""

AS_LARGE = 1.0
"""Times those bytes that a JPEG with the standard's codes may have; else it gets shorter codes of its own."""

MOST = 1.45
"""Times those bytes that a result of lossy kind may have before it is stored much more coarsely."""

LEAST_QUALITY = 60
"""Nothing is stored more coarsely for the sake of its size."""

FACTORS = ((1.0, WANTED), (1.15, WANTED), (1.3, MOST), (1.7, MOST), (2.3, MOST), (3.0, MOST), (4.0, MOST))
"""By how much a JPEG's tables are scaled, each as long as the result has more bytes than so many times its source's."""

_LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
_JPEG_IN_TIFF = 7
_LOSSY_IN_TIFF = frozenset({6, _JPEG_IN_TIFF, WEBP})  # JPEG of two generations
SAMPLING = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}
_CALLED = {factors: name for name, factors in SAMPLING.items()}

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
        size = source.contents.parsed.end  # what lies behind the picture is not made again
        tables, subsampling = of_jpeg(image)
    elif header.format == "TIFF":
        lossless = source.contents.parsed.number("image", 259) not in _LOSSY_IN_TIFF
        if source.contents.parsed.number("image", 259) == _JPEG_IN_TIFF:
            tables, subsampling = _of_tiff(source.contents.parsed)
    elif header.format == "WEBP":
        lossless = b"VP8L" in (source.contents.parsed or {})
    if header.orientation >= 5:
        tables, subsampling = turned(tables, subsampling)
    palette = header.mode in ("P", "PA")
    return Coding(size, header.width * header.height, lossless, header.bit_depth, palette, tables, subsampling)


def _of_tiff(block: Block) -> tuple[tuple[tuple[int, ...], ...], str]:
    """Of the first strip or tile, with the tables that all of them share (technical note 2)."""
    entry = block.entry("image", 347)
    shared = block.content(entry)[:-2] if entry else b""
    at = block.number("image", 273) or block.number("image", 324) or 0
    size = block.number("image", 279) or block.number("image", 325) or 0
    first = bytes(block.data[int(at) : int(at + size)])
    try:
        with rejecting("TIFF"):
            return of_jpeg(JpegImageFile(io.BytesIO(shared + first[2:] if shared else first)))
    except ImageRejected:
        return (), ""


def of_jpeg(image: JpegImageFile) -> tuple[tuple[tuple[int, ...], ...], str]:
    """Tables of 8 bits by component, and the subsampling where an encoder can be told it."""
    layers = image.layer[:3]
    try:
        tables = tuple(tuple(image.quantization[layer[3]]) for layer in layers)
    except (KeyError, IndexError):
        return (), ""
    if not tables or any(len(table) != 64 or max(table) > 255 or min(table) < 1 for table in tables):
        return (), ""
    chroma = {(layer[1], layer[2]) for layer in layers[1:]}
    return tables, _CALLED.get(layers[0][1:3], "") if chroma <= {(1, 1)} else ""


def turned(tables: tuple[tuple[int, ...], ...], subsampling: str) -> tuple[tuple[tuple[int, ...], ...], str]:
    """The same for a picture on its side, where rows are columns. 4:2:2 on its side is none that an encoder is told."""
    columns = tuple(tuple(np.reshape(table, (8, 8)).T.ravel().tolist()) for table in tables)
    return columns, "4:4:4" if subsampling == "4:2:2" else subsampling


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


def share(meta: Metadata, pixels: int) -> float | None:
    """Bytes that so many pixels took in the source; None where that was stored without loss."""
    coding = meta.coding
    if coding is None or coding.lossless or not coding.pixels:
        return None
    return coding.size * pixels / coding.pixels


def fitted(write: Callable[[Any], bytes], settings: Iterable[tuple[Any, float]], share: float | None) -> bytes:
    """The first of `settings` (from fine to coarse) whose file has no more than so many times `share`, else the
    last's; with None the first's."""
    file = b""
    for setting, most in settings:
        file = write(setting)
        if share is None or len(file) <= most * share:
            break
    return file
