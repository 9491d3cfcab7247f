"""Gain maps: found behind a JPEG's picture, or within a HEIC or AVIF (see `mapped_items`), and written behind a JPEG
that looks as that picture did.

A gain map says by how much each place of *its* picture is lighter on a display of high dynamic range. It is stretched
over the picture, so it holds for any size; it lies as soon as the picture has another tone, or shows something else.

Sources: ISO 21496-1, Ultra HDR Image Format 1.1, CIPA DC-007 (multi-picture format), Apple's HDRGainMap.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from darkroom.codec import coding, header, jpeg, xmp
from darkroom.codec.color import to_eight_bits
from darkroom.codec.jpeg import APP1, APP2, ICC, ISO_GAIN_MAP, MPF, ULTRA_HDR, XMP
from darkroom.codec.pixels import upright
from darkroom.errors import ImageRejected
from darkroom.picture import Array, GainMap, Metadata, Picture

MEAN_LEVELS, MOST_LEVELS = 1.0, 16
"""Levels of 8 bits by which the means of cells may move, on average and each: less than any change of tone that is
seen, more than noise, sharpness, another size and small repairs move them."""

_CELLS, _LEAST_CELL_PX = 32, 8
_CONTAINER = "http://ns.google.com/photos/1.0/container/"
_ENTRY = ">IIIHH"
_PRIMARY, _OTHER = 0x030000, 0
BROKEN = ("the gain map (HDR) is broken and was left out",)


def of(data: bytes, pixels: Array, orientation: int, *, srgb: bool) -> tuple[GainMap | None, tuple[str, ...]]:
    """The map of a picture, or a note that says why it goes.

    data: the map as it lies in the file. pixels: the picture, upright and sRGB, whose samples were turned by EXIF's
    `orientation`. srgb: whether they were sRGB in the file already.
    """
    file = jpeg.parse(data)
    frame = next(segment for segment in file.segments if segment.marker == file.frame)
    if frame.end - frame.start < 6:
        return None, BROKEN
    height, width, channels = struct.unpack_from(">HHB", data, frame.start + 1)
    if channels > 1 and not srgb:
        return None, ("the gain map (HDR) was left out: its three channels hold for the file's own colours alone",)
    body = file.essence()
    if orientation != 1:
        if width * height > pixels.shape[0] * pixels.shape[1]:
            return None, ("the gain map (HDR) was left out: it is larger than its picture, which was turned",)
        turned = _turned(body, orientation)
        if turned is None:
            return None, BROKEN
        body = turned
    own = [jpeg.segment(APP1, XMP + xmp.placeless(packet)) for packet in file.contents(APP1, XMP)]
    own += [jpeg.segment(APP2, ISO_GAIN_MAP + content) for content in file.contents(APP2, ISO_GAIN_MAP)]
    own += [jpeg.segment(APP2, ICC + part) for part in file.contents(APP2, ICC)]
    rows, columns = (min(max(side // _LEAST_CELL_PX, 1), _CELLS) for side in pixels.shape[:2])
    look = _look(pixels, columns, rows).tobytes()
    return GainMap(_with_segments(body, b"".join(own)), look, columns, rows), ()


def omitted(picture: Picture, format: str) -> str:
    """Why a result in this format lacks the picture's gain map; "" where it has it, or there is none."""
    meta = picture.metadata
    gain = meta.gain_map
    if gain is None:
        return ""
    if format != "jpeg":
        return f"the gain map (HDR) was left out: {format.upper()} is written without one"
    before = np.frombuffer(gain.look, np.uint8).reshape(gain.rows, gain.columns, 3).astype(int)
    moved = np.abs(_look(picture.pixels, gain.columns, gain.rows) - before)
    if moved.mean() > MEAN_LEVELS or moved.max() > MOST_LEVELS:
        return "the gain map (HDR) was left out: it holds for the picture as it was"
    if len(packet(meta) or b"") > xmp.MAX_BYTES:
        return f"the gain map (HDR) was left out: with it the XMP passes {xmp.MAX_BYTES:,} bytes"
    return ""


def packet(meta: Metadata) -> bytes | None:
    """The XMP of a result with its gain map, which Ultra HDR announces there."""
    gain = meta.gain_map
    if gain is None or not any(ULTRA_HDR in each for each in jpeg.parse(gain.jpeg).contents(APP1, XMP)):
        return meta.xmp
    item = '<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" Item:Semantic='
    description = (
        f'<rdf:Description rdf:about="" xmlns:rdf="{xmp.RDF}" xmlns:hdrgm="{ULTRA_HDR.decode()}" hdrgm:Version="1.0"'
        f' xmlns:Container="{_CONTAINER}" xmlns:Item="{_CONTAINER}item/"><Container:Directory><rdf:Seq>'
        f'{item}"Primary"/></rdf:li>{item}"GainMap" Item:Length="{len(gain.jpeg)}"/></rdf:li>'
        "</rdf:Seq></Container:Directory></rdf:Description>"
    )
    return xmp.added(meta.xmp, description) or xmp.added(None, description)


def joined(picture: bytes, gain: GainMap) -> bytes:
    """A JPEG with its gain map behind it, and the index (MPF) that leads there."""
    more = jpeg.segment(APP2, ISO_GAIN_MAP + bytes(4)) if jpeg.parse(gain.jpeg).contents(APP2, ISO_GAIN_MAP) else b""
    at = _place(picture) + len(more)
    index = struct.pack(">2sHIHHHI4s", b"MM", 42, 8, 3, 0xB000, 7, 4, b"0100")
    index += struct.pack(">HHIIHHII", 0xB001, 4, 1, 2, 0xB002, 7, 32, 50) + bytes(4)
    header = at + 4 + len(MPF)  # offsets count from here
    size = len(picture) + len(more) + 4 + len(MPF) + len(index) + 2 * struct.calcsize(_ENTRY)
    index += struct.pack(_ENTRY, _PRIMARY, size, 0, 0, 0)
    index += struct.pack(_ENTRY, _OTHER, len(gain.jpeg), size - header, 0, 0)
    return _with_segments(picture, more + jpeg.segment(APP2, MPF + index)) + gain.jpeg


def _look(pixels: Array, columns: int, rows: int) -> Array:
    """rows x columns x 3 means of ``uint8``."""
    image = Image.fromarray(to_eight_bits(pixels)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(image.convert("RGB"))


def _turned(data: bytes, orientation: int) -> bytes | None:
    """The map stood upright, with the tables that it had; None where it cannot be decoded."""
    try:
        with header.rejecting("gain map"):
            image = JpegImageFile(io.BytesIO(data))
            if image.mode not in ("L", "RGB"):
                return None
            tables, subsampling = coding.of_jpeg(image)
            if orientation >= 5:
                tables, subsampling = coding.turned(tables, subsampling)
            setting = {"qtables": coding.scaled(tables, 1), "subsampling": subsampling} if tables else {"quality": 95}
            result = io.BytesIO()
            Image.fromarray(upright(np.asarray(image), orientation)).save(result, "JPEG", **setting)
    except ImageRejected:
        return None
    return result.getvalue()


def _place(data: bytes) -> int:
    """The offset of the first segment that is no application's."""
    return next(each.at for each in jpeg.parse(data).segments if not 0xE0 <= each.marker <= 0xEF)


def _with_segments(data: bytes, segments: bytes) -> bytes:
    at = _place(data)
    return data[:at] + segments + data[at:]
