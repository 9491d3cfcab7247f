"""Whether all of a picture is there, asked of its own data: what is damaged is told, and never passed over in silence.

Decoders fill what they lack with grey and say nothing. So the streams of JPEG are read by a decoder that stops at the
first thing it has to overlook (libjpeg-turbo through simplejpeg), whose pixels are the picture's where there is none;
those of PNG are counted where the file ends early.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
import simplejpeg

from darkroom.codec import cut
from darkroom.codec.chunks import Png
from darkroom.codec.contents import Contents
from darkroom.codec.formats import CALLED
from darkroom.codec.jpeg import Jpeg
from darkroom.errors import ImageRejected
from darkroom.picture import Array

_EOI = b"\xff\xd9"
_LAYOUTS = {"Gray": "GRAY", "RGB": "RGB", "YCbCr": "RGB"}
_PADDING = 3
"""Times that stuffing in front of a marker is taken away before the data counts as damaged."""

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def check(name: str, data: bytes, parts: Contents, *, partial: bool) -> tuple[str, ...]:
    """Notes on what is damaged without harm to a pixel. Raises `ImageRejected` for harm, told with the share that is
    lost where that can be known; with `partial`, what is there is decoded (JPEG, PNG, BMP and TIFF that are not
    packed), and a note tells that instead. Of JPEGs `parts` then have the pixels as well, but for kinds that the strict
    decoder does not read.
    """
    match name:
        case "JPEG":
            return _jpeg(parts, parts.parsed, partial)
        case "PNG":
            return _png(parts, parts.parsed, partial)
        case "WEBP" if not parts.ends_behind and len(data) < (whole := int.from_bytes(data[4:8], "little") + 8):
            raise ImageRejected("truncated", f"the WebP ends early: {len(data):,} of its {whole:,} bytes are there")
        case "WEBP" | "HEIF" | "AVIF" if parts.ends_behind:
            called = CALLED.get(name, name)
            return (
                f"the {called} ends early, behind its pixels, which are all there; what else it held there is lost",
            )
        case "BMP" | "TIFF" if partial:
            note = cut.filled(name, data, parts)
            return (note,) if note else ()
        case "BMP" if cut.is_short(name, data, parts):  # else its decoder will say so
            return ("the BMP ends within filling; its pixels are all there",)
    return ()


def mended(name: str, parts: Contents) -> str:
    """A note, where a decoder refused a PNG only for the checksum behind its pixels (Adler-32), which are all there:
    `parts` then have them packed anew. "" where that does not help."""
    if name != "PNG":
        return ""
    rows = parts.parsed.rows()
    if len(rows) < _needed(parts.parsed):
        return ""
    parts.essence = parts.parsed.essence(zlib.compress(rows, 1))
    return "the checksum behind the PNG's pixels is wrong; they are all there"


def _jpeg(parts: Contents, file: Jpeg, partial: bool) -> tuple[str, ...]:
    if not file.scans:
        raise ImageRejected("truncated", "the JPEG ends before its pixels begin")
    parts.pixels, complaint = _strictly(parts.essence)
    for _ in range(_PADDING):
        stuffed = re.search(r"(\d+) extraneous bytes before marker 0xd9", complaint)
        if not stuffed:
            break
        # Some cameras fill up in front of the end mark.
        shorter = parts.essence[: -2 - int(stuffed[1])]
        if parts.essence[len(shorter) : -2].strip(b"\0\xff"):
            break
        parts.essence = shorter + _EOI
        parts.pixels, complaint = _strictly(parts.essence)
    if not complaint and not file.ended and not file.is_complete:
        complaint = "premature end: scans are missing"
    if not complaint:
        return () if file.ended else ("the JPEG lacks its end mark (EOI); its pixels are all there",)
    there = _rows_there(parts.essence) if "remature" in complaint else None
    if there is None:
        what, lost = f"the JPEG's data is damaged ({complaint.lower()})", "how much of it is wrong cannot be known"
    elif len(file.scans) > 1:
        what, lost = f"the JPEG ends within or behind its scan {len(file.scans)}", "what later scans refine is lost"
    else:
        what, lost = f"the JPEG ends early: {there:.0%} of its rows are there", f"{1 - there:.0%} of it is lost"
    if not partial:
        raise ImageRejected("broken" if there is None else "truncated", what)
    return (f"{what}; {lost}",)


def _strictly(data: bytes) -> tuple[Array | None, str]:
    """A picture of grey or RGB by a strict decoder, and the first thing that it objects to; None and "" for kinds of
    JPEG that it does not read."""
    try:
        _, _, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        if space not in _LAYOUTS:
            _small(data, space, strict=True)
            return None, ""
        pixels = simplejpeg.decode_jpeg(data, _LAYOUTS[space], fastdct=False, fastupsample=False, strict=True)
        return (pixels[..., 0] if space == "Gray" else pixels), ""
    except (ValueError, MemoryError, KeyError) as error:  # KeyError: a subsampling that it has no name for
        found = re.search("(?:Corrupt JPEG data: |(?=Premature))(.*)", str(error))
        return None, found[1] if found else ""


def _small(data: bytes, space: str, *, strict: bool) -> Array:
    """A picture at an eighth of its size, in grey or CMYK."""
    wanted = "CMYK" if space in ("CMYK", "YCCK") else "GRAY"
    image: Array = simplejpeg.decode_jpeg(
        data, wanted, fastdct=True, fastupsample=True, min_height=1, min_width=1, min_factor=8, strict=strict
    )
    return image


def _rows_there(data: bytes) -> float | None:
    """The share of rows that do not depend on what would come behind the data."""
    try:
        _, _, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        other = np.random.default_rng(0).integers(0, 255, 1 << 14, np.uint8).tobytes()
        one, two = (
            _small(variant, space, strict=False) for variant in (data, data[:-2].rstrip(b"\xff") + other + _EOI)
        )
    except (ValueError, MemoryError, KeyError):
        return None
    differ = np.flatnonzero((one != two).reshape(len(one), -1).any(axis=1))
    return float(differ[0] / len(one)) if differ.size else 1.0


def _png(parts: Contents, file: Png, partial: bool) -> tuple[str, ...]:
    damaged = file.damaged()
    notes: tuple[str, ...] = ()
    if damaged:
        names = ", ".join(kind.decode("latin-1") for kind in damaged)
        notes = (f"fields of the PNG with a wrong checksum were ignored: {names}",)
    if not file.pixels:
        if file.ended:
            raise ImageRejected("broken", "the PNG has no pixels (IDAT)")
        raise ImageRejected("truncated", "the PNG ends before its pixels begin")
    if file.ended:
        return notes
    rows, needed = file.rows(), _needed(file)
    if len(rows) < needed:
        share = len(rows) / needed
        what = f"the PNG ends early: {share:.0%} of its pixels are there"
        if not partial:
            raise ImageRejected("truncated", what)
        notes = (*notes, f"{what}; {1 - share:.0%} of it is lost")
    else:
        notes = (*notes, "the PNG lacks its end (IEND); its pixels are all there")
    parts.essence = file.essence(zlib.compress(rows.ljust(needed, b"\0"), 1))
    return notes


def _needed(file: Png) -> int:
    """Bytes of all rows, unpacked, each with its filter's."""
    if not file.interlaced:
        return (file.row_bytes + 1) * file.height
    bits = file.row_bits // file.width
    total = 0
    for left, top, across, down in _ADAM7:
        columns, rows = -(-(file.width - left) // across), -(-(file.height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
