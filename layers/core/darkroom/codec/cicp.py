"""Colour told by numbers: what primaries and transfer functions mean, and how their light becomes sRGB's.

A `Space` is what a file says of its samples without an ICC profile: by H.273's code points (AVIF, HEIC, PNG's cICP),
or by chromaticities and a gamma (PNG's cHRM and gAMA, TIFF, EXIF, BMP).

Sources: ITU-T H.273 (tables 2 and 3), ITU-R BT.2100 (PQ and HLG), ITU-R BT.2408 (reference white), W3C PNG, third
edition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from darkroom.codec import icc
from darkroom.picture import Array

REFERENCE_WHITE = 203.0
"""cd/m² of diffuse white in a picture of high dynamic range (BT.2408): it becomes white of sRGB."""

HLG_PEAK = 1000.0
"""cd/m² of the display for which HLG is shown; 75 % of its signal are then the reference white (BT.2408)."""

PQ, HLG, LINEAR, SRGB = 16, 18, 8, 13
UNSPECIFIED = 2

_D65, _C, _E, _DCI = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
Chromaticities = tuple[tuple[float, float], ...]
"""x, y of red, green, blue and white."""

BT709: Chromaticities = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
ADOBE_RGB: Chromaticities = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), _D65)
_SMPTE: Chromaticities = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)

_PRIMARIES: Mapping[int, tuple[str, Chromaticities]] = {
    1: ("BT.709", BT709),
    4: ("BT.470 M", ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C)),
    5: ("BT.601 (625 lines)", ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65)),
    6: ("BT.601 (525 lines)", _SMPTE),
    7: ("SMPTE 240M", _SMPTE),
    8: ("film", ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C)),
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)),
    10: ("CIE XYZ", ((1, 0), (0, 1), (0, 0), _E)),
    11: ("DCI-P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI)),
    12: ("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)),
    22: ("EBU 3213", ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65)),
}
_SAME_PRIMARIES = 2e-3  # writers round: sRGB's own are given with two to five digits


def _camera(
    encoded: Array, alpha: float = 1.09929682680944, beta: float = 0.018053968510807, toe: float = 4.5
) -> Array:
    """The inverse of a camera's curve with a straight part: BT.709, BT.601 and BT.2020 share one."""
    curve = ((encoded + alpha - 1) / alpha) ** (1 / 0.45)
    return np.where(encoded >= toe * beta, curve, encoded / toe)


def _mirrored(curve: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A curve that goes on below 0 as above it, of which pictures hold the part from 0 on."""
    return lambda encoded: np.sign(encoded) * curve(np.abs(encoded))


def _pq(encoded: Array) -> Array:
    """SMPTE ST 2084: cd/m², as parts of the reference white."""
    power = encoded ** (1 / 78.84375)
    light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    return np.asarray(light * (10_000 / REFERENCE_WHITE))


def _hlg(encoded: Array) -> Array:
    """Light of the scene in 0–1, before the display's own function."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(encoded <= 0.5, encoded**2 / 3, (np.exp((encoded - c) / a) + b) / 12)


def gamma(exponent: float) -> Callable[[Array], Array]:
    return lambda encoded: encoded**exponent


# Encoded values in 0–1 to light; of PQ relative to the reference white.
_TRANSFERS: Mapping[int, tuple[str, Callable[[Array], Array]]] = {
    **dict.fromkeys((1, 6, 14, 15), ("BT.709's curve", _camera)),
    4: ("gamma 2.2", gamma(2.2)),
    5: ("gamma 2.8", gamma(2.8)),
    7: ("SMPTE 240M's curve", lambda encoded: _camera(encoded, 1.111572195921731, 0.022821585529445, 4.0)),
    8: ("linear", lambda encoded: encoded),
    9: ("logarithmic", lambda encoded: np.where(encoded > 0, 10 ** (2 * (encoded - 1)), 0)),
    10: ("logarithmic", lambda encoded: np.where(encoded > 0, 10 ** (2.5 * (encoded - 1)), 0)),
    11: ("xvYCC's curve", _mirrored(_camera)),
    12: ("BT.1361's curve", _camera),
    13: ("", icc.srgb_to_linear),
    16: ("PQ", _pq),
    17: ("ST 428's curve", lambda encoded: encoded**2.6 * (52.37 / 48)),
    18: ("HLG", _hlg),
}


@dataclass(frozen=True, slots=True)
class Space:
    """What samples mean: `name` for people, chromaticities, and the curve from encoded values in 0–1 to light.

    hdr: "pq" or "hlg" where light goes past reference white. full_range: False where black is 16 and white 235.
    """

    name: str
    chromaticities: Chromaticities = BT709
    curve: Callable[[Array], Array] = icc.srgb_to_linear
    hdr: str = ""
    full_range: bool = True

    @property
    def is_srgb(self) -> bool:
        return self.full_range and self.curve is icc.srgb_to_linear and same(self.chromaticities, BT709)

    def to_srgb_matrix(self) -> Array:
        """3x3: linear light of this space to sRGB's; white stays white."""
        matrix = np.linalg.inv(icc.SRGB_COLORANTS) @ icc.colorants(*self.chromaticities)
        return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))

    def luminance(self) -> Array:
        """What red, green and blue add to luminance."""
        return icc.luminance(*self.chromaticities)


SRGB_SPACE = Space("sRGB")


def of_code_points(primaries: int, transfer: int, *, full_range: bool = True) -> tuple[Space | None, str | None]:
    """The space that H.273's numbers name, None where it is sRGB, and a note on a number that is not understood.

    What is unspecified (2) counts as sRGB's, as in every reader.
    """
    unknown = [
        f"{what} {value}"
        for what, value, table in (("primaries", primaries, _PRIMARIES), ("transfer", transfer, _TRANSFERS))
        if value != UNSPECIFIED and value not in table
    ]
    note = f"colour {' and '.join(unknown)} is not known and was taken for sRGB's" if unknown else None
    gamut, chromaticities = _PRIMARIES.get(primaries, _PRIMARIES[1])
    encoding, curve = _TRANSFERS.get(transfer, _TRANSFERS[SRGB])
    name = " ".join(part for part in (gamut, encoding) if part)
    hdr = {PQ: "pq", HLG: "hlg"}.get(transfer, "")
    space = Space(name, chromaticities, curve, hdr, full_range)
    return (None if space.is_srgb else space), note


def of_measures(chromaticities: Chromaticities | None, exponent: float | None) -> Space | None:
    """The space of chromaticities and a decoding exponent, each None where the file does not say; None for sRGB.

    An exponent of 2.2 with the primaries of sRGB is how writers said sRGB before there was a word for it.

    Raises ValueError for numbers that make no sense.
    """
    if exponent is not None and not 0.1 <= exponent <= 10:
        raise ValueError(f"a gamma of {exponent:.4g} makes no sense")
    chromaticities = chromaticities or BT709
    _check_chromaticities(chromaticities)
    plain = same(chromaticities, BT709)
    if plain and (exponent is None or abs(exponent - 2.2) < 0.02):
        return None
    name = next((name for name, known in _NAMED.items() if same(chromaticities, known)), "primaries of its own")
    if exponent is None:
        return Space(name, chromaticities)
    return Space(f"{name}, gamma {exponent:.2g}", chromaticities, gamma(exponent))


def _check_chromaticities(chromaticities: Chromaticities) -> None:
    """Raise ValueError for primaries that lie on one line, or a white without light."""
    rows = np.array([(x, y, 1 - x - y) for x, y in chromaticities])
    if not np.isfinite(rows).all() or np.abs(rows).max() > 3 or rows[3, 1] < 0.01:
        raise ValueError("its primaries make no sense")
    if abs(np.linalg.det(rows[:3])) < 1e-3 or (np.linalg.solve(rows[:3].T, rows[3]) <= 0).any():
        raise ValueError("its primaries make no sense")


def adobe_rgb() -> Space:
    return Space("Adobe RGB (1998)", ADOBE_RGB, gamma(563 / 256))


def same(one: Chromaticities, other: Chromaticities) -> bool:
    return bool(np.abs(np.subtract(one, other)).max() < _SAME_PRIMARIES)


_NAMED = {"Adobe RGB": ADOBE_RGB} | dict(_PRIMARIES.values())


def displayed(light: Array, weights: Array) -> Array:
    """HLG's light of the scene to that of a display of `HLG_PEAK`, as parts of the reference white (BT.2100, OOTF)."""
    luminance = light @ weights
    gain = np.maximum(luminance, 1e-6) ** np.float32(0.2) * np.float32(HLG_PEAK / REFERENCE_WHITE)
    return np.asarray(light * gain[..., None])


def rolled_off(light: Array) -> Array:
    """Linear light of which 1 is reference white to what a display of standard range shows, in 0–1 of the same space.

    Up to reference white all stays as it is, so that the picture looks as its sibling of standard range. Above, the
    hue stays and the colour goes the farther to white the lighter it is; no channel is simply cut off.
    """
    over = np.maximum(light.max(axis=-1, keepdims=True), 1)
    colour = light / over
    whiter = (over - 1) / (over + 3)
    return np.asarray(colour + (1 - colour) * whiter)
