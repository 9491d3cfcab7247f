"""Smoothing that prepares a reduction."""

from __future__ import annotations

import math
from typing import Annotated

from darkroom.algorithms.smoothing import gaussian, kernel_radius
from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class Antialias(Params, frozen=True):
    factor: Annotated[float, param("how many times smaller the picture will be made", ge=1, le=32)] = 2.0
    linear_light: Annotated[bool, param("mix light rather than encoded values")] = True
    strength: Strength = 1.0

    neutral = {"factor": 1.0}
    scene = "page"


def antialias_sigma(factor: float) -> float:
    """Standard deviation in px of the Gaussian for a reduction by `factor`."""
    return math.sqrt((factor**2 - 1) / 3)


@step("antialias", stage="filter", params=Antialias, halo=lambda p: kernel_radius(antialias_sigma(p.factor)))
def antialias(image: Array, params: Antialias) -> Array:
    """Smoothing that prepares a reduction.

    A Gaussian that removes the detail which a picture `factor` times smaller cannot hold, so that taking every n-th
    pixel of it does not alias. Its standard deviation is sqrt((factor² - 1) / 3) px: 1 px for half the size, which is
    the kernel of Burt and Adelson's pyramid, and nothing for the same size. Of the contrast at the smaller picture's
    Nyquist frequency it keeps about a fifth, at one and a half times that 3 %, at twice that (which would alias into an
    even shade) 0.2 %. The step `resize` has its own kernels and needs none of this. In linear light by default, because
    that is what a smaller picture mixes.

    Source: Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983.
    """
    sigma = antialias_sigma(params.factor)
    if not params.linear_light:
        return gaussian(image, sigma)
    return linear_to_srgb(gaussian(srgb_to_linear(image), sigma))
