"""What clipping at black and white makes of noise: less of it, about another mean."""

from __future__ import annotations

import math

import numpy as np

from darkroom.picture import Array

LEVELS = 4096
"""Levels for which is computed what clipping made of them; others take the nearest's (`color.tone.nearest_level`)."""


def level_of_mean(sigma: float) -> Array:
    """What to add to a mean of clipped noise, so that it is the level that the noise was added to.

    Returns float32 (LEVELS,), for means evenly spaced in 0–1, of normal noise of deviation `sigma` > 0 in levels of
    0–1. Source: Foi, "Clipped noisy images: Heteroskedastic modeling and practical denoising", 2009, eq. 14.
    """
    levels, mean, _ = _moments(sigma)
    return (np.interp(levels, mean, levels) - levels).astype(np.float32)


def deviation_left(sigma: float) -> Array:
    """The share of noise's deviation `sigma` > 0 that clipping leaves, by the mean it leaves: float32 (LEVELS,)."""
    levels, mean, deviation = _moments(sigma)
    return (np.interp(levels, mean, deviation) / sigma).astype(np.float32)


def _moments(sigma: float) -> tuple[Array, Array, Array]:
    """Levels, and mean and deviation of what is left of noise about each of them."""
    levels = np.linspace(0, 1, LEVELS)
    # E[clip(x)] and E[clip(x)²] from the positive parts of x and of x - 1: clip(x) = x⁺ - (x - 1)⁺.
    below, below_squared = _positive_part(levels, sigma)
    above, above_squared = _positive_part(levels - 1, sigma)
    mean = below - above
    squared = below_squared - above_squared - 2 * above
    return levels, mean, np.sqrt(np.maximum(squared - mean**2, 0))


def _positive_part(levels: Array, sigma: float) -> tuple[Array, Array]:
    """Mean of the positive part of noise about each level, and of its square."""
    z = levels / sigma
    share = np.array([math.erfc(-each / 2**0.5) / 2 for each in z])
    density = sigma * np.exp(-(z**2) / 2) / (2 * math.pi) ** 0.5
    return levels * share + density, (levels**2 + sigma**2) * share + levels * density
