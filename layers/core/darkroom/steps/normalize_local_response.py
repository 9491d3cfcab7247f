"""Divisive normalisation: each pixel's response over that of its neighbourhood."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.color.conversions import luma, with_luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, bands, step, to_float

TRUNCATE = 4.0
DIRECT_SIGMA = 3.0
"""Up to this sigma the Gaussian window is applied as it is; wider ones as repeated boxes, whose cost does not grow."""

BOXES = 4


class NormalizeLocalResponse(Params, frozen=True):
    method: Annotated[
        Literal["contrast", "response"],
        param("subtract the local mean and divide by local deviation, or divide by the local energy alone"),
    ] = "contrast"
    sigma: Annotated[
        float, param("standard deviation of the neighbourhood's Gaussian window", ge=0.5, le=100, unit="px")
    ] = 16.0
    gain: Annotated[float, param("contrast: output per local standard deviation", ge=0.01, le=1)] = 0.2
    k: Annotated[float, param("response: constant in the divisor", ge=0.001, le=10)] = 0.05
    alpha: Annotated[float, param("response: weight of the local energy in the divisor", ge=0, le=100)] = 1.0
    beta: Annotated[float, param("response: exponent of the divisor", ge=0, le=1)] = 0.5
    strength: Strength = 1.0

    scene = "landscape"


def reach(sigma: float) -> int:
    """Pixels that the window extends from its centre."""
    return math.ceil(TRUNCATE * sigma) if sigma <= DIRECT_SIGMA else BOXES * _box_radius(sigma)


def window_mean(plane: Array, sigma: float) -> Array:
    """Weighted mean over a Gaussian window, HxW float32; the picture is mirrored beyond its edge.

    Above `DIRECT_SIGMA` the Gaussian is that many repeated box means of the nearest width (Wells, "Efficient Synthesis
    of Gaussian Filters by Cascaded Uniform Filters", 1986): the same time at any sigma.
    """
    if sigma <= DIRECT_SIGMA:
        size = 2 * reach(sigma) + 1
        return np.asarray(cv2.GaussianBlur(plane, (size, size), sigma, borderType=cv2.BORDER_REFLECT))
    size = 2 * _box_radius(sigma) + 1
    for _ in range(BOXES):
        plane = cv2.blur(plane, (size, size), borderType=cv2.BORDER_REFLECT)
    return plane


def _box_radius(sigma: float) -> int:
    # A box of 2r + 1 px has the variance ((2r + 1)² - 1) / 12; those of repeated boxes add up.
    return max(1, round((math.sqrt(12 * sigma**2 / BOXES + 1) - 1) / 2))


def _analyse(image: Array, params: NormalizeLocalResponse) -> Analysed | None:
    """The floor of the divisor: the local deviation's mean over the picture."""
    if params.method == "response":
        return None
    total = 0.0
    for _, context, inner in bands(image.shape, 2 * reach(params.sigma)):
        luminance = luma(to_float(image[context]))
        total += float(_deviation(luminance - window_mean(luminance, params.sigma), params.sigma)[inner].sum())
    floor = total / (image.shape[0] * image.shape[1])
    return Analysed(floor, {"mean_local_deviation": round(floor, 5)})


def _deviation(difference: Array, sigma: float) -> Array:
    return np.sqrt(window_mean(difference * difference, sigma))


@step(
    "normalize_local_response",
    stage="adjust_tone",
    params=NormalizeLocalResponse,
    halo=lambda p: 2 * reach(p.sigma),
    analyse=_analyse,
)
def normalize_local_response(image: Array, params: NormalizeLocalResponse, analysis: float | None) -> Array:
    """Divisive normalisation: each pixel's response over that of its neighbourhood.

    On luminance Y (BT.601, encoded); hue is kept. Means are over a Gaussian window of `sigma` px.

    - contrast: ``v = Y - mean(Y)``, ``d = sqrt(mean(v²))``, ``y = v / max(c, d)`` with c the mean of d over the picture
      (Jarrett et al., "What is the Best Multi-Stage Architecture for Object Recognition?", 2009, section 2).
      y is centred on 0; it is mapped to ``0.5 + gain y``, clipped to 0–1. With the default gain, 2.5 deviations reach
      black or white.
    - response: ``y = Y / (k + alpha mean(Y²))^beta`` (Krizhevsky et al., "ImageNet Classification with Deep
      Convolutional Neural Networks", 2012, section 3.3, over space instead of channels, as in Lyu and Simoncelli 2008).
      It is scaled by ``(k + alpha)^beta``, so that a white area stays white, and clipped to 0–1.

    A picture of one level becomes mid-grey under contrast (its mean is all there is to subtract).
    """
    luminance = luma(image)
    if params.method == "response":
        energy = window_mean(luminance * luminance, params.sigma)
        new = luminance * ((params.k + params.alpha) / (params.k + params.alpha * energy)) ** np.float32(params.beta)
    else:
        assert analysis is not None
        difference = luminance - window_mean(luminance, params.sigma)
        divisor = np.maximum(_deviation(difference, params.sigma), np.float32(max(analysis, 1e-4)))
        new = np.float32(0.5) + np.float32(params.gain) * difference / divisor
    return with_luma(image, np.clip(new, 0, 1))
