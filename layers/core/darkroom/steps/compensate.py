"""Compensation of what optics and lighting did."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.color.conversions import linear_to_srgb, luma, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.estimates.illumination import (
    enlarge_rows,
    flat_field_gain,
    homomorphic_gain,
    paper_gain,
    small_luminance,
    vignetting_gain,
)
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Reported, bands, from_float, step, to_float

KERNEL_RADIUS = 12
"""Of the inverse MTF's kernel, in px."""

ASPECT_TOLERANCE = 0.02


class Compensate(Params, frozen=True):
    illumination: Annotated[
        Literal["flat_field", "homomorphic", "paper", "off"],
        param(
            "flat_field: by a flat field or the lens's vignetting; homomorphic: whatever varies slowly; "
            "paper: a page's paper becomes white"
        ),
    ] = "flat_field"
    scale: Annotated[
        float, param("of what counts as slowly varying: standard deviation, of the longer side", ge=0.01, le=1)
    ] = 0.1
    softness: Annotated[
        float, param("of lens or scanner: standard deviation of its blur; 0 for none", ge=0, le=4, unit="px")
    ] = 0.0
    max_gain: Annotated[
        float, param("largest factor, of light at any place and of contrast at any frequency", ge=1, le=32)
    ] = 4.0
    strength: Strength = 1.0

    neutral = {"max_gain": 1.0}
    example = {"illumination": "homomorphic", "softness": 1.0}
    scene = "vignette"

    def is_neutral(self) -> bool:
        return super().is_neutral() or (self.illumination == "off" and self.softness == 0)


@step(
    "compensate",
    stage="filter",
    params=Compensate,
    on="native",
    references={"flat": "picture of an evenly lit, even surface by the same camera, for flat_field"},
)
def compensate(image: Array, params: Compensate, flat: Array | None = None) -> Reported:
    """Compensation of what optics and lighting did.

    illumination, in linear light, where it is a factor. flat_field: divided by the picture `flat` of an even surface if
    that is given, channel by channel, or else by the lens's vignetting, which is found from the symmetry of radial
    gradients (Zheng and others, 2008). homomorphic: the slow part of log luminance is made even (Oppenheim, Schafer and
    Stockham, 1968), for scans under a lamp; large dark things are slow too, so not for every photograph. paper: divided
    by a page's paper, channel by channel, which is the lightest about each place: it becomes white, whatever light and
    shadow it lay in, and lines keep their contrast to it (see `paper_gain`).

    softness, on luma (Y' of BT.601) of encoded values: the inverse of a Gaussian's MTF of that deviation,
    H (1 + k) / (H² + k), whose k bounds its gain by `max_gain` and lets it fall beyond, where there is only noise.
    """
    gain = _gain(image, params, flat)
    kernel = inverse_mtf(params.softness, params.max_gain) if params.softness else None
    result = np.empty_like(image)
    for rows, context, inner in bands(image.shape, KERNEL_RADIUS if kernel is not None else 0):
        if gain is None:
            band = to_float(image[context])
        else:
            light = srgb_to_linear(image[context])
            factor = enlarge_rows(gain, image.shape, context)
            band = linear_to_srgb(light * (factor if factor.ndim == light.ndim else factor[..., None]))
        if kernel is not None:
            before = luma(band)
            change = cv2.filter2D(before, -1, kernel, borderType=cv2.BORDER_REFLECT) - before
            band += change if band.ndim == 2 else change[..., None]
        result[rows] = from_float(band[inner], image.dtype)
    details = (
        {} if gain is None else {"least_gain": round(float(gain.min()), 3), "most_gain": round(float(gain.max()), 3)}
    )
    return Reported(result, details)


def inverse_mtf(sigma: float, max_gain: float) -> Array:
    """The kernel, float32 and of sum 1, of the bounded inverse of a Gaussian of `sigma` px; see `compensate`."""
    side = 128
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    transfer = np.exp(-2 * (math.pi * sigma * frequency) ** 2)
    # H (1 + k) / (H² + k) is largest where H² = k: (1 + k) / (2 √k), which is `max_gain` for this k.
    k = (max_gain - math.sqrt(max_gain**2 - 1)) ** 2
    kernel = np.fft.fftshift(np.fft.ifft2(transfer * (1 + k) / (transfer**2 + k)).real)
    middle, reach = side // 2, KERNEL_RADIUS
    window = np.hanning(2 * reach + 3)[1:-1]
    kernel = kernel[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1] * np.outer(window, window)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _gain(image: Array, params: Compensate, flat: Array | None) -> Array | None:
    if params.illumination == "off":
        return None
    if params.illumination == "homomorphic":
        gain = homomorphic_gain(small_luminance(image), params.scale)
    elif params.illumination == "paper":
        gain = paper_gain(image)
    elif flat is None:
        gain = vignetting_gain(small_luminance(image))
    else:
        aspect = (flat.shape[1] / flat.shape[0]) / (image.shape[1] / image.shape[0])
        if abs(aspect - 1) > ASPECT_TOLERANCE:
            raise RecipeInvalid(
                "bad-reference",
                f"step 'compensate': 'flat' is {flat.shape[1]}x{flat.shape[0]} px, not of the picture's proportions",
            )
        gain = flat_field_gain(flat, gray=image.ndim == 2)
    return np.clip(gain, 1 / params.max_gain, params.max_gain).astype(np.float32)
