"""Slow casts removed in the frequency domain."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.color.conversions import luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import bands, from_float, step, to_float

REACH = 2.0
"""Frequencies above this many times the cutoff pass whole: 0.5 ** (2 ** 4) is removed there, 1.5e-5."""

DARKEST = 0.25
"""For "light": of mean luminance; where the slow part of luminance is less, the cast is measured against this."""


class CorrectFourier(Params, frozen=True):
    cutoff: Annotated[
        float,
        param("frequency at which half is removed; slower is cast, faster is the scene", ge=0.25, le=16, unit="cycles"),
    ] = 1.0
    model: Annotated[
        Literal["additive", "light"],
        param("additive: the cast lies over everything alike; light: it tints in proportion to lightness"),
    ] = "additive"
    keep_mean: Annotated[bool, param("keep the picture's mean colour, and remove only what changes across it")] = True
    strength: Strength = 1.0

    example = {"model": "light", "cutoff": 0.5}
    scene = "uneven_cast"


@step("correct_fourier", stage="correct_color", params=CorrectFourier, on="native", color_only=True)
def correct_fourier(image: Array, params: CorrectFourier) -> Array:
    """Slow casts removed in the frequency domain.

    The picture is taken apart into luminance (Y' of BT.601) and the two opponent channels R' - Y' and B' - Y', encoded
    values. Of the opponents, the plane that fits them best and the low end of their two-dimensional Fourier transform
    are removed: at f cycles per longer side the share ``0.5 ** (f / cutoff) ** 4``, real, so that no phase changes.
    Luminance stays, and so does all detail (what is above twice the cutoff, to 2e-5, apart from the plane).

    A picture is not periodic: in a plain transform a cast from left to right would be a jump at the edge, spread over
    all frequencies. So the plane goes first, and the transform is that of the picture mirrored at its edges (the cosine
    transform, Ahmed, Natarajan & Rao 1974). Only its few coefficients below the cutoff are needed, so only those are
    computed, exactly and from the whole picture, and what they say is evaluated at each pixel, band by band.

    With model "light" the slow cast is a share of the luminance at each pixel instead: coloured light tints white and
    leaves black alone. That is right for light, and also takes the cast out of fine detail, whose colour then changes.

    A large object of one colour is a slow change of colour too: raise the `cutoff` only as far as casts need.
    """
    fields = slow_fields(image, params)
    result = np.empty_like(image)
    down, across = (_basis(length, params.cutoff, max(image.shape[:2])) for length in image.shape[:2])
    weights = LUMA_WEIGHTS
    darkest = max(DARKEST * fields[2][1, 1], np.float32(1e-6))
    for rows, _, _ in bands(image.shape, 0):
        band = to_float(image[rows])
        red, blue = (down[rows] @ field @ across.T for field in fields[:2])
        if params.model == "light":
            share = luma(band) / np.maximum(down[rows] @ fields[2] @ across.T, darkest)
            red, blue = red * share, blue * share
        green = (weights[0] * red + weights[2] * blue) / -weights[1]
        band -= cv2.merge((red, green, blue))
        result[rows] = from_float(band, image.dtype)
    return result


def slow_fields(image: Array, params: CorrectFourier) -> list[Array]:
    """Coefficients, on the rows' and the columns' basis, of what is slow in R' - Y', B' - Y' and Y'; float32."""
    height, width = image.shape[:2]
    side = max(height, width)
    down, across = (_basis(length, params.cutoff, side) for length in (height, width))
    products = np.zeros((3, down.shape[1], across.shape[1]))
    for rows, _, _ in bands(image.shape, 0):
        band = to_float(image[rows])
        light = luma(band)
        red, _, blue = cv2.split(band)
        for plane, part in enumerate((red - light, blue - light, light)):
            products[plane] += down[rows].T @ (part @ across)
    pixels = height * width
    norm_down, norm_across = _norms(height, down), _norms(width, across)
    frequency = np.hypot(_frequencies(down, height, side)[:, None], _frequencies(across, width, side)[None, :])
    removed = 0.5 ** (frequency / params.cutoff) ** 4
    fields = []
    for plane, product in enumerate(products):
        field = np.zeros_like(product)
        mean = product[1, 1] / pixels
        # Column 0 is the ramp, 1 the constant. A ramp is centred, so its slope stands apart from the mean.
        slope_down = product[0, 1] / (norm_down[0] * width)
        slope_across = product[1, 0] / (norm_across[0] * height)
        detail = product[1:, 1:].copy()
        detail[:, 0] -= slope_down * width * (down[:, 1:].T @ down[:, 0])
        detail[0, :] -= slope_across * height * (across[:, 1:].T @ across[:, 0])
        field[1:, 1:] = removed * detail / (norm_down[1:, None] * norm_across[None, 1:])
        field[0, 1], field[1, 0] = slope_down, slope_across
        is_light = plane == 2
        field[1, 1] = mean if is_light or not params.keep_mean else 0
        fields.append(field.astype(np.float32))
    return fields


def _basis(length: int, cutoff: float, side: int) -> Array:
    """A centred ramp and the cosines of the mirrored transform up to `REACH` times the cutoff; length x K float32."""
    count = min(math.floor(2 * REACH * cutoff * length / side), length - 1) + 1
    position = (np.arange(length) + 0.5) / length
    cosines = np.cos(np.pi * position[:, None] * np.arange(count))
    return np.column_stack((position - 0.5, cosines)).astype(np.float32)


def _norms(length: int, basis: Array) -> Array:
    """Sums of squares of the basis' columns; 1 for the ramp of a single pixel, which is 0."""
    squares = np.sum(basis.astype(np.float64) ** 2, axis=0)
    return np.where(squares > 0, squares, 1.0)


def _frequencies(basis: Array, length: int, side: int) -> Array:
    """Cycles per longer side of the basis' cosines."""
    return np.arange(basis.shape[1] - 1) / 2 * side / length
