"""IPTC's own records (IIM), and the Photoshop image resources in which JPEG and TIFF hold them.

Sources: IPTC Information Interchange Model 4.2, Adobe Photoshop File Formats Specification (image resources).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEADER = b"Photoshop 3.0\0"
MAX_BYTES = 60_000
_IIM = 0x0404
_PATHS = range(2000, 3000)
# Resolution, thumbnails, the IPTC's checksum and the JPEG's quality: the result has its own.
_SAID_ELSEWHERE = frozenset({0x03ED, 0x0406, 0x0409, 0x040C, 0x0425})
_NAMES = {
    0x03EE: "names of channels",
    0x03F0: "caption",
    0x0408: "guides",
    0x040A: "copyright flag",
    0x040B: "web address",
    0x040F: "ICC profile",
    0x0410: "watermark",
    0x0415: "names of channels",
    0x041A: "slices",
    0x041E: "web addresses",
    0x0422: "EXIF",
    0x0423: "EXIF",
    0x0424: "XMP",
    0x0429: "layer comps",
    0x0432: "measurement scale",
    0x0433: "timeline",
}
# Of the application record: city, sublocation, province, country's code and name, and codes of places.
_PLACE = frozenset({(2, 26), (2, 27), (2, 90), (2, 92), (2, 95), (2, 100), (2, 101)})


def of_resources(resources: bytes) -> tuple[bytes | None, list[str]]:
    """The records among Photoshop's image resources, and sentences on what else is there, which goes."""
    found: bytes | None = None
    others = dict[int, None]()
    for number, content in _resources(resources):
        if number == _IIM:
            found = (found or b"") + content
        elif number not in _SAID_ELSEWHERE:
            others[number] = None
    notes = ["clipping paths were left out"] if any(number in _PATHS for number in others) else []
    named = list(dict.fromkeys(_NAMES[number] for number in others if number in _NAMES))
    settings = sum(number not in _NAMES and number not in _PATHS for number in others)
    named += [f"{settings} {'settings' if settings > 1 else 'setting'} of the program"] if settings else []
    if named:
        notes.append(f"Photoshop's image resources were left out: {', '.join(named)}")
    return found, notes


def to_resources(records: bytes) -> bytes:
    """Image resources that hold these records alone."""
    return b"8BIM" + struct.pack(">HHI", _IIM, 0, len(records)) + records + bytes(len(records) % 2)


def carried(records: bytes, *, place: bool) -> tuple[bytes | None, bool]:
    """The records for a result, None where there are none left or they are too long; whether the place went."""
    kept, dropped = b"", False
    for kind, head, content in _datasets(records):
        if kind in _PLACE and not place:
            dropped = True
        else:
            kept += head + content
    return (kept or None) if len(kept) <= MAX_BYTES else None, dropped


def placeless(records: bytes) -> bytes:
    """The records, of the same length, with blanks in the place of places."""
    kept = b"".join(
        head + (b" " * len(content) if kind in _PLACE else content) for kind, head, content in _datasets(records)
    )
    return kept + records[len(kept) :]


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 12 <= len(data) and data[at : at + 4] in (b"8BIM", b"8BPS", b"MeSa", b"PHUT", b"AgHg", b"DCSR"):
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        yield number, data[at + 4 : at + 4 + length]
        at += 4 + length + length % 2


def _datasets(records: bytes) -> Iterator[tuple[tuple[int, int], bytes, bytes]]:
    """Record and number, header, and content of each data set; stops at what is none."""
    at = 0
    while at + 5 <= len(records) and records[at] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", records, at + 1)
        start = at + 5
        if length & 0x8000:  # extended: the low bits count the bytes of the length
            wide = length & 0x7FFF
            if wide > 4:
                return
            length, start = int.from_bytes(records[start : start + wide]), start + wide
        if start + length > len(records):
            return
        yield (record, number), records[at:start], records[start : start + length]
        at = start + length
