"""Gain maps in HEIC and AVIF: an item of their own, which a decoder is shown as if it were the file's picture.

Sources: ISO/IEC 23008-12 (``tmap``, auxiliary pictures), ISO 21496-1 (its parameters), Apple's HDRGainMap.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from darkroom.codec import isolated, jpeg, xmp
from darkroom.codec.boxes import Items
from darkroom.codec.color import full_range
from darkroom.errors import ImageRejected

APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
_AUXILIARY = "http://ns.apple.com/pixeldatainfo/1.0/"
_XMP_TYPE = b"application/rdf+xml"
_KNOWN = (b"alpha", b"depth", b"hdrgainmap", b":auxid:")
_NOTHING = b"free"
"""A type that readers pass over."""

_MOST_BRANDS = 512
"""Bytes of the first box, which says what the file is like."""

_QUALITY = 95


def find(file: Items) -> tuple[int, bytes]:
    """The item that is the picture's gain map, and ISO's parameters of it (empty where it has Apple's alone); 0 where
    there is none."""
    for item, kind in file.kinds.items():
        made_of = [to for what, source, to in file.references if what == b"dimg" and source == item]
        if kind == b"tmap" and len(made_of) == 2 and made_of[0] == file.primary:
            return made_of[1], (file.content(item) or b"")[1:]  # behind the version of the item
    for what, source, to in file.references:
        if what == b"auxl" and to == file.primary and APPLE in (file.of(source, b"auxC") or b""):
            return source, b""
    return 0, b""


def is_readable(file: Items) -> bool:
    """Whether there is one that belongs to the picture as it is shown: not to one that this was cut out of."""
    return find(file)[0] in file.places and file.aperture is None


def auxiliaries(file: Items) -> list[str]:
    """Sentences on pictures beside the picture that have no place in a result."""
    mapped = b"tmap" in file.kinds.values() or APPLE in file.auxiliaries
    found = {
        "a gain map (HDR)": mapped and not is_readable(file),
        "a depth map": any(b"depth" in urn for urn in file.auxiliaries),
        "other auxiliary pictures": any(not any(known in urn for known in _KNOWN) for urn in file.auxiliaries),
    }
    return [f"{what} in the file was left out" for what, there in found.items() if there]


def as_jpeg(name: str, file: Items) -> bytes:
    """A file's gain map as JPEGs have theirs, with its parameters; nothing where it cannot be read.

    name: HEIF or AVIF. A map that the file says how to turn is turned in HEIC, and not in AVIF, as its picture is.
    """
    item, parameters = find(file)
    try:
        samples, mode = isolated.load(name, _with_primary(file, item))
    except (ImageRejected, OverflowError, KeyError):
        return b""
    depth = mode.partition(";")[2].rstrip("L")
    pixels = full_range(samples, int(depth) if depth else 8, np.uint8)
    if pixels.ndim == 3 and (pixels.shape[2] < 3 or np.ptp(pixels[..., :3], axis=2).max() <= 1):
        pixels = pixels[..., 0]  # of one channel, though it is stored as colour
    segments = [jpeg.segment(jpeg.APP2, jpeg.ISO_GAIN_MAP + parameters)] if parameters else []
    if not parameters:
        segments.append(jpeg.segment(jpeg.APP1, jpeg.XMP + _packet(file, item)))
    body = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels)).save(
        body, "JPEG", quality=_QUALITY, subsampling=0, optimize=True
    )
    data = body.getvalue()
    return data[:2] + b"".join(segments) + data[2:]


def without(file: Items) -> bytes:
    """The file, of the same length, without what its gain map makes of its picture: a reader that does not understand
    that refuses all of it."""
    if b"tmap" not in file.kinds.values():
        return file.data
    data = bytearray(file.data)
    for at in range(8, min(int.from_bytes(data[:4]), _MOST_BRANDS) - 3, 4):
        if data[at : at + 4] == b"tmap":
            data[at : at + 4] = b"mif1"
    for item, kind in file.kinds.items():
        if kind == b"tmap":
            place = file.headers[item][1]
            data[place : place + 4] = _NOTHING
    return bytes(data)


def _with_primary(file: Items, item: int) -> bytes:
    """The file with another item for its picture, which no other one refers to."""
    data = bytearray(without(file))
    at, size = file.primary_at
    data[at : at + size] = item.to_bytes(size)
    for place, kind in file.pointers:
        if kind != b"dimg":
            data[place : place + 4] = _NOTHING
    data[file.headers[item][0]] &= 0xFE  # not hidden
    return bytes(data)


def _packet(file: Items, item: int) -> bytes:
    """The map's own XMP, which says by Apple's name what it is."""
    sources = [source for what, source, to in file.references if what == b"cdsc" and to == item]
    own = next((file.content(each) for each in sources if file.mimes.get(each) == _XMP_TYPE), None)
    if own is not None and APPLE in own:
        return own
    description = (
        f'<rdf:Description rdf:about="" xmlns:rdf="{xmp.RDF}" xmlns:apdi="{_AUXILIARY}" '
        f'apdi:AuxiliaryImageType="{APPLE.decode()}"/>'
    )
    return xmp.added(own, description) or xmp.added(None, description) or b""
