"""Bilateral smoothing: within surfaces, not across edges."""

from __future__ import annotations

from typing import Annotated

from darkroom.algorithms.smoothing import bilateral, window_radius
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class BilateralFilter(Params, frozen=True):
    sigma_space: Annotated[float, param("standard deviation over distance", ge=0, le=10, unit="px")] = 3.0
    sigma_color: Annotated[
        float, param("standard deviation over difference of colour, the channels' mean, in 0-1", ge=0, le=1)
    ] = 0.1
    strength: Strength = 1.0

    neutral = {"sigma_space": 0.0, "sigma_color": 0.0}
    scene = "noisy"


@step("bilateral_filter", stage="filter", params=BilateralFilter, halo=lambda p: window_radius(p.sigma_space))
def bilateral_filter(image: Array, params: BilateralFilter) -> Array:
    """Bilateral smoothing: within surfaces, not across edges.

    Each pixel becomes the mean of those around it, weighted by a Gaussian of their distance (`sigma_space` px, a disc
    of two sigmas) times a Gaussian of their difference of colour. That is the mean of the channels' absolute
    differences, one weight for all channels: colours do not fringe, and a grey picture stored as RGB comes out as the
    grey one does. Beyond the edge the picture is mirrored about its border pixels' outer side (SciPy's mode "reflect").

    Source: Tomasi and Manduchi, "Bilateral Filtering for Gray and Color Images", 1998.
    """
    return bilateral(image, params.sigma_space, params.sigma_color)
