"""What a gain below 1 leaves in a photo whose whites were clipped before: a level that its channel never exceeds."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.picture import Array
from darkroom.srgb import srgb_to_linear_exact
from darkroom.step import to_float

SAMPLED_PIXELS = 500_000
"""About so many are looked at, in whole rows: what is flat shows only beside its neighbours."""

WHITE, NEARLY_WHITE = 254, 252
"""Levels from which a channel counts as clipped, and from which it does where another one stands at its ceiling."""

LEAST_WHITE, MOST_WHITE = 1e-3, 5e-4
"""Share of the pixels that are clipped in one of the other channels at least, and in the lowered one at most."""

HIGHEST, LOWEST = 249, 121
"""Levels between which a ceiling is looked for: higher up it is hardly to be told from what JPEG leaves of white, lower
down no light is so strongly coloured."""

LEAST_SPIKE, MOST_ABOVE, MOST_CLOSE = 1e-3, 0.25, 0.5
"""Share of the pixels that lie flat at a ceiling, to a level; and parts of it that may lie above, or flat close below:
what was blown out softly fades towards its lightest."""

CLOSE = 6
"""Levels below that are close."""

OTHERS_WHITE = 0.5
"""Share of the pixels at a ceiling in which the other two channels are white: of fewer, it is a surface's colour."""


def lowered_stops(pixels: Array) -> tuple[float, float]:
    """By how many stops red and blue of a picture (HxWx3, any dtype) were lowered once its whites were clipped.

    0 where nothing tells that, as where noise has come over it since. Green is not looked at: a sensor's green is full
    first, and ends below white where only highlights turned magenta and all else has its colour.
    """
    rows = max(pixels.shape[0] * pixels.shape[1] // SAMPLED_PIXELS, 1)
    sample = _levels(pixels[:-1:rows])
    if not sample.size or sample.shape[1] < 2:
        return 0.0, 0.0
    counts = [np.asarray(cv2.calcHist([sample], [channel], None, [256], [0, 256])).ravel() for channel in range(3)]
    white = [float(each[WHITE:].sum()) / (sample.shape[0] * sample.shape[1]) for each in counts]
    if max(white) <= LEAST_WHITE:
        return 0.0, 0.0
    planes = cv2.split(sample)
    levels = [
        _ceiling(counts[channel], planes[channel], _levels(pixels[1::rows, :, channel]), planes[1], planes[2 - channel])
        if white[channel] < MOST_WHITE
        else 255.0
        for channel in (0, 2)
    ]
    red, blue = -np.log2(srgb_to_linear_exact(np.array(levels) / 255)) + 0.0
    return float(red), float(blue)


def _ceiling(counts: Array, plane: Array, below: Array, *others: Array) -> float:
    """The level that a channel never exceeds, the mean of what lies flat there; 255 for none.

    counts: of its levels. plane: HxW uint8, of some rows, and those below them. others: the other channels.
    """
    white = cv2.min(*others) >= NEARLY_WHITE
    if np.count_nonzero(white) < OTHERS_WHITE * LEAST_SPIKE * white.size:
        return 255
    flat = (cv2.absdiff(plane, below)[:, :-1] <= 1) & (cv2.absdiff(plane[:, :-1], plane[:, 1:]) <= 1)
    lying = np.bincount(plane[:, :-1][flat], minlength=256) / plane.size
    levels = np.arange(WHITE, LOWEST - 1, -1)
    total = np.concatenate(([0.0], np.cumsum(lying)))
    spikes = total[np.minimum(levels + 2, 256)] - total[levels - 1]
    close = (total[levels - 1] - total[levels - 1 - CLOSE]) / 2  # of three levels, as the spike
    above = np.cumsum(counts[::-1])[::-1][np.minimum(levels + 2, 255)] / plane.size
    spikes[(above > MOST_ABOVE * spikes) | (close > MOST_CLOSE * spikes)] = 0
    best = int(spikes.argmax())
    level = int(levels[best])
    if spikes[best] < LEAST_SPIKE or level > HIGHEST:
        return 255
    at_ceiling = cv2.absdiff(plane, np.full_like(plane, level)) <= 1
    if np.mean(white[at_ceiling]) <= OTHERS_WHITE:
        return 255
    return float(np.average(np.arange(level - 1, level + 2), weights=lying[level - 1 : level + 2]))


def _levels(values: Array) -> Array:
    """As contiguous uint8."""
    return np.ascontiguousarray(values if values.dtype == np.uint8 else np.rint(to_float(values) * 255), np.uint8)
