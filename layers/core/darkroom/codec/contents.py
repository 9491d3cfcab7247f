"""What each container says, gathered: the bytes that a decoder is given, colour, orientation, and everything else.

A decoder of JPEG or PNG is given the picture's own segments or chunks alone. So whatever else a file holds (packets of
megabytes, thousands of segments, damaged fields) costs nothing and breaks nothing, and is read here within bounds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from darkroom.codec import (
    blocks,
    bmp,
    boxes,
    chunks,
    cicp,
    colorimetry,
    containers,
    exif,
    icc,
    iptc,
    jpeg,
    mapped_items,
    metadata,
)
from darkroom.codec.cicp import Space
from darkroom.codec.metadata import Baggage
from darkroom.picture import Array

_MOST_FILLED = 1 << 24
"""Bytes by which a HEIC or AVIF that ends behind its pixels is filled up."""


@dataclass(slots=True)
class Contents:
    """A file, taken apart.

    essence: the file as a decoder is to see it. orientation: by EXIF's numbers.
    parsed: the container's own parts, for who looks deeper. gain_map: a JPEG's, as it lies there.
    has_mapped_item: whether a HEIC or AVIF has one. ends_behind: whether the file ends early, but behind its pixels.
    pixels: HxW or HxWx3, once they are decoded.
    """

    essence: bytes
    orientation: int = 1
    profile: bytes | None = None
    space: Space | None = None
    baggage: Baggage = field(default_factory=Baggage)
    notes: list[str] = field(default_factory=list)
    parsed: Any = None
    gain_map: bytes = b""
    has_mapped_item: bool = False
    ends_behind: bool = False
    pixels: Array | None = None

    @property
    def is_srgb(self) -> bool:
        """Whether the samples are sRGB's as they are stored."""
        try:
            return self.space is None and (self.profile is None or icc.parse(self.profile).is_srgb())
        except icc.ProfileError:
            return False

    @property
    def is_hdr(self) -> bool:
        """Whether the samples are of high dynamic range, by code points in the file or in its profile."""
        if self.profile is None:
            return self.space is not None and bool(self.space.hdr)
        try:
            return (icc.parse(self.profile).code_points() or (0, 0))[1] in (cicp.PQ, cicp.HLG)
        except icc.ProfileError:
            return False


def of(name: str, data: bytes) -> Contents:
    """Take a file apart, by Pillow's name of its format. Raises `ImageRejected` where there is no end to its parts."""
    reader = _READERS.get(name)
    contents = reader(data) if reader else Contents(data)
    if contents.space is None and contents.profile is None:
        contents.space, notes = colorimetry.space_of(contents.baggage.block)
        contents.notes += notes
    if contents.space is not None and contents.space.is_srgb:
        contents.space = None
    return contents


def _jpeg(data: bytes) -> Contents:
    file = jpeg.parse(data)
    baggage = Baggage(exif=file.exif, xmp=file.xmp, dpi=file.density)
    baggage.iptc, resources = iptc.of_resources(file.resources)
    baggage.text = [("Comment", text) for text in map(_words, file.comments) if text]
    baggage.left_out += resources
    for what, begins in (("EXIF blocks", exif.PREFIX), ("XMP packets", jpeg.XMP)):
        if len(file.contents(jpeg.APP1, begins)) > 1:
            baggage.left_out.append(f"further {what} were left out: a JPEG has one")
    if file.has_extended_xmp:
        baggage.left_out.append("extended XMP was left out: only the packet itself is kept")
    baggage.left_out += _c2pa(file.has_c2pa)
    if strangers := file.strangers:
        baggage.left_out.append(f"the JPEG's own fields {', '.join(strangers[:8])} were left out")
    start, end = file.gain_map()
    behind = data[file.end : start] + data[end:]
    if behind.strip(b"\0"):
        baggage.left_out.append(_behind(file, behind))
    turn = metadata.orientation(baggage.block)
    return Contents(file.essence(), turn, file.icc, None, baggage, [], file, data[start:end])


def _behind(file: jpeg.Jpeg, behind: bytes) -> str:
    """What lies behind a JPEG's end."""
    what = f"{len(behind):,} bytes behind the picture"
    if b"ftyp" in behind[:64] or b"ftypmp42" in behind or b"MotionPhoto_Data" in behind:
        return f"{what}, a video (motion photo), were left out"
    if b"\xff\xd8\xff" in behind:
        gain = b"hdrgm:" in behind or b"hdr-gain-map" in behind or b"HDRGainMap" in behind
        depth = any(b"GDepth" in part or b"depthmap" in part for part in file.contents(0xE1))
        kind = "a gain map (HDR)" if gain else "a depth map" if depth else "further pictures"
        return f"{what}, {kind}, were left out"
    return f"{what} were left out"


def _png(data: bytes) -> Contents:
    file = chunks.parse(data)
    baggage = Baggage(exif=file.content(b"eXIf") if file.cut != b"eXIf" else None)
    density = file.sound(b"pHYs")
    if density is not None and len(density) == 9 and density[8] == 1:
        baggage.dpi = tuple(side * 0.0254 for side in struct.unpack(">II", density[:8]))
    kept = 0
    for keyword, words, encoding in file.text():
        kept += 1
        if keyword == chunks.XMP:
            baggage.xmp = words
        elif keyword.startswith("Raw profile type "):
            _raw_profile(baggage, keyword[17:].lower(), chunks.raw_profile(words))
        else:
            baggage.text.append((keyword, words.decode(encoding, "replace")))
    if kept < len(file.texts):
        baggage.left_out.append(f"{len(file.texts) - kept} damaged or overlong text fields were left out")
    baggage.left_out += ["the EXIF data is cut off, and with it how it is turned"] if file.cut == b"eXIf" else []
    baggage.left_out += _c2pa(b"caBX" in file.first)
    others = sorted(kind.decode("latin-1") for kind in file.first.keys() - _PNG_KNOWN if kind[0] & 0x20)
    if others:
        baggage.left_out.append(f"the PNG's own fields {', '.join(others[:8])} were left out")
    outdated = sorted(kind.decode() for kind in file.first.keys() & _PNG_OUTDATED)
    if outdated:
        baggage.left_out.append(
            f"the PNG's fields {', '.join(outdated)} were left out: they are about the file as it was"
        )
    baggage.left_out += _trailing(data, file.end)
    profile, space, notes = colorimetry.of_png(file)
    orientation = metadata.orientation(baggage.block)
    return Contents(file.essence(), orientation, profile, space, baggage, notes, file)


_PNG_KNOWN = frozenset(
    {*(b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi")}
    | {*(b"pHYs", b"bKGD", b"hIST", b"sBIT", b"sPLT", b"tIME", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"caBX")}
)
_PNG_OUTDATED = frozenset({b"tIME", b"bKGD", b"sPLT"})


def _raw_profile(baggage: Baggage, kind: str, content: bytes | None) -> None:
    if content is not None and kind in ("exif", "app1") and content.startswith(exif.PREFIX):
        baggage.exif = baggage.exif or content
    elif content is not None and kind in ("iptc", "8bim"):
        baggage.iptc, notes = iptc.of_resources(content.removeprefix(iptc.HEADER))
        baggage.left_out += notes
    elif content is not None and kind in ("xmp", "app1") and content.startswith((b"<", jpeg.XMP)):
        baggage.xmp = baggage.xmp or content.removeprefix(jpeg.XMP)
    else:
        baggage.left_out.append(f"the PNG's raw profile '{kind:.40}' was left out")


def _webp(data: bytes) -> Contents:
    file = blocks.riff(data)
    baggage = Baggage(exif=file.get(b"EXIF"), xmp=file.get(b"XMP "))
    baggage.left_out += _c2pa(b"C2PA" in file)
    others = sorted(kind.decode("latin-1").strip() for kind in file if kind not in blocks.WEBP_KNOWN)
    if others:
        baggage.left_out.append(f"the WebP's own fields {', '.join(others[:8])} were left out")
    end = int.from_bytes(data[4:8], "little") + 8
    baggage.left_out += _trailing(data, end + (end & 1))
    essence, block = data, baggage.block
    if end > len(data):
        essence = blocks.webp_pixels(data) or data
        if b"EXIF" not in file and (file.get(b"VP8X") or b"\0")[0] & blocks.SAYS_EXIF:
            block = exif.parse(blocks.riff(data, cut_off=True).get(b"EXIF"))
            turned = "and with it how it is turned" if block.entry("image", 0x0112) is None else "but for its turn"
            baggage.left_out.append(f"the EXIF data is cut off, {turned}")
    orientation = metadata.orientation(block)
    parts = Contents(essence, orientation, file.get(b"ICCP"), None, baggage, [], file)
    parts.ends_behind = essence is not data
    return parts


def _gif(data: bytes) -> Contents:
    found = blocks.gif_extensions(data)
    baggage = Baggage(xmp=found.xmp)
    baggage.text = [("Comment", text) for text in map(_words, found.comments) if text]
    if found.strangers:
        baggage.left_out.append(f"the GIF's own fields {', '.join(found.strangers[:8])} were left out")
    baggage.left_out += _trailing(data, found.end)
    notes = [] if found.ended else ["the GIF lacks its end mark (trailer); the pixels of its first frame are all there"]
    return Contents(data, 1, found.icc, None, baggage, notes, found)


def _tiff(data: bytes) -> Contents:
    block = exif.parse(data)
    baggage = Baggage(tiff=block)

    def content(tag: int) -> bytes | None:
        entry = block.entry("image", tag)
        return None if entry is None or entry.size > chunks.MAX_TEXT * 4 else block.content(entry)

    baggage.xmp = content(700)
    records, resources = iptc.of_resources(content(34377) or b"")
    baggage.iptc = _of_longs(block, content(33723)) or records
    baggage.left_out += [*resources, *_c2pa(block.entry("image", 0xCD41) is not None)]
    baggage.left_out += [
        f"{what} in the TIFF were left out" for tag, what in _TIFF_OTHERS.items() if block.entry("image", tag)
    ]
    return Contents(data, metadata.orientation(block), content(34675), None, baggage, [], block)


_TIFF_OTHERS = {
    0x0123: "density curves (GrayResponseCurve)",
    0x014A: "further pictures (SubIFDs)",
    0x935C: "Photoshop's layers",
    0xC44F: "Photoshop's notes",
}


def _of_longs(block: exif.Block, records: bytes | None) -> bytes | None:
    """IPTC in a TIFF may be called LONG, and is then swapped where the file's order is the other one."""
    entry = block.entry("image", 33723)
    if records and entry and entry.kind == exif.LONG and records[:1] != b"\x1c":
        count = len(records) // 4
        return struct.pack(f">{count}I", *struct.unpack_from(f"<{count}I", records))
    return records


def _bmp(data: bytes) -> Contents:
    profile, space, notes = colorimetry.of_bmp(data)
    return Contents(data, 1, profile, space, Baggage(left_out=_trailing(data, bmp.end(data))), notes)


def _items(data: bytes) -> Contents:
    """AVIF and HEIC: the file itself, not its EXIF, says how the picture is turned."""
    file = boxes.parse(data)
    block = file.described_by(b"Exif")
    if block is not None and len(block) > 4:
        block = block[4 + int.from_bytes(block[:4]) :]
    baggage = Baggage(exif=block, xmp=file.described_by(b"mime", b"application/rdf+xml"))
    outermost, end = containers.outermost(data)
    baggage.left_out += [*mapped_items.auxiliaries(file), *containers.beside(data, outermost), *_trailing(data, end)]
    missing = max(end, file.reach()) - len(data)
    filled = 0 < missing <= _MOST_FILLED and file.is_shown_whole()
    points = file.code_points
    space, note = cicp.of_code_points(points[0], points[1]) if points else (None, None)
    if points and space is None and points[:2] != (cicp.UNSPECIFIED, cicp.UNSPECIFIED):
        space = cicp.SRGB_SPACE  # said, so that EXIF is not asked
    essence = mapped_items.without(file) + (bytes(missing) if filled else b"")
    notes = [note] if note else []
    parts = Contents(essence, file.orientation, file.profile, space, baggage, notes, file)
    parts.has_mapped_item, parts.ends_behind = mapped_items.is_readable(file), filled
    return parts


def _trailing(data: bytes, end: int) -> list[str]:
    """A sentence on what lies behind a picture's end; filling is nothing."""
    more = len(data) - end
    return [f"{more:,} bytes behind the picture were left out"] if data[end:].strip(b"\0") else []


def _c2pa(there: bool) -> list[str]:
    return [containers.C2PA_NOTE] if there else []


def _words(content: bytes) -> str:
    """A comment's text: UTF-8, or else Latin-1."""
    content = content.strip(b"\0")[: metadata.MAX_TEXT]
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


_READERS: Mapping[str, Callable[[bytes], Contents]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "TIFF": _tiff,
    "BMP": _bmp,
    "AVIF": _items,
    "HEIF": _items,
}
