"""Unsharp masking."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.algorithms.smoothing import bilateral, gaussian, kernel_radius, median, window_radius
from darkroom.kernels import loops
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import step


class UnsharpMask(Params, frozen=True):
    smoother: Annotated[
        Literal["gaussian", "mean", "median", "bilateral"], param("what makes the blurred picture to compare with")
    ] = "gaussian"
    radius: Annotated[
        float,
        param("sigma of gaussian and bilateral; reach of mean and median, rounded up", gt=0, le=15, unit="px"),
    ] = 1.0
    amount: Annotated[float, param("how many times the detail is added", ge=0, le=10)] = 1.0
    threshold: Annotated[float, param("detail up to this, in 0-1, is taken for noise and left alone", ge=0, le=1)] = 0.0
    halo: Annotated[
        float, param("how far past its neighbours' lightest and darkest a pixel may go, in 0-1", ge=0, le=1)
    ] = 1.0
    sigma_color: Annotated[float, param("sigma over difference of luminance, for bilateral only", gt=0, le=1)] = 0.1
    channels: Annotated[Literal["luminance", "each"], param("sharpen luminance, or each of R, G and B alone")] = (
        "luminance"
    )
    strength: Strength = 1.0

    neutral = {"amount": 0.0, "threshold": 1.0}
    scene = "soft"

    def check(self) -> None:
        if self.smoother == "bilateral" and self.radius > 10:
            raise ValueError(f"'radius' is {self.radius:g} but must be at most 10 px with smoother 'bilateral'")

    @property
    def reach(self) -> int:
        """Pixels that the neighbourhood extends from its centre."""
        return math.ceil(self.radius)


def _context(params: UnsharpMask) -> int:
    smoother = {"gaussian": kernel_radius, "bilateral": window_radius}.get(params.smoother, math.ceil)
    return max(smoother(params.radius), params.reach)


def _by_kernel(image: Array, params: UnsharpMask) -> Array | None:
    """The usual case (a Gaussian, luminance) in one pass, on any dtype and at any strength."""
    usual = params.smoother == "gaussian" and (params.channels == "luminance" or image.ndim == 2)
    if not usual or not loops.available():
        return None
    radius = kernel_radius(params.radius)
    weights = cv2.getGaussianKernel(2 * radius + 1, params.radius, cv2.CV_32F)[radius:, 0].copy()
    numbers = (params.amount, params.threshold, params.strength, params.reach, params.halo)
    return loops.sharpen_rows(image, weights, *numbers)


@step("unsharp_mask", stage="sharpen", params=UnsharpMask, halo=_context, kernel=_by_kernel)
def unsharp_mask(image: Array, params: UnsharpMask) -> Array:
    """Unsharp masking.

    ``out = in + amount * detail``, with ``detail = Y - smooth(Y)`` of the luminance Y (BT.601, on the encoded values,
    where equal steps look about equal). The same detail is added to R, G and B, so Cb and Cr, and with them the colour,
    stay as they are up to clipping. With `channels` "each", every channel is its own Y.

    `threshold` pulls detail towards zero by its amount (soft coring), so that noise below it is not amplified and no
    step appears where it begins. `halo` bounds overshoot: the result stays within the neighbours' range (a square of
    `radius` px, rounded up, each way), widened by `halo`; 1 leaves it unbounded.

    Reference for gaussian without threshold and bound: ``skimage.filters.unsharp_mask(image, radius, amount)`` on grey,
    and with ``channel_axis=2`` on RGB for `channels` "each". Bounded overshoot after Schavemaker et al., "Image
    sharpening by morphological filtering", 2000.
    """
    if image.ndim == 2 or params.channels == "each":
        return image + _sharpening(image, params)
    return image + _sharpening(image @ LUMA_WEIGHTS, params)[..., None]


def _sharpening(plane: Array, params: UnsharpMask) -> Array:
    """What is to be added to HxW, or to HxWx3 channel by channel."""
    detail = plane - _smooth(plane, params)
    if params.threshold > 0:
        detail -= np.clip(detail, -np.float32(params.threshold), np.float32(params.threshold))
    detail *= np.float32(params.amount)
    if params.halo < 1:
        square = np.ones((2 * params.reach + 1, 2 * params.reach + 1), np.uint8)
        lowest = cv2.erode(plane, square) - np.float32(params.halo)
        highest = cv2.dilate(plane, square) + np.float32(params.halo)
        detail = np.clip(plane + detail, lowest, highest) - plane
    return detail


def _smooth(plane: Array, params: UnsharpMask) -> Array:
    size = 2 * params.reach + 1
    match params.smoother:
        case "gaussian":
            return gaussian(plane, params.radius)
        case "mean":
            return cv2.blur(plane, (size, size), borderType=cv2.BORDER_REFLECT)
        case "median":
            return median(plane, size)
        case "bilateral":
            return bilateral(plane, params.radius, params.sigma_color)
