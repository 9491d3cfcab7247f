"""XMP packets: what of a file's goes into its result, without what would lie there or tells where it was taken.

A correction keeps the packet's length: what goes is made blank, as XMP's own padding is, so that nothing that stands
behind it in a file moves. Properties are looked for in the text, since packets of the wild are often no good XML.

Source: ISO 16684-1 (XMP, its serialization), the schemas' own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_BYTES = 65_000
"""A JPEG's segment takes 65,533 with its header; a larger packet is left out of all formats alike."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MARK = "W5M0MpCehiHzreSzNTczkc9d"
_END = re.compile(rb"</[\w.-]+:RDF\s*>")

_SCHEMAS = {
    b"http://ns.adobe.com/tiff/1.0/": "tiff",
    b"http://ns.adobe.com/exif/1.0/": "exif",
    b"http://ns.adobe.com/xap/1.0/": "xmp",
    b"http://ns.adobe.com/photoshop/1.0/": "photoshop",
    b"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "iptc",
    b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "iptc",
    b"http://ns.adobe.com/xmp/note/": "note",
    b"http://purl.org/dc/terms/": "dcterms",
}
# Schemas whose every property speaks of pictures and sound within the file: gain and depth maps, motion photos.
_WITHIN = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"http://ns.apple.com/pixeldatainfo/1.0/",
    b"http://ns.google.com/photos/1.0/container/",
    b"http://ns.google.com/photos/1.0/container/item/",
    b"http://ns.google.com/photos/1.0/camera/",
    b"http://ns.google.com/photos/1.0/depthmap/",
    b"http://ns.google.com/photos/1.0/image/",
    b"http://ns.google.com/photos/1.0/audio/",
    b"http://ns.google.com/photos/dd/1.0/device/",
}
_PLACES = {
    "photoshop": {b"City", b"State", b"Country"},
    "iptc": {b"Location", b"CountryCode", b"LocationCreated", b"LocationShown"},
}
_STORED = {
    "tiff": {
        *(b"Orientation", b"ImageWidth", b"ImageLength", b"BitsPerSample", b"Compression", b"SamplesPerPixel"),
        *(b"PhotometricInterpretation", b"PlanarConfiguration", b"XResolution", b"YResolution", b"ResolutionUnit"),
        *(b"YCbCrSubSampling", b"YCbCrPositioning", b"TransferFunction", b"WhitePoint", b"PrimaryChromaticities"),
        *(b"YCbCrCoefficients", b"ReferenceBlackWhite", b"NativeDigest"),
    },
    "exif": {b"PixelXDimension", b"PixelYDimension", b"ColorSpace", b"Gamma", b"NativeDigest"},
    "xmp": {b"Thumbnails"},
    "photoshop": {b"ICCProfile", b"ColorMode", b"LegacyIPTCDigest"},
    "note": {b"HasExtendedXMP"},
    "dcterms": {b"provenance"},  # points to a C2PA manifest
}

_NAMESPACE = re.compile(rb"""xmlns(?::([\w.-]{1,100}))?\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_START = re.compile(rb"""<(?:([\w.-]{1,100}):)?([\w.-]{1,100})((?:"[^"]*"|'[^']*'|[^'"<>])*+)>""")
_ATTRIBUTE = re.compile(rb"""\s([\w.-]{1,100}):([\w.-]{1,100})\s*=\s*(?:"[^"]*"|'[^']*')""")


def carried(packet: bytes, *, place: bool) -> tuple[bytes | None, set[str]]:
    """The packet for a result, of the same length, or None where it cannot be carried; and what is missing of it:
    "place" (where the photo was taken, unless `place` is kept), "within" (words about pictures within the file), or
    the reason why there is none: "long", "unreadable".

    Orientation, size, resolution and colour go without a word: the result says its own.
    """
    if len(packet) > MAX_BYTES:
        return None, {"long"}
    if b"<rdf:RDF" not in packet and b":RDF" not in packet:
        return None, {"unreadable"}
    missing: set[str] = set()

    def goes(space: bytes, name: bytes) -> bool:
        if _is_place(space, name):
            if not place:
                missing.add("place")
            return not place
        if space in _WITHIN:
            missing.add("within")
            return True
        return name in _STORED.get(_SCHEMAS.get(space, ""), ())

    return _without(packet, goes), missing


def placeless(packet: bytes) -> bytes:
    """The packet, of the same length, without where the photo was taken but with all else."""
    return _without(packet, _is_place)


def without(packet: bytes, namespace: bytes) -> bytes:
    """The packet, of the same length, without the properties of a namespace."""
    return _without(packet, lambda space, _: space == namespace)


def added(packet: bytes | None, description: str) -> bytes | None:
    """A packet with one more ``rdf:Description``, a new one of it where there was none; None where it has no place."""
    if packet is None:
        text = (
            f'<?xpacket begin="\ufeff" id="{_MARK}"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
            f'{description}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        )
        return text.encode()
    ends = list(_END.finditer(packet))
    return None if not ends else packet[: ends[-1].start()] + description.encode() + packet[ends[-1].start() :]


def _is_place(space: bytes, name: bytes) -> bool:
    return name.startswith(b"GPS") or name in _PLACES.get(_SCHEMAS.get(space, ""), ())


def _without(packet: bytes, blanked: Callable[[bytes, bytes], bool]) -> bytes:
    """blanked: whether a property goes, by a namespace (empty where it has none) and its name. A prefix that stands for
    several counts as each of them; elements without one are in any that is the default somewhere."""
    spaces: dict[bytes | None, set[bytes]] = {}
    for match in _NAMESPACE.finditer(packet):
        spaces.setdefault(match[1], set()).add(match[2] or match[3] or b"")

    def goes(prefix: bytes | None, name: bytes) -> bool:
        return prefix != b"xmlns" and any(blanked(space, name) for space in spaces.get(prefix, (b"",)))

    result = bytearray(packet)
    at = 0
    while found := _START.search(packet, at):
        at = found.end()
        if goes(found[1], found[2]):
            if not found[3].endswith(b"/"):
                end = b"</" + (found[1] + b":" if found[1] else b"") + found[2]
                close = packet.find(end, at)
                at = packet.find(b">", close + len(end)) + 1 if close >= 0 else len(packet)
                at = at or len(packet)
            _blank(result, found.start(), at)
            continue
        for attribute in _ATTRIBUTE.finditer(packet, found.start(3), found.end(3)):
            if goes(attribute[1], attribute[2]):
                _blank(result, attribute.start(), attribute.end())
    return bytes(result)


def _blank(packet: bytearray, start: int, end: int) -> None:
    packet[start:end] = b" " * (end - start)
