"""TIFF of 1, 8 or 16 bits per sample: one page, strips, deflate with horizontal prediction; or one JPEG.

Written here because Pillow writes no colour of 16 bits. The EXIF block is the file's beginning: its offsets count from
there, so that all that it points to (makers' notes too) stays valid. Sources: TIFF 6.0, its technical note 2 (JPEG).
"""

from __future__ import annotations

import zlib

import numpy as np

from darkroom.codec import exif
from darkroom.codec.exif import LONG, SHORT, integers
from darkroom.picture import Array

_STRIP_BYTES = 1 << 20
_LEVEL = 3
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_COUNTS, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_EXTRA_SAMPLES, _XMP, _IPTC, _ICC = 338, 700, 33723, 34675
_DEFLATE, _CHUNKY, _HORIZONTAL, _STRAIGHT_ALPHA = 8, 1, 2, 2
_BLACK_IS_ZERO, _RGB = 1, 2
_JPEG, _YCBCR, _SUBSAMPLING, _POSITIONING, _BLACK_WHITE, _CENTERED = 7, 6, 530, 531, 532, 1
_BYTE, _UNDEFINED = 1, 7
_X_RESOLUTION, _Y_RESOLUTION, _UNIT, _NO_UNIT = 282, 283, 296, 1
# What EXIF has in other formats alone: positioning, order of components, the picture's sizes.
_OF_JPEG, _OF_JPEG_DETAILS = frozenset({0x0213}), frozenset({0x9101, 0xA002, 0xA003})
_EXIFTOOLS_MARK = b"ExifMeta"
"""Behind the header of a block, by which ExifTool knows one that stands alone."""


def write(
    pixels: Array,
    alpha: Array | None,
    *,
    icc: bytes,
    block: bytes | None,
    xmp: bytes | None = None,
    iptc: bytes | None = None,
    bilevel: bool = False,
    jpeg: bytes | None = None,
    sampling: tuple[int, int] = (1, 1),
) -> bytes:
    """A TIFF of HxW or HxWx3 pixels and HxW alpha of uint8 or uint16.

    block: EXIF, with the resolution. bilevel: grey of 0 and 255 alone is stored in 1 bit. jpeg: the pixels (of uint8,
    without alpha) as a JPEG, which is stored instead of them; sampling: how many of them have one colour in it, across
    and down.
    """
    height, width = pixels.shape[:2]
    gray = pixels.ndim == 2
    start = exif.editable(block or exif.empty())
    order = start.order
    start.remove("exif", _OF_JPEG_DETAILS)
    if bytes(start.data[8:16]) == _EXIFTOOLS_MARK:
        start.data[8:16] = bytes(8)
    samples = (1 if gray else 3) + (alpha is not None)
    bits = 1 if bilevel else pixels.dtype.itemsize * 8
    rows = height if jpeg else max(_STRIP_BYTES * 8 // (width * samples * bits), 1)
    strips = (
        [jpeg]
        if jpeg
        else [
            _packed(pixels[top : top + rows])
            if bilevel
            else _strip(pixels[top : top + rows], None if alpha is None else alpha[top : top + rows], order)
            for top in range(0, height, rows)
        ]
    )
    lengths = [len(strip) for strip in strips]
    places = [start.size + int(end) for end in np.cumsum((0, *lengths[:-1]))]
    fields = {
        _WIDTH: integers(order, LONG, width),
        _HEIGHT: integers(order, LONG, height),
        _BITS: integers(order, SHORT, *(bits,) * samples),
        _COMPRESSION: integers(order, SHORT, _JPEG if jpeg else _DEFLATE),
        _PHOTOMETRIC: integers(order, SHORT, _BLACK_IS_ZERO if gray else _RGB),
        _STRIP_OFFSETS: integers(order, LONG, *places),
        _SAMPLES: integers(order, SHORT, samples),
        _ROWS: integers(order, LONG, rows),
        _STRIP_COUNTS: integers(order, LONG, *lengths),
        _PLANAR: integers(order, SHORT, _CHUNKY),
        _ICC: (_UNDEFINED, len(icc), icc),
    }
    if jpeg and not gray:
        fields[_PHOTOMETRIC] = integers(order, SHORT, _YCBCR)
        fields[_SUBSAMPLING] = integers(order, SHORT, *sampling)
        fields[_POSITIONING] = integers(order, SHORT, _CENTERED)
        fields[_BLACK_WHITE] = exif.rationals(order, 0, 255, 128, 255, 128, 255)
    if not bilevel and not jpeg:
        fields[_PREDICTOR] = integers(order, SHORT, _HORIZONTAL)
    if alpha is not None:
        fields[_EXTRA_SAMPLES] = integers(order, SHORT, _STRAIGHT_ALPHA)
    if xmp is not None:
        fields[_XMP] = (_BYTE, len(xmp), xmp)
    if iptc is not None:
        # Called LONG though it is none, and so never swapped, as other programs write and expect it.
        fields[_IPTC] = (LONG, -(-len(iptc) // 4), iptc + bytes(-len(iptc) % 4))
    if start.entry("image", _X_RESOLUTION) is None:  # TIFF demands one: square pixels of no known size
        one = exif.rationals(order, 1.0)
        fields |= {_X_RESOLUTION: one, _Y_RESOLUTION: one, _UNIT: integers(order, SHORT, _NO_UNIT)}
    return start.with_fields(fields, _OF_JPEG - fields.keys(), b"".join(strips))


def _strip(pixels: Array, alpha: Array | None, order: exif.Order) -> bytes:
    """Rows of a strip: differences between neighbouring pixels of a row (section 14), deflated."""
    band = pixels if alpha is None else np.dstack((pixels, alpha))
    band = band.reshape(*band.shape[:2], -1)
    differences = band.copy()
    differences[:, 1:] -= band[:, :-1]
    return zlib.compress(differences.astype(differences.dtype.newbyteorder(order)).tobytes(), _LEVEL)


def _packed(pixels: Array) -> bytes:
    return zlib.compress(np.packbits(pixels > 0, axis=1).tobytes(), _LEVEL)
