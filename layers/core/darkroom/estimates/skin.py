"""Where there is skin: by colour, plainness and connected shape."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.algorithms.guided import guided
from darkroom.color.conversions import luma
from darkroom.kernels import loops
from darkroom.picture import Array
from darkroom.step import bands, from_float, to_float

# Cb and Cr of skin, JFIF, about 0: the middle and the axes of an ellipse that holds skin of all tones.
# Lightness tells skins apart, chroma hardly (Hsu, Abdel-Mottaleb and Jain, "Face Detection in Color Images", 2002).
CENTER = np.array([-0.078, 0.098], np.float32)
AXES = np.array([0.075, 0.03], np.float32)
"""Half axes of the ellipse: along the line from grey through the centre, and across it."""

DIRECTION = np.array([-0.61, 0.79], np.float32)
DARKEST, DARK = 0.12, 0.25
RADIUS, EPSILON = 6, 1e-3


def skin_likelihood(color: Array) -> Array:
    """How much each pixel's colour is that of skin, HxW float32 0–1, of HxWx3 float32 (sRGB-encoded)."""
    y = luma(color)
    cb = (color[..., 2] - y) * np.float32(1 / 1.772)
    cr = (color[..., 0] - y) * np.float32(1 / 1.402)
    # Chroma grows with lightness, though less than in proportion; so dark and light skin come to the same place.
    scale = np.sqrt(np.float32(0.6) / np.clip(y, 0.1, 0.9))
    cb, cr = cb * scale - CENTER[0], cr * scale - CENTER[1]
    along = (cb * DIRECTION[0] + cr * DIRECTION[1]) / AXES[0]
    across = (cb * DIRECTION[1] - cr * DIRECTION[0]) / AXES[1]
    distance = along * along + across * across
    by_color = np.clip(2 - distance, 0, 1)
    by_light = np.clip((y - np.float32(DARKEST)) / np.float32(DARK - DARKEST), 0, 1)
    return np.asarray(by_color * by_light, np.float32)


def skin_mask(color: Array) -> Array:
    """The mask of skin, HxW float32 0–1, exactly 0 off it.

    Single pixels and gaps are removed, the border follows the picture's edges (guided filter), and what is weak becomes
    0.
    """
    likelihood = skin_likelihood(color)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    likelihood = cv2.morphologyEx(likelihood, cv2.MORPH_OPEN, kernel)
    mask = guided(likelihood, luma(color), RADIUS, EPSILON)
    return np.asarray(np.clip((mask - np.float32(0.25)) / np.float32(0.5), 0, 1))


def spare_skin(result: Array, plain: Array, share: float) -> None:
    """Take a share, 0–1, of what was done to skin back, in place: by its colour alone, so that no border shows.

    result, plain: HxWx3 of one dtype, after and before.
    """
    if loops.available() and result.flags.c_contiguous and plain.flags.c_contiguous:
        along, across = DIRECTION / AXES[0], np.array([-DIRECTION[1], DIRECTION[0]]) / AXES[1]
        skin = np.array([*CENTER, *along, *across, DARKEST, 1 / (DARK - DARKEST)], np.float32)
        loops.spare_skin(result, plain, skin, share)
        return
    for rows, _, _ in bands(plain.shape, 0):
        before, after = to_float(plain[rows]), to_float(result[rows])
        spared = (np.float32(share) * skin_likelihood(before))[..., None]
        result[rows] = from_float(after + spared * (before - after), plain.dtype)
