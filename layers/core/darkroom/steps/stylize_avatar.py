"""A photo as a drawing: cartoon, pencil sketch or flat colour."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from darkroom.algorithms.domain_transform import domain_transform
from darkroom.algorithms.flow import EdgeFlow
from darkroom.color.conversions import luma, with_luma
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import bands, from_float, step, to_float

SIDE = 1024
"""`scale` 1 is meant for pictures of this longest side, px; larger ones get proportionally larger strokes."""

XDOG_RATIO = 1.6
XDOG_SIGMA = 1.1
XDOG_WEIGHT = 0.985
"""tau of the paper as a share: of the wider Gaussian that is subtracted."""

FLOW_SIGMAS, ALONG_SIGMAS = 2.0, 2.5
"""Smoothing of the edges' direction, and of lines along it, in sigmas of the line's width: whole strokes, no dashes."""

INK_STEEPNESS = 120.0
DARKEST_INK = 1.4

INK_REACH = 20
"""Rows that a line depends on, each way, in sigmas of its width."""


class StylizeAvatar(Params, frozen=True):
    style: Annotated[
        Literal["cartoon", "sketch", "flat"], param("smooth areas with ink lines, lines alone, or areas alone")
    ] = "cartoon"
    scale: Annotated[float, param("size of strokes and areas, relative to the picture", ge=0.25, le=4)] = 1.0
    smoothing: Annotated[float, param("difference of colour that is smoothed away, in 0-1", ge=0.05, le=1)] = 0.15
    tones: Annotated[int, param("steps of lightness in cartoon and flat", ge=2, le=32)] = 7
    ink: Annotated[float, param("how readily lines are drawn, and how dark", ge=0, le=1)] = 0.6
    color: Annotated[float, param("saturation of cartoon and flat, relative to the photo", ge=0, le=3)] = 1.25
    strength: Strength = 1.0

    scene = "portrait"


@step(
    "stylize_avatar",
    stage="portrait",
    params=StylizeAvatar,
    on="native",
    discontinuous="where a tone or a line ends, a difference of rounding decides on which side a pixel is",
)
def stylize_avatar(image: Array, params: StylizeAvatar) -> Array:
    """A photo as a drawing: cartoon, pencil sketch or flat colour.

    cartoon: areas are smoothed between edges (domain transform, Gastal and Oliveira 2011), their lightness (Y of
    BT.601) is drawn together to `tones` steps with soft borders (Winnemöller, Olsen and Gooch, "Real-Time Video
    Abstraction", 2006), and ink lines are laid over it. flat: stronger smoothing and hard tones, no lines. sketch: the
    lines alone, on white, with the shadows' tone.

    Lines are the soft threshold of the extended difference of Gaussians (XDoG, Winnemöller 2011) of the smoothed
    luminance: ``1`` above the threshold, ``1 + tanh(phi (D - threshold))`` below.

    Strokes scale with the picture. Takes 24 bytes per pixel besides the result.
    """
    unit = params.scale * max(max(image.shape[:2]) / SIDE, 0.25)
    areas = _areas(image, params, unit)
    ink = None if params.style == "flat" else _ink(areas, params, unit)
    result = np.empty_like(image)
    for rows, _, _ in bands(image.shape, 0):
        if params.style == "sketch":
            assert ink is not None
            # A breath of tone in the shadows, as from the side of the pencil.
            drawn = ink[rows] * np.minimum(1, 0.75 + luma(areas[rows]))
            picture = np.repeat(drawn[..., None], 3, axis=2)
        else:
            picture = _flattened(areas[rows], params)
            if ink is not None:
                picture *= ink[rows][..., None]
        if image.ndim == 2:
            picture = picture[..., 0]
        result[rows] = from_float(picture, image.dtype)
    return result


def _areas(image: Array, params: StylizeAvatar, unit: float) -> Array:
    """The picture smoothed between its edges, HxWx3 float32."""
    areas = np.empty((*image.shape[:2], 3), np.float32)
    for rows, _, _ in bands(image.shape, 0):
        picture = to_float(image[rows])
        areas[rows] = picture if picture.ndim == 3 else picture[..., None]
    stronger = {"sketch": 0.4, "cartoon": 1.0, "flat": 1.4}[params.style]
    domain_transform(areas, 20 * unit * stronger, params.smoothing * stronger)
    return areas


def _flattened(areas: Array, params: StylizeAvatar) -> Array:
    """Tones drawn together and colour raised (HxWx3 in 0–1)."""
    y = luma(areas)
    steepness = 3.0 if params.style == "cartoon" else 12.0
    position = y * np.float32(params.tones)
    # Between two tones a smooth step (2006, equation 4), which flattens inside and keeps the border soft.
    within = np.tanh(steepness * (position - np.rint(position))) / np.tanh(np.float32(steepness / 2))
    tone = np.clip((np.rint(position) + within / 2) / np.float32(params.tones), 0, 1)
    colorful = with_luma(areas, tone)
    saturated = tone[..., None] + np.float32(params.color) * (colorful - tone[..., None])
    return np.asarray(np.clip(saturated, 0, 1))


def _ink(areas: Array, params: StylizeAvatar, unit: float) -> Array:
    """Lines, HxW float32: 1 is paper, 0 is ink."""
    ink = np.empty(areas.shape[:2], np.float32)
    narrow = max(XDOG_SIGMA * unit, 0.6)
    threshold = np.float32(-0.004 + 0.006 * params.ink)
    darkness = np.float32(min(1, DARKEST_INK * params.ink))
    for rows, context, inner in bands(areas.shape, math.ceil(INK_REACH * narrow)):
        y = luma(areas[context])
        flow = EdgeFlow(y, FLOW_SIGMAS * narrow)
        difference = flow.difference_across(y, narrow, XDOG_RATIO * narrow, XDOG_WEIGHT)
        difference = flow.mean_along(difference, ALONG_SIGMAS * narrow)
        line = np.minimum(0, np.tanh(np.float32(INK_STEEPNESS) * (difference - threshold)))[inner]
        ink[rows] = 1 + darkness * line
    return ink
