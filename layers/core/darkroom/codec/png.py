"""16-bit PNG, which Pillow does not write in colour.

Source: W3C PNG specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from darkroom.codec.chunks import SIGNATURE, chunk
from darkroom.picture import Array
from darkroom.step import BAND_PIXELS

_LEVEL = 2
_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_RELATIVE_COLORIMETRIC = b"\x01"


def sixteen_bit(
    pixels: Array,
    alpha: Array | None,
    *,
    icc: bytes | None,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
    more: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """A PNG of HxW or HxWx3 pixels and HxW alpha of uint16. Without `icc` it is tagged sRGB. `exif` has no prefix.

    more: further chunks, in front of the pixels.
    """
    height, width = pixels.shape[:2]
    channels = (pixels.shape[2] if pixels.ndim == 3 else 1) + (alpha is not None)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _COLOR_TYPES[channels], 0, 0, 0))]
    if icc is None:
        chunks.append((b"sRGB", _RELATIVE_COLORIMETRIC))
    else:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    if dpi is not None:
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1)))
    if exif is not None:
        chunks.append((b"eXIf", exif))
    chunks += more
    chunks += [(b"IDAT", part) for part in _deflated(pixels, alpha, channels)]
    chunks.append((b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, content) for kind, content in chunks)


def _deflated(pixels: Array, alpha: Array | None, channels: int) -> list[bytes]:
    height, width = pixels.shape[:2]
    stream = zlib.compressobj(_LEVEL)
    above = np.zeros((1, width * channels * 2), dtype=np.uint8)
    parts = []
    rows = max(BAND_PIXELS // width, 1)
    for top in range(0, height, rows):
        band = pixels[top : top + rows]
        if alpha is not None:
            band = np.dstack((band, alpha[top : top + rows]))
        raw = band.astype(">u2").reshape(len(band), -1).view(np.uint8)
        parts.append(stream.compress(_filtered(np.concatenate((above, raw)), 2 * channels).tobytes()))
        above = raw[-1:]
    return [part for part in (*parts, stream.flush()) if part]


def _filtered(raw: Array, pixel_bytes: int) -> Array:
    """Each row but the first with its filter's number and bytes: the filter of least sum of absolute differences."""
    up, row = raw[:-1], raw[1:]
    left, up_left = np.zeros_like(row), np.zeros_like(row)
    left[:, pixel_bytes:], up_left[:, pixel_bytes:] = row[:, :-pixel_bytes], up[:, :-pixel_bytes]
    predictions = {1: left, 2: up, 4: _paeth(left, up, up_left)}
    best = np.zeros((row.shape[0], row.shape[1] + 1), dtype=np.uint8)
    best[:, 1:] = row
    least = _cost(row)
    for number, prediction in predictions.items():
        difference = row - prediction
        cost = _cost(difference)
        better = cost < least
        best[better, 0], best[better, 1:], least[better] = number, difference[better], cost[better]
    return best


def _cost(difference: Array) -> Array:
    return np.abs(difference.view(np.int8).astype(np.int16)).sum(axis=1, dtype=np.int64)


def _paeth(left: Array, up: Array, up_left: Array) -> Array:
    """The neighbour nearest to left + up − up_left; ties go to left, then up (section 9.4)."""
    a, b, c = (plane.astype(np.int16) for plane in (left, up, up_left))
    to_left, to_up, to_up_left = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest_up = np.where(to_up <= to_up_left, up, up_left)
    return np.where((to_left <= to_up) & (to_left <= to_up_left), left, nearest_up)
