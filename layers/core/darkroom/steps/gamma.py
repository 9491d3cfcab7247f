"""Gamma correction."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from darkroom.color.conversions import apply_table, power
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import lut_for, step


class Gamma(Params, frozen=True):
    gamma: Annotated[float, param("exponent is 1/gamma: above 1 lightens, below 1 darkens", ge=0.1, le=10)] = 1.0
    strength: Strength = 1.0

    neutral = {"gamma": 1.0}
    example = {"gamma": 2.2}
    scene = "dark"


@step("gamma", stage="adjust_tone", params=Gamma, on="native")
def gamma(image: Array, params: Gamma) -> Array:
    """Gamma correction.

    ``out = in ** (1 / gamma)`` on the encoded values in 0–1, per channel; black and white stay where they are.
    Exact for every level: integers go through a table computed in float64.

    Works on encoded (not linear) values because that is the definition (Poynton, "Digital Video and HD", 2012, ch. 27);
    for a change of exposure as light would make it, see `adjust_color`.
    """
    exponent = 1 / params.gamma
    if image.dtype == np.float32:
        return power(image, exponent)
    return apply_table(image, lut_for(lambda levels: levels**exponent, image.dtype))
