"""Shadows lifted by an illumination map, with neither highlights nor noise."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from darkroom.algorithms.guided import guided
from darkroom.algorithms.light_map import LightMap, small
from darkroom.color.conversions import luma
from darkroom.estimates.noise import estimate_noise
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Reported, bands, from_float, step, to_float

DARKEST = 0.02
"""Illumination counts as at least this: deeper black holds no picture to lift."""

MAX_EXPONENT_CUT = 0.75
"""Full amount turns illumination T into ``T ** 0.25``, with `range` as 1; LIME's usual choice is 0.2."""

RADIUS_SHARE = 1 / 24
"""Radius of the illumination map's windows, of the longest side."""

EPSILON = 0.01

LUMA_RADIUS, CHROMA_RADIUS = 3, 8
LUMA_SIGMAS, CHROMA_SIGMAS = 2.5, 5.0
"""Differences up to this many standard deviations of the noise are evened out as the lift grows. Noise is measured over
the whole picture, and shadows have more of it; in chroma evening out too much costs little."""


ROUNDING = 0.3 / 255
"""Noise counts as at least this where there is any: below, a guided filter's slopes are float32's own rounding."""


class LiftShadows(Params, frozen=True):
    amount: Annotated[float, param("how far the shadows are lifted", ge=0, le=1)] = 0.5
    range: Annotated[float, param("light from which on nothing changes, in 0-1", ge=0.05, le=1)] = 0.75
    noise: Annotated[float, param("how much of the noise that the lift would amplify is removed", ge=0, le=1)] = 1.0
    strength: Strength = 1.0

    neutral = {"amount": 0.0}
    scene = "backlit"


@step("lift_shadows", stage="adjust_tone", params=LiftShadows, on="native")
def lift_shadows(image: Array, params: LiftShadows) -> Reported:
    """Shadows lifted by an illumination map, with neither highlights nor noise.

    The light T that falls on each place is estimated as the largest of R, G and B, smoothed along edges (Guo, Li and
    Ling, "LIME: Low-Light Image Enhancement via Illumination Map Estimation", 2017; a guided filter refines it).
    All three channels are multiplied by the same gain, ``(T / range) ** -(0.75 amount)`` up to `range`, 1 above, on the
    encoded values: hue and saturation stay, and detail keeps its contrast relative to its surroundings, so nothing
    turns flat or gets halos. The gain takes T to be at least the pixel's own largest channel, so nothing can clip.

    Noise is measured. Where the gain is g, the part ``1 - 1 / g`` of what the picture's noise level explains is evened
    out before (a guided filter; chroma more widely than luminance), so that the noise stays about what it was.

    Takes float32 planes of one band, whatever the picture's size.
    """
    tiny = small(image)
    brightest = _brightest(tiny)
    radius = max(1, round(max(brightest.shape) * RADIUS_SHARE))
    light = LightMap.fit(brightest, brightest, radius, EPSILON, image.shape)
    noise = estimate_noise(image)
    sigma = max(noise.luminance_sigma, noise.chroma_sigma) / 255
    evened = max(sigma, ROUNDING)
    result = np.empty_like(image)
    halo = 2 * (CHROMA_RADIUS + LUMA_RADIUS)
    for rows, context, inner in bands(image.shape, halo):
        picture = to_float(image[context])
        largest = _brightest(picture)
        gain = _gain(np.maximum(light.at(context, largest), largest), params)
        if params.noise > 0 and sigma > 0:
            picture += (params.noise * (1 - 1 / gain))[(...,) + (None,) * (picture.ndim - 2)] * _noise(picture, evened)
        picture *= gain if picture.ndim == 2 else gain[..., None]
        result[rows] = from_float(picture[inner], image.dtype)
    details = {"mean_light": round(float(brightest.mean()), 4), "noise_sigma": round(sigma * 255, 2)}
    return Reported(result, details)


def _brightest(image: Array) -> Array:
    return image if image.ndim == 2 else np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def _gain(light: Array, params: LiftShadows) -> Array:
    """The gain of places with some light (float32), at least 1; light times gain rises with light."""
    share = np.clip(light, DARKEST, params.range) / np.float32(params.range)
    return np.asarray(share ** np.float32(-MAX_EXPONENT_CUT * params.amount))


def _noise(picture: Array, sigma: float) -> Array:
    """What is to be added to take the noise away."""
    y = luma(picture)
    smooth = guided(y, y, LUMA_RADIUS, (LUMA_SIGMAS * sigma) ** 2)
    if picture.ndim == 2:
        return smooth - y
    chroma = picture - y[..., None]
    result: Array = guided(chroma, smooth, CHROMA_RADIUS, (CHROMA_SIGMAS * sigma) ** 2) - chroma
    result += (smooth - y)[..., None]
    return result
