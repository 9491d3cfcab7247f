"""Undoing blur by motion."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec
import numpy as np

from darkroom.algorithms.deconvolution import richardson_lucy, total_variation, wiener
from darkroom.algorithms.tiles import column_tiles
from darkroom.color.conversions import luma
from darkroom.estimates.motion import BLOCK, MAX_LENGTH, estimate_motion, line_kernel
from darkroom.estimates.noise import estimate_noise
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import Analysed, step, to_float

ESTIMATION_SIDE = 8 * BLOCK
"""Of the middle part of a picture in which motion is estimated, in px: 4 MP."""

TILE_WIDTH = 1024
"""Columns that are deconvolved at once, in px: total variation takes some fifteen planes."""

ITERATIONS = {"total_variation": 10, "richardson_lucy": 20}

CHROMA_NOISE = 0.02
"""What chroma counts as its noise, at least: its detail is little, and its ringing the first to be seen."""


class DeblurMotion(Params, frozen=True):
    length: Annotated[
        Annotated[float, msgspec.Meta(ge=1, le=MAX_LENGTH, extra_json_schema={"unit": "px"})] | None,
        param("how far the picture moved; estimated if absent"),
    ] = None
    angle: Annotated[
        Annotated[float, msgspec.Meta(ge=-180, le=180, extra_json_schema={"unit": "degrees"})] | None,
        param("of the motion, counter-clockwise from the x axis; estimated if absent"),
    ] = None
    method: Annotated[
        Literal["total_variation", "wiener", "richardson_lucy"],
        param("total_variation is the best with noise, wiener the fastest"),
    ] = "total_variation"
    noise: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=50, extra_json_schema={"unit": "levels of 255"})] | None,
        param("standard deviation; more is smoother; estimated if absent"),
    ] = None
    iterations: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=100)] | None,
        param("if absent, 10 of total variation, 20 of Richardson-Lucy; a Wiener filter has none"),
    ] = None
    strength: Strength = 1.0

    neutral = {"length": 1.0}
    example = {"length": 15.0, "angle": 0.0}
    scene = "moved"


def _analyse(image: Array, params: DeblurMotion) -> Analysed:
    height, width = image.shape[:2]
    top, left = max(0, height - ESTIMATION_SIDE) // 2, max(0, width - ESTIMATION_SIDE) // 2
    noise = estimate_noise(image).luminance_sigma if params.noise is None else params.noise
    details: dict[str, object] = {"noise": round(noise, 2)}
    if params.length is not None and params.angle is not None:
        return Analysed((line_kernel(params.length, params.angle), noise / 255), details)
    motion = estimate_motion(luma(to_float(image[top : top + ESTIMATION_SIDE, left : left + ESTIMATION_SIDE])))
    details |= {"found": motion.found, "correlation": round(motion.correlation, 2)}
    if not motion.found:
        return Analysed(None, details)
    length = motion.length if params.length is None else params.length
    angle = motion.angle if params.angle is None else params.angle
    details |= {"length": round(length, 1), "angle": round(angle, 1)}
    return Analysed((line_kernel(length, angle), noise / 255), details)


def _halo(params: DeblurMotion) -> int:
    return math.ceil(2 * (params.length or MAX_LENGTH)) + 32


@step("deblur_motion", stage="filter", params=DeblurMotion, halo=_halo, analyse=_analyse)
def deblur_motion(image: Array, params: DeblurMotion, analysis: tuple[Array, float] | None) -> Array:
    """Undoing blur by motion.

    The picture counts as a sharp one that moved evenly along a line, and is deconvolved. `length` and `angle` are found
    in the cepstrum if they are not given; a picture in which no motion is found stays as it is, and the report says so.
    The luma (Y' of BT.601) goes through the method chosen, the two colour differences through a Wiener filter. Works on
    the encoded values. What lies beyond the frame counts as unknown, so its edges do not ring.

    total_variation: Rudin, Osher and Fatemi 1992 by the alternating direction method of multipliers, as Almeida and
    Figueiredo, 2013. wiener: with a noise-to-signal ratio that grows with the square of frequency. richardson_lucy:
    Richardson 1972 and Lucy 1974, accelerated as by Biggs and Andrews, 1997; it knows nothing of noise, so stop early.
    """
    if analysis is None:
        return image
    result = np.empty_like(image)
    for columns, context, inner in column_tiles(image.shape[1], TILE_WIDTH, _halo(params)):
        result[:, columns] = _deconvolve(image[:, context], *analysis, params)[:, inner]
    return result


def _deconvolve(image: Array, kernel: Array, noise: float, params: DeblurMotion) -> Array:
    brightness = luma(image)
    restored = _restore(np.ascontiguousarray(brightness), kernel, noise, params)
    if image.ndim == 2:
        return restored
    # The difference of green follows from the others', since all three, weighted as in luma, add up to nothing.
    red, blue = (wiener(image[..., c] - brightness, kernel, max(noise, CHROMA_NOISE)) for c in (0, 2))
    green = -(LUMA_WEIGHTS[0] * red + LUMA_WEIGHTS[2] * blue) / LUMA_WEIGHTS[1]
    return np.dstack([restored + difference for difference in (red, green, blue)])


def _restore(plane: Array, kernel: Array, noise: float, params: DeblurMotion) -> Array:
    if params.method == "wiener":
        return wiener(plane, kernel, noise)
    iterations = params.iterations or ITERATIONS[params.method]
    if params.method == "richardson_lucy":
        return richardson_lucy(plane, kernel, iterations)
    return total_variation(plane, kernel, noise, iterations)
