"""Global histogram equalisation."""

from __future__ import annotations

import numpy as np

from darkroom.color.tone import apply_curve, luminance_histogram, nearest_level
from darkroom.params import Params, Strength
from darkroom.picture import Array
from darkroom.step import step

BINS = 65536
"""One for each level of ``uint16``; those of ``uint8`` fall on every 257th."""


class EqualizeGlobal(Params, frozen=True):
    strength: Strength = 1.0

    scene = "flat"


def cumulative(image: Array, params: EqualizeGlobal) -> Array:
    """The share of pixels up to each of `BINS` levels of luminance, float64."""
    return np.cumsum(luminance_histogram(image, BINS))


@step("equalize_global", stage="correct_color", params=EqualizeGlobal, on="native", analyse=cumulative)
def equalize_global(image: Array, params: EqualizeGlobal, analysis: Array) -> Array:
    """Global histogram equalisation.

    Every pixel's luminance (Y of BT.601, encoded) becomes the share of pixels that are no lighter, so that all levels
    from black to white are about equally frequent. Hue is kept, and colours pale only as far as the gamut asks for.

    The darkest level becomes its own share, not black, as in the reference, ``skimage.exposure.equalize_hist``, which
    for grey integer pictures is met exactly. Its effect is often harsh: `equalize_adaptive` and `enhance_histogram` are
    the gentler relatives. Hall, "Almost uniform distributions for computer image enhancement", 1974.
    """
    return apply_curve(image, lambda levels: nearest_level(analysis, levels), "luminance")
