"""Exact histograms and percentiles of pictures in their own dtype, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from darkroom.picture import Array
from darkroom.step import bands, from_float

FLOAT_BINS = 1 << 16
"""float32 pictures are counted in bins around the levels of ``uint16``: percentiles are within 1/131070 of exact."""


def histogram(image: Array) -> Array:
    """Counts of every level of one picture, all channels together: int64, 256 or 65536 of them.

    image: any of the picture's shapes; ``uint8``, ``uint16`` or float32 in 0–1 (counted as ``uint16`` levels).
    Divide a level by the number of counts less 1 to get its value in 0–1.
    """
    counts = np.zeros(256 if image.dtype == np.uint8 else FLOAT_BINS, np.int64)
    for rows, _, _ in bands(image.shape, 0):
        band = np.ascontiguousarray(image[rows])
        if band.dtype == np.uint8:
            # OpenCV counts in float32, which is whole up to 2^24.
            flat = band.reshape(-1)
            for start in range(0, flat.size, 1 << 24):
                part = flat[start : start + (1 << 24)]
                counts += np.asarray(cv2.calcHist([part], [0], None, [256], [0, 256])).reshape(-1).astype(np.int64)
        else:
            if band.dtype == np.float32:
                band = from_float(band.copy(), np.dtype(np.uint16))
            counts += np.bincount(band.reshape(-1), minlength=FLOAT_BINS)
    return counts


def channel_histograms(image: Array) -> list[Array]:
    """One `histogram` for each channel: one of HxW, three of HxWx3."""
    return [histogram(image)] if image.ndim == 2 else [histogram(image[..., c]) for c in range(image.shape[2])]


def percentiles(counts: Array, percents: Sequence[float]) -> list[float]:
    """Percentiles, in 0–1, of what was counted: as ``numpy.percentile`` (linear interpolation) on the values."""
    cumulative = np.cumsum(counts)
    ranks = np.asarray(percents, np.float64) / 100 * (cumulative[-1] - 1)
    below = np.floor(ranks)
    low = np.searchsorted(cumulative, below, side="right")
    high = np.searchsorted(cumulative, np.minimum(below + 1, cumulative[-1] - 1), side="right")
    return [float(value) for value in (low + (ranks - below) * (high - low)) / (len(counts) - 1)]
