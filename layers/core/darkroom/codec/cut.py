"""How much of a file is there, by what its container claims: a decoder's complaint about a file that was cut off is
told as what it is.

JPEG and PNG are looked at more closely (see `whole`). GIF says nowhere how long it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from darkroom.codec import bmp, containers, formats, tiff_layout
from darkroom.codec.contents import Contents
from darkroom.errors import ImageRejected

_MOST_FILLED = 1 << 30
_CUT_OFF = frozenset({"image.truncated", "image.broken"})


@contextmanager
def told(name: str, data: bytes, parts: Contents) -> Iterator[None]:
    """Tells what is wrong with a file as its early end, with the share that is there, where it ends early."""
    try:
        yield
    except ImageRejected as error:
        if error.code not in _CUT_OFF:
            raise
        if name == "JPEG" and not parts.parsed.scans and not parts.parsed.ended:
            raise ImageRejected("truncated", "the JPEG ends before its pixels begin") from error
        found = _share(name, data, parts)
        if found is None or found[0] >= found[1]:
            raise
        raise ImageRejected("truncated", _sentence(name, *found)) from error


def filled(name: str, data: bytes, parts: Contents) -> str:
    """Completes an unpacked picture (BMP, TIFF) that ends early by zeros in what `parts` give a decoder; a note on what
    is lost, "" where nothing is, or nothing can be done."""
    found = _share(name, data, parts)
    if found is None or found[0] >= found[1] or not found[0]:
        return ""
    end = found[1]
    if name == "BMP" and found[0] <= int.from_bytes(data[10:14], "little"):
        return ""  # no pixel is there
    if name == "TIFF":
        try:
            layout = tiff_layout.parse(parts.parsed)
        except ImageRejected:
            return ""
        if layout.compression != tiff_layout.NONE or not layout.is_plain:
            return ""
        end = max(at + count for at, count in zip(layout.offsets, layout.counts, strict=False))
    if end > len(data) + _MOST_FILLED:
        return ""
    parts.essence = data + bytes(end - len(data))
    return f"{_sentence(name, *found)}; {1 - found[0] / found[1]:.0%} of it is lost"


def is_short(name: str, data: bytes, parts: Contents) -> bool:
    """Whether a file has fewer bytes than it says."""
    found = _share(name, data, parts)
    return found is not None and found[0] < found[1]


def _sentence(name: str, there: int, whole: int) -> str:
    share = f"{there / whole:.0%}" if there / whole < 0.995 else f"{there:,} of {whole:,}"
    return f"the {formats.CALLED.get(name, name)} ends early: {share} of its bytes are there"


def _share(name: str, data: bytes, parts: Contents) -> tuple[int, int] | None:
    """Bytes that are there, and that ought to be; None where the file does not say."""
    match name:
        case "WEBP":
            return len(data), int.from_bytes(data[4:8], "little") + 8
        case "HEIF" | "AVIF":
            return len(data), max(containers.outermost(data)[1], parts.parsed.reach() if parts.parsed else 0)
        case "BMP":
            return _bmp(data)
        case "TIFF":
            return _tiff(data, parts)
    return None


def _bmp(data: bytes) -> tuple[int, int] | None:
    if len(data) < 34:
        return len(data), 54
    end = bmp.end_of_pixels(data)
    return None if end is None else (len(data), end)


def _tiff(data: bytes, parts: Contents) -> tuple[int, int] | None:
    block = parts.parsed
    wide, at = ("Q", 8) if block.big else ("I", 4)
    entry = struct.calcsize(f"=HH{2 * wide}")
    try:
        (directory,) = struct.unpack_from(f"{block.order}{wide}", data, at)
        if directory + 2 > len(data):
            return len(data), directory + 2  # at least: its directory lies there
        count = struct.unpack_from(f"{block.order}{'Q' if block.big else 'H'}", data, directory)[0]
    except struct.error:
        return None
    reach = directory + (8 if block.big else 2) + entry * count
    if reach > len(data):
        return len(data), reach
    outside = [each.at + each.count for each in block.directories.get("image", ()) if not each.size]
    if outside and max(outside) > len(data):
        return len(data), max(outside)
    try:
        layout = tiff_layout.parse(block)
    except ImageRejected:
        return None
    pieces = list(zip(layout.offsets, layout.counts, strict=False))
    whole = sum(count for _, count in pieces)
    if not whole:  # how much there is lies behind the end
        return None
    return sum(min(count, max(len(data) - at, 0)) for at, count in pieces), whole
