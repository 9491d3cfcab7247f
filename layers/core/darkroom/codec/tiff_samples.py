"""A TIFF's samples, read as its layout has them: any depth, order and arrangement that libraries have no mode for.

Lossless compressions pack bytes. So each strip or tile is handed to libtiff (by Pillow) as the rows of a grey picture
of 8 bits, whose pixels are the bytes of its samples; what these mean is made out here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from darkroom.codec import exif
from darkroom.codec.color import full_range
from darkroom.codec.exif import LONG, SHORT
from darkroom.codec.tiff_layout import CIELAB, FLOAT, ICCLAB, NONE, PALETTE, WEBP, WHITE_IS_ZERO, Layout
from darkroom.errors import ImageRejected
from darkroom.picture import Array

_BAND_BYTES = 1 << 25
_MOST_OUTSIDE = 0.5
"""Of floating point, the share of samples outside 0–1 past which they are no picture's."""

_MOST_TIMES, _MOST_MORE = 2, 1 << 16
"""Nothing is packed into more bytes than so: what a directory claims beyond is not copied."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_HORIZONTAL, _FLOATING = 2, 3


def load(layout: Layout, data: bytes) -> tuple[Array, tuple[str, ...]]:
    """HxWxS samples in full range, of uint8, or of uint16 where more than 8 bits are stored; palettes' as they are.

    a* and b* of CIE L*a*b* have 0 in the middle, at 128 or 32768. Raises `ImageRejected` for what is damaged or cut.
    """
    deep = layout.bits > 8
    result = np.zeros((layout.height, layout.width, layout.samples), np.uint16 if deep else np.uint8)
    outside = 0
    for plane in range(layout.samples if layout.planar else 1):
        at = slice(plane, plane + 1) if layout.planar else slice(None)
        for top, left, block in _blocks(layout, data, plane):
            bottom, right = min(top + block.shape[0], layout.height), min(left + block.shape[1], layout.width)
            part = block[: bottom - top, : right - left]
            if layout.kind == FLOAT:
                outside += int(np.count_nonzero(~((part >= 0) & (part <= 1))))
            result[top:bottom, left:right, at] = _full_range(part, layout)
    return _signed(result, layout), _said(layout, outside / result.size)


def _said(layout: Layout, outside: float) -> tuple[str, ...]:
    if layout.kind == FLOAT:
        if outside > _MOST_OUTSIDE:
            raise ImageRejected(
                "unsupported-format",
                f"{outside:.0%} of the TIFF's floating-point samples lie outside 0 to 1, which is all that is read: "
                "scale them, or save it with 16 bits",
            )
        cut = f"; {outside:.2%} of them lay outside, and were cut off" if outside else ""
        return (f"{layout.bits}-bit floating point in 0 to 1 decoded to 16 bits{cut}",)
    return (f"{layout.bits}-bit samples decoded to 16 bits",) if layout.bits > 16 else ()


def _full_range(part: Array, layout: Layout) -> Array:
    """Stored samples to those of 8 or 16 bits, white to their white, exactly rounded."""
    if layout.kind == FLOAT:
        shown = np.nan_to_num(part.astype(np.float64 if layout.bits == 64 else np.float32), posinf=1, neginf=0)
        return np.asarray(np.rint(np.clip(shown, 0, 1) * 65535).astype(np.uint16))
    if layout.bits in (8, 16) or layout.photometric == PALETTE:
        return part
    if layout.bits > 16:
        return np.asarray((part >> np.asarray(layout.bits - 16, part.dtype)).astype(np.uint16))
    return full_range(part, layout.bits, np.uint8 if layout.bits < 8 else np.uint16)


def _signed(samples: Array, layout: Layout) -> Array:
    """a* and b*, two's complement in CIELAB, moved so that 0 is in the middle; grey turned where white is 0."""
    if layout.photometric == ICCLAB and samples.dtype == np.uint16:
        samples[..., 0] = np.minimum(samples[..., 0].astype(np.uint32) * 65535 // 0xFF00, 65535)
    if layout.photometric == CIELAB:
        samples[..., 1:3] ^= samples.dtype.type(1 << samples.dtype.itemsize * 8 - 1)
    elif layout.photometric == WHITE_IS_ZERO:
        samples[..., 0] = np.iinfo(samples.dtype).max - samples[..., 0]
    return samples


def _blocks(layout: Layout, data: bytes, plane: int) -> Iterator[tuple[int, int, Array]]:
    """Top, left and HxWxS samples as stored, of one segment after another of a plane, or of all together."""
    wide, high = layout.segment
    across, down = -(-layout.width // wide), -(-layout.height // high)
    samples = 1 if layout.planar else layout.samples
    row = (wide * samples * layout.bits + 7) // 8
    band = max(_BAND_BYTES // (row * high), 1)
    total = across * down
    for first in range(0, total, band):
        numbers = range(first, min(first + band, total))
        heights = [high if layout.tiled else min(high, layout.height - number // across * high) for number in numbers]
        segments = [
            _segment(layout, data, plane * total + number, row * height)
            for number, height in zip(numbers, heights, strict=True)
        ]
        if layout.compression == WEBP:
            blocks = [
                _of_webp(segment, wide, height, samples) for segment, height in zip(segments, heights, strict=True)
            ]
        else:
            rows = _unpacked(layout, segments, row, high, sum(heights))
            ends = np.cumsum(heights)
            blocks = [
                _samples(rows[end - height : end], layout, wide, samples)
                for end, height in zip(ends, heights, strict=True)
            ]
        for number, block in zip(numbers, blocks, strict=True):
            yield number // across * high, number % across * wide, block


def _segment(layout: Layout, data: bytes, number: int, size: int) -> bytes:
    """The bytes of a strip or tile; `size`: how many they are unpacked."""
    if number >= len(layout.offsets):
        raise ImageRejected("truncated", "the TIFF lacks some of its strips or tiles")
    start = layout.offsets[number]
    counted = number < len(layout.counts) and layout.counts[number] > 0
    if layout.compression == NONE:
        length = size
    else:
        length = min(layout.counts[number] if counted else len(data) - start, _MOST_TIMES * size + _MOST_MORE)
    if start + length > len(data) or length <= 0:
        raise ImageRejected("truncated", "the TIFF ends before its last pixel")
    return data[start : start + length]


def _unpacked(layout: Layout, segments: list[bytes], row: int, high: int, height: int) -> Array:
    """Rows of the bytes that segments pack: height x row."""
    if layout.compression == NONE:
        plain = b"".join(segments)
        if layout.reversed_bits:
            plain = plain.translate(_REVERSED)
        return np.frombuffer(plain, np.uint8).reshape(height, row)
    image = TiffImageFile(io.BytesIO(_as_gray(layout, segments, row, high, height)))
    try:
        image.load()
    except OSError:
        raise ImageRejected("broken", "the TIFF is broken: some of its data cannot be unpacked") from None
    return np.asarray(image)


def _as_gray(layout: Layout, segments: list[bytes], row: int, high: int, height: int) -> bytes:
    """A TIFF of 8-bit grey, row x height px, of these segments as its strips."""
    block = exif.editable(exif.empty())
    lengths = [len(segment) for segment in segments]
    offsets = block.size + np.cumsum((0, *lengths[:-1]))
    tags = {
        256: (LONG, (row,)),
        257: (LONG, (height,)),
        258: (SHORT, (8,)),
        259: (SHORT, (layout.compression,)),
        262: (SHORT, (1,)),
        266: (SHORT, (2 if layout.reversed_bits else 1,)),
        273: (LONG, offsets.tolist()),
        277: (SHORT, (1,)),
        278: (LONG, (high,)),
        279: (LONG, lengths),
    }
    fields = {tag: exif.integers(block.order, kind, *values) for tag, (kind, values) in tags.items()}
    return block.with_fields(fields, behind=b"".join(segments))


def _samples(rows: Array, layout: Layout, wide: int, samples: int) -> Array:
    """HxWxS of the layout's own type, from rows of bytes."""
    height, bits = len(rows), layout.bits
    if layout.predictor == _FLOATING:
        rows = _without_float_prediction(rows, bits // 8, samples)
    if layout.kind == FLOAT and bits == 24:
        return _of_24_bits(rows, layout).reshape(height, wide, samples)
    if bits % 8:
        spread = np.unpackbits(rows, axis=1)[:, : wide * samples * bits].reshape(height, wide, samples, bits)
        values = np.zeros((height, wide, samples), np.uint8 if bits < 8 else np.uint16)
        for bit in range(bits):
            values = values << 1 | spread[..., bit]
        return values
    order = ">" if layout.predictor == _FLOATING else layout.order
    stored = np.dtype(f"{order}{'f' if layout.kind == FLOAT else 'u'}{bits // 8}")
    values = np.ascontiguousarray(rows).view(stored).astype(stored.newbyteorder("="), copy=False)
    values = values.reshape(height, wide, samples)
    if layout.predictor == _HORIZONTAL:
        values = np.add.accumulate(values, axis=1, dtype=values.dtype)
    return values


def _without_float_prediction(rows: Array, size: int, samples: int) -> Array:
    """Rows whose bytes were sorted by significance and then differenced (TIFF technical note 3), big-endian."""
    height, width = rows.shape
    summed = np.add.accumulate(rows.reshape(height, -1, samples), axis=1, dtype=np.uint8)
    return np.ascontiguousarray(summed.reshape(height, size, width // size).swapaxes(1, 2)).reshape(height, width)


def _of_24_bits(rows: Array, layout: Layout) -> Array:
    """Floating point of 24 bits: sign, 7 of exponent, 16 of fraction (TIFF technical note 3)."""
    big = layout.predictor == _FLOATING or layout.order == ">"
    parts = rows.reshape(-1, 3).astype(np.uint32)
    first, second, third = (parts[:, place] for place in ((0, 1, 2) if big else (2, 1, 0)))
    word = first << 16 | second << 8 | third
    sign, exponent, fraction = word >> 23, word >> 16 & 0x7F, word & 0xFFFF
    value = np.where(
        exponent, np.ldexp(1 + fraction / 65536, exponent.astype(int) - 63), np.ldexp(fraction / 65536, -62)
    )
    return np.where(sign, -value, value).astype(np.float32)


def _of_webp(segment: bytes, wide: int, height: int, samples: int) -> Array:
    image = WebPImageFile(io.BytesIO(segment))
    if image.size != (wide, height):
        raise ImageRejected("broken", "the TIFF holds a WebP of another size than its strip's or tile's")
    array = np.asarray(image.convert("RGBA" if samples == 4 else "RGB"))
    if array.shape[2] != samples:
        raise ImageRejected("broken", f"the TIFF claims WebP of {samples} samples per pixel")
    return array
