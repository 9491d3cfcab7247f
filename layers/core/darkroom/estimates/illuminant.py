"""What colour the light had in a picture."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np

from darkroom.color.conversions import srgb_to_linear
from darkroom.kernels import loops, measuring
from darkroom.picture import Array
from darkroom.srgb import srgb_to_linear_exact
from darkroom.step import from_float, max_level, to_float

Method = Literal["shades_of_grey", "grey_world", "white_patch", "grey_edge"]

SAMPLES = 2_000_000
"""Pixels that an estimate looks at: an evenly spaced subset of larger pictures."""

EDGE_SAMPLES = 500_000
"""Pixels of the reduced copy that grey edge looks at."""

CLIPPED = 0.985
"""Encoded value from which a channel counts as clipped; a pixel clipped in all three says nothing about the light."""

WHITE_PATCH_PERCENTILE = 99.9
"""In place of the maximum, which a single hot pixel decides."""


def estimate_illuminant(
    image: Array, method: Method = "shades_of_grey", p: float = 16.0, *, order: int = 1, sigma: float = 1.5
) -> Array:
    """The colour of the light in a picture, as linear RGB of length 1 (float64); grey light where nothing tells.

    image: HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1, sRGB-encoded. Pixels clipped in all channels are left out.
    method, p, order, sigma: as the parameters of the step `white_balance`, which cites the papers.
    """
    if method == "grey_edge":
        norm = _edge_norm(image, p, order, sigma)
    elif method == "white_patch":
        channels = usable_levels(image)
        norm = np.ones(3)
        if len(channels[0]):
            highest = np.percentile(channels, WHITE_PATCH_PERCENTILE, axis=1)
            norm = srgb_to_linear_exact(highest / max_level(channels[0].dtype))
    else:
        counts = _level_counts(image)
        exponent = 1.0 if method == "grey_world" else p
        powers = _powers(exponent, counts.shape[1])
        norm = np.ones(3)
        if counts.any():
            norm = (np.array([of_channel @ powers for of_channel in counts]) / counts[0].sum()) ** (1 / exponent)
    length = float(np.linalg.norm(norm))
    # A channel without any light cannot be balanced: the floor keeps the gains finite.
    norm = np.maximum(norm / length, 1e-3) if length > 0 else np.ones(3)
    return np.asarray(norm / np.linalg.norm(norm))


def usable_levels(image: Array) -> list[Array]:
    """R, G and B, each N levels of integers, of evenly spaced pixels that are not clipped in all three."""
    stride = _stride(image)
    channels = [np.ascontiguousarray(image[::stride, ::stride, c]) for c in range(3)]
    if image.dtype == np.float32:
        channels = [from_float(channel, np.dtype(np.uint16)) for channel in channels]
    lowest = np.minimum(np.minimum(channels[0], channels[1]), channels[2])
    usable = lowest < _clipped_from(lowest.dtype)
    return [channel[usable] for channel in channels]


def _clipped_from(dtype: np.dtype[Any]) -> int:
    """The level from which on an integer counts as clipped."""
    return math.ceil(CLIPPED * max_level(dtype))


def _stride(image: Array) -> int:
    return max(math.ceil(math.sqrt(image.shape[0] * image.shape[1] / SAMPLES)), 1)


def _level_counts(image: Array) -> Array:
    """3xL: how often each level is found in R, G and B of the `usable_levels`."""
    if image.dtype != np.float32 and loops.available():
        return measuring.count_levels(image, _stride(image), _clipped_from(image.dtype))
    channels = usable_levels(image)
    levels = int(max_level(channels[0].dtype)) + 1
    return np.stack([np.bincount(channel, minlength=levels) for channel in channels])


@lru_cache(maxsize=8)
def _powers(exponent: float, levels: int) -> Array:
    """The power of linear light of every level, float64."""
    return np.asarray(srgb_to_linear_exact(np.linspace(0, 1, levels)) ** exponent)


def _edge_norm(image: Array, p: float, order: int, sigma: float) -> Array:
    """Minkowski p-norm of each channel's derivative, on a copy of at most `EDGE_SAMPLES` pixels."""
    scale = math.sqrt(EDGE_SAMPLES / (image.shape[0] * image.shape[1]))
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    if min(image.shape[:2]) < 2:
        return np.ones(3)
    usable = to_float(image).min(axis=2) < CLIPPED
    linear = cv2.GaussianBlur(srgb_to_linear(image), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    dy, dx = np.gradient(linear, axis=(0, 1))
    if order == 1:
        magnitude = np.hypot(dx, dy)
    else:
        (dyy, dxy), dxx = np.gradient(dy, axis=(0, 1)), np.gradient(dx, axis=1)
        magnitude = np.sqrt(dxx**2 + 4 * dxy**2 + dyy**2)
    edges = magnitude[usable].astype(np.float64)
    return np.mean(edges**p, axis=0) ** (1 / p) if edges.any() else np.ones(3)
