"""How a TIFF stores the samples of its first picture, as its directory tells: no pixel is read here.

Sources: TIFF 6.0, TIFF technical notes 1 to 3, BigTIFF, and libtiff's list of compressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from darkroom.codec.exif import Block, Order
from darkroom.codec.formats import unsupported
from darkroom.errors import ImageRejected
from darkroom.picture import Array

MAX_SAMPLES = 32
"""Of a pixel. Those that are no colour and no alpha are read over."""

MAX_TILE_PIXELS = 1 << 24
"""The usual tile has 2¹⁶; each is decoded as a whole, however little of it the picture uses."""

MAX_SEGMENTS = 1 << 20
"""Of strips or tiles those that are looked for: a picture of 64 MP in tiles of 16x16 px has 250,000."""

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
_STRIPS, _SAMPLES, _ROWS, _STRIP_COUNTS, _PLANAR, _PREDICTOR, _COLOR_MAP = 273, 277, 278, 279, 284, 317, 320
_TILE_WIDTH, _TILE_LENGTH, _TILES, _TILE_COUNTS, _SUB_IFDS, _EXTRA, _FORMAT = 322, 323, 324, 325, 330, 338, 339
_INK_SET, _DNG_VERSION = 332, 50706

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, CIELAB: 3, ICCLAB: 3}
"""How many samples are colour, by photometric interpretation, of those whose samples are read one by one."""

UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4
ASSOCIATED, STRAIGHT = 1, 2
NONE, WEBP = 1, 50001
LOSSLESS = frozenset({NONE, 5, 8, 32946, 32773, 34925, 50000})
"""None, LZW, Deflate (two numbers), PackBits, LZMA, Zstandard: they pack bytes, whatever these mean."""

_BY_LIBTIFF = frozenset({2, 3, 4, 6, 7, 32771})  # facsimile, and JPEG of two generations
_OTHERS = {
    34712: "JPEG 2000",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    50002: "JPEG XL",
    52546: "JPEG XL",
    34887: "LERC",
    22610: "JPEG XR",
    34934: "JPEG XR",
    34661: "JBIG",
    34676: "LogLuv",
    34677: "LogLuv",
    32809: "ThunderScan",
}
_OF_CAMERAS = frozenset({32767, 34713, 34892, 65000, 65535})
_RAW_PHOTOMETRICS = frozenset({32803, 34892})
_DEPTHS = {UNSIGNED: {*range(1, 17), 32, 64}, FLOAT: {16, 24, 32, 64}}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a TIFF's samples lie, and what they are.

    width, height: px, as stored. bits: of each sample. kind: UNSIGNED or FLOAT. predictor: 1 none, 2 horizontal,
    3 of floating point. extra: what the samples behind the colours are. planar: whether each lies in its own plane.
    segment: width and height of a strip or tile in px. offsets, counts: where the segments lie, in bytes.
    """

    width: int
    height: int
    bits: int
    samples: int
    kind: int
    photometric: int
    compression: int
    predictor: int
    extra: tuple[int, ...]
    planar: bool
    reversed_bits: bool
    tiled: bool
    segment: tuple[int, int]
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    order: Order
    palette: Array | None

    @property
    def colors(self) -> int:
        return COLORS.get(self.photometric, self.samples)

    @property
    def alpha(self) -> int | None:
        """The place of the sample that is alpha. Four samples of RGB that are not explained are RGBA."""
        known = [place for place, kind in enumerate(self.extra) if kind in (ASSOCIATED, STRAIGHT, 999)]
        if known:
            return self.colors + known[0]
        return 3 if self.photometric == RGB and self.samples == 4 and not self.extra else None

    @property
    def is_premultiplied(self) -> bool:
        alpha = self.alpha
        return alpha is not None and bool(self.extra) and self.extra[alpha - self.colors] == ASSOCIATED

    @property
    def is_plain(self) -> bool:
        """Whether samples are read one by one; what facsimile and JPEG pack, and YCbCr, libtiff makes pictures of."""
        return self.photometric in COLORS and (self.compression in LOSSLESS or self.compression == WEBP)

    @property
    def mode(self) -> str:
        """Pillow's."""
        mode = {1: "L", RGB: "RGB", PALETTE: "P", CMYK: "CMYK", CIELAB: "LAB", ICCLAB: "LAB"}
        if self.colors == 1 and self.photometric != PALETTE and self.alpha is None:
            return "F" if self.kind == FLOAT else "1" if self.bits == 1 else "I;16" if self.bits > 8 else "L"
        return mode.get(self.photometric, "L") + ("A" if self.alpha is not None else "")


def parse(block: Block) -> Layout:
    """The layout of a TIFF's first picture. Raises `ImageRejected` for what is no picture, or is not read."""
    _refuse_raw(block)
    width, height = _number(block, _WIDTH), _number(block, _HEIGHT)
    if not width or not height:
        raise ImageRejected("broken", "the TIFF does not say how large its picture is")
    photometric, compression = _number(block, _PHOTOMETRIC), _number(block, _COMPRESSION, NONE)
    if photometric in _RAW_PHOTOMETRICS or compression in _OF_CAMERAS:
        raise unsupported(_RAW)
    if compression not in LOSSLESS | _BY_LIBTIFF | {WEBP}:
        name = f"in {_OTHERS[compression]}" if compression in _OTHERS else f"in a way of its own (number {compression})"
        raise unsupported(f"the TIFF is compressed {name}: save it with LZW, Deflate, or without compression")
    if photometric == CMYK and _number(block, _INK_SET, 1) != 1:
        raise unsupported("the TIFF has inks other than cyan, magenta, yellow and black: save it as RGB or CMYK")
    samples = _number(block, _SAMPLES, 3 if compression == 6 else 1)
    if not 1 <= samples <= MAX_SAMPLES:
        raise ImageRejected("broken", f"the TIFF claims {samples:,} samples per pixel; at most {MAX_SAMPLES} may be")
    bits = _same(block, _BITS, samples, 1, "bits")
    kind = _same(block, _FORMAT, samples, UNSIGNED, "kinds of numbers")
    tiled = block.entry("image", _TILES) is not None
    if tiled:
        segment = _number(block, _TILE_WIDTH), _number(block, _TILE_LENGTH)
    else:
        segment = width, min(_number(block, _ROWS) or height, height)
    if not all(segment):
        raise ImageRejected("broken", "the TIFF has tiles without a size")
    if tiled and segment[0] * segment[1] > MAX_TILE_PIXELS:
        raise ImageRejected(
            "too-many-pixels",
            f"the TIFF has tiles of {segment[0]}x{segment[1]} px; at most {MAX_TILE_PIXELS:,} px are allowed",
        )
    layout = Layout(
        width=width,
        height=height,
        bits=bits,
        samples=samples,
        kind=UNSIGNED if kind == VOID else kind,
        photometric=photometric,
        compression=compression,
        predictor=_number(block, _PREDICTOR, 1),
        extra=_numbers(block, _EXTRA)[:samples],
        planar=_number(block, _PLANAR, 1) == 2 and samples > 1,
        reversed_bits=_number(block, _FILL_ORDER, 1) == 2,
        tiled=tiled,
        segment=segment,
        offsets=_numbers(block, _TILES if tiled else _STRIPS),
        counts=_numbers(block, _TILE_COUNTS if tiled else _STRIP_COUNTS),
        order=block.order,
        palette=_palette(block) if photometric == PALETTE else None,
    )
    if layout.is_plain:
        _check(layout)
    elif block.big and block.order == ">":
        raise unsupported("the file is a big-endian BigTIFF packed by JPEG or as facsimile: save it as TIFF")
    return layout


_RAW = "the file is a camera's raw file (DNG, NEF, …): develop it, and send a JPEG or a TIFF"


def _refuse_raw(block: Block) -> None:
    """Raw files of many cameras are TIFFs whose first page is a thumbnail: not the picture that was meant."""
    if block.entry("image", _DNG_VERSION) or (
        _number(block, _SUBFILE) & 1 and block.entry("image", _SUB_IFDS) is not None
    ):
        raise unsupported(_RAW)


def _check(layout: Layout) -> None:
    """Raise `ImageRejected` for samples that are not read."""
    if layout.kind not in _DEPTHS:
        kinds = {SIGNED: "signed integers", 5: "complex integers", 6: "complex numbers"}
        raise unsupported(
            f"the TIFF has samples of another kind ({kinds.get(layout.kind, layout.kind)}): save it with unsigned ones"
        )
    if layout.bits not in _DEPTHS[layout.kind]:
        raise unsupported(f"the TIFF has samples of {layout.bits} bits: save it with 8 or 16")
    if layout.samples < layout.colors:
        raise ImageRejected("broken", f"the TIFF has {layout.samples} samples per pixel, fewer than its colours need")
    if layout.photometric in (CIELAB, ICCLAB) and (layout.kind, layout.bits) not in ((UNSIGNED, 8), (UNSIGNED, 16)):
        raise unsupported("the TIFF has CIE L*a*b* of another depth: save it with 8 or 16 bits")
    if layout.photometric == PALETTE and (layout.palette is None or layout.bits > 8 or layout.kind == FLOAT):
        raise unsupported("the TIFF has a palette that is not read: save it as RGB")
    if layout.compression == WEBP and (layout.bits, layout.planar) != (8, False):
        raise ImageRejected("broken", "the TIFF claims WebP of other samples than 8 bits side by side")
    wanted = {1: True, 2: layout.kind == UNSIGNED and layout.bits in (8, 16, 32, 64), 3: layout.kind == FLOAT}
    if layout.compression != WEBP and not wanted.get(layout.predictor):
        raise unsupported(f"the TIFF has a predictor (number {layout.predictor}) that does not fit its samples")


def _number(block: Block, tag: int, default: int = 0) -> int:
    found = _numbers(block, tag)
    return found[0] if found else default


def _numbers(block: Block, tag: int) -> tuple[int, ...]:
    """The whole numbers of a field, at most `MAX_SEGMENTS`; none where it is missing."""
    entry = block.entry("image", tag)
    size: Any = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}.get(entry.kind) if entry else None
    if entry is None or size is None:
        return ()
    count = min(entry.count, MAX_SEGMENTS)
    values = np.frombuffer(block.data, np.dtype(size).newbyteorder(block.order), count, entry.at)
    return tuple(values.tolist())


def _same(block: Block, tag: int, samples: int, default: int, what: str) -> int:
    """The one value that all samples have, of a field with one for each, or one for all."""
    values = set(_numbers(block, tag)[:samples] or (default,))
    if len(values) != 1:
        raise unsupported(f"the TIFF has samples of different {what}: save it as plain RGB")
    return values.pop()


def _palette(block: Block) -> Array | None:
    """Nx3 of uint8. Writers that took 16 bits for 8 have no value past 255."""
    values = np.array(_numbers(block, _COLOR_MAP), np.uint32)
    if not values.size or values.size % 3:
        return None
    return (values if values.max() < 256 else values >> 8).astype(np.uint8).reshape(3, -1).T
