"""AVIF and HEIC as containers: boxes, items and their properties, as far as a picture is described by them.

Sources: ISO/IEC 14496-12 (boxes), 23008-12 (HEIF: items, properties), 23000-22 (MIAF), AV1-ISOBMFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from darkroom.codec import av1
from darkroom.errors import ImageRejected

MAX_BOXES = 20_000
MAX_ITEM = 1 << 20
"""Bytes of metadata in one item."""

_BROKEN = (struct.error, IndexError, OverflowError)
_MOST_DERIVED = 8
"""Times that a picture may be made of one that is made of one, …"""

_DERIVED = frozenset({b"iden"})
"""Items that have no bytes of their own."""


@dataclass(slots=True)
class Items:
    """A file's items. `kinds`: item → type. `properties`: item → its properties in their order, as type and content.

    references: type, from, to. mimes: item → its content type.
    headers: item → where its flags and its type lie. pointers: where the types of references lie, and what they are.
    primary_at: where the primary item's number lies, and how many bytes it has.
    """

    data: bytes
    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    mimes: dict[int, bytes] = field(default_factory=dict)
    properties: dict[int, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    references: list[tuple[bytes, int, int]] = field(default_factory=list)
    headers: dict[int, tuple[int, int]] = field(default_factory=dict)
    pointers: list[tuple[int, bytes]] = field(default_factory=list)
    primary_at: tuple[int, int] = (0, 0)

    def of(self, item: int, kind: bytes) -> bytes | None:
        """The first property of a kind that an item has."""
        return next((content for name, content in self.properties.get(item, ()) if name == kind), None)

    def content(self, item: int) -> bytes | None:
        """An item's bytes, None where they lie outside or are more than `MAX_ITEM`."""
        places = self.places.get(item, ())
        if not places or sum(length for _, length in places) > MAX_ITEM:
            return None
        parts = [self.data[start : start + length] for start, length in places]
        return b"".join(parts) if all(len(p) == length for p, (_, length) in zip(parts, places, strict=True)) else None

    def described_by(self, kind: bytes, mime: bytes = b"") -> bytes | None:
        """The content of the item of a kind that describes the primary one (EXIF, XMP)."""
        for item, name in self.kinds.items():
            if name == kind and self.mimes.get(item, b"") == mime:
                about = [to for what, source, to in self.references if what == b"cdsc" and source == item]
                if not about or self.primary in about:
                    return self.content(item)
        return None

    @property
    def auxiliaries(self) -> list[bytes]:
        """What the auxiliary pictures of the primary one are (URNs): alpha, depth, gain map, …"""
        return [
            (self.of(source, b"auxC") or b"\0\0\0\0")[4:].split(b"\0")[0]
            for what, source, to in self.references
            if what == b"auxl" and to == self.primary
        ]

    @property
    def code_points(self) -> tuple[int, int, int, bool] | None:
        """Primaries, transfer, matrix, full range by H.273's numbers: the primary item's ``colr`` box, or else what its
        AV1 bitstream says (of a grid: its first tile's).
        """
        for name, content in self.properties.get(self.primary, ()):
            if name == b"colr" and content[:4] == b"nclx" and len(content) >= 11:
                primaries, transfer, matrix, full = struct.unpack_from(">HHHB", content, 4)
                return primaries, transfer, matrix, bool(full & 0x80)
        tiles = [to for kind, source, to in self.references if kind == b"dimg" and source == self.primary]
        for item in (self.primary, *tiles[:1]):
            if self.kinds.get(item) == b"av01" and (places := self.places.get(item)):
                return av1.code_points(self.data[places[0][0] : sum(places[0])])
        return None

    @property
    def profile(self) -> bytes | None:
        for name, content in self.properties.get(self.primary, ()):
            if name == b"colr" and content[:4] in (b"prof", b"rICC"):
                return content[4:]
        return None

    @property
    def aperture(self) -> tuple[float, float, float, float] | None:
        """Width, height and the centre's offsets of the clean aperture (``clap``), in px."""
        content = self.of(self.primary, b"clap")
        if content is None or len(content) < 32:
            return None
        numbers = struct.unpack(">IIIIiIiI", content[:32])
        if not all(numbers[1::2]):
            return None
        wide, high, right, down = (numbers[at] / numbers[at + 1] for at in (0, 2, 4, 6))
        return wide, high, right, down

    def clean_box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the clean aperture, in px, before the picture is turned; the whole where there is
        none that fits."""
        if self.aperture is None:
            return 0, 0, width, height
        wide, high, right, down = self.aperture
        left, top = right + (width - wide) / 2, down + (height - high) / 2
        box = round(left), round(top), round(left + wide), round(top + high)
        if not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
            return 0, 0, width, height
        return box

    @property
    def shown(self) -> set[int]:
        """The items that the picture is made of: the primary one, those that it is derived from, and their alpha."""
        found = {self.primary}
        for _ in range(_MOST_DERIVED):
            more = {to for kind, source, to in self.references if kind == b"dimg" and source in found}
            more |= {
                source
                for kind, source, to in self.references
                if kind == b"auxl" and to in found and b"alpha" in (self.of(source, b"auxC") or b"").lower()
            }
            if more <= found:
                break
            found |= more
        return found

    def is_shown_whole(self) -> bool:
        """Whether all bytes that the picture is made of are there."""
        places = [self.places.get(item, []) for item in self.shown if self.kinds.get(item) not in _DERIVED]
        ends = [at + length for extents in places for at, length in extents]
        return bool(ends) and all(places) and max(ends) <= len(self.data)

    def reach(self) -> int:
        """Where the last byte of an item lies."""
        return max((at + length for places in self.places.values() for at, length in places), default=0)

    @property
    def orientation(self) -> int:
        """EXIF's number for the primary item's quarter turns (``irot``) and the mirroring after them (``imir``)."""
        turn, mirror = self.of(self.primary, b"irot"), self.of(self.primary, b"imir")
        turns = turn[0] & 3 if turn else 0
        if not mirror:
            return (1, 8, 3, 6)[turns]
        # Axis 0 mirrors top to bottom, axis 1 left to right.
        return ((4, 5, 2, 7) if not mirror[0] & 1 else (2, 7, 4, 5))[turns]


def parse(data: bytes) -> Items:
    """The items of a file, as far as they can be read. Raises `ImageRejected` for more boxes than any picture has."""
    items = Items(data)
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            _meta(items, start + 4, end)
            break
    return items


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1 and at + 16 <= end:
            length, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        elif length == 0:
            length = end - at
        if length < start - at:
            return
        yield kind, start, min(at + length, end)
        at += length
    raise ImageRejected("broken", f"the file has more than {MAX_BOXES:,} boxes")


def _meta(items: Items, start: int, end: int) -> None:
    data = items.data
    found = {kind: (begin, stop) for kind, begin, stop in _boxes(data, start, end)}
    readers = {b"pitm": _primary, b"iinf": _infos, b"iloc": _locations, b"iref": _references, b"iprp": _properties}
    idat = found.get(b"idat", (0, 0))[0]
    for kind, reader in readers.items():
        if kind in found:
            try:
                reader(items, *found[kind], idat)
            except _BROKEN:
                continue


def _primary(items: Items, start: int, end: int, idat: int) -> None:
    items.primary_at = start + 4, 4 if items.data[start] > 0 else 2
    items.primary = int.from_bytes(items.data[start + 4 : sum(items.primary_at)])


def _infos(items: Items, start: int, end: int, idat: int) -> None:
    data = items.data
    at = start + (6 if data[start] == 0 else 8)
    for kind, begin, stop in _boxes(data, at, end):
        if kind == b"infe" and data[begin] >= 2:
            wide = 4 if data[begin] == 3 else 2
            number = int.from_bytes(data[begin + 4 : begin + 4 + wide])
            place = begin + 4 + wide + 2
            items.kinds[number] = data[place : place + 4]
            items.headers[number] = begin + 3, place
            if data[place : place + 4] == b"mime":
                items.mimes[number] = data[place + 4 : min(stop, place + 300)].split(b"\0")[1:2][0]


def _locations(items: Items, start: int, end: int, idat: int) -> None:
    data, version = items.data, items.data[start]
    sizes, more = data[start + 4], data[start + 5]
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = start + 6
    count, at = int.from_bytes(data[at : at + wide]), at + wide

    def take(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise IndexError
        at += size
        return int.from_bytes(data[at - size : at])

    for _ in range(min(count, MAX_BOXES)):
        number = take(wide)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(base_size)
        extents = []
        for _ in range(min(take(2), 1000)):
            take(index_size)
            extents.append((base + take(offset_size) + (idat if method == 1 else 0), take(length_size)))
        if method <= 1:
            items.places[number] = extents


def _references(items: Items, start: int, end: int, idat: int) -> None:
    data = items.data
    wide = 4 if data[start] else 2
    for kind, begin, _stop in _boxes(data, start + 4, end):
        items.pointers.append((begin - 4, kind))
        source = int.from_bytes(data[begin : begin + wide])
        (count,) = struct.unpack_from(">H", data, begin + wide)
        for index in range(min(count, 1000)):
            at = begin + wide + 2 + wide * index
            items.references.append((kind, source, int.from_bytes(data[at : at + wide])))


def _properties(items: Items, start: int, end: int, idat: int) -> None:
    data = items.data
    stored: list[tuple[bytes, bytes]] = []
    for kind, begin, stop in _boxes(data, start, end):
        if kind == b"ipco":
            stored = [(name, data[at : min(upto, at + MAX_ITEM)]) for name, at, upto in _boxes(data, begin, stop)]
        elif kind == b"ipma":
            version, flags = data[begin], data[begin + 3]
            (count,) = struct.unpack_from(">I", data, begin + 4)
            at, wide = begin + 8, 4 if version else 2
            for _ in range(min(count, MAX_BOXES)):
                if at + wide + 1 > stop:
                    break
                number, amount = int.from_bytes(data[at : at + wide]), data[at + wide]
                at += wide + 1
                size = 2 if flags & 1 else 1
                for _ in range(amount):
                    index = int.from_bytes(data[at : at + size]) & (0x7FFF if size == 2 else 0x7F)
                    at += size
                    if 0 < index <= len(stored):
                        items.properties.setdefault(number, []).append(stored[index - 1])
