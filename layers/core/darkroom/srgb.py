"""sRGB by NumPy alone: its curve (IEC 61966-2-1), in the precision of what it is given, what its channels weigh, and
the highest and the lowest of them.

`darkroom.color.conversions` has the curve fast, for pictures.
"""

from __future__ import annotations

import math

import numpy as np

from darkroom.picture import Array

LUMA = (0.299, 0.587, 0.114)
LUMA_WEIGHTS = np.array(LUMA, np.float32)
"""Y' of ITU-R BT.601, for encoded (gamma-corrected) R'G'B', as in JFIF."""

LUMINANCE = (0.212671, 0.715160, 0.072169)
LUMINANCE_WEIGHTS = np.array(LUMINANCE, np.float32)
"""Y of ITU-R BT.709 (the primaries of sRGB), for linear RGB."""


def srgb_to_linear_exact(encoded: Array | float) -> Array:
    """The decoding function of IEC 61966-2-1, for tables and samples: float64, or float32 of float32."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb_exact(linear: Array | float) -> Array:
    """The encoding function of IEC 61966-2-1, the reverse of `srgb_to_linear_exact`; below 0 counts as 0."""
    linear = np.maximum(linear, 0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def cast_degrees(illuminant: Array) -> float:
    """The angle between an illuminant (linear RGB) and grey, in degrees: 0 for no cast, 54.7 for a single primary."""
    cosine = float(np.sum(illuminant)) / (math.sqrt(3) * float(np.linalg.norm(illuminant)))
    return math.degrees(math.acos(min(cosine, 1.0)))


def highest(colors: Array) -> Array:
    """Over the last axis, of three; NumPy's own reduction over so short an axis takes ten times as long."""
    return np.maximum(np.maximum(colors[..., 0], colors[..., 1]), colors[..., 2])


def lowest(colors: Array) -> Array:
    return np.minimum(np.minimum(colors[..., 0], colors[..., 1]), colors[..., 2])
