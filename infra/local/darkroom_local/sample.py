"""The demo's photo: a good one, spoiled in a stated way, so that anyone can see what is mended and what is not."""

from __future__ import annotations

import io

import numpy as np
import skimage.data
from PIL import Image

from darkroom.picture import Array
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact

EXPOSURE_EV = -2.0
CAST = (1.25, 1.0, 0.62)
"""Gains of red, green and blue: daylight film under a warm lamp."""
FULL_WELL_ELECTRONS = 1000.0
READ_NOISE_ELECTRONS = 6.0
"""A small sensor at a high ISO."""
JPEG_QUALITY = 92

STORY = (
    f"{-EXPOSURE_EV:g} EV too dark, red ×{CAST[0]:g} and blue ×{CAST[2]:g}, "
    f"sensor noise of {FULL_WELL_ELECTRONS:,.0f} electrons full well"
)


def spoiled_photo() -> bytes:
    """A JPEG of NASA's portrait of Eileen Collins (public domain, in scikit-image), spoiled as `STORY` says."""
    buffer = io.BytesIO()
    photo = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    Image.fromarray(spoil(photo)).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def spoil(image: Array, seed: int = 1) -> Array:
    """Underexpose, tint and add noise in linear light, as a camera would have. HxWx3 ``uint8`` in, the same out."""
    rng = np.random.default_rng(seed)
    linear = srgb_to_linear_exact(image / 255.0) * 2.0**EXPOSURE_EV * np.array(CAST)
    electrons = rng.poisson(linear * FULL_WELL_ELECTRONS) + rng.normal(0, READ_NOISE_ELECTRONS, image.shape)
    encoded = linear_to_srgb_exact(np.clip(electrons / FULL_WELL_ELECTRONS, 0, 1))
    return np.rint(encoded * 255).astype(np.uint8)
