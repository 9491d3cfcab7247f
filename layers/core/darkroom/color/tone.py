"""Tone curves on pictures and the histogram they are found on: what the steps of tone share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np

from darkroom.color.conversions import apply_table, luma, with_luma
from darkroom.params import param
from darkroom.picture import Array
from darkroom.srgb import highest, lowest
from darkroom.step import bands, from_float, lut_for, to_float

Curve = Callable[[Array], Array]
"""Levels in 0–1 (float32 or float64) → levels, of the same dtype."""

Channels = Annotated[
    Literal["luminance", "each"], param("change luminance and keep the colour, or each of R, G and B alone")
]


TABLE_LEVELS = 4096
"""Levels for which a curve is computed where it is read for the largest and the smallest channel."""


def apply_curve(
    image: Array,
    curve: Curve,
    channels: Literal["luminance", "each"],
    *,
    spare_colors: float = 0.0,
    steepen_colors: float = 0.0,
) -> Array:
    """The picture (HxW or HxWx3, any dtype) through a curve, as a new array of its dtype.

    "each": every channel alone; exact for every level of an integer dtype, through a table computed in float64.
    "luminance": Y' of BT.601 goes through the curve and hue stays, see `with_luma`; a grey picture is its own luma.
    spare_colors: how much a colour's largest channel goes through the curve instead of its luma, in 0–1, and multiplies
    the others alike: it becomes neither paler where it is lightened nor dull where it is darkened. For curves from 0 to
    1: black stays.
    steepen_colors: how much chroma grows to what the curve makes of greys that are as far apart as a colour's largest
    and smallest channel, in 0–1, where that is more; luma and hue stay.
    Takes a band's planes besides the result.
    """
    if image.ndim == 2 or channels == "each":
        if image.dtype == np.float32:
            return np.clip(curve(image), 0, 1)
        return apply_table(image, lut_for(curve, image.dtype))
    result = np.empty_like(image)
    table = curve(np.linspace(0, 1, TABLE_LEVELS, dtype=np.float32))
    for rows, _, _ in bands(image.shape, 0):
        old = luma(image[rows])
        new = np.clip(curve(old), 0, 1)
        if spare_colors:
            largest = to_float(highest(image[rows]))
            factor = nearest_level(table, largest) / np.maximum(largest, np.float32(1e-6))
            new += np.float32(spare_colors) * (old * factor - new)
        if steepen_colors:
            result[rows] = from_float(_steepened(to_float(image[rows]), new, table, steepen_colors), image.dtype)
        else:
            result[rows] = with_luma(image[rows], new)
    return result


def _steepened(colors: Array, new: Array, table: Array, share: float) -> Array:
    """`with_luma`, of float32, its chroma grown by a share towards what the curve, as a table, makes of greys."""
    most, least = (np.clip(nearest_level(table, channel), 0, 1) for channel in (highest(colors), lowest(colors)))
    result = with_luma(colors, new)
    over, under = highest(result) - new, new - lowest(result)
    tiny = np.float32(1e-6)
    factor = 1 + np.float32(share) * np.maximum((most - least) / np.maximum(over + under, tiny) - 1, 0)
    room = np.minimum((1 - new) / np.maximum(over, tiny), new / np.maximum(under, tiny))
    grey, factor = new[..., None], np.minimum(factor, np.maximum(room, 1))[..., None]
    return np.asarray(grey + factor * (result - grey))


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
