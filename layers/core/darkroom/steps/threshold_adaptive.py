"""Black and white by a threshold that follows the neighbourhood."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.color.conversions import luma
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step


class ThresholdAdaptive(Params, frozen=True):
    method: Annotated[Literal["sauvola", "mean", "gaussian"], param("how the threshold is found")] = "sauvola"
    window: Annotated[
        int, param("side of the neighbourhood; an even one is taken as the odd one above", ge=3, le=501, unit="px")
    ] = 25
    offset: Annotated[
        float, param("mean, gaussian: how far below the neighbourhood's mean the threshold lies, in 0-1", ge=-1, le=1)
    ] = 0.02
    k: Annotated[float, param("sauvola: how far a flat neighbourhood lowers the threshold", ge=0, le=1)] = 0.2
    r: Annotated[float, param("sauvola: the largest deviation expected, in 0-1", gt=0, le=1)] = 0.5
    invert: Annotated[bool, param("white where it would be black")] = False

    scene = "document"

    @property
    def radius(self) -> int:
        return self.window // 2


@step(
    "threshold_adaptive",
    stage="adjust_tone",
    params=ThresholdAdaptive,
    halo=lambda p: p.radius if p.method != "gaussian" else _gaussian_radius(p),
    discontinuous="a pixel on the threshold turns from black to white",
)
def threshold_adaptive(image: Array, params: ThresholdAdaptive) -> Array:
    """Black and white by a threshold that follows the neighbourhood.

    White (1) where luminance (Y of BT.601, encoded) is above the threshold T, black (0) elsewhere; an RGB picture stays
    RGB, of equal channels. With m and s the mean and standard deviation over the `window`:

    - mean: ``T = m - offset``; gaussian: the same with m weighted by a Gaussian of sigma ``(window - 1) / 6``:
      ``skimage.filters.threshold_local(image, window, method, offset)``.
    - sauvola: ``T = m (1 + k (s / r - 1))`` (Sauvola and Pietikäinen, "Adaptive document image binarization", 2000):
      ``skimage.filters.threshold_sauvola(image, window, k, r)``. The paper's r is 128 of 256 levels, so 0.5 here;
      scikit-image takes 1.0 for floats unless told otherwise.

    Mean and Sauvola take the same time at any window. `offset` and `k` keep plain paper from breaking into noise.
    """
    luminance = luma(image)
    white = luminance > _threshold(luminance, params)
    if params.invert:
        white = ~white
    binary = white.astype(np.float32)
    return binary if image.ndim == 2 else np.repeat(binary[..., None], 3, axis=2)


def _gaussian_radius(params: ThresholdAdaptive) -> int:
    return math.floor(4 * _gaussian_sigma(params) + 0.5)


def _gaussian_sigma(params: ThresholdAdaptive) -> float:
    return 2 * params.radius / 6


def _threshold(luminance: Array, params: ThresholdAdaptive) -> Array:
    size = 2 * params.radius + 1
    match params.method:
        case "mean":
            return cv2.blur(luminance, (size, size), borderType=cv2.BORDER_REFLECT) - np.float32(params.offset)
        case "gaussian":
            taps = 2 * _gaussian_radius(params) + 1
            sigma = _gaussian_sigma(params)
            mean = cv2.GaussianBlur(luminance, (taps, taps), sigma, borderType=cv2.BORDER_REFLECT)
            return np.asarray(mean - np.float32(params.offset))
        case _:
            # In double: the variance is the small difference of two large sums.
            mean = cv2.boxFilter(luminance, cv2.CV_64F, (size, size), borderType=cv2.BORDER_REFLECT_101)
            square = cv2.sqrBoxFilter(luminance, cv2.CV_64F, (size, size), borderType=cv2.BORDER_REFLECT_101)
            deviation = np.sqrt(np.maximum(square - mean * mean, 0))
            return np.asarray(mean * (1 + params.k * (deviation / params.r - 1)), np.float32)
