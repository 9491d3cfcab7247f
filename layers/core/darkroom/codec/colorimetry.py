"""Colour that a file tells without an ICC profile: in PNG's chunks, BMP's header, and the tags of TIFF and EXIF.

Sources: W3C PNG, third edition (4.3 and table 14: cICP before iCCP before sRGB before gAMA and cHRM); Exif 3.0 and DCF
2.0 (ColorSpace and interoperability R03, which is Adobe RGB); TIFF 6.0 (section 20); Microsoft's BITMAPV5HEADER.
"""

from __future__ import annotations

import struct

from darkroom.codec import chunks, cicp
from darkroom.codec.chunks import Png
from darkroom.codec.cicp import Space
from darkroom.codec.exif import Block

_MAX_PROFILE = 8 << 20
_COLOR_SPACE, _INTEROP_INDEX, _GAMMA = 0xA001, 1, 0xA500
_WHITE_POINT, _PRIMARIES = 318, 319
_SRGB, _ADOBE, _UNCALIBRATED = 1, 2, 0xFFFF


def of_png(png: Png) -> tuple[bytes | None, Space | None, list[str]]:
    """The profile or the space that a PNG names (None of both where it is silent), and notes on what is not clear."""
    notes = []
    numbers = png.sound(b"cICP")
    if b"cICP" in png.first and (numbers is None or len(numbers) != 4):
        notes.append("the PNG's cICP was ignored: it is damaged")
    elif numbers is not None:
        primaries, transfer, matrix, full = numbers
        if matrix == 0 and full <= 1:
            space, note = cicp.of_code_points(primaries, transfer, full_range=bool(full))
            return None, space or cicp.SRGB_SPACE, [note] if note else []
        notes.append(f"the PNG's cICP with matrix {matrix} was ignored: PNG holds RGB alone")
    packed = png.sound(b"iCCP")
    if packed is not None:
        profile = chunks.inflated(packed.partition(b"\0")[2][1:], _MAX_PROFILE)
        if profile:
            return profile, None, notes
        notes.append("the ICC profile was ignored: it is damaged")
    if b"sRGB" in png.first:
        return None, cicp.SRGB_SPACE, notes
    try:
        return None, cicp.of_measures(_chromaticities(png.sound(b"cHRM")), _exponent(png.sound(b"gAMA"))), notes
    except ValueError as error:
        return None, None, [*notes, f"the PNG's gAMA or cHRM was ignored: {error}"]


def _exponent(content: bytes | None) -> float | None:
    if content is None or len(content) != 4:
        return None
    value = int.from_bytes(content)
    if not value:
        raise ValueError("a gamma of 0 makes no sense")
    return 100_000 / value


def _chromaticities(content: bytes | None) -> cicp.Chromaticities | None:
    if content is None or len(content) != 32:
        return None
    white, red, green, blue = ((x / 100_000, y / 100_000) for x, y in struct.iter_unpack(">II", content))
    return red, green, blue, white


def space_of(block: Block) -> tuple[Space | None, tuple[str, ...]]:
    """The space that the tags of a TIFF or of EXIF tell, None for sRGB, and a note where they leave it open."""
    stated = block.number("exif", _COLOR_SPACE)
    index = block.value("interop", _INTEROP_INDEX)
    by_index = index.rstrip(b"\0 ") if isinstance(index, bytes) else b""
    if stated == _ADOBE or (stated in (None, _UNCALIBRATED) and by_index == b"R03"):
        return cicp.adobe_rgb(), ()
    if stated == _SRGB or by_index == b"R98":
        return None, ()
    gamma = block.number("exif", _GAMMA)
    try:
        space = cicp.of_measures(_by_tags(block), float(gamma) if gamma else None)
    except ValueError as error:
        return None, (f"the primaries among the tags were ignored: {error}",)
    if space is None and stated is not None:
        return None, ("EXIF says that the colours are not sRGB, but not what they are: they were taken for sRGB",)
    return space, ()


def _by_tags(block: Block) -> cicp.Chromaticities | None:
    white, primaries = block.value("image", _WHITE_POINT), block.value("image", _PRIMARIES)
    if white is None or primaries is None or len(white) != 2 or len(primaries) != 6:
        return None
    x = [float(value) for value in (*primaries, *white)]
    return (x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7])


def of_bmp(data: bytes) -> tuple[bytes | None, Space | None, list[str]]:
    """Profile, space and notes of a BMP, of versions 4 and 5."""
    size = int.from_bytes(data[14:18], "little")
    if size < 108 or len(data) < 14 + size:
        return None, None, []
    kind = data[70:74]
    if kind == b"DEBM" and size >= 124:  # PROFILE_EMBEDDED, little-endian
        start, length = struct.unpack_from("<II", data, 14 + 112)
        profile = data[14 + start : 14 + start + length]
        whole = profile and len(profile) == length
        return (profile, None, []) if whole else (None, None, ["the ICC profile was ignored: it is damaged"])
    if kind == b"KNIL":
        return None, None, ["the ICC profile lies in another file, and was not heard"]
    if kind != b"\0\0\0\0":  # LCS_CALIBRATED_RGB is 0; sRGB, Windows' own and whatever else count as sRGB
        return None, None, []
    endpoints = struct.unpack_from("<9i", data, 14 + 60)
    gammas = struct.unpack_from("<3I", data, 14 + 96)
    if not any(endpoints):
        return None, None, []
    try:
        columns = [[value / (1 << 30) for value in endpoints[at : at + 3]] for at in (0, 3, 6)]
        exponent = sum(gammas) / 3 / 65536
        return None, cicp.of_measures(_from_xyz(columns), exponent or None), []
    except (ValueError, ZeroDivisionError) as error:
        return None, None, [f"the primaries in the BMP's header were ignored: {error}"]


def _from_xyz(columns: list[list[float]]) -> cicp.Chromaticities:
    white = [sum(axis) for axis in zip(*columns, strict=True)]
    red, green, blue, white_xy = ((x / (x + y + z), y / (x + y + z)) for x, y, z in (*columns, white))
    return red, green, blue, white_xy
