"""Photographs spoiled in stated ways at stated strengths: what the diagnosis is evaluated on and `auto` is measured on.

Each spoiler takes HxWx3 uint8 and a generator and gives HxWx3 in levels of 255, not yet rounded and clipped.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import numpy as np
from diagnosis.library import linear_to_srgb_exact, srgb_to_linear_exact
from PIL import Image
from scipy import ndimage


def spoil_photo(photo: np.ndarray, spoiler: Spoiler, *, unrounded: bool = False) -> np.ndarray:
    """HxWx3 uint8 to the same. What is random hangs on the photo alone: it is spoiled alike in whatever company.

    unrounded: take the photo for light between its levels, as a sensor sees it. A gain on levels that were rounded
    before leaves gaps in the histogram, which tell it; on light it leaves none.
    """
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(photo)))
    if unrounded:
        photo = np.clip(photo + rng.uniform(-0.5, 0.5, photo.shape), 0, 255).astype(np.float32)
    return np.rint(np.clip(spoiler(photo, rng), 0, 255)).astype(np.uint8)


def exposed(photo: np.ndarray, gains: float | tuple[float, float, float]) -> np.ndarray:
    light = srgb_to_linear_exact(photo.astype(np.float32) / 255) * np.asarray(gains, np.float32)
    return linear_to_srgb_exact(np.clip(light, 0, 1)) * 255


def shot(photo: np.ndarray, gains: float | tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """Exposed, with the noise of at most 4,000 electrons a pixel."""
    light = srgb_to_linear_exact(exposed(photo, gains) / 255)
    return linear_to_srgb_exact(np.clip(rng.poisson(light * 4000) / 4000, 0, 1).astype(np.float32)) * 255


def speckled(photo: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    draw = rng.random(photo.shape[:2])[..., None]
    return np.where(draw < share / 2, 0, np.where(draw < share, 255, photo))


def compressed(photo: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(np.rint(photo).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


Spoiler = Callable[[np.ndarray, np.random.Generator], np.ndarray]
SINGLE: dict[str, tuple[str, Spoiler]] = {
    "-1.5 EV": ("underexposed", lambda p, rng: shot(p, 2**-1.5, rng)),
    "-2.5 EV": ("underexposed", lambda p, rng: shot(p, 2**-2.5, rng)),
    "+0.8 EV": ("overexposed", lambda p, rng: exposed(p, 2**0.8)),
    "+1.3 EV": ("overexposed", lambda p, rng: exposed(p, 2**1.3)),
    "contrast 0.5": ("low contrast", lambda p, rng: 127.5 + 0.5 * (p - 127.5)),
    "contrast 0.3": ("low contrast", lambda p, rng: 127.5 + 0.3 * (p - 127.5)),
    "cast 20 %": ("colour cast", lambda p, rng: exposed(p, (1.2, 1.0, 0.8))),
    "cast 40 %": ("colour cast", lambda p, rng: exposed(p, (0.6, 1.0, 1.4))),
    "noise 15": ("noise", lambda p, rng: p + rng.normal(0, 15, p.shape)),
    "noise 25": ("noise", lambda p, rng: p + rng.normal(0, 25, p.shape)),
    "blur 1.0": ("blur", lambda p, rng: ndimage.gaussian_filter(p.astype(np.float32), (1, 1, 0))),
    "blur 1.8": ("blur", lambda p, rng: ndimage.gaussian_filter(p.astype(np.float32), (1.8, 1.8, 0))),
    "JPEG 25": ("JPEG artefacts", lambda p, rng: compressed(p, 25)),
    "JPEG 12": ("JPEG artefacts", lambda p, rng: compressed(p, 12)),
    "specks 2 %": ("salt and pepper", lambda p, rng: speckled(p, 0.02, rng)),
    "specks 5 %": ("salt and pepper", lambda p, rng: speckled(p, 0.05, rng)),
    "clean": ("", lambda p, rng: p),
}
"""Title to the one defect, named as in `DEFECTS` ("" for none), and what makes it."""

MIXED: dict[str, Spoiler] = {
    "-1 EV, cast 20 %, noise 8": lambda p, rng: shot(p, (0.6, 0.5, 0.4), rng) + rng.normal(0, 8, p.shape),
    "-2 EV, cast 30 %, noise 10": lambda p, rng: shot(p, (0.175, 0.25, 0.325), rng) + rng.normal(0, 10, p.shape),
}
"""Too dark and in the wrong light, with shot noise, then Gaussian noise."""
