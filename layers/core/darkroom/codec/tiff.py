"""TIFF of 8 or 16 bits per sample: one page, strips, deflate with horizontal prediction.

Written here because Pillow writes no colour of 16 bits; its directory writer does the tags. Source: TIFF 6.0.
"""

from __future__ import annotations

import io
import zlib

import numpy as np
from PIL.ExifTags import IFD
from PIL.Image import Exif
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from PIL.TiffTags import LONG

from darkroom.picture import Array

_STRIP_BYTES = 1 << 20
_LEVEL = 3
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_COUNTS, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_EXTRA_SAMPLES, _ICC = 338, 34675
_DEFLATE, _CHUNKY, _HORIZONTAL, _STRAIGHT_ALPHA = 8, 1, 2, 2
_BLACK_IS_ZERO, _RGB = 1, 2


def write(pixels: Array, alpha: Array | None, *, icc: bytes, exif: Exif) -> bytes:
    """A little-endian TIFF of HxW or HxWx3 pixels and HxW alpha of uint8 or uint16. Resolution is among `exif`."""
    height, width = pixels.shape[:2]
    gray = pixels.ndim == 2
    samples = (1 if gray else 3) + (alpha is not None)
    bits = pixels.dtype.itemsize * 8
    rows = max(_STRIP_BYTES // (width * samples * pixels.dtype.itemsize), 1)
    strips = [
        _strip(pixels[top : top + rows], None if alpha is None else alpha[top : top + rows])
        for top in range(0, height, rows)
    ]
    lengths = tuple(len(strip) for strip in strips)
    directory = ImageFileDirectory_v2()
    for tag, value in exif.items():
        directory[tag] = value
    for pointer in (IFD.Exif, IFD.GPSInfo):
        if pointer in exif:
            directory[pointer] = exif.get_ifd(pointer)
    directory[_WIDTH], directory[_HEIGHT] = width, height
    directory[_BITS] = (bits,) * samples
    directory[_COMPRESSION], directory[_PREDICTOR], directory[_PLANAR] = _DEFLATE, _HORIZONTAL, _CHUNKY
    directory[_PHOTOMETRIC] = _BLACK_IS_ZERO if gray else _RGB
    directory[_SAMPLES], directory[_ROWS] = samples, rows
    if alpha is not None:
        directory[_EXTRA_SAMPLES] = _STRAIGHT_ALPHA
    directory[_ICC] = icc
    directory.tagtype[_STRIP_OFFSETS] = directory.tagtype[_STRIP_COUNTS] = LONG
    directory[_STRIP_COUNTS] = lengths
    # Counted from the end of the directory, which then moves them by its own length.
    directory[_STRIP_OFFSETS] = tuple(int(end) for end in np.cumsum((0, *lengths[:-1])))
    file = io.BytesIO()
    directory.save(file)
    file.write(b"".join(strips))
    return file.getvalue()


def _strip(pixels: Array, alpha: Array | None) -> bytes:
    """Rows of a strip: differences between neighbouring pixels of a row (section 14), deflated."""
    band = pixels if alpha is None else np.dstack((pixels, alpha))
    band = band.reshape(*band.shape[:2], -1)
    differences = band.copy()
    differences[:, 1:] -= band[:, :-1]
    return zlib.compress(differences.astype(differences.dtype.newbyteorder("<")).tobytes(), _LEVEL)
