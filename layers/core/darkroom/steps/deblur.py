"""Softness undone: an estimated Gaussian blur, inverted as far as noise allows."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np

from darkroom.color.conversions import luma
from darkroom.estimates.blur import BlurModel, model_blur
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, step

HALO = 64
"""Rows and columns that the inverse reaches; past them its response is below a ten-thousandth."""

NEIGHBOURHOOD = 9
"""Side, px, of the window in which the change is weighed against what noise would make."""

MIN_SIGMA = 0.5
"""A smaller estimate is not told apart from a sharp photo."""

MAX_FOUND_SIGMA = 3.0
"""A larger estimate is more likely a scene of fog or sky than a blur to undo."""

TYPICAL = BlurModel(sigma=0.0, log_power=-9.0, fall=2.4, noise=(0.5 / 255) ** 2)
"""What is assumed of a picture too small or too plain to measure."""

Sigma = Annotated[float, param("standard deviation", ge=0, le=5)]


class Deblur(Params, frozen=True):
    sigma: Annotated[Sigma | None, param("standard deviation of the blur, px; absent: found in the picture")] = None
    halo: Annotated[
        float, param("overshoot at edges, as a share of their height; more is sharper but shows", ge=0, le=1)
    ] = 0.1
    strength: Strength = 1.0

    neutral = {"sigma": 0.0}
    example = {"sigma": 1.5}
    scene = "soft"


def _analyse(image: Array, params: Deblur) -> Analysed:
    model = model_blur(image)
    found = model.sigma if model and model.sigma >= MIN_SIGMA else 0.0
    sigma = min(found, MAX_FOUND_SIGMA) if params.sigma is None else params.sigma
    return Analysed((model or TYPICAL, sigma), {"sigma_px": round(sigma, 2)})


@step("deblur", stage="restore", params=Deblur, halo=HALO, analyse=_analyse)
def deblur(image: Array, params: Deblur, analysis: tuple[BlurModel, float]) -> Array:
    """Softness undone: an estimated Gaussian blur, inverted as far as noise allows.

    For slight defocus, a soft lens or scanner, or an enlarged picture: blur that a Gaussian of 0.5 to 3 px describes.
    Its sigma is read from the fall of the power spectrum (see `model_blur`) unless given; a picture that is already
    sharp stays as it is. Luminance (Y of BT.601) goes through the Wiener filter ``H S / (H² S + 2 N)``, with H the
    blur, S the scene's spectrum as fitted and N the measured noise (Wiener 1949; Gonzalez and Woods 2018, section 5.8):
    what noise, or JPEG's rounding, has covered is not brought back, and noise does not grow. Where the change is no
    larger than noise would make it, it is left out. It is added to R, G and B, so colour stays. Overshoot is held to
    `halo` times the range of levels in the neighbourhood.

    On the encoded values: a lens blurs linear light, but for small blurs the difference is slight except at bright
    points, and there deblurring in linear light rings more.
    """
    model, sigma = analysis
    if sigma == 0:
        return image
    y = luma(image)
    sharp, noise = _filtered(y, model, sigma)
    reach = math.ceil(2 * sigma) + 1
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    lowest, highest = cv2.erode(y, square), cv2.dilate(y, square)
    margin = np.float32(params.halo) * (highest - lowest)
    change = np.clip(sharp, lowest - margin, highest + margin) - y
    # The share of the change that noise alone does not explain: plain areas stay plain.
    power = cv2.blur(change * change, (NEIGHBOURHOOD, NEIGHBOURHOOD), borderType=cv2.BORDER_REFLECT)
    change *= np.maximum(0, 1 - np.float32(noise) / np.maximum(power, np.float32(1e-12)))
    return np.asarray(image + (change if image.ndim == 2 else change[..., None]))


def _filtered(plane: Array, model: BlurModel, sigma: float) -> tuple[Array, float]:
    """The filter's result and the variance of the change that it makes of noise."""
    height, width = plane.shape
    # A size that the transform is fast at; and borders that go on as they came, by reflection in a point: mirrored, a
    # slope would break off at the border, and the filter make a line of that.
    full_height, full_width = (cv2.getOptimalDFTSize(side + 2 * HALO) for side in (height, width))
    around = ((HALO, full_height - height - HALO), (HALO, full_width - width - HALO))
    padded = np.clip(np.pad(plane, around, "reflect", reflect_type="odd"), -1, 2)
    spectrum = np.fft.rfft2(padded)
    vertical = np.fft.fftfreq(full_height)[:, None].astype(np.float32)
    horizontal = np.fft.rfftfreq(full_width)[None].astype(np.float32)
    squared = vertical**2 + horizontal**2
    gain = model.inverse(squared, sigma)
    spectrum *= gain
    sharp = np.fft.irfft2(spectrum, s=padded.shape)[HALO : HALO + height, HALO : HALO + width]
    noise = np.square(gain - 1) * model.noise_at(squared)
    return sharp.astype(np.float32), float(noise.mean())
