"""The photograph that is measured on."""

from __future__ import annotations

import math

import numpy as np
import skimage.data
from PIL import Image

from darkroom.picture import Array


def photo(megapixels: float, bits: int = 8, noise: float = 2) -> Array:
    """A photograph of 4:3, enlarged, then with noise (levels of 255); 2 are those of a camera at base sensitivity.

    HxWx3, ``uint8`` or ``uint16`` (with noise in the low byte as well); the same one every time.
    """
    height = round(math.sqrt(megapixels * 1e6 * 3 / 4))
    size = (round(height * 4 / 3), height)
    enlarged = np.asarray(Image.fromarray(skimage.data.astronaut()).resize(size, Image.Resampling.LANCZOS))
    result = np.empty(enlarged.shape, np.uint16 if bits == 16 else np.uint8)
    random = np.random.default_rng(0)
    scale = np.float32(257 if bits == 16 else 1)
    for row in range(0, height, 256):
        rows = enlarged[row : row + 256]
        noisy = rows + np.float32(noise) * random.standard_normal(rows.shape, np.float32)
        result[row : row + 256] = np.rint(np.clip(noisy, 0, 255) * scale)
    return result
