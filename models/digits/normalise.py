"""MNIST's own framing of a digit (LeCun et al., 1998): fitted into 20×20, centred by mass in 28×28.

`darkroom.digits.frame`, through which the network sees photographs, centres half a pixel further, as MNIST's own digits
are, and rounds where this cuts off. The committed network was trained with this one; a new training takes the other.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

FRAME = 28
BOX = 20


def frame(ink: np.ndarray) -> np.ndarray:
    """uint8 28×28 from ink of any size (float HxW in 0–1, 1 is ink, cut to its bounding box)."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = Image.fromarray(np.uint8(np.clip(ink, 0, 1) * 255)).resize(size, Image.Resampling.BOX)
    ink = np.asarray(small, np.float32)
    total = float(ink.sum())
    center_y, center_x = (size[1] - 1) / 2, (size[0] - 1) / 2
    if total > 0:
        center_y = float(ink.sum(axis=1) @ np.arange(size[1])) / total
        center_x = float(ink.sum(axis=0) @ np.arange(size[0])) / total
    top = min(max(round((FRAME - 1) / 2 - center_y), 0), FRAME - size[1])
    left = min(max(round((FRAME - 1) / 2 - center_x), 0), FRAME - size[0])
    framed = np.zeros((FRAME, FRAME), np.uint8)
    framed[top : top + size[1], left : left + size[0]] = ink
    return framed


def crop(ink: np.ndarray, threshold: float = 0.1) -> np.ndarray:
    """`ink` cut to the bounding box of what is above `threshold` (the whole where nothing is)."""
    rows, columns = np.nonzero(ink > threshold)
    if not len(rows):
        return ink
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
