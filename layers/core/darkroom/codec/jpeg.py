"""JPEG as a container: its segments, walked marker by marker, so that what lies within one is never taken for another.

Sources: ITU-T T.81 (annex B), Exif 3.0, CIPA DC-007 (multi-picture format), XMP part 3, C2PA (JUMBF in APP11).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from darkroom.codec import exif, iptc
from darkroom.errors import ImageRejected

MAX_SCANS = 500
"""Cameras write 1 scan, progressive encoders some 10. Thousands of empty ones keep a decoder busy for hours."""

MAX_SEGMENTS = 10_000
"""A picture of 256 MB with its profile and extended XMP cut into segments has some 4,000."""

MAX_QUANTISATION_BYTES = 1 << 20
"""Four tables before each of `MAX_SCANS` take a quarter of it; Pillow reads 29 MB of them for seconds."""

SOI, EOI, SOS, COM, DNL = 0xD8, 0xD9, 0xDA, 0xFE, 0xDC
_APP0, APP1, APP2, _APP11, APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_DQT = 0xDB
_TABLES = {0xC4, 0xCC, _DQT, 0xDD, DNL}
XMP, _XMP_MORE, ICC, MPF = (
    b"http://ns.adobe.com/xap/1.0/\0",
    b"http://ns.adobe.com/xmp/extension/\0",
    b"ICC_PROFILE\0",
    b"MPF\0",
)
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
ULTRA_HDR = b"http://ns.adobe.com/hdr-gain-map/1.0/"
_GAIN_MAPS = (ULTRA_HDR, b"urn:com:apple:photo:2020:aux:hdrgainmap")
_MOST_PICTURES = 16
_KNOWN: dict[int, tuple[bytes, ...]] = {
    _APP0: (b"JFIF\0", b"JFXX\0"),
    APP1: (exif.PREFIX, XMP, _XMP_MORE),
    APP2: (ICC, MPF, ISO_GAIN_MAP),
    APP13: (iptc.HEADER,),
    _APP14: (b"Adobe",),
}
_CALLED = 64
"""Bytes in which a segment says whose it is."""
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({SOI, 0x01})  # markers without a segment
_IS_MARKER = np.array([0 < code < 0xFF and not 0xD0 <= code <= 0xD7 for code in range(256)])


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker's segment: its content lies from `start` to `end`; the marker itself may be filled in front."""

    marker: int
    at: int
    start: int
    end: int


@dataclass(slots=True)
class Jpeg:
    """The first picture of a file.

    end: the offset behind it. ended: False where its last marker (EOI) is missing.
    precision: bits per sample. frame: the marker that says how it is coded.
    """

    data: bytes
    segments: list[Segment] = field(default_factory=list)
    scans: list[tuple[int, int]] = field(default_factory=list)
    end: int = 0
    ended: bool = False
    precision: int = 8
    frame: int = 0

    def contents(self, marker: int, prefix: bytes = b"") -> list[bytes]:
        """The contents, without the prefix, of the segments that begin so."""
        return [
            self.data[segment.start + len(prefix) : segment.end]
            for segment in self.segments
            if segment.marker == marker and self.data.startswith(prefix, segment.start, segment.end)
        ]

    @property
    def exif(self) -> bytes | None:
        return next(iter(self.contents(APP1, exif.PREFIX)), None)

    @property
    def xmp(self) -> bytes | None:
        return next(iter(self.contents(APP1, XMP)), None)

    @property
    def icc(self) -> bytes | None:
        """The profile, from its parts in their order; None where a part is missing."""
        parts = {part[0]: part[2:] for part in self.contents(APP2, ICC) if len(part) > 2}
        return b"".join(parts[number] for number in sorted(parts)) or None

    @property
    def resources(self) -> bytes:
        """Photoshop's image resources, from all their segments."""
        return b"".join(self.contents(APP13, iptc.HEADER))

    @property
    def comments(self) -> list[bytes]:
        return self.contents(COM)

    @property
    def density(self) -> tuple[float, float] | None:
        """JFIF's, in dots per inch; None where it says none or only the shape of a pixel."""
        for content in self.contents(_APP0, b"JFIF\0")[:1]:
            if len(content) >= 7:
                unit, across, down = struct.unpack_from(">BHH", content, 2)
                scale = {1: 1.0, 2: 2.54}.get(unit)
                return (across * scale, down * scale) if scale else None
        return None

    @property
    def has_adobe(self) -> bool:
        return bool(self.contents(_APP14, b"Adobe"))

    @property
    def has_c2pa(self) -> bool:
        return any(b"c2pa" in content for content in self.contents(_APP11, b"JP"))

    @property
    def has_extended_xmp(self) -> bool:
        return bool(self.contents(APP1, _XMP_MORE))

    @property
    def strangers(self) -> list[str]:
        """The application segments that nobody but their maker knows, by marker and what they call themselves."""
        found = []
        for segment in self.segments:
            content = self.data[segment.start : min(segment.end, segment.start + _CALLED)]
            known = _KNOWN.get(segment.marker, ())
            if segment.marker == _APP11 and self.has_c2pa:
                known = (b"JP",)
            if 0xE0 <= segment.marker <= 0xEF and not content.startswith(known):
                called = content.partition(b"\0")[0].decode("ascii", "replace")
                quoted = f" '{called}'" if called and called.isascii() and called.isprintable() else ""
                found.append(f"APP{segment.marker - 0xE0}{quoted}")
        return list(dict.fromkeys(found))

    @property
    def pictures(self) -> int:
        """How many pictures the file claims to have (multi-picture format), at least 1."""
        for content in self.contents(APP2, MPF)[:1]:
            count = exif.parse(content).number("image", 0xB001)
            return max(int(count), 1) if count else 1
        return 1

    def gain_map(self) -> tuple[int, int]:
        """Where the file's gain map begins and ends; twice the file's end where it has none."""
        for start, end in self._behind():
            try:
                second = parse(self.data[start:end])
            except ImageRejected:
                continue
            says = second.contents(APP2, ISO_GAIN_MAP) or any(
                mark in packet for packet in second.contents(APP1, XMP) for mark in _GAIN_MAPS
            )
            whole = second.ended and second.frame and second.precision == 8
            if says and whole:
                return start, start + second.end
        return len(self.data), len(self.data)

    def _behind(self) -> Iterator[tuple[int, int]]:
        """The pictures behind the first one: as the index (MPF) says, else what follows it. None overlaps another."""
        data, last = self.data, self.end
        for segment in self.segments:
            if segment.marker == APP2 and data.startswith(MPF, segment.start, segment.end):
                base = segment.start + len(MPF)
                block = exif.parse(data[base : segment.end])
                entry = block.entry("image", 0xB002)
                entries = block.content(entry)[: 16 * _MOST_PICTURES] if entry else b""
                for at in range(16, len(entries) - 15, 16):
                    _, size, offset, _ = struct.unpack_from(f"{block.order}IIII", entries, at)
                    start = base + offset
                    if size and last <= start and data.startswith(b"\xff\xd8\xff", start):
                        last = min(start + size, len(data))
                        yield start, last
                break
        if last > self.end:
            return
        start = len(data) - len(data[last:].lstrip(b"\0"))
        if self.ended and data.startswith(b"\xff\xd8\xff", start):
            yield start, len(data)

    @property
    def is_complete(self) -> bool:
        """Whether the scans bring every coefficient of every component to its last bit (T.81, annex G).

        Baseline frames always do; of progressive ones scans may be missing.
        """
        if self.frame not in _PROGRESSIVE:
            return True
        last: dict[tuple[int, int], int] = {}
        components: set[int] = set()
        for segment in self.segments:
            content = self.data[segment.start : segment.end]
            if segment.marker == self.frame and len(content) >= 6:
                components |= set(content[6::3][: content[5]])
            elif segment.marker == SOS and content and len(content) >= 4 + 2 * content[0]:
                first, end, bits = content[1 + 2 * content[0] :][:3]
                for component in content[1 : 1 + 2 * content[0] : 2]:
                    last |= {(component, place): bits & 15 for place in range(first, min(end, 63) + 1)}
        return all(last.get((component, place)) == 0 for component in components for place in range(64))

    def essence(self) -> bytes:
        """A file of what a decoder needs, and nothing else: tables, frame and scans, whatever lies between them."""
        parts, at = [b"\xff\xd8"], {_APP0: b"JFIF\0", _APP14: b"Adobe"}
        scans = dict(self.scans)
        for segment in self.segments:
            prefix = at.get(segment.marker)
            if prefix is not None and self.data.startswith(prefix, segment.start, segment.end):
                del at[segment.marker]
            elif segment.marker not in _FRAMES | _TABLES | {SOS}:
                continue
            parts.append(bytes((0xFF, segment.marker)) + self.data[segment.start - 2 : segment.end])
            if segment.marker == SOS:
                parts.append(self.data[segment.end : scans[segment.end]])
        return b"".join(parts) + b"\xff\xd9"

    def without(self, segments: set[int]) -> bytes:
        """The whole file without the segments at these offsets."""
        parts, last = [], 0
        for segment in self.segments:
            if segment.at in segments:
                parts.append(self.data[last : segment.at])
                last = segment.end
        return b"".join(parts) + self.data[last:]


def segment(marker: int, content: bytes) -> bytes:
    """A marker's segment as it stands in a file; at most 65,533 bytes of content."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def parse(data: bytes) -> Jpeg:
    """The segments of a JPEG. Raises `ImageRejected` for too many of them; what is cut off ends the list."""
    jpeg, at, quantisation = Jpeg(data, end=len(data)), 2, 0
    for _ in range(MAX_SEGMENTS):
        # Between segments, bytes that are no marker are passed over, as decoders do.
        found = _next_marker(data, at)
        if found + 2 > len(data):
            return jpeg
        marker, at = data[found + 1], found + 2
        if marker == EOI:
            jpeg.end, jpeg.ended = at, True
            return jpeg
        if marker in _ALONE:
            continue
        end = at + max(int.from_bytes(data[at : at + 2]), 2)
        if end > len(data):
            return jpeg
        jpeg.segments.append(Segment(marker, found, at + 2, end))
        if marker == _DQT:
            quantisation += end - at
            if quantisation > MAX_QUANTISATION_BYTES:
                raise ImageRejected("broken", "the JPEG has more than 1 MB of quantisation tables")
        if marker in _FRAMES and not jpeg.frame:
            jpeg.frame, jpeg.precision = marker, data[at + 2] if end > at + 2 else 0
        at = end
        if marker == SOS:
            at = _next_marker(data, end)
            jpeg.scans.append((end, at))
            if len(jpeg.scans) > MAX_SCANS:
                raise ImageRejected("broken", f"the JPEG has more than {MAX_SCANS} scans")
    raise ImageRejected("broken", f"the JPEG has more than {MAX_SEGMENTS:,} segments")


def _next_marker(data: bytes, at: int) -> int:
    """The offset of the next marker, or the end of the file. What is stuffed, fills, or restarts is none."""
    size = 1 << 12
    while at + 1 < len(data):
        part = np.frombuffer(data, np.uint8, min(size, len(data) - at), at)
        found = np.flatnonzero((part[:-1] == 0xFF) & _IS_MARKER[part[1:]])
        if found.size:
            return at + int(found[0])
        at, size = at + len(part) - 1, min(size * 4, 1 << 22)
    return len(data)
