"""ICC profiles: read as far as exact arithmetic needs (matrix and tone curves), and built for what is written.

Source: ICC.1:2022 (profile version 4.4).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from darkroom.picture import Array
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact

srgb_to_linear, linear_to_srgb = srgb_to_linear_exact, linear_to_srgb_exact
"""The curve of `SRGB_CURVE` and its inverse, on any array of 0–1; float32 stays."""

SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""g, a, b, c, d: ``(a·x + b)^g`` from d on, ``c·x`` below (parametric curve type 3)."""

_D50 = (0.9642, 1.0, 0.8249)
D65 = (0.3127, 0.3290)
"""x, y of the white of sRGB."""

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def colorants(
    red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float], white: tuple[float, float] = D65
) -> Array:
    """XYZ (columns) of primaries given by x, y, with their white adapted to D50 as profiles hold it."""
    x, y = white
    light = (x / y, 1, (1 - x - y) / y)
    # X = x/y · Y; by x, y and z themselves, so that CIE XYZ's own primaries (y = 0) count too.
    columns = np.array([(x, y, 1 - x - y) for x, y in (red, green, blue)]).T
    return np.asarray(_to_d50(light) @ (columns * np.linalg.solve(columns, light)))


def luminance(*chromaticities: tuple[float, float]) -> Array:
    """The luminances of red, green and blue that make white of 1."""
    x, y = chromaticities[3]
    columns = np.array([(x, y, 1 - x - y) for x, y in chromaticities[:3]]).T
    return np.asarray(columns[1] * np.linalg.solve(columns, (x / y, 1, (1 - x - y) / y)))


def _to_d50(white: Sequence[float]) -> Array:
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ _D50 / (_BRADFORD @ white)) @ _BRADFORD)


_D65_TO_D50 = _to_d50((D65[0] / D65[1], 1.0, (1 - D65[0] - D65[1]) / D65[1]))

SRGB_COLORANTS = colorants((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
DISPLAY_P3_COLORANTS = colorants((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))

_MAX_CURVE_POINTS = 65_536
_COLORANTS_TOLERANCE = 2e-3  # writers round and adapt in slightly different ways; Adobe RGB is off by 0.17
_CURVE_TOLERANCE = 2e-3  # of linear light; a plain gamma of 2.2 is off by 0.005


class ProfileError(ValueError):
    """The profile is broken, or is of a kind that is not read here."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An ICC profile, taken apart.

    description: its name for people.
    space: the colour space of its pixels: "RGB", "GRAY", "CMYK", …
    connection: the profile connection space, "XYZ" or "Lab".
    tags: signature → content.
    """

    description: str
    space: str
    connection: str
    tags: Mapping[bytes, bytes]

    @property
    def is_matrix(self) -> bool:
        """True for RGB profiles that are wholly said by three colorants and three curves."""
        needed = {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
        return self.space == "RGB" and self.connection == "XYZ" and needed <= self.tags.keys() and not self._has_tables

    @property
    def is_gray_curve(self) -> bool:
        """True for grey profiles that are wholly said by one curve of luminance."""
        return self.space == "GRAY" and self.connection == "XYZ" and b"kTRC" in self.tags and not self._has_tables

    @property
    def _has_tables(self) -> bool:
        return any(tag.startswith((b"A2B", b"D2B")) for tag in self.tags)

    def colorants(self) -> Array:
        """3x3 of float64: linear RGB to XYZ (D50)."""
        return np.array([_xyz(self.tags[tag]) for tag in (b"rXYZ", b"gXYZ", b"bXYZ")], dtype=np.float64).T

    def curves(self, levels: int) -> list[Array]:
        """One table per channel: `levels` evenly spaced encoded values in 0–1 to linear light, float64."""
        tags = (b"kTRC",) if self.space == "GRAY" else (b"rTRC", b"gTRC", b"bTRC")
        encoded = np.linspace(0, 1, levels)
        return [np.clip(_curve(self.tags[tag], encoded), 0, 1) for tag in tags]

    def code_points(self) -> tuple[int, int] | None:
        """H.273's numbers of primaries and transfer, where the profile has them (ICC.1:2022, 9.2.17)."""
        tag = self.tags.get(b"cicp", b"")
        return (tag[8], tag[9]) if tag[:4] == b"cicp" and len(tag) >= 12 else None

    def is_srgb(self) -> bool:
        """Whether it says, in whatever words and roundings, what sRGB says (for grey: the curve alone)."""
        if not (self.is_matrix or self.is_gray_curve):
            return False
        wanted = srgb_to_linear(np.linspace(0, 1, 256))
        curves = self.curves(256)
        if any(np.abs(curve - wanted).max() > _CURVE_TOLERANCE for curve in curves):
            return False
        return self.space == "GRAY" or bool(np.abs(self.colorants() - SRGB_COLORANTS).max() < _COLORANTS_TOLERANCE)


def parse(data: bytes) -> Profile:
    """A profile, taken apart. Raises `ProfileError` for what is none."""
    try:
        size, count = struct.unpack_from(">I", data)[0], struct.unpack_from(">I", data, 128)[0]
        if data[36:40] != b"acsp" or size > len(data) or count > 200:
            raise ProfileError("not an ICC profile")
        tags = {}
        for index in range(count):
            name, start, length = struct.unpack_from(">4sII", data, 132 + 12 * index)
            if start + length > len(data):
                raise ProfileError(f"its tag {name!r} lies outside")
            tags[name] = data[start : start + length]
        space, connection = (data[at : at + 4].decode("ascii").strip() for at in (16, 20))
        profile = Profile(_text(tags.get(b"desc", b"")), space, connection, tags)
        if profile.is_matrix:
            _check_colorants(profile.colorants())
        if profile.is_matrix or profile.is_gray_curve:
            profile.curves(2)
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise ProfileError("it ends too early") from error
    return profile


def describe(data: bytes | None) -> str | None:
    """The description of a profile, "" for one that cannot be read, None for None."""
    if not data:
        return None
    try:
        return parse(data).description
    except ProfileError:
        return ""


def _check_colorants(colorants: Array) -> None:
    if not abs(float(np.linalg.det(colorants))) > 1e-4 or np.abs(colorants.sum(axis=1) - _D50).max() > 0.1:
        raise ProfileError("its primaries make no sense")


def _xyz(tag: bytes) -> tuple[float, ...]:
    if tag[:4] != b"XYZ ":
        raise ProfileError("its primaries are of an unknown type")
    return tuple(value / 65536 for value in struct.unpack_from(">3i", tag, 8))


def _curve(tag: bytes, x: Array) -> Array:
    """A tone curve (ICC.1, 10.6 and 10.18) at `x` in 0–1."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return x
        if count == 1:
            return np.asarray(x ** (struct.unpack_from(">H", tag, 12)[0] / 256))
        if count > _MAX_CURVE_POINTS or len(tag) < 12 + 2 * count:
            raise ProfileError("its tone curve is too short or too long")
        table = np.frombuffer(tag, dtype=">u2", count=count, offset=12) / 65535
        return np.interp(x, np.linspace(0, 1, count), table)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        if kind > 4:
            raise ProfileError("its tone curve is of an unknown type")
        values = [value / 65536 for value in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
        return _parametric(kind, values, x)
    raise ProfileError("its tone curve is of an unknown type")


def _parametric(kind: int, values: Sequence[float], x: Array) -> Array:
    """ICC.1 table 68: all five types in the form of the last, ``(a·x + b)^g + e`` from d on, ``c·x + f`` below."""
    g, *rest = values
    if g <= 0:
        raise ProfileError("its tone curve makes no sense")
    a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    match kind:
        case 1 | 2:
            a, b = rest[:2]
            if a == 0:
                raise ProfileError("its tone curve makes no sense")
            d = -b / a
            e = f = rest[2] if kind == 2 else 0.0
        case 3:
            a, b, c, d = rest
        case 4:
            a, b, c, d, e, f = rest
    return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)


def _text(tag: bytes) -> str:
    """The text of a description, of version 2 (desc) or 4 (mluc, its first language)."""
    if tag[:4] == b"desc":
        (length,) = struct.unpack_from(">I", tag, 8)
        text = tag[12 : 12 + length].decode("latin-1")
    elif tag[:4] == b"mluc":
        length, start = struct.unpack_from(">II", tag, 20)
        text = tag[start : start + length].decode("utf-16-be", "replace")
    else:
        text = ""
    return "".join(character for character in text if character.isprintable()).strip()[:100]


@cache
def srgb_profile() -> bytes:
    """sRGB, to embed in what is written: the same bytes always."""
    return rgb_profile("sRGB", SRGB_COLORANTS)


@cache
def srgb_gray_profile() -> bytes:
    """Grey with sRGB's curve, for grey pictures: readers refuse an RGB profile there."""
    return _build("sRGB grey", b"GRAY", {b"kTRC": _curve_tag(SRGB_CURVE)})


def rgb_profile(description: str, colorants: Array, curve: Sequence[float] = SRGB_CURVE) -> bytes:
    """A display profile of version 4 from D50-adapted colorants (columns) and a parametric curve (1 or 5 numbers)."""
    tags = {name: b"XYZ \0\0\0\0" + _fixed(*colorants[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return _build(description, b"RGB ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve_tag(curve))})


def _build(description: str, space: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    tags = {
        b"desc": _mluc(description),
        b"cprt": _mluc("No copyright, use freely"),
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        b"chad": b"sf32\0\0\0\0" + _fixed(*_D65_TO_D50.ravel()),
        **tags,
    }
    table, content, places = b"", b"", {}  # equal contents are stored once
    start = 132 + 12 * len(tags)
    for name, tag in tags.items():
        if tag not in places:
            places[tag] = start + len(content)
            content += tag + bytes(-len(tag) % 4)
        table += struct.pack(">4sII", name, places[tag], len(tag))
    header = struct.pack(
        ">I4sI4s4s4s6H4s28s12s48s",
        start + len(content),
        b"",
        0x04400000,  # version 4.4
        b"mntr",
        space,
        b"XYZ ",
        *(2026, 1, 1, 0, 0, 0),  # fixed, so that equal pictures make equal files
        b"acsp",
        b"",
        _fixed(*_D50),
        b"",
    )
    return header + struct.pack(">I", len(tags)) + table + content


def _fixed(*values: float) -> bytes:
    """s15Fixed16 numbers."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _curve_tag(values: Sequence[float]) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", 0 if len(values) == 1 else 3, 0) + _fixed(*values)


def _mluc(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
