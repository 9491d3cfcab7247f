"""JPEG's quantisation of luminance, by NumPy alone."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array

# ITU-T T.81 (1992), table K.1, which most encoders scale.
LUMA_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float64,
)


def luma_table(quality: int) -> Array:
    """The table that libjpeg uses at a quality, 1–100.

    8x8 float64: quantisation steps in levels of 255, frequency down by frequency across.
    """
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((LUMA_TABLE * scale + 50) / 100), 1, 255)
