"""The photographer's sliders: exposure, brightness, contrast, saturation, vibrance, hue, temperature, tint."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import cv2
import msgspec
import numpy as np

from darkroom.color.conversions import (
    OKLAB_FROM_ROOTS,
    OKLAB_LMS_FROM_RGB,
    RGB_FROM_OKLAB_LMS,
    ROOTS_FROM_OKLAB,
    fit_gamut,
    linear_to_oklab,
    linear_to_srgb,
    luma,
    oklab_to_linear,
    srgb_to_linear,
    with_luma,
)
from darkroom.estimates.skin import spare_skin
from darkroom.kernels import loops
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMINANCE_WEIGHTS, linear_to_srgb_exact, srgb_to_linear_exact
from darkroom.step import bands, from_float, max_level, step

TEMPERATURE_EV, TINT_EV = 0.5, 0.3
"""Stops that red gains and blue loses at temperature 1, and that red and blue gain over green at tint 1."""

TONE_STOPS = 2.0
"""Brightness and contrast of 1 give their curves a slope of 2^2 at their steepest."""

VIVID_CHROMA = 0.12
"""Oklab chroma at which vibrance has faded to 1/e of its effect: that of a clear sky or a tanned skin's shadow."""

FAINT_CHROMA = 0.05
"""Oklab chroma at which violet is spared half of vibrance by `spare_greys`: grey fur, rock or shaded snow has less."""

VIOLET, OFF_VIOLET, SURELY_VIOLET = math.radians(320), 0.4, 0.85
"""Hue of Oklab, and cosine of the angle to it from which on a colour is violet or magenta, and from where surely: from
255 to 25 and from 290 to 350 degrees. Skies are bluer, earth and wood are yellower."""

MATRICES = np.stack((OKLAB_LMS_FROM_RGB, OKLAB_FROM_ROOTS, ROOTS_FROM_OKLAB, RGB_FROM_OKLAB_LMS)).astype(np.float32)
"""To Oklab and back, as the kernel takes them."""


class AdjustColor(Params, frozen=True):
    exposure: Annotated[float, param("change of exposure: each EV doubles the light", ge=-5, le=5, unit="EV")] = 0.0
    brightness: Annotated[float, param("lightens or darkens the middle tones; black and white stay", ge=-1, le=1)] = 0.0
    contrast: Annotated[
        float, param("steepens or flattens tones about mid grey; black and white stay", ge=-1, le=1)
    ] = 0.0
    saturation: Annotated[float, param("change of chroma: -1 is grey, 1 is twice as colourful", ge=-1, le=1)] = 0.0
    vibrance: Annotated[float, param("as saturation, but mostly for colours that are pale", ge=-1, le=1)] = 0.0
    hue: Annotated[float, param("turns all hues", ge=-180, le=180, unit="degrees")] = 0.0
    temperature: Annotated[float, param("from cold (blue, -1) to warm (amber, 1)", ge=-1, le=1)] = 0.0
    tint: Annotated[float, param("from green (-1) to magenta (1)", ge=-1, le=1)] = 0.0
    spare_skin: Annotated[float, param("how much of saturation, vibrance and hue skin is spared", ge=0, le=1)] = 0.0
    spare_greys: Annotated[float, param("how much of vibrance the faint violet of greys is spared", ge=0, le=1)] = 0.0
    strength: Strength = 1.0

    example = {"exposure": 0.3, "contrast": 0.15, "vibrance": 0.4, "temperature": 0.2}
    scene = "landscape"

    def is_neutral(self) -> bool:
        sliders = (name for name in self.names() if name not in ("strength", "spare_skin", "spare_greys"))
        return self.strength == 0 or all(getattr(self, name) == 0 for name in sliders)


@step("adjust_color", stage="correct_color", params=AdjustColor, on="native")
def adjust_color(image: Array, params: AdjustColor) -> Array:
    """Exposure, brightness, contrast, saturation, vibrance, hue, temperature and tint.

    Applied in this order, each in the space where it has its meaning:

    - temperature, tint, exposure: factors in linear light, because light multiplies. Exposure is 2^EV, clipped at
      white. Temperature and tint scale R, G and B (von Kries) by powers of two and keep the luminance of greys: red
      over blue grows by 1 EV at temperature 1, red and blue over green by 0.6 EV at tint 1.
    - brightness, contrast: curves of the encoded luma (Y' of BT.601) that keep black and white and therefore clip
      nothing; hue and saturation stay (`darkroom.color.conversions.with_luma`). Brightness is
      ``v k / (1 + (k - 1) v)``, contrast the same curve for either half about mid grey, with k = 4^value (Schlick,
      "Fast alternatives to Perlin's bias and gain functions", Graphics Gems IV, 1994).
    - saturation, vibrance, hue: chroma and hue angle of Oklab (Ottosson 2020), whose lightness stays. Saturation scales
      chroma by 1 + value; vibrance likewise with a value that fades with chroma C as exp(-C / 0.12). What leaves sRGB
      is mixed with grey of its own luminance instead of being clipped by channel. `spare_skin` takes so much of these
      back where the colour is skin's: what makes a landscape lively makes faces orange. Where the hue is violet or
      magenta, vibrance is multiplied by ``C^2 / (C^2 + spare_greys 0.05^2)``: greys in the shade are to stay grey.

    Alone, and where nothing was clipped or left the gamut, each but vibrance is undone by its opposite: the negative
    value, and -s / (1 + s) for a saturation s. Grey pictures keep to exposure, brightness and contrast.
    """
    result = _adjusted(image, params)
    if params.spare_skin and image.ndim == 3:
        plain = msgspec.structs.replace(params, saturation=0.0, vibrance=0.0, hue=0.0)
        spare_skin(result, image if plain.is_neutral() else _adjusted(image, plain), params.spare_skin)
    return result


def _adjusted(image: Array, params: AdjustColor) -> Array:
    """All of it but for `spare_skin`."""
    toned = bool(params.brightness or params.contrast)
    vivid = image.ndim == 3 and bool(params.saturation or params.vibrance or params.hue)
    gains = light_gains(params, image.ndim == 3)
    light = exposed(image.dtype, gains, linear=vivid and not toned)
    if vivid and not toned and loops.available():
        table = None if image.dtype == np.float32 else light_table(image.dtype, gains, linear=True)
        given = light(image) if table is None else image
        return loops.turn_colors(given, table, image.dtype, MATRICES, turn_of(params))
    result = np.empty_like(image)
    for rows, _, _ in bands(image.shape, 0):
        band = light(image[rows])
        if toned:
            band = with_luma(band, tone_curve(np.clip(luma(band), 0, 1), params.brightness, params.contrast))
        if vivid:
            linear = srgb_to_linear(np.maximum(band, 0)) if toned else band
            if loops.available():
                result[rows] = loops.turn_colors(linear, None, image.dtype, MATRICES, turn_of(params))
                continue
            linear = oklab_to_linear(turn_chroma(linear_to_oklab(linear), params))
            band = linear_to_srgb(fit_gamut(linear))
        result[rows] = from_float(band, image.dtype)
    return result


def exposed(dtype: np.dtype[Any], gains: Array, *, linear: bool) -> Callable[[Array], Array]:
    """A function from bands of a picture (HxW or HxWx3 of `dtype`) to float32 in 0–1 with their light times `gains`.

    linear: whether it returns linear light, or sRGB-encoded values. Integers go through a table of every level, which
    also saves the powers.
    """
    if dtype != np.float32:
        table = light_table(dtype, gains, linear=linear)[None]
        return lambda band: np.asarray(cv2.LUT(band, table)).reshape(band.shape)
    if linear:
        return lambda band: np.minimum(srgb_to_linear(band) * gains, 1)
    if (gains == 1).all():
        return np.copy
    return lambda band: np.minimum(linear_to_srgb(srgb_to_linear(band) * gains), 1)


def light_table(dtype: np.dtype[Any], gains: Array, *, linear: bool) -> Array:
    """Of every level of an integer dtype its light times `gains` (levels x gains), float32 in 0–1, perhaps encoded."""
    light = np.minimum(srgb_to_linear_exact(np.linspace(0, 1, int(max_level(dtype)) + 1))[:, None] * gains, 1)
    return np.asarray(light if linear else linear_to_srgb_exact(light), np.float32)


def light_gains(params: AdjustColor, color: bool) -> Array:
    """Factors for linear R, G, B (or one for grey) of exposure, temperature and tint, float32."""
    exposure = 2.0**params.exposure
    if not color:
        return np.array([exposure], np.float32)
    warm, magenta = TEMPERATURE_EV * params.temperature, TINT_EV * params.tint
    gains = np.exp2([warm + magenta, -magenta, magenta - warm])
    return np.asarray(exposure * gains / (LUMINANCE_WEIGHTS @ gains), np.float32)


def tone_curve(values: Array, brightness: float, contrast: float) -> Array:
    """Brightness, then contrast, of encoded values in 0–1: monotone, 0 and 1 stay, contrast keeps 0.5 as well."""
    if brightness:
        values = bias(values, TONE_STOPS * brightness)
    if contrast:
        half = bias(1 - np.abs(2 * values - 1), -TONE_STOPS * contrast)
        values = np.where(values < 0.5, half / 2, 1 - half / 2)
    return values


def bias(values: Array, stops: float) -> Array:
    """Schlick's bias as a fractional linear curve through 0 and 1 with a slope of 2^stops at 0; undone by -stops."""
    slope = np.float32(2.0**stops)
    return values * slope / (1 + (slope - 1) * values)


def turn_of(params: AdjustColor) -> Array:
    """`turn_chroma` in the numbers that the kernel takes."""
    angle = math.radians(params.hue)
    factor = 1 + params.saturation
    spared = params.spare_greys * FAINT_CHROMA**2
    violet = np.array([math.cos(VIOLET), math.sin(VIOLET), -OFF_VIOLET]) / (SURELY_VIOLET - OFF_VIOLET)
    return np.array(
        [factor, params.vibrance, -1 / VIVID_CHROMA, math.cos(angle), math.sin(angle), spared, *violet], np.float32
    )


def turn_chroma(lab: Array, params: AdjustColor) -> Array:
    """Oklab (HxWx3) with chroma scaled for saturation and vibrance and the hue angle turned."""
    a, b = lab[..., 1], lab[..., 2]
    scale: Array = np.array(1 + params.saturation, np.float32)
    if params.vibrance:
        chroma = np.hypot(a, b)
        fading = np.exp(chroma * np.float32(-1 / VIVID_CHROMA))
        if params.spare_greys:
            fading *= left_of_violet(a, b, chroma, params.spare_greys)
        scale = scale * (1 + np.float32(params.vibrance) * fading)
    angle = np.deg2rad(params.hue)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return np.stack((lab[..., 0], scale * (cos * a - sin * b), scale * (sin * a + cos * b)), axis=-1)


def left_of_violet(a: Array, b: Array, chroma: Array, spare_greys: float) -> Array:
    """How much of vibrance there is for colours of Oklab (HxW each), in 0-1: 1 but for what is faint and violet."""
    toward = a * np.float32(math.cos(VIOLET)) + b * np.float32(math.sin(VIOLET))
    cosine = toward / np.maximum(chroma, np.float32(1e-6))
    violet = np.clip((cosine - OFF_VIOLET) / (SURELY_VIOLET - OFF_VIOLET), 0, 1)
    square = chroma * chroma
    spared = violet * np.float32(spare_greys * FAINT_CHROMA**2)
    return np.asarray(square / np.maximum(square + spared, np.float32(1e-12)))
