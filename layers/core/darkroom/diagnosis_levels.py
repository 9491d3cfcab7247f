"""Traces of gains in the histogram, as the diagnosis sees them. NumPy alone.

Light that was multiplied after it had been rounded to 8 bits leaves out some levels and doubles others, in a pattern
that tells the factor (Stamm & Liu, "Forensic Detection of Image Manipulation Using Statistical Intrinsic Fingerprints",
2010). Noise, blur and compression wipe it out.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from darkroom.diagnosis_light import to_encoded, to_linear
from darkroom.picture import Array

GAINS_LOG2 = np.arange(-4, 2, 0.0025)
SMOOTHING = 9
LEAST_COUNT = 12.0
"""Levels whose surroundings hold fewer pixels than this say nothing."""

EARNEST = 0.45
"""Correlation with a gain's pattern from which on that gain is told."""


def level_features(tiles: Array) -> Array:
    """F numbers from full-resolution tiles (T×S×S×3, levels of 255).

    Of each channel and of all under one gain: how well the best gain's pattern fits (a correlation), its lead over the
    patterns of quite other gains, the gain (log2; 0 where none fits), and how uneven neighbouring levels are.
    """
    levels = np.rint(tiles).astype(np.uint8).reshape(-1, 3)
    fits, uneven = zip(*(_fits(np.bincount(channel, minlength=256)) for channel in levels.T), strict=True)
    found = [_best(fit) for fit in (*fits, np.mean(fits, axis=0))]
    return np.concatenate([np.ravel(found), uneven])


def _best(fit: Array) -> Array:
    best = int(fit.argmax())
    gain = GAINS_LOG2[best]
    others = fit[np.abs(GAINS_LOG2 - gain) > 0.1]
    told = fit[best] >= EARNEST
    return np.array([fit[best], fit[best] - others.max(), gain if told else 0.0, told])


def _fits(counts: Array) -> tuple[Array, float]:
    """The correlation of a histogram's unevenness with each gain's pattern, and its standard deviation."""
    around = _smooth(counts)
    usable = around >= LEAST_COUNT
    usable[[0, 1, 254, 255]] = False
    if usable.sum() < 16:
        return np.zeros(len(GAINS_LOG2)), 0.0
    uneven = np.clip(np.where(usable, counts / np.maximum(around, 1) - 1, 0), -1, 2).astype(np.float32)
    patterns = _patterns()
    length = np.sqrt(np.square(patterns) @ usable.astype(np.float32)) * np.linalg.norm(uneven)
    return patterns @ uneven / np.maximum(length, 1), float(uneven[usable].std())


@cache
def _patterns() -> Array:
    """G×256: how a gain makes each level rarer (to -1) or more frequent than its neighbours."""
    light = np.minimum(to_linear(np.arange(256) / 255) * np.exp2(GAINS_LOG2)[:, None], 1)
    index = np.rint(to_encoded(light) * 255).astype(int) + np.arange(len(light))[:, None] * 256
    counts = np.bincount(index.ravel(), minlength=light.size).reshape(light.shape).astype(float)
    counts[:, 255] = np.minimum(counts[:, 255], counts[:, 254] + 1)  # what is clipped piles up here
    around = _smooth(counts)
    return np.where(around > 0, np.clip(counts / np.maximum(around, 1e-6) - 1, -1, 2), 0).astype(np.float32)


def _smooth(counts: Array) -> Array:
    """The mean over neighbouring levels, along the last axis."""
    reach = SMOOTHING // 2
    padded = np.pad(counts.astype(float), [*[(0, 0)] * (counts.ndim - 1), (reach, reach)], mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHING, axis=-1).mean(axis=-1))
