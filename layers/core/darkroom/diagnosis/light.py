"""The colour of the light as the diagnosis sees it: estimates by several methods, histograms of chroma. NumPy alone."""

from __future__ import annotations

from functools import cache

import numpy as np

from darkroom.picture import Array
from darkroom.srgb import highest, lowest, srgb_to_linear_exact

NORMS = (1, 4, 16)
"""Minkowski norms of shades of grey (Finlayson & Trezzi 2004) and grey edge (van de Weijer et al. 2007)."""

CHROMA_BINS = 32
CHROMA_REACH = 2.0
"""Log2 ratios from -2 to 2: an eighth of a stop a bin."""

SAMPLES = 60_000
STRETCHED = (0.5, 99.5)
CLIPPED = 251
"""Level of 255 from which a pixel, by its lowest channel, says nothing about the light. The network learnt with it, and
it is no other constant's: `estimates.illuminant` may leave out others."""
FLOOR = 1e-3
GREYEST = (0.02, 0.1)
BRIGHTEST = (0.005, 0.02, 0.1)


def chroma_histograms(linear: Array) -> Array:
    """32×32×2 float32: log2 of red over green (rows) and of blue over green (columns), shares of pixels and of edges.

    linear: HxWx3 float32 in 0–1. A gain on a channel shifts both histograms and changes nothing else (Barron,
    "Convolutional Color Constancy", 2015). Of pixels, neither clipped nor black, weighed by the root of their light; of
    the differences between neighbours, weighed by theirs.
    """
    pixels = linear.reshape(-1, 3)
    usable = (highest(pixels) < 0.95) & (highest(pixels) > 0.004)
    across, down = np.abs(np.diff(linear, axis=1)).reshape(-1, 3), np.abs(np.diff(linear, axis=0)).reshape(-1, 3)
    edges = np.concatenate((across, down))
    planes = [_histogram(pixels[usable]), _histogram(edges[highest(edges) > 0.002])]
    return np.sqrt(np.stack(planes, axis=-1))


def _histogram(colors: Array) -> Array:
    """Shares in 32×32 cells, each colour spread over the four cells about it."""
    if not len(colors):
        return np.zeros((CHROMA_BINS, CHROMA_BINS), np.float32)
    logs = np.log2(colors + np.float32(2e-4))
    place = (logs[:, [0, 2]] - logs[:, 1:2] + CHROMA_REACH) * (CHROMA_BINS / (2 * CHROMA_REACH)) - 0.5
    place = np.clip(place, 0, CHROMA_BINS - 1.001)
    corner = place.astype(np.int64)
    y, x = (place - corner).T
    weight = np.sqrt(colors.sum(axis=1))
    index = corner[:, 0] * CHROMA_BINS + corner[:, 1]
    shares = np.zeros(CHROMA_BINS * CHROMA_BINS)
    for step, part in (
        (0, (1 - y) * (1 - x)),
        (1, (1 - y) * x),
        (CHROMA_BINS, y * (1 - x)),
        (CHROMA_BINS + 1, y * x),
    ):
        shares += np.bincount(index + step, part * weight, CHROMA_BINS * CHROMA_BINS)
    return np.asarray(shares / shares.sum(), np.float32).reshape(CHROMA_BINS, CHROMA_BINS)


def light_features(small: Array, linear: Array, sampled: Array) -> Array:
    """Log2 of red and blue over green of estimates of the light: E×2, the first `len(NORMS)` shades of grey.

    small, linear: the small copy, HxWx3 float32 in 0–1, encoded and linear. sampled: unaveraged pixels, HxWx3 uint8.
    """
    return _ratios([*_of_pixels(small, linear), *_of_samples(sampled), *_of_edges(linear)])


def stretched_light_features(small: Array) -> Array:
    """The estimates from the small copy once it is stretched, E×2: what flattens or veils a photo hides its light."""
    low, high = np.percentile(small, STRETCHED)
    stretched = np.clip((small - low) / max(high - low, 0.02), 0, 1)
    linear = srgb_to_linear_exact(stretched)
    return _ratios([*_of_pixels(stretched, linear), *_of_edges(linear)])


def _ratios(estimates: list[Array]) -> Array:
    logs = np.log2(np.array(estimates) + FLOOR)
    return np.asarray(np.clip(logs[:, [0, 2]] - logs[:, 1:2], -4, 4))


def _of_edges(linear: Array) -> list[Array]:
    estimates = []
    for edges in (np.diff(linear, axis=0), np.diff(linear, n=2, axis=1)):
        magnitude = np.abs(edges).reshape(-1, 3)
        estimates += [_norm(magnitude, norm) for norm in (1, 6)]
    return estimates


def _of_pixels(encoded: Array, linear: Array) -> list[Array]:
    """Shades of grey; the means of five tones from dark to bright; of the greyest pixels."""
    encoded, linear = encoded.reshape(-1, 3), linear.reshape(-1, 3)
    usable = highest(encoded) < 0.98
    found = [_norm(linear[usable], norm) for norm in NORMS]
    order = np.argsort(linear.sum(axis=1), kind="stable")
    found += [_norm(linear[part], 1) for part in np.array_split(order, 5)]
    # Spread of the channels' logarithms, over what is bright enough to have a colour.
    logs = np.log2(linear + FLOOR)
    spread = highest(logs) - lowest(logs) + np.where(highest(linear) < 0.01, 8, 0)
    greyest = np.argsort(spread, kind="stable")
    return [*found, *(_norm(linear[greyest[: int(share * len(greyest)) + 1]], 1) for share in GREYEST)]


def _of_samples(sampled: Array) -> list[Array]:
    """Shades of grey, the brightest pixels and each channel's own brightest, of pixels that are not averaged."""
    levels = sampled.reshape(-1, 3)
    levels = levels[:: max(len(levels) // SAMPLES, 1)]
    found = [*_linear_levels()[np.percentile(levels, (95, 99, 99.8), axis=0).astype(int)]]
    open_levels = levels[lowest(levels) < CLIPPED]
    light = _linear_levels()[open_levels]
    found += [_norm(light, norm) for norm in (6, 16)]
    brightest = _brightest(light.sum(axis=1), int(max(BRIGHTEST) * len(light)) + 1)
    return [*found, *(_norm(light[brightest[: int(share * len(light)) + 1]], 1) for share in BRIGHTEST)]


def _brightest(sums: Array, count: int) -> Array:
    """Indices of at least so many of the highest, from the highest, equal ones in their order; fewer if there are."""
    if count < len(sums):
        candidates = np.flatnonzero(sums >= np.partition(sums, -count)[-count])
    else:
        candidates = np.arange(len(sums))
    return np.asarray(candidates[np.argsort(-sums[candidates], kind="stable")])


def _norm(colors: Array, norm: float) -> Array:
    """Minkowski norm of N×3, by way of shares of the brightest, whose powers stay in range; grey if there is none."""
    top = float(colors.max()) if len(colors) else 0.0
    if top <= 0:
        return np.full(3, FLOOR)
    return np.asarray(top * (np.asarray(colors / top, np.float64) ** norm).mean(axis=0) ** (1 / norm))


@cache
def _linear_levels() -> Array:
    return srgb_to_linear_exact(np.arange(256) / 255)
