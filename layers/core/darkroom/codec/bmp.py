"""BMP whose samples are bit fields: words of 16 or 32 bits with a mask for each channel.

Sources: Microsoft's BITMAPINFOHEADER and BITMAPV5HEADER.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from darkroom.codec.color import full_range
from darkroom.codec.formats import unsupported
from darkroom.errors import ImageRejected
from darkroom.picture import Array

_PLAIN, _BIT_FIELDS, _ALPHA_BIT_FIELDS = 0, 3, 6
_EMBEDDED = {4: "a JPEG", 5: "a PNG"}
_DEPTHS = frozenset({1, 2, 4, 8, 16, 24, 32})
_RGB555 = (0x7C00, 0x03E0, 0x001F, 0)
_FILE_HEADER, _INFO_HEADER, _VERSION_5 = 14, 40, 124


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A picture of bit fields. height: px, negative where the rows go from top to bottom. start: of its first row.

    masks: which bits of a word are red, green, blue and alpha (0: none).
    """

    width: int
    height: int
    word_bits: int
    start: int
    masks: tuple[int, int, int, int]
    dpi: tuple[float, float] | None

    @property
    def mode(self) -> str:
        return "RGBA" if self.masks[3] else "RGB"

    @property
    def size(self) -> tuple[int, int]:
        return self.width, abs(self.height)

    @property
    def bit_depth(self) -> int:
        """Of the widest channel."""
        return max(mask.bit_count() for mask in self.masks)


def parse(data: bytes) -> Bitmap | None:
    """The bit fields of a BMP; None for one of another kind. Raises `ImageRejected` for what no reader takes."""
    size = int.from_bytes(data[14:18], "little")
    if size < _INFO_HEADER or len(data) < _FILE_HEADER + max(size, _INFO_HEADER + 16):
        return None
    width, height, _, depth, kind = struct.unpack_from("<iiHHI", data, 18)
    if kind in _EMBEDDED:
        raise unsupported(f"the BMP is a wrapping around {_EMBEDDED[kind]}: send that")
    if depth not in _DEPTHS:
        raise unsupported(f"the BMP has {depth} bits per pixel: send it with 24 or 32, or as PNG")
    if depth == 16 and kind == _PLAIN:
        masks = _RGB555
    elif depth in (16, 32) and kind in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        masks = struct.unpack_from("<4I", data, _FILE_HEADER + _INFO_HEADER)
        if size < 56 and kind == _BIT_FIELDS:
            masks = (*masks[:3], 0)  # no mask of alpha: pixels or a palette follow
    else:
        return None
    _check(masks, depth)
    across, down = struct.unpack_from("<ii", data, 38)
    dpi = (across * 0.0254, down * 0.0254) if across > 0 and down > 0 else None
    return Bitmap(width, height, depth, int.from_bytes(data[10:14], "little"), masks, dpi)


def end(data: bytes) -> int:
    """Where a BMP ends by what it says: the file's size, an unpacked picture's last byte, or an embedded profile's."""
    if len(data) < _FILE_HEADER + _INFO_HEADER:
        return len(data)
    said, size = int.from_bytes(data[2:6], "little"), int.from_bytes(data[14:18], "little")
    pixels = end_of_pixels(data)
    if pixels is None:
        return max(said, len(data))
    ends = [said, pixels]
    if size >= _VERSION_5 and len(data) >= _FILE_HEADER + _VERSION_5:
        ends.append(_FILE_HEADER + sum(struct.unpack_from("<II", data, _FILE_HEADER + 112)))
    return min(max(ends), len(data))


def end_of_pixels(data: bytes) -> int | None:
    """Where an unpacked picture's last byte lies by its header, of at least 34 bytes; None where nobody knows, as it is
    packed, of an older kind, or has no width."""
    start, size, width, height, depth, kind = struct.unpack_from("<IIii2xHI", data, 10)
    if size < _INFO_HEADER or kind not in (_PLAIN, _BIT_FIELDS, _ALPHA_BIT_FIELDS) or width <= 0:
        return None
    return int(start + -(-width * depth // 32) * 4 * abs(height))


def _check(masks: tuple[int, ...], depth: int) -> None:
    """Raise `ImageRejected` unless masks are runs of bits, within the word, that do not overlap."""
    seen = 0
    for mask in masks:
        run = mask >> _lowest(mask)
        if run & (run + 1) or mask >> depth or mask & seen:
            raise ImageRejected(
                "broken", f"the BMP has masks that make no sense ({', '.join(f'{m:#x}' for m in masks)})"
            )
        seen |= mask
    if not any(masks[:3]):
        raise ImageRejected("broken", "the BMP has no mask for any colour")


def load(bitmap: Bitmap, data: bytes) -> tuple[Array, Array | None]:
    """HxWx3 and the alpha, of uint8, or of uint16 where a channel has more than 8 bits."""
    width, height = bitmap.size
    row = -(-width * bitmap.word_bits // 32) * 4
    if len(data) < bitmap.start + row * height:
        raise ImageRejected("truncated", "the BMP ends before its last pixel")
    rows = np.frombuffer(data, np.uint8, row * height, bitmap.start).reshape(height, row)
    words = rows.view("<u2" if bitmap.word_bits == 16 else "<u4")[:, :width]
    if bitmap.height > 0:
        words = words[::-1]
    dtype = np.uint16 if bitmap.bit_depth > 8 else np.uint8
    *colors, alpha = (_channel(words, mask, dtype) for mask in bitmap.masks)
    pixels = np.stack(colors, axis=-1)
    if not bitmap.masks[3]:
        return pixels, None
    # Writers that know of no alpha leave its bits 0.
    return pixels, alpha if alpha.any() else np.full_like(alpha, np.iinfo(dtype).max)


def _channel(words: Array, mask: int, dtype: type[np.uint8 | np.uint16]) -> Array:
    """The bits of a mask in full range. Of more than 16, the upper ones."""
    if not mask:
        return np.zeros(words.shape, dtype)
    bits = min(mask.bit_count(), 16)
    samples = words >> np.asarray(mask.bit_length() - bits, words.dtype) & np.asarray((1 << bits) - 1, words.dtype)
    return full_range(samples, bits, dtype)


def _lowest(mask: int) -> int:
    """The place of the lowest bit that is set; 0 for none."""
    return max((mask & -mask).bit_length() - 1, 0)
