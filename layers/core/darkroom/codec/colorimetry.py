"""Colour that a file tells without an ICC profile: in PNG's chunks, BMP's header, and the tags of TIFF and EXIF.

Sources: W3C PNG, third edition (4.3 and table 14: cICP before iCCP before sRGB before gAMA and cHRM); Exif 3.0 and DCF
2.0 (ColorSpace and interoperability R03, which is Adobe RGB); TIFF 6.0 (section 20); Microsoft's BITMAPV5HEADER.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from darkroom.codec import chunks, cicp
from darkroom.codec.chunks import Png
from darkroom.codec.cicp import Space
from darkroom.codec.exif import SHORT, Block
from darkroom.codec.icc import srgb_to_linear
from darkroom.picture import Array

_MAX_PROFILE = 8 << 20
_COLOR_SPACE, _INTEROP_INDEX, _GAMMA = 0xA001, 1, 0xA500
_WHITE_POINT, _PRIMARIES, _TRANSFER, _BLACK_WHITE, _PHOTOMETRIC, _BITS = 318, 319, 301, 532, 262, 258
_RGB, _YCBCR = 2, 6
_TABLES = {256: 1, 768: 3, 65_536: 1, 196_608: 3}
"""By a TransferFunction's entries, for 8 and 16 bits: how many curves they are."""

_SAME_CURVE = 2e-3
_PLAIN = cicp.Space("BT.709")
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
    if png.sound(b"sRGB") is not None:
        return None, cicp.SRGB_SPACE, notes
    try:
        said = _chromaticities(png.sound(b"cHRM")), _exponent(png.sound(b"gAMA"))
        return None, cicp.of_measures(*said) or (cicp.SRGB_SPACE if any(said) else None), notes
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
        curve = _transfer(block)
        if curve is not None:
            space = replace(space or cicp.SRGB_SPACE, name=f"{(space or _PLAIN).name}, a curve of its own", curve=curve)
        if _is_narrow(block):
            space = replace(space or cicp.SRGB_SPACE, name=f"{(space or _PLAIN).name}, 16 to 235", full_range=False)
    except ValueError as error:
        return None, (f"what the tags say of colour was ignored: {error}",)
    if space is None and stated is not None:
        return None, ("EXIF says that the colours are not sRGB, but not what they are: they were taken for sRGB",)
    return space, ()


def _by_tags(block: Block) -> cicp.Chromaticities | None:
    white, primaries = block.value("image", _WHITE_POINT), block.value("image", _PRIMARIES)
    if white is None or primaries is None or len(white) != 2 or len(primaries) != 6:
        return None
    x = [float(value) for value in (*primaries, *white)]
    return (x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7])


def _transfer(block: Block) -> Callable[[Array], Array] | None:
    """The curve of the tag TransferFunction: a table of light for each level, once or for each channel; None without
    one, and for sRGB's. Raises ValueError for what makes no sense, or differs between channels."""
    entry = block.entry("image", _TRANSFER)
    if entry is None:
        return None
    tables = _TABLES.get(entry.count)
    if entry.kind != SHORT or tables is None:
        raise ValueError("its TransferFunction makes no sense")
    light = np.frombuffer(block.content(entry), f"{block.order}u2").reshape(tables, -1) / 65535
    if np.abs(light - light[0]).max() > _SAME_CURVE:
        raise ValueError("the curves of its TransferFunction differ between channels")
    table = light[0][::-1] if block.number("image", _PHOTOMETRIC) == 0 else light[0]
    levels = np.linspace(0, 1, table.size)
    if table[-1] < _SAME_CURVE or (np.diff(table) < 0).any():
        raise ValueError("its TransferFunction makes no sense")
    if np.abs(table - srgb_to_linear(levels)).max() < _SAME_CURVE:
        return None
    return lambda encoded: np.interp(encoded, levels, table)


def _is_narrow(block: Block) -> bool:
    """Whether black is 16 and white 235 (of 8 bits) by the tag ReferenceBlackWhite. Raises ValueError for others."""
    said = block.value("image", _BLACK_WHITE)
    photometric, bits = block.number("image", _PHOTOMETRIC), int(block.number("image", _BITS) or 8)
    if not said or len(said) != 6 or bits not in (8, 16) or photometric not in (_RGB, _YCBCR):
        return False
    scale = 1 << bits - 8
    if all(value == 0 for value in said[::2]) or (photometric == _YCBCR and said[0] == 0):
        return False
    if photometric == _RGB and tuple(said) == (16 * scale, 235 * scale) * 3:
        return True
    raise ValueError("its ReferenceBlackWhite is not known")


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
