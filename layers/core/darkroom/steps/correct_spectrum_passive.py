"""Colour correction by statistics: mean and covariance of colours as in another picture, or as stated."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np

from darkroom.color.statistics import SMALLEST_VARIANCE, map_colors, mean_and_covariance, symmetric_power
from darkroom.errors import RecipeInvalid
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import Reported, split_alpha, step, to_float

Level = Annotated[float, param("", ge=0, le=1)]
Covariance = Annotated[float, param("", ge=-0.25, le=0.25)]
Row = Annotated[list[Covariance], param("", min_length=3, max_length=3)]


SAMPLES = 100_000
"""Pixels on which the effect of clipping is measured, at most."""

ROUNDS = 12
"""Maps that are tried against clipping."""


class CorrectSpectrumPassive(Params, frozen=True):
    mean: Annotated[list[Level], param("mean R, G and B, in 0-1, instead of the reference's", max_length=3)] = []
    covariance: Annotated[
        list[Row], param("covariance of R, G and B in 0-1, in three rows, instead of the reference's", max_length=3)
    ] = []
    strength: Strength = 1.0

    example = {
        "mean": [0.22, 0.29, 0.22],
        "covariance": [[0.121, 0.048, 0.017], [0.048, 0.031, 0.019], [0.017, 0.019, 0.017]],
    }
    scene = "underwater"

    def check(self) -> None:
        for name in ("mean", "covariance"):
            if len(getattr(self, name)) not in (0, 3):
                raise ValueError(f"'{name}' must have 3 entries, or none")
        if self.covariance:
            matrix = np.array(self.covariance)
            if not np.allclose(matrix, matrix.T, atol=1e-9) or np.linalg.eigvalsh(matrix)[0] < -1e-9:
                raise ValueError("'covariance' must be symmetric and have no negative eigenvalue")


@step(
    "correct_spectrum_passive",
    stage="correct_color",
    params=CorrectSpectrumPassive,
    on="native",
    references={"reference": "the picture whose mean and covariance of colours are taken over"},
)
def correct_spectrum_passive(image: Array, params: CorrectSpectrumPassive, reference: Array | None = None) -> Reported:
    """Colour correction by statistics: mean and covariance of colours as in another picture, or as stated.

    Knows nothing of the light or the camera: the linear map of colours that gives the picture the target's mean m' and
    covariance C', from its own m and C, and of all those maps the one that moves colours least (Monge–Kantorovich):

        ``out = T (in - m) + m'``,  ``T = C^-1/2 (C^1/2 C' C^1/2)^1/2 C^-1/2``

    Pitié & Kokaram, "The linear Monge–Kantorovitch linear colour mapping for example-based colour transfer", 2007, on
    the encoded values as there. Mean and covariance equal the target's; where black and white clip, the map aims
    beyond the target by as much as clipping takes away, as far as that is possible.

    A direction of colour that varies by no more than 8-bit rounding is taken to vary by that much, so that a picture
    without colour does not have its rounding stretched into some. A grey picture gets the mean and variance of the
    target's luminance (Y of BT.601).

    Raises RecipeInvalid where there is no reference and `mean` or `covariance` is not stated.
    """
    target_mean, target_covariance = _target(params, reference)
    if image.ndim == 2:
        weights = LUMA_WEIGHTS.astype(np.float64)
        target_mean, target_covariance = (
            weights[None] @ target_mean,
            weights[None] @ target_covariance @ weights[:, None],
        )
    matrix, offset = _unclipped_map(image, target_mean, target_covariance)
    found = {
        "matrix": matrix.round(4).tolist(),
        "offset": offset.round(4).tolist(),
        "target": target_mean.round(4).tolist(),
    }
    return Reported(map_colors(image, matrix, offset), found)


def _unclipped_map(image: Array, target_mean: Array, target_covariance: Array) -> tuple[Array, Array]:
    """The matrix and offset whose result, once clipped to 0–1, has the target's mean and covariance.

    The first map aims at the target itself. Where clipping took something from it, the next aims as much beyond; on an
    evenly spaced subset of the pixels, and the best of all is taken.
    """
    mean, covariance = mean_and_covariance(image)
    colors = _sample(image)
    aim_mean, aim_covariance = target_mean, target_covariance
    best, least = (np.eye(len(mean)), np.zeros(len(mean))), np.inf
    for _ in range(ROUNDS):
        matrix = monge_kantorovich(covariance, aim_covariance)
        offset = aim_mean - matrix @ mean
        mapped = colors @ matrix.T + offset
        overshoot = np.clip(mapped, 0, 1) - mapped
        if not overshoot.any():
            return matrix, offset
        mapped += overshoot
        got_mean, got_covariance = mapped.mean(axis=0), np.atleast_2d(np.cov(mapped.T, bias=True))
        error = float(np.abs(got_mean - target_mean).max() + np.abs(got_covariance - target_covariance).max())
        if error < least:
            best, least = (matrix, offset), error
        beyond = monge_kantorovich(got_covariance, target_covariance)
        aim_covariance = beyond @ aim_covariance @ beyond.T
        aim_mean = aim_mean + target_mean - got_mean
    return best


def _sample(image: Array) -> Array:
    """NxC colours in 0–1, float64."""
    stride = max(math.ceil(math.sqrt(image.shape[0] * image.shape[1] / SAMPLES)), 1)
    picked = to_float(image[::stride, ::stride]).astype(np.float64)
    return picked.reshape(-1, 1 if image.ndim == 2 else 3)


def monge_kantorovich(covariance: Array, target: Array) -> Array:
    """The symmetric T with ``T covariance T = target`` (Pitié & Kokaram 2007, equation 11)."""
    root = symmetric_power(covariance, 0.5, SMALLEST_VARIANCE)
    inverse = symmetric_power(covariance, -0.5, SMALLEST_VARIANCE)
    return inverse @ symmetric_power(root @ target @ root, 0.5) @ inverse


def _target(params: CorrectSpectrumPassive, reference: Array | None) -> tuple[Array, Array]:
    if reference is None and not (params.mean and params.covariance):
        raise RecipeInvalid(
            "missing-reference",
            "step 'correct_spectrum_passive' needs the image 'reference', or both 'mean' and 'covariance'",
        )
    mean, covariance = np.zeros(3), np.zeros((3, 3))
    if reference is not None:
        color = split_alpha(reference)[0]
        mean, covariance = mean_and_covariance(color)
        if color.ndim == 2:
            mean, covariance = np.repeat(mean, 3), np.full((3, 3), covariance[0, 0])
    if params.mean:
        mean = np.array(params.mean)
    if params.covariance:
        covariance = np.array(params.covariance)
    return mean, covariance
