"""EXIF blocks: read, and corrected where they lie, with every other byte left as it came.

A block is a small TIFF. What a camera wrote into it (text in whatever encoding, makers' notes whose offsets count from
the block's beginning) survives only where nothing moves, so that corrections are made in place: a value is overwritten,
an entry is taken out of its directory, and what it pointed to is blanked. Only where entries must be added is the
first directory written anew, at the end.

Sources: Exif 3.0 (CIPA DC-008), TIFF 6.0, BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

PREFIX = b"Exif\0\0"
MAX_ENTRIES = 1000
"""Of a directory; cameras write some 50. A longer one counts as broken."""

MAX_VALUE = 1 << 16
"""Bytes of a field that is asked for."""

Name = Literal["image", "exif", "gps", "interop", "thumbnail"]
Order = Literal["<", ">"]
Value = tuple[int, ...] | tuple[Fraction, ...] | bytes
Fields = dict[int, tuple[int, int, bytes]]
"""Tag: type, count, bytes."""

SHORT, LONG, RATIONAL = 3, 4, 5
EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_POINTERS: Mapping[tuple[Name, int], Name] = {
    ("image", EXIF): "exif",
    ("image", GPS): "gps",
    ("exif", INTEROP): "interop",
}
_CLASSIC = 13  # the last of the types that TIFF has besides BigTIFF
_BROKEN = (struct.error, OverflowError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A field: its bytes lie at `at` (none, where `size` is 0: it makes no sense), the entry itself at `place`."""

    tag: int
    kind: int
    count: int
    at: int
    size: int
    place: int


@dataclass(slots=True)
class Block:
    """A block of EXIF, or a TIFF file, with its directories. Corrections change `data`."""

    data: bytearray | memoryview
    order: Order = "<"
    big: bool = False
    directories: dict[Name, list[Entry]] = field(default_factory=dict)
    places: dict[Name, int] = field(default_factory=dict)

    def entry(self, name: Name, tag: int) -> Entry | None:
        return next((entry for entry in self.directories.get(name, ()) if entry.tag == tag and entry.size), None)

    def value(self, name: Name, tag: int) -> Value | None:
        """A field's numbers (rationals as fractions), or its bytes; None where it is missing or makes no sense."""
        entry = self.entry(name, tag)
        if entry is None or entry.size > MAX_VALUE:
            return None
        content = self.content(entry)
        if entry.kind in _INTEGERS:
            return struct.unpack(f"{self.order}{entry.count}{_INTEGERS[entry.kind]}", content)
        if entry.kind in (5, 10):
            numbers = struct.unpack(f"{self.order}{2 * entry.count}{'I' if entry.kind == 5 else 'i'}", content)
            pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
            return None if any(below == 0 for _, below in pairs) else tuple(Fraction(*pair) for pair in pairs)
        return content

    def content(self, entry: Entry) -> bytes:
        return bytes(self.data[entry.at : entry.at + entry.size])

    def number(self, name: Name, tag: int) -> int | Fraction | None:
        """The first number of a field, or None."""
        value = self.value(name, tag)
        return value[0] if value and not isinstance(value, bytes) else None

    def set_number(self, name: Name, tag: int, value: int) -> None:
        """Overwrite a field of one whole number, where there is one."""
        entry = self.entry(name, tag)
        if entry is not None and not self.big and entry.count == 1 and entry.kind in (SHORT, LONG):
            short = value < 1 << 16
            content = struct.pack(f"{self.order}{'H2x' if short else 'I'}", value)
            struct.pack_into(f"{self.order}HI4s", self.data, entry.place + 2, SHORT if short else LONG, 1, content)

    def set_bytes(self, name: Name, tag: int, content: bytes) -> bool:
        """Overwrite a field by as many bytes; False where there is none of that size."""
        entry = self.entry(name, tag)
        if entry is None or entry.size != len(content):
            return False
        self.data[entry.at : entry.at + entry.size] = content
        return True

    def remove(self, name: Name, tags: Collection[int]) -> None:
        """Take entries out of a directory, and blank what they hold."""
        gone = [entry for entry in self.directories.get(name, ()) if entry.tag in tags]
        if not gone:
            return
        kept = [entry for entry in self.directories[name] if entry.tag not in tags]
        others = [entry for place, entries in self.directories.items() if place != name for entry in entries] + kept
        for entry in gone:
            shared = any(other.at < entry.at + entry.size and entry.at < other.at + other.size for other in others)
            if entry.size > 4 and not shared:
                self.data[entry.at : entry.at + entry.size] = bytes(entry.size)
        # What follows an entry moves up by a place each, the link to the next directory among it.
        at, count = self.places[name], len(self.directories[name])
        end = min(at + 2 + 12 * count + 4, len(self.data))
        link = bytes(self.data[at + 2 + 12 * count : end])
        entries = b"".join(bytes(self.data[entry.place : entry.place + 12]) for entry in kept)
        table = struct.pack(f"{self.order}H", len(kept)) + entries + link
        self.data[at:end] = table.ljust(end - at, b"\0")
        self.directories[name] = []
        for index, entry in enumerate(kept):
            place = at + 2 + 12 * index
            where = place + 8 if entry.at == entry.place + 8 else entry.at
            self.directories[name].append(Entry(entry.tag, entry.kind, entry.count, where, entry.size, place))

    def remove_directory(self, name: Name) -> None:
        """Blank a whole directory with all that it holds. The pointer to it is not its own: see `remove`."""
        self.remove(name, {entry.tag for entry in self.directories.get(name, ())})
        self.directories.pop(name, None)
        self.places.pop(name, None)

    def remove_thumbnail(self) -> None:
        """Blank the second directory, which holds the picture in small, and the link to it."""
        start, length = (self.number("thumbnail", tag) for tag in (0x0201, 0x0202))
        if isinstance(start, int) and isinstance(length, int) and length > 0 and start + length <= len(self.data):
            self.data[start : start + length] = bytes(length)
        self.remove_directory("thumbnail")
        at = self.places.get("image")
        link = None if at is None else at + 2 + 12 * len(self.directories["image"])
        if link is not None and link + 4 <= len(self.data):
            self.data[link : link + 4] = bytes(4)

    def to_bytes(self) -> bytes:
        """The block, without the blank bytes behind its last field."""
        ends = [8]
        for name, entries in self.directories.items():
            ends.append(self.places[name] + 6 + 12 * len(entries))
            ends += [entry.at + entry.size for entry in entries]
        data = bytes(self.data)
        return data[: max(len(data.rstrip(b"\0")), *ends)]

    def fields(self, name: Name, without: Collection[int] = ()) -> Fields:
        """The fields of a directory, to write them elsewhere: all but `without`, pointers, and types of BigTIFF."""
        return {
            entry.tag: (entry.kind, entry.count, self.content(entry))
            for entry in self.directories.get(name, ())
            if entry.size and entry.kind <= _CLASSIC and entry.tag not in without and (name, entry.tag) not in _POINTERS
        }

    def with_fields(self, fields: Fields, without: Collection[int] = (), behind: bytes = b"") -> bytes:
        """The block with its first directory written anew at its end: `fields` replace its own or are added, and the
        tags of `without` are left out. What the other entries point to stays where it is. `behind` comes between, at
        `size`."""
        data = bytearray(self.to_bytes())
        data += bytes(self.size - len(data))
        data += behind
        table = {
            entry.tag: bytes(self.data[entry.place : entry.place + 12])
            for entry in self.directories.get("image", ())
            if entry.tag not in without
        }
        table |= {tag: _placed(data, self.order, tag, field) for tag, field in fields.items()}
        struct.pack_into(f"{self.order}I", data, 4, _directory(data, self.order, table))
        return bytes(data)

    @property
    def size(self) -> int:
        """Bytes of the block, rounded up to an even number."""
        length = len(self.to_bytes())
        return length + length % 2


def parse(data: bytes | memoryview | None) -> Block:
    """A block (with or without its prefix) or a TIFF file, as far as it can be read: directories that are broken are
    missing, fields whose bytes lie outside have none. Never raises. What it gives cannot be corrected."""
    view = memoryview(data or b"")
    if view[:6] == PREFIX:
        view = view[6:]
    start = bytes(view[:4])
    if start not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Block(bytearray())
    block = Block(view, "<" if start[:2] == b"II" else ">", b"+" in start)
    try:
        (first,) = struct.unpack_from(f"{block.order}{'Q' if block.big else 'I'}", view, 8 if block.big else 4)
    except _BROKEN:
        return block
    following = _read(block, "image", first)
    for (parent, tag), name in _POINTERS.items():
        pointer = block.number(parent, tag)
        if isinstance(pointer, int) and pointer not in block.places.values():
            _read(block, name, pointer)
    if following and following not in block.places.values():
        _read(block, "thumbnail", following)
    return block


def editable(data: bytes | None) -> Block:
    """A copy of a block (no TIFF file) that can be corrected."""
    block = parse(data)
    block.data = bytearray(block.data)
    return block


def empty(order: Order = "<") -> bytes:
    """The header of a block without a directory."""
    return b"II*\0\0\0\0\0" if order == "<" else b"MM\0*\0\0\0\0"


def compose(order: Order, image: Fields, exif: Fields, gps: Fields, interop: Fields) -> bytes | None:
    """A block of fields that were read elsewhere; None of none at all."""
    data = bytearray(empty(order))

    def directory(fields: Fields) -> int:
        return _directory(data, order, {tag: _placed(data, order, tag, field) for tag, field in fields.items()})

    def with_pointer(fields: Fields, tag: int, below: Fields) -> Fields:
        return fields | {tag: (LONG, 1, struct.pack(f"{order}I", directory(below)))} if below else fields

    image = with_pointer(with_pointer(image, EXIF, with_pointer(exif, INTEROP, interop)), GPS, gps)
    if not image:
        return None
    struct.pack_into(f"{order}I", data, 4, directory(image))
    return bytes(data)


def rationals(order: Order, *values: float) -> tuple[int, int, bytes]:
    """A field of positive numbers as fractions of unsigned 32-bit integers."""
    parts = [part for value in values for part in Fraction(value).limit_denominator(10_000).as_integer_ratio()]
    return RATIONAL, len(values), struct.pack(f"{order}{len(parts)}I", *parts)


def integers(order: Order, kind: int, *values: int) -> tuple[int, int, bytes]:
    return kind, len(values), struct.pack(f"{order}{len(values)}{_INTEGERS[kind]}", *values)


def _placed(data: bytearray, order: Order, tag: int, content: tuple[int, int, bytes]) -> bytes:
    """The twelve bytes of an entry, its content put at the end of `data` where it does not fit in."""
    kind, count, value = content
    if len(value) > 4:
        data += bytes(len(data) % 2)
        place, at = struct.pack(f"{order}I", len(data)), len(data)
        data[at:] = value
        value = place
    return struct.pack(f"{order}HHI", tag, kind, count) + value.ljust(4, b"\0")


def _directory(data: bytearray, order: Order, table: Mapping[int, bytes]) -> int:
    """Put a directory at the end of `data`; its offset."""
    data += bytes(len(data) % 2)
    at = len(data)
    data += struct.pack(f"{order}H", len(table)) + b"".join(table[tag] for tag in sorted(table)) + bytes(4)
    return at


def _read(block: Block, name: Name, at: int) -> int:
    """Read a directory; the offset of the next one, or 0."""
    order, data = block.order, block.data
    offsets, inline, size = (order + "Q", 8, 20) if block.big else (order + "I", 4, 12)
    entries = []
    try:
        (count,) = struct.unpack_from(order + ("Q" if block.big else "H"), data, at)
        if count > MAX_ENTRIES:
            return 0
        head = 8 if block.big else 2
        for index in range(count):
            place = at + head + size * index
            tag, kind, number = struct.unpack_from(order + ("HHQ" if block.big else "HHI"), data, place)
            length = _SIZES.get(kind, 0) * number
            where = place + size - inline
            if length > inline:
                (where,) = struct.unpack_from(offsets, data, where)
            if where + length > len(data):
                length = 0
            entries.append(Entry(tag, kind, number, where, length, place))
    except _BROKEN:
        return 0
    block.directories[name], block.places[name] = entries, at
    try:
        return int(struct.unpack_from(offsets, data, at + head + size * count)[0])
    except _BROKEN:
        return 0
