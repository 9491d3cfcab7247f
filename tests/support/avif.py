"""AVIF with a gain map, since Pillow writes none: the pictures of two files in one.

Source: ISO/IEC 23008-12 (HEIF: items, ``tmap``), ISO 21496-1 (its parameters).
"""

from __future__ import annotations

import struct

from darkroom.codec import boxes
from tests.support.boxes import box, full_box

PARAMETERS = (
    struct.pack(">HHB", 0, 0, 0x40)
    + struct.pack(">IIII", 0, 1, 2, 1)
    + struct.pack(">10I", 0, 1, 2, 1, 1, 1, 1, 64, 1, 64)
)
"""Of a map of one channel: no gain at black, four times the light at white."""


def with_gain_map(base: bytes, gain: bytes, parameters: bytes, *, turn: int = 0) -> bytes:
    """An AVIF of two others' pictures, the second hidden, and an item that is the first as the second changes it."""
    both = []
    for file in (base, gain):
        items = boxes.parse(file)
        ((start, length),) = items.places[items.primary]
        own = [box(*each) for each in items.properties[items.primary]] + ([box(b"irot", bytes([turn]))] if turn else [])
        both.append((file[start : start + length], own))
    (first, one), (second, two) = both
    contents = [first, second, b"\0" + parameters]
    size = 1 + [each[4:8] for each in one].index(b"ispe")
    last = 0x80 if turn else 0  # a reader must obey it
    owned = [
        [*range(1, len(one)), len(one) | last],
        [*range(len(one) + 1, len(one) + len(two)), len(one) + len(two) | last],
        [size],
    ]

    def file_at(at: int) -> bytes:
        places, infos, its = b"", [], b""
        for number, (content, kind) in enumerate(zip(contents, (b"av01", b"av01", b"tmap"), strict=True), 1):
            places += struct.pack(">HHHII", number, 0, 1, at, len(content))
            at += len(content)
            header = struct.pack(">HH", number, 0) + kind + b"\0"
            infos.append(full_box(b"infe", header, version=2, flags=int(number == 2)))
            its += struct.pack(">HB", number, len(owned[number - 1])) + bytes(owned[number - 1])
        meta = full_box(
            b"meta",
            full_box(b"hdlr", struct.pack(">I4s12sB", 0, b"pict", b"", 0)),
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iloc", struct.pack(">HH", 0x4400, 3) + places),
            full_box(b"iinf", struct.pack(">H", 3), *infos),
            full_box(b"iref", box(b"dimg", struct.pack(">HHHH", 3, 2, 1, 2))),
            box(b"iprp", box(b"ipco", *one, *two), full_box(b"ipma", struct.pack(">I", 3) + its)),
            box(b"grpl", full_box(b"altr", struct.pack(">IIII", 9, 2, 3, 1))),
        )
        return box(b"ftyp", b"avif\0\0\0\0avifmif1miaftmap") + meta + box(b"mdat", *contents)

    return file_at(len(file_at(0)) - sum(map(len, contents)))
