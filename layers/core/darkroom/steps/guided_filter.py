"""Guided smoothing: within surfaces, along edges."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from darkroom.algorithms.guided import guided
from darkroom.algorithms.tiles import column_tiles
from darkroom.color.conversions import luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class GuidedFilter(Params, frozen=True):
    radius: Annotated[int, param("of the square window; does not change the cost", ge=0, le=100, unit="px")] = 4
    sigma_color: Annotated[
        float, param("deviation, of levels in 0-1, up to which a window is smoothed; 0 keeps everything", ge=0, le=1)
    ] = 0.1
    guide: Annotated[
        Literal["color", "luminance"],
        param("what the edges are taken from: color also keeps edges between colours of one lightness, more slowly"),
    ] = "color"
    strength: Strength = 1.0

    neutral = {"radius": 0, "sigma_color": 0.0}
    scene = "noisy"


SMALLEST_EPSILON = 1e-7
"""The variance at which float32 no longer tells a flat window from another; its root is a tenth of an 8-bit level."""

TILE_WIDTH = 512
"""Columns that are filtered at once, in px: a colour guide takes some twenty planes, which then stay in the cache."""


@step("guided_filter", stage="filter", params=GuidedFilter, halo=lambda p: 2 * p.radius)
def guided_filter(image: Array, params: GuidedFilter) -> Array:
    """Guided smoothing: within surfaces, along edges.

    In every window the result is a linear function of the guide, here the picture itself: where its variance is well
    under `sigma_color`² the window's mean, where it is well above (an edge) the picture. Unlike the bilateral filter it
    does not reverse gradients at edges, and its cost does not depend on the radius. Works on the encoded values; the
    guide is the three channels together, or Y of BT.601. Beyond the edge the picture is mirrored about its border
    pixels' outer side.

    Source: He, Sun and Tang, "Guided Image Filtering", 2010 (2013: equations 5, 6, 8 and, for colour, 14, 15);
    `sigma_color`² is their epsilon.
    """
    epsilon = max(params.sigma_color**2, SMALLEST_EPSILON)
    result = np.empty_like(image)
    for columns, context, inner in column_tiles(image.shape[1], TILE_WIDTH, 2 * params.radius):
        tile = image[:, context]
        guide = luma(tile) if params.guide == "luminance" else tile
        result[:, columns] = guided(tile, guide, params.radius, epsilon)[:, inner]
    return result
