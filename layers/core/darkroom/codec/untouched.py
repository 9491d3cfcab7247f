"""A source's own bytes as the result, where nothing was changed: no second generation, and never larger than it came.

What must go (where the photo was taken) is blanked where it lies, so that nothing moves: gain maps, further pictures,
makers' notes and whatever else the file holds stay as they are.
"""

from __future__ import annotations

import zlib

from darkroom.codec import contents, exif, iptc, whole, xmp
from darkroom.codec.contents import Contents
from darkroom.codec.formats import identify, output_format
from darkroom.errors import ImageRejected

NOTE = "nothing was changed: the result is the file's own picture, bit by bit"
_PLACE_NOTE = "the place where it was taken was left out"
_KINDS = frozenset({"JPEG", "PNG", "WEBP", "AVIF"})
_ANIMATION, _SEQUENCE = b"ANIM", b"avis"  # of WebP, of AVIF
_TURNED_BY_READERS = frozenset({"JPEG", "AVIF"})
"""Formats whose orientation all readers obey: no transform without loss is at hand, and encoding anew would lose."""


def untouched(data: bytes, format_name: str, *, keep_gps: bool = False) -> tuple[bytes, tuple[str, ...]] | None:
    """The bytes of a file that `decode` took, as its result in a format, and notes on it.

    None where they cannot be: the format is another one, the picture is damaged, animated, or turned in a way that not
    all readers obey, its colours are not sRGB, or what must go cannot be blanked. A turned JPEG or AVIF stays so.
    """
    name = identify(data)
    if name not in _KINDS or output_format(name) != format_name:
        return None
    try:
        parts = contents.of(name, data)
    except ImageRejected:
        return None
    if parts.orientation != 1 and name not in _TURNED_BY_READERS:
        return None
    if parts.ends_behind:
        return None
    if not parts.is_srgb or not _is_single(name, parts):
        return None
    try:
        whole.check(name, data, parts, partial=False)
    except ImageRejected:
        return None  # taken as far as it goes: the result is to be whole
    result = data if keep_gps else _without_place(name, data, parts)
    if result is None:
        return None
    notes = [NOTE] if result is data else [NOTE, _PLACE_NOTE]
    if parts.orientation != 1:
        notes.append(f"it is turned by its own orientation ({parts.orientation}), as it was")
    return result, tuple(notes)


def _is_single(name: str, parts: Contents) -> bool:
    """Whether the file is whole, of three colours at most, and no animation."""
    file = parts.parsed
    if name == "JPEG":
        frame = next((segment for segment in file.segments if segment.marker == file.frame), None)
        return bool(file.ended and frame is not None and file.data[frame.start + 5] <= 3)
    if name == "PNG":
        return bool(file.ended and file.frames == 1 and file.is_packed_right())
    if name == "AVIF":
        return _SEQUENCE not in file.data[8 : int.from_bytes(file.data[:4])]
    return _ANIMATION not in file


def _without_place(name: str, data: bytes, parts: Contents) -> bytes | None:
    """The file without the place: itself where it has none, None where it cannot be blanked where it lies."""
    changes: list[tuple[bytes, bytes]] = []
    baggage = parts.baggage
    if baggage.exif:
        block = exif.editable(baggage.exif)
        if "image" not in block.directories:
            return None  # broken: it goes
        if block.entry("image", exif.GPS) is not None or "gps" in block.directories:
            block.remove_directory("gps")
            block.remove("image", {exif.GPS})
            source = baggage.exif.removeprefix(exif.PREFIX)
            changes.append((source, bytes(block.data)))
    if baggage.xmp:
        packet = xmp.placeless(baggage.xmp)
        if packet != baggage.xmp:
            changes.append((baggage.xmp, packet))
    if baggage.iptc and iptc.carried(baggage.iptc, place=False)[1]:
        changes.append((baggage.iptc, iptc.placeless(baggage.iptc)))
    behind = data[parts.parsed.end :] if name == "JPEG" else b""
    if any(mark in behind for mark in (b"\xa9xyz", b"location", b"GPSLatitude")) or (changes and exif.PREFIX in behind):
        return None
    if changes and any("C2PA" in note for note in baggage.left_out):
        return None  # it vouches for every byte
    for old, new in changes:
        if len(old) != len(new) or data.count(old) != 1:
            return None  # packed, in parts, or twice
        data = data.replace(old, new)
        if name == "PNG":
            data = _summed(data, data.index(new))
    return data


def _summed(data: bytes, within: int) -> bytes:
    """A PNG with the checksum of the chunk that holds an offset made right."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        end = at + 8 + length
        if within < end:
            return data[:end] + zlib.crc32(data[at + 4 : end]).to_bytes(4) + data[end + 4 :]
        at = end + 4
    return data
