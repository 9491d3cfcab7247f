"""PNG as a container: its chunks, what they say of the picture, and a file of those alone that a decoder needs.

Source: W3C PNG specification, third edition.
"""

from __future__ import annotations

import binascii
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from darkroom.codec.formats import unsupported
from darkroom.errors import ImageRejected

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 200_000
"""A picture of 256 MB in the usual chunks of 8 KiB has 32,768."""

MAX_TEXT = 1 << 20
"""Bytes of a text, profile or packet after decompression."""

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by colour type
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ESSENTIAL = frozenset({b"IHDR", b"PLTE", b"tRNS"})
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_ZLIB_HEADER = 2  # bytes in front of a packed stream
XMP = "XML:com.adobe.xmp"


@dataclass(slots=True)
class Png:
    """A PNG's chunks. `first`: where the content of the first of each kind lies. ended: whether it has a sound IEND.

    cut: the kind of the chunk within which the file ends, or None.
    """

    data: bytes
    first: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    texts: list[tuple[bytes, int, int]] = field(default_factory=list)
    pixels: list[tuple[int, int]] = field(default_factory=list)
    width: int = 0
    height: int = 0
    depth: int = 8
    kind: int = 2
    interlaced: bool = False
    ended: bool = False
    cut: bytes | None = None
    end: int = 0

    def content(self, kind: bytes) -> bytes | None:
        """The content of the first chunk of a kind, whatever its checksum says; None where there is none."""
        place = self.first.get(kind)
        return None if place is None else self.data[place[0] : place[0] + place[1]]

    def sound(self, kind: bytes) -> bytes | None:
        """The same of an ancillary chunk, None also where its checksum is wrong."""
        content = self.content(kind)
        return content if content is not None and self.is_sound(*self.first[kind]) else None

    @property
    def frames(self) -> int:
        """Frames of an animation, with a default picture that is not one of them; 1 without."""
        control = self.content(b"acTL")
        if control is None or len(control) < 8:
            return 1
        begins = self.first.get(b"fcTL", (len(self.data), 0))[0]
        extra = bool(self.pixels) and self.pixels[0][0] < begins
        return max(int.from_bytes(control[:4]), 1) + extra

    def damaged(self) -> tuple[bytes, ...]:
        """Kinds of ancillary chunks whose checksum is wrong. Raises `ImageRejected` for a critical one."""
        found = []
        for kind, (start, length) in self.first.items():
            if kind != self.cut and not self.is_sound(start, length):
                if not kind[0] & 0x20:
                    raise ImageRejected("broken", f"the PNG's chunk {kind.decode('latin-1')} has a wrong checksum")
                found.append(kind)
        for start, length in self.pixels[:-1] if self.cut == b"IDAT" else self.pixels:
            if not self.is_sound(start, length):
                raise ImageRejected("broken", "the PNG's chunk IDAT has a wrong checksum")
        return tuple(found)

    def essence(self, stream: bytes | None = None) -> bytes:
        """A file of the chunks that a decoder needs; with another compressed `stream` of pixels if given."""
        parts = [SIGNATURE]
        for kind in sorted(_ESSENTIAL & self.first.keys(), key=lambda kind: self.first[kind]):
            content = self.sound(kind) if kind == b"tRNS" else self.content(kind)
            parts += [chunk(kind, content)] if content is not None else []
        if stream is not None:
            parts.append(chunk(b"IDAT", stream))
        else:
            parts += [chunk(b"IDAT", self.data[start : start + length]) for start, length in self.pixels]
        parts.append(chunk(b"IEND", b""))
        return b"".join(parts)

    @property
    def row_bits(self) -> int:
        return self.width * _CHANNELS[self.kind] * self.depth

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, without its filter's."""
        return (self.row_bits + 7) // 8

    def rows(self) -> bytes:
        """The rows that are there, unpacked, each with its filter's byte: as far as the stream goes, whatever its own
        checksum, which comes behind them, says."""
        unpack, parts, head = zlib.decompressobj(-zlib.MAX_WBITS), [], _ZLIB_HEADER
        left = 2 * (self.row_bytes + 8) * self.height  # interlaced ones take a little more
        for start, length in self.pixels:
            skipped = min(head, length)
            head -= skipped
            try:
                parts.append(unpack.decompress(self.data[start + skipped : start + length], left))
            except zlib.error:
                break
            left -= len(parts[-1])
            if left <= 0 or unpack.eof:
                break
        return b"".join(parts)

    def is_packed_right(self) -> bool:
        """Whether the stream of pixels reaches its own checksum, and that is right."""
        unpack = zlib.decompressobj()
        try:
            for start, length in self.pixels:
                packed = self.data[start : start + length]
                while packed and not unpack.eof:
                    unpack.decompress(packed, MAX_TEXT)
                    packed = unpack.unconsumed_tail
        except zlib.error:
            return False
        return unpack.eof

    def text(self) -> Iterator[tuple[str, bytes, str]]:
        """Keyword, text and encoding of each text that is sound and can be unpacked, in the order of the file."""
        for kind, start, length in self.texts:
            keyword, _, rest = self.data[start : start + min(length, MAX_TEXT)].partition(b"\0")
            encoding = "latin-1"
            if kind == b"zTXt":
                rest = inflated(rest[1:]) or b""
            elif kind == b"iTXt":
                packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
                rest, encoding = (inflated(rest) or b"" if packed else rest), "utf-8"
            if rest and length <= MAX_TEXT and self.is_sound(start, length):
                yield keyword.decode("latin-1"), rest, encoding

    def is_sound(self, start: int, length: int) -> bool:
        """The checksum covers a chunk's type and content."""
        view = memoryview(self.data)
        stored = self.data[start + length : start + length + 4]
        return zlib.crc32(view[start - 4 : start + length]).to_bytes(4) == stored


def parse(data: bytes) -> Png:
    """The chunks of a PNG. Raises `ImageRejected` for a header that PNG does not have, and too many chunks."""
    if data[12:16] == b"CgBI":
        raise unsupported("the PNG is one that Xcode made for iOS alone (CgBI): send the one that it was made of")
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise ImageRejected("broken", "the PNG does not begin with its header (IHDR)")
    png = Png(data)
    png.width, png.height, png.depth, png.kind, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    png.interlaced = interlace == 1
    if png.depth not in _DEPTHS.get(png.kind, ()):
        raise ImageRejected(
            "broken", f"the PNG claims {png.depth} bits of color type {png.kind}, which PNG does not have"
        )
    at, size = 8, len(data)
    for _ in range(MAX_CHUNKS):
        png.end = min(at, size)
        if at + 8 > size:
            return png
        length, kind = struct.unpack_from(">I4s", data, at)
        start, at = at + 8, at + 12 + length
        if at > size:
            length, png.cut = min(length, size - start), kind
        if kind == b"IEND":
            png.ended, png.end = png.is_sound(start, length), min(at, size)
            return png
        if kind.isalpha() and not kind[0] & 0x20 and kind not in _CRITICAL and png.is_sound(start, length):
            raise unsupported(f"the PNG holds a part that no reader may pass over ({kind.decode()}): save it without")
        if kind == b"IDAT":
            png.pixels.append((start, length))
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            png.texts.append((kind, start, length))
        elif png.cut is None:
            png.first.setdefault(kind, (start, length))
    raise ImageRejected("broken", f"the PNG has more than {MAX_CHUNKS:,} chunks")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def inflated(packed: bytes, most: int = MAX_TEXT) -> bytes | None:
    """What zlib packed; None where it is broken, or unpacks to more than `most` bytes."""
    unpack = zlib.decompressobj()
    try:
        content = unpack.decompress(packed, most)
    except zlib.error:
        return None
    return content if unpack.eof else None


def raw_profile(text: bytes) -> bytes | None:
    """What ImageMagick and ExifTool hide in a text "Raw profile type …": a line that names it, a length, hexadecimal
    digits."""
    match = re.match(rb"\s*[^\n]+\n\s*(\d+)\s+([0-9A-Fa-f\s]*)$", text)
    if match is None:
        return None
    try:
        content = binascii.unhexlify(b"".join(match[2].split()))
    except binascii.Error:
        return None
    return content if len(content) == int(match[1]) else None
