"""The sRGB curve in float64 (IEC 61966-2-1), for tables and single values. `darkroom.color` has it for pictures."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array


def srgb_to_linear_exact(encoded: Array | float) -> Array:
    """The decoding function of IEC 61966-2-1 in float64."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb_exact(linear: Array | float) -> Array:
    """The encoding function of IEC 61966-2-1 in float64; below 0 counts as 0."""
    linear = np.maximum(linear, 0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
