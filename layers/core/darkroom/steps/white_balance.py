"""White balance: what colour the light had, and the picture under a neutral one."""

from __future__ import annotations

from typing import Annotated

import cv2
import msgspec
import numpy as np

from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.estimates.illuminant import Method, estimate_illuminant
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMINANCE_WEIGHTS, cast_degrees, linear_to_srgb_exact, srgb_to_linear_exact
from darkroom.step import Analysed, bands, from_float, lut_for, max_level, step, to_float

TRUSTED_DEGREES, DISTRUSTED_DEGREES = 25.0, 40.0
"""A picture whose estimate lies further from grey than any usual light (tungsten under daylight settings is about 25°)
is more likely a picture of one colour: the correction fades out between these angles."""

HIGHLIGHT = 0.95
"""Encoded value from which, if all channels reach it, a pixel passes into the white that it had."""

CLIPPED = 0.98
"""Encoded value from which a channel may have been brighter than can be told: there a ramp begins that ends at 1, so it
is lower than where estimates leave a pixel out."""

LOWERED = 1 - 1e-6
"""Gain below which a channel is lowered: green's, which is to stay, is 1 but for rounding."""


Channel = Annotated[float, msgspec.Meta(ge=0.001, le=1000)]
Light = Annotated[list[Channel], msgspec.Meta(min_length=3, max_length=3)]


class WhiteBalance(Params, frozen=True):
    method: Annotated[Method, param("how the colour of the light is estimated")] = "shades_of_grey"
    p: Annotated[
        float, param("norm of shades of grey and grey edge: 1 averages, higher trusts the brightest more", ge=1, le=32)
    ] = 16.0
    order: Annotated[int, param("derivative that grey edge looks at", ge=1, le=2)] = 1
    sigma: Annotated[float, param("smoothing before grey edge's derivative", ge=0.5, le=10, unit="px")] = 1.5
    illuminant: Annotated[
        Light | None, param("colour of the light, linear [red, green, blue], if it is known; else it is estimated")
    ] = None
    strength: Strength = 1.0

    scene = "cast"


def balancing_gains(image: Array, params: WhiteBalance) -> Analysed:
    """Factors for linear R, G and B that turn the light grey, and keep the luminance of what is grey in it, or, of a
    light that is known, green."""
    if params.illuminant is None:
        light = estimate_illuminant(image, params.method, params.p, order=params.order, sigma=params.sigma)
        degrees = cast_degrees(light)
        trust = float(np.clip((DISTRUSTED_DEGREES - degrees) / (DISTRUSTED_DEGREES - TRUSTED_DEGREES), 0, 1))
    else:
        light = np.array(params.illuminant) / np.linalg.norm(params.illuminant)
        degrees, trust = cast_degrees(light), 1.0
    gains = light**-trust
    gains *= LUMINANCE_WEIGHTS @ (1 / gains) if params.illuminant is None else 1 / gains[1]
    found = {"illuminant": light.round(4).tolist(), "cast_degrees": round(degrees, 2), "gains": gains.round(4).tolist()}
    return Analysed(gains, found)


@step(
    "white_balance", stage="correct_color", params=WhiteBalance, on="native", color_only=True, analyse=balancing_gains
)
def white_balance(image: Array, params: WhiteBalance, analysis: Array) -> Array:
    """White balance.

    Estimates the colour of the light and divides it out, channel by channel (von Kries), in linear light, because light
    multiplies. The gains keep the luminance (Y of BT.709) of what is grey under that light. What was white in all three
    channels (blown highlights, which carry no colour any more) stays white. A channel that was clipped and is lowered
    had more light than it shows: it is given as much as the darker of the other two, lest highlights turn to the
    opposite colour.

    Estimates: the mean (grey world: Buchsbaum 1980), a high percentile (white patch: Land & McCann 1971), a Minkowski
    p-norm (shades of grey: Finlayson & Trezzi, "Shades of Gray and Colour Constancy", 2004) of linear RGB, or of its
    derivatives (grey edge: van de Weijer, Gevers & Gijsenij, "Edge-Based Color Constancy", IEEE TIP 2007; on a reduced
    copy of large pictures).

    On photographs the default, shades of grey with p = 16, both removed casts better and disturbed pictures without one
    less than the paper's p = 6, which leans on the scene's own colours; still higher norms hang on ever fewer pixels.
    Estimates too far from grey for any light (above 25°) are trusted less, above 40° not at all. A light that is known,
    as from a grey card, is given as `illuminant` and taken as it is; then green stays as it is, as in a camera, whose
    balance multiplies red and blue.
    """
    gains: Array = analysis
    result = np.empty_like(image)
    table = None
    if image.dtype != np.float32:
        table = lut_for(lambda v: linear_to_srgb_exact(srgb_to_linear_exact(v)[:, None] * gains), image.dtype)[None]
    for rows, _, _ in bands(image.shape, 0):
        band = image[rows]
        if table is None:
            balanced = np.minimum(linear_to_srgb(srgb_to_linear(band) * gains.astype(np.float32)), 1)
        else:
            balanced = np.asarray(cv2.LUT(band, table))
        _fill_clipped(band, balanced, gains)
        _keep_white(band, balanced)
        result[rows] = balanced
    return result


def _fill_clipped(before: Array, after: Array, gains: Array) -> None:
    """Raise, in place, what was clipped in a channel and is lowered, to the darker of the other two."""
    least = before.dtype.type(CLIPPED * max_level(before.dtype))
    for channel in np.flatnonzero(gains < LOWERED):
        clipped = np.nonzero(before[..., channel] > least)
        if clipped[0].size:
            old, new = to_float(before[..., channel][clipped]), to_float(after[clipped])
            first, second = (new[:, other] for other in range(3) if other != channel)
            missing = np.maximum(np.minimum(first, second) - new[:, channel], 0)
            weight = (old - np.float32(CLIPPED)) / np.float32(1 - CLIPPED)
            after[(*clipped, channel)] = from_float(new[:, channel] + np.maximum(weight, 0) * missing, before.dtype)


def _keep_white(before: Array, after: Array) -> None:
    """Fade `after`, in place, back to `before` where all of a pixel's channels near white."""
    smallest = np.minimum(np.minimum(before[..., 0], before[..., 1]), before[..., 2])
    bright = smallest > HIGHLIGHT * max_level(before.dtype)
    if bright.any():
        old, new = to_float(before[bright]), to_float(after[bright])
        weight = (old.min(axis=1, keepdims=True) - np.float32(HIGHLIGHT)) / np.float32(1 - HIGHLIGHT)
        after[bright] = from_float(new + weight * (old - new), before.dtype)
