"""Traces of gains in the histogram, as the diagnosis sees them. NumPy alone.

Light that was multiplied after it had been rounded to 8 bits leaves out some levels and doubles others, in a pattern
that tells the factor (Stamm & Liu, "Forensic Detection of Image Manipulation Using Statistical Intrinsic Fingerprints",
2010). Noise, blur and compression wipe it out.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from darkroom.algorithms.products import product_in_pieces
from darkroom.picture import Array
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact

GAINS_LOG2 = np.arange(-4, 2, 0.0025)
SMOOTHING = 9
LEAST_COUNT = 12.0
"""Levels whose surroundings hold fewer pixels than this say nothing."""

EARNEST = ((0.4, 0.5), (0.1, 0.25))
"""Between which correlations, and between which leads over other gains, a gain begins to be trusted and is trusted."""


CERTAIN = (0.55, 0.25)
"""The correlation and the lead from which on a gain is certain: on photographs, no such gain was off by a fiftieth."""

NO_TRACES = np.array([*(0.31, 0.1, 0.0, 0.0) * 3, 0.23, 0.05, 0.0, 0.0, 0.22, 0.22, 0.22, *(0.0,) * 5])
"""The features of photos without traces: medians over photographs that were never rounded before."""


def level_features(tiles: Array, light: Array) -> Array:
    """F numbers from full-resolution tiles (T×S×S×3, levels of 255).

    Of each channel and of all under one gain: how well the best gain's pattern fits (a correlation), its lead over the
    patterns of quite other gains, the gain (log2, times the trust in it) and that trust; how uneven neighbouring levels
    are; and how the gains, where trusted, correct another estimate of the light (log2 of red and blue over green).
    """
    levels = np.rint(tiles).astype(np.uint8).reshape(-1, 3)
    fits, uneven = zip(*(_fits(np.bincount(channel, minlength=256)) for channel in levels.T), strict=True)
    found = np.array([_best(fit) for fit in (*fits, np.mean(fits, axis=0))])
    gains, trust = found[:3, 2], found[:3, 3]
    # A channel in which no gain is seen may have had none; not where none is seen in any.
    correction = trust.max() * (gains[[0, 2]] - gains[1] - light)
    return np.concatenate([found.ravel(), uneven, correction, [trust.max(), np.sort(trust)[1], trust.min()]])


def certain_gains(features: Array) -> tuple[float | None, Array | None]:
    """Of `level_features`, the gain of all channels and the gains of R, G and B, as log2; None where not certain.

    A channel without a certain gain counts as unchanged if the other two have one.
    """
    fit, lead, trusted, trust = features[:16].reshape(4, 4).T
    certain = (fit >= CERTAIN[0]) & (lead >= CERTAIN[1])
    gains = np.where(certain, trusted / np.maximum(trust, 1e-6), 0)
    return float(gains[3]) if certain[3] else None, gains[:3] if certain[:3].sum() >= 2 else None


def _best(fit: Array) -> Array:
    best = int(fit.argmax())
    gain = GAINS_LOG2[best]
    others = fit[np.abs(GAINS_LOG2 - gain) > 0.1]
    evidence = fit[best], fit[best] - others.max()
    trust = np.prod([np.clip((e - low) / (high - low), 0, 1) for e, (low, high) in zip(evidence, EARNEST, strict=True)])
    return np.array([*evidence, gain * trust, trust])


def _fits(counts: Array) -> tuple[Array, float]:
    """The correlation of a histogram's unevenness with each gain's pattern, and its standard deviation."""
    around = _smooth(counts)
    usable = around >= LEAST_COUNT
    usable[[0, 1, 254, 255]] = False
    if usable.sum() < 16:
        return np.zeros(len(GAINS_LOG2)), 0.0
    uneven = np.clip(np.where(usable, counts / np.maximum(around, 1) - 1, 0), -1, 2).astype(np.float32)
    length = np.sqrt(_products(_squares(), usable.astype(np.float32))) * np.linalg.norm(uneven)
    return _products(_patterns(), uneven) / np.maximum(length, 1), float(uneven[usable].std())


def _products(rows: Array, vector: Array) -> Array:
    return product_in_pieces(np.split(rows, len(rows) // 32), vector)


@cache
def _squares() -> Array:
    return np.square(_patterns())


@cache
def _patterns() -> Array:
    """G×256: how a gain makes each level rarer (to -1) or more frequent than its neighbours."""
    light = np.minimum(srgb_to_linear_exact(np.arange(256) / 255) * np.exp2(GAINS_LOG2)[:, None], 1)
    index = np.rint(linear_to_srgb_exact(light) * 255).astype(int) + np.arange(len(light))[:, None] * 256
    counts = np.bincount(index.ravel(), minlength=light.size).reshape(light.shape).astype(float)
    counts[:, 255] = np.minimum(counts[:, 255], counts[:, 254] + 1)  # what is clipped piles up here
    around = _smooth(counts)
    return np.where(around > 0, np.clip(counts / np.maximum(around, 1e-6) - 1, -1, 2), 0).astype(np.float32)


def _smooth(counts: Array) -> Array:
    """The mean over neighbouring levels, along the last axis."""
    reach = SMOOTHING // 2
    padded = np.pad(counts.astype(float), [*[(0, 0)] * (counts.ndim - 1), (reach, reach)], mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHING, axis=-1).mean(axis=-1))
