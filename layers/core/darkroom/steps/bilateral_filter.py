"""Bilateral smoothing: within surfaces, not across edges."""

from __future__ import annotations

import math
from typing import Annotated

import cv2

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

TRUNCATE = 2.0
"""Standard deviations at which the window ends. Its rim weighs 0.14 of the centre, as is usual for this filter."""


class BilateralFilter(Params, frozen=True):
    sigma_space: Annotated[float, param("standard deviation over distance", ge=0, le=10, unit="px")] = 3.0
    sigma_color: Annotated[
        float, param("standard deviation over difference of colour, the channels' mean, in 0-1", ge=0, le=1)
    ] = 0.1
    strength: Strength = 1.0

    neutral = {"sigma_space": 0.0, "sigma_color": 0.0}
    scene = "noisy"


def window_radius(sigma_space: float) -> int:
    return max(1, math.ceil(TRUNCATE * sigma_space))


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


def bilateral(image: Array, sigma_space: float, sigma_color: float) -> Array:
    """The filter on float32, HxW or HxWx3; see `bilateral_filter`."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    return cv2.bilateralFilter(
        image,
        2 * window_radius(sigma_space) + 1,
        sigmaColor=sigma_color * channels,  # OpenCV's difference is the channels' sum
        sigmaSpace=sigma_space,
        borderType=cv2.BORDER_REFLECT,
    )
