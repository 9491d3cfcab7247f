"""Tone and colour as the diagnosis sees them: for exposure, contrast, colour cast, haze and backlight. NumPy alone."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS, highest, lowest

PERCENTILES = (0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
HISTOGRAM_BINS = 16
DARK_CHANNEL_PX = 7
BLOCK = 8
FLOOR = 1e-3


def tone_features(small: Array, linear: Array, sampled: Array) -> Array:
    """F numbers from the small copy (HxWx3 float32 in 0–1), its light, and pixels never averaged (HxWx3 uint8)."""
    luma = small @ LUMA_WEIGHTS
    parts = [
        np.percentile(small, PERCENTILES, axis=(0, 1)).ravel(),
        np.percentile(luma, PERCENTILES),
        *_clipping(sampled),
        _histograms(small, luma),
        _brightness(linear),
        _saturation(small),
        _haze(small, luma),
        _layout(luma),
    ]
    return np.concatenate(parts)


def _clipping(sampled: Array) -> list[Array]:
    """Shares of pixels at and near each end, a channel, as logarithms."""
    counts = np.stack([np.bincount(sampled[..., c].ravel(), minlength=256) for c in range(3)])
    shares = counts * (3 / sampled.size)
    ends = [shares[:, :1], shares[:, :4], shares[:, 252:], shares[:, 255:], shares[:, 240:]]
    used = counts > 0
    lowest, highest = used.argmax(axis=1) / 255, 1 - used[:, ::-1].argmax(axis=1) / 255
    return [np.log10(np.concatenate([end.sum(axis=1) for end in ends]) + 1e-4), lowest, highest]


def _histograms(small: Array, luma: Array) -> Array:
    planes = [luma, *np.moveaxis(small, 2, 0)]
    counts = [np.histogram(plane, HISTOGRAM_BINS, (0, 1))[0] for plane in planes]
    return np.sqrt(np.concatenate(counts) / luma.size)


def _brightness(linear: Array) -> Array:
    """Log2 of arithmetic and geometric mean of linear light, a channel."""
    return np.concatenate(
        (np.log2(linear.mean(axis=(0, 1)) + FLOOR), np.log2(linear + FLOOR).mean(axis=(0, 1)), linear.std(axis=(0, 1)))
    )


def _saturation(small: Array) -> Array:
    chroma = highest(small) - lowest(small)
    relative = chroma / (highest(small) + 0.02)
    return np.concatenate([np.percentile(plane, (5, 25, 50, 75, 95, 99)) for plane in (chroma, relative)])


def _haze(small: Array, luma: Array) -> Array:
    """The dark channel (He, Sun and Tang 2009), and contrast within small blocks."""
    dark = lowest(small)
    reach = DARK_CHANNEL_PX // 2
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(dark, pad, mode="edge"), DARK_CHANNEL_PX, axis=axis)
        dark = windows.min(axis=-1)
    quantiles = (1, 10, 25, 50, 75, 90, 99)
    height, width = (max(side // BLOCK, 1) * BLOCK for side in luma.shape)
    whole = np.pad(luma, [(0, max(height - luma.shape[0], 0)), (0, max(width - luma.shape[1], 0))], mode="edge")
    blocks = whole[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    contrast = blocks.std(axis=(1, 3))
    level = blocks.mean(axis=(1, 3))
    return np.concatenate(
        (
            np.percentile(dark, quantiles),
            np.log2(np.percentile(contrast, quantiles) + FLOOR),
            np.log2(np.percentile(contrast / (level + 0.02), quantiles) + FLOOR),
        )
    )


def _layout(luma: Array) -> Array:
    """Log2 of mean luma in 4×4 cells about their mean, and of the middle over the border."""
    rows, columns = (np.linspace(0, side, 5)[:-1].astype(int) for side in luma.shape)
    # A photo of fewer than four pixels a side repeats cells.
    sums = np.add.reduceat(np.add.reduceat(luma, rows, axis=0), columns, axis=1)
    ones = np.add.reduceat(np.add.reduceat(np.ones_like(luma), rows, axis=0), columns, axis=1)
    cells = sums / ones
    middle = cells[1:3, 1:3].mean()
    border = (cells.sum() - cells[1:3, 1:3].sum()) / 12
    logs = np.log2(cells + 0.01)
    return np.append(logs.ravel() - logs.mean(), np.log2((middle + 0.01) / (border + 0.01)))
