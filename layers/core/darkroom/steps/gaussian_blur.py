"""Gaussian smoothing."""

from __future__ import annotations

from typing import Annotated

from darkroom.algorithms.smoothing import gaussian, kernel_radius
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class GaussianBlur(Params, frozen=True):
    sigma: Annotated[float, param("standard deviation of the kernel", ge=0, le=100, unit="px")] = 2.0
    strength: Strength = 1.0

    neutral = {"sigma": 0.0}


@step("gaussian_blur", stage="filter", params=GaussianBlur, halo=lambda p: kernel_radius(p.sigma))
def gaussian_blur(image: Array, params: GaussianBlur) -> Array:
    """Gaussian smoothing.

    Each channel is convolved with a Gaussian of `sigma` px, cut at 4 sigma, on the encoded values; beyond the edge the
    picture is mirrored about its border pixels' outer side (SciPy's mode "reflect").

    Reference: ``scipy.ndimage.gaussian_filter(image, sigma, mode="reflect", truncate=4)``.
    """
    return gaussian(image, params.sigma)
