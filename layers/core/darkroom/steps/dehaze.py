"""Haze removed: the dark channel tells how much air lies before each place."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.algorithms.light_map import LightMap, small
from darkroom.color.conversions import luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, bands, from_float, step, to_float

SIDE = 600
"""Longest side, px, at which the transmission is found: that of the paper's pictures, for which its patch was
chosen."""

PATCH = 15
RADIUS = 30
EPSILON = 1e-3
BRIGHTEST_SHARE = 0.001

SKY_CHROMA = 0.12
SKY_TEXTURE = 0.02


class Dehaze(Params, frozen=True):
    amount: Annotated[float, param("share of the haze that is removed; some makes distance visible", ge=0, le=1)] = 0.9
    least_transmission: Annotated[
        float, param("transmission counts as at least this, so that the thickest haze keeps no noise", ge=0.05, le=1)
    ] = 0.15
    protect_sky: Annotated[
        float, param("how far plain bright areas of the air's colour are left alone", ge=0, le=1)
    ] = 0.8
    strength: Strength = 1.0

    neutral = {"amount": 0.0, "least_transmission": 1.0}
    scene = "hazy"


def _analyse(image: Array, params: Dehaze) -> Analysed:
    tiny = small(image, SIDE)
    color = tiny if tiny.ndim == 3 else np.repeat(tiny[..., None], 3, axis=2)
    air = atmospheric_light(color)
    transmission = 1 - np.float32(params.amount) * dark_channel(color / air, PATCH)
    transmission += (1 - transmission) * np.float32(params.protect_sky) * _sky(color, air)
    light_map = LightMap.fit(transmission, luma(color), RADIUS, EPSILON, image.shape)
    details = {"air": [round(float(c), 3) for c in air], "mean_transmission": round(float(transmission.mean()), 3)}
    return Analysed((air, light_map), details)


@step("dehaze", stage="restore", params=Dehaze, on="native", analyse=_analyse)
def dehaze(image: Array, params: Dehaze, analysis: tuple[Array, LightMap]) -> Array:
    """Haze removed: the dark channel tells how much air lies before each place.

    Haze is modelled as ``I = J t + A (1 - t)``: the scene J, dimmed by the transmission t, and the air's light A. In a
    patch of a clear outdoor photo some channel is almost black, so what is left in it is haze (He, Sun and Tang,
    "Single Image Haze Removal Using Dark Channel Prior", 2009): ``t = 1 - amount * min(I / A)`` over channels and a
    patch, laid along the picture's edges by the guided filter (He et al. 2010) in place of soft matting. A is taken
    from the most haze-opaque 0.1 %. Then ``J = (I - A) / max(t, least_transmission) + A``.

    On the encoded values, as in the paper: that some channel is dark is a statistic of encoded pictures. Sky breaks it
    (it is bright in all channels and not behind haze): plain areas near the air's colour keep a part of their
    transmission, `protect_sky`, so that they neither darken nor show banding. The map is found at 600 px; memory is
    that of one band.
    """
    air, transmission = analysis
    light = air if image.ndim == 3 else luma(air[None, None])[0]
    result = np.empty_like(image)
    for rows, _, _ in bands(image.shape, 0):
        picture = to_float(image[rows])
        t = np.clip(transmission.at(rows, luma(picture)), params.least_transmission, 1)
        picture -= light
        picture /= t if picture.ndim == 2 else t[..., None]
        picture += light
        result[rows] = from_float(picture, image.dtype)
    return result


def dark_channel(color: Array, patch: int) -> Array:
    """The least of R, G and B in a square of `patch` px around each pixel: HxW of HxWx3 float32."""
    darkest = np.minimum(np.minimum(color[..., 0], color[..., 1]), color[..., 2])
    return np.asarray(cv2.erode(darkest, np.ones((patch, patch), np.uint8)))


def atmospheric_light(color: Array) -> Array:
    """The air's light, RGB: the mean of the pixels in the 0.1 % where the dark channel is brightest."""
    dark = dark_channel(color, PATCH).ravel()
    count = max(1, round(dark.size * BRIGHTEST_SHARE))
    haziest = np.argpartition(dark, dark.size - count)[-count:]
    return np.asarray(np.maximum(color.reshape(-1, 3)[haziest].mean(axis=0), np.float32(0.1)))


def _sky(color: Array, air: Array) -> Array:
    """How much each pixel looks like sky, 0–1: near the air's light or brighter, and plain."""
    y = luma(color)
    difference = np.maximum(air - color, 0).max(axis=2)
    near = np.clip(1 - difference / np.float32(2 * SKY_CHROMA), 0, 1)
    mean = cv2.blur(y, (PATCH, PATCH), borderType=cv2.BORDER_REFLECT)
    square = cv2.blur(y * y, (PATCH, PATCH), borderType=cv2.BORDER_REFLECT)
    texture = np.sqrt(np.maximum(square - mean * mean, 0))
    plain = np.clip(2 - texture / np.float32(SKY_TEXTURE), 0, 1)
    return np.asarray(cv2.blur(near * plain, (PATCH, PATCH), borderType=cv2.BORDER_REFLECT))
