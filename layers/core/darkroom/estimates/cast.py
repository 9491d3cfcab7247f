"""Whether the light tints a photo, or its subject has that colour: do estimates of it agree, and what is grey?"""

from __future__ import annotations

import numpy as np

from darkroom.measurements import LightEvidence
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS, LUMINANCE_WEIGHTS, srgb_to_linear_exact

GREY = 0.18
"""Stops from grey within which a colour counts as grey."""

COLOURED = 0.5
"""Stops from grey from which a colour is one."""

NORM = 6
FLOOR = 2e-3
LIGHTER = 70
FEWEST = 50
LUMA_BINS = 16
FORETOLD = 90
"""Percentile of how far chroma is from what luma foretells."""

ENDS = 2
"""Percent of the pixels, at each end of luma, whose colours tell a split toning."""


def cast_evidence(small: Array) -> LightEvidence:
    """Of a small copy, HxWx3 float32 in 0-1, encoded.

    The estimates: grey world, shades of grey, grey edge of two norms (van de Weijer et al., 2007), the white point, the
    lightest and the darkest pixels. They have little in common but the light: a surface that fills the frame draws
    some, and not others.
    """
    light = srgb_to_linear_exact(small.astype(np.float32))
    highest = small.max(axis=2)
    seen = (highest < 0.98) & (highest > 0.06)
    usable = light[seen]
    if len(usable) < FEWEST:
        return LightEvidence()
    estimates = np.log2(np.array(_estimates(light, usable)) + 1e-4)
    ratios = estimates[:, [0, 2]] - estimates[:, 1:2]
    told = np.median(ratios, axis=0)
    colors = np.log2((usable[:, [0, 2]] + FLOOR) / (usable[:, 1:2] + FLOOR))
    now, then = (np.hypot(*(colors - grey).T) for grey in (np.zeros(2), told))
    luminance = usable @ LUMINANCE_WEIGHTS
    lighter = luminance >= np.percentile(luminance, LIGHTER)
    hues, varied = _hues(small[seen])
    return LightEvidence(
        red=float(told[0]),
        blue=float(told[1]),
        spread=float(np.median(np.hypot(*(ratios - told).T))),
        neutral_highlights=float((now[lighter] < GREY).mean()),
        neutral=float((then < GREY).mean()),
        coloured=float((then > COLOURED).mean()),
        opposed=float((colors @ told < -COLOURED * np.hypot(*told)).mean()),
        hues=hues,
        varied=varied,
        split=split_toning(small),
    )


def split_toning(encoded: Array) -> float:
    """By how much blue is above red and green in the darkest pixels, and below them in the lightest: the less of both.

    encoded: HxWx3 in 0-1. A light and its absence tint what is dark and what is light alike, or the dark not at all; so
    it is what somebody did to a picture, as films do that were developed in the chemicals for others.
    """
    luma = encoded @ LUMA_WEIGHTS
    low, high = np.percentile(luma, (ENDS, 100 - ENDS))
    dark, light = (encoded[part].mean(axis=0) for part in (luma <= low, luma >= high))
    return max(min(float(dark[2] - dark[:2].max()), float(light[:2].min() - light[2])), 0.0)


def _hues(encoded: Array) -> tuple[float, float]:
    """How far the chroma of N×3 pixels is from what their luma foretells, a line in each of `LUMA_BINS`: in levels, and
    as a share of chroma.

    A toned print, whatever its toning, has one colour a luma, but for noise; a photo that holds hardly a colour more.
    """
    luma = np.asarray(encoded @ LUMA_WEIGHTS, np.float64)
    chroma = encoded[:, [0, 2]] - luma[:, None]
    bins = np.minimum((luma * LUMA_BINS).astype(int), LUMA_BINS - 1)
    counts = np.maximum(np.bincount(bins, minlength=LUMA_BINS), 1)

    def means(values: Array) -> Array:
        return np.asarray((np.bincount(bins, values, LUMA_BINS) / counts)[bins])

    luma -= means(luma)
    spread = means(luma * luma) + FLOOR**2
    off = [plane - means(plane) for plane in np.moveaxis(chroma, 1, 0)]
    left = [plane - luma * means(luma * plane) / spread for plane in off]
    far, whole = (float(np.percentile(np.hypot(*each), FORETOLD)) for each in (left, chroma.T))
    return far * 255, far / max(whole, FLOOR)


def _estimates(light: Array, usable: Array) -> list[Array]:
    edges = np.concatenate([np.abs(np.diff(light, axis=axis)).reshape(-1, 3) for axis in (0, 1)])
    order = np.argsort(usable.sum(axis=1), kind="stable")
    return [
        usable.mean(axis=0),
        _norm(usable),
        edges.mean(axis=0),
        _norm(edges),
        np.percentile(light.reshape(-1, 3), 99, axis=0),
        usable[order[-max(len(order) // 20, 1) :]].mean(axis=0),
        usable[order[: max(len(order) // 4, 1)]].mean(axis=0),
    ]


def _norm(colors: Array) -> Array:
    return np.asarray((colors.astype(np.float64) ** NORM).mean(axis=0) ** (1 / NORM))
