"""Tone curves on pictures and the histogram they are found on: what the steps of tone share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np

from darkroom.color.conversions import apply_table, luma, with_luma
from darkroom.params import param
from darkroom.picture import Array
from darkroom.srgb import highest
from darkroom.step import bands, blend_bands, lut_for, to_float

Curve = Callable[[Array], Array]
"""Levels in 0–1 (float32 or float64) → levels, of the same dtype."""

Channels = Annotated[
    Literal["luminance", "each"], param("change luminance and keep the colour, or each of R, G and B alone")
]


SPARED_LEVELS = 4096
"""Levels for which a curve is computed where it is read for the largest channel."""


def apply_curve(
    image: Array,
    curve: Curve,
    channels: Literal["luminance", "each"],
    *,
    spare_colors: float = 0.0,
    per_channel: float = 0.0,
) -> Array:
    """The picture (HxW or HxWx3, any dtype) through a curve, as a new array of its dtype.

    "each": every channel alone; exact for every level of an integer dtype, through a table computed in float64.
    "luminance": Y' of BT.601 goes through the curve and hue stays, see `with_luma`; a grey picture is its own luma.
    spare_colors: how much a colour's largest channel goes through the curve instead of its luma, in 0–1, and multiplies
    the others alike: it becomes neither paler where it is lightened nor dull where it is darkened. For curves from 0 to
    1: black stays.
    per_channel: how far the result of "luminance" goes towards that of "each", in 0–1.
    Takes a band's planes besides the result.
    """
    if image.ndim == 2 or channels == "each":
        return _each(curve, image.dtype)(image)
    result = np.empty_like(image)
    table = curve(np.linspace(0, 1, SPARED_LEVELS, dtype=np.float32)) if spare_colors else None
    each = _each(curve, image.dtype) if per_channel else None
    for rows, _, _ in bands(image.shape, 0):
        old = luma(image[rows])
        new = np.clip(curve(old), 0, 1)
        if table is not None:
            largest = to_float(highest(image[rows]))
            factor = nearest_level(table, largest) / np.maximum(largest, np.float32(1e-6))
            new += np.float32(spare_colors) * (old * factor - new)
        result[rows] = with_luma(image[rows], new)
        if each is not None:
            result[rows] = blend_bands(result[rows], each(image[rows]), per_channel)
    return result


def _each(curve: Curve, dtype: np.dtype[Any]) -> Callable[[Array], Array]:
    """What brings every sample of a picture of this dtype through a curve."""
    if dtype == np.float32:
        return lambda image: np.clip(curve(image), 0, 1)
    table = lut_for(curve, dtype)
    return lambda image: apply_table(image, table)


def luminance_histogram(image: Array, bins: int) -> Array:
    """Share of pixels by luminance: `bins` values that sum to 1; bin i holds what is nearest to ``i / (bins - 1)``.

    image: HxW or HxWx3 of any dtype; luminance as in `darkroom.color.conversions.luma`. Works in bands.
    """
    counts = np.zeros(bins, np.int64)
    for rows, _, _ in bands(image.shape, 0):
        levels = luma(image[rows]) * np.float32(bins - 1) + np.float32(0.5)
        counts += np.bincount(levels.astype(np.uint16).ravel(), minlength=bins)[:bins]
    return counts / counts.sum()


def nearest_level(table: Array, levels: Array) -> Array:
    """The entries of a table over 0–1 that are nearest to levels, in the levels' dtype.

    Not interpolated: in a picture of few levels the table is a staircase, on which each level sits at its step's edge.
    """
    return np.take(table, np.rint(np.clip(levels, 0, 1) * (len(table) - 1)).astype(np.intp)).astype(levels.dtype)
