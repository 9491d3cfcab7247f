"""Colour correction from known colours: a chart's patches, or the same scene in true colours."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Reported, bands, from_float, split_alpha, step, to_float

Level = Annotated[float, param("", ge=0, le=1)]
Color = Annotated[list[Level], param("", min_length=3, max_length=3)]

EXPONENTS = {
    "linear": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "root_polynomial": (
        *((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        *((1 / 2, 1 / 2, 0), (0, 1 / 2, 1 / 2), (1 / 2, 0, 1 / 2)),
    ),
    "root_polynomial_3": (
        *((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        *((1 / 2, 1 / 2, 0), (0, 1 / 2, 1 / 2), (1 / 2, 0, 1 / 2)),
        *((1 / 3, 2 / 3, 0), (0, 1 / 3, 2 / 3), (1 / 3, 0, 2 / 3)),
        *((2 / 3, 1 / 3, 0), (0, 2 / 3, 1 / 3), (2 / 3, 0, 1 / 3)),
        (1 / 3, 1 / 3, 1 / 3),
    ),
}
"""Powers of R, G and B in each term (Finlayson 2015, table I: degrees 1, 2 and 3). They add up to 1 in each."""

RIDGE = 1e-7
"""Weight, per sample, of staying as it is against fitting the samples: decides only what the samples do not."""

PAIRS = 200_000
"""Pixels that are compared, of two pictures of one scene: an evenly spaced subset of larger ones."""

CLIPPED = 0.99
"""Encoded value from which a pixel of such a picture is left out: its colour is not known."""


class CorrectSpectrumActive(Params, frozen=True):
    samples: Annotated[list[Color], param("colours as the picture has them, R, G, B in 0-1", max_length=1000)] = []
    targets: Annotated[list[Color], param("what those colours are, in the same order", max_length=1000)] = []
    method: Annotated[
        Literal["linear", "root_polynomial", "root_polynomial_3"],
        param("a 3x3 matrix; with square roots of products (6 samples or more); with cube roots too (13 or more)"),
    ] = "linear"
    strength: Strength = 1.0

    example = {
        "samples": [[0.99, 0.88, 0.70], [0.56, 0.49, 0.38], [0.82, 0.18, 0.11], [0.20, 0.53, 0.24], [0.22, 0.29, 0.49]],
        "targets": [[0.90, 0.90, 0.90], [0.50, 0.50, 0.50], [0.74, 0.19, 0.15], [0.17, 0.54, 0.32], [0.19, 0.30, 0.63]],
    }
    scene = "cast"

    def check(self) -> None:
        if len(self.samples) != len(self.targets):
            raise ValueError(f"'samples' has {len(self.samples)} colours but 'targets' has {len(self.targets)}")
        terms = len(EXPONENTS[self.method])
        if self.samples and len(self.samples) < terms:
            raise ValueError(f"method '{self.method}' needs at least {terms} colours in 'samples'")


@step(
    "correct_spectrum_active",
    stage="correct_color",
    params=CorrectSpectrumActive,
    on="native",
    color_only=True,
    references={
        "target_image": "a scene in its true colours",
        "sample_image": "the same scene, of the same size, in this picture's colours; by default this picture",
    },
)
def correct_spectrum_active(
    image: Array,
    params: CorrectSpectrumActive,
    target_image: Array | None = None,
    sample_image: Array | None = None,
) -> Reported:
    """Colour correction from known colours: a chart's patches, or the same scene in true colours.

    The map from `samples` to `targets` (or from one picture to another, pixel by pixel) by least squares, in linear
    light, where cameras and lights are linear; colours are given sRGB-encoded, as read off a picture:

    - linear: a 3x3 matrix, without an offset: undoes any mixing of channels by a camera or a light.
    - root_polynomial: R, G, B, √RG, √GB, √RB; root_polynomial_3: with the cube roots of R G², R² G, … and R G B too.
      All terms double when light doubles, so a colour is corrected alike at any exposure, as with the matrix, while
      plain polynomials shift hues with it. Finlayson, Mackiewicz & Hurlbert, "Color Correction Using Root-Polynomial
      Regression", 2015.

    What the samples leave open (all of one hue, say) stays as it is. Clipped pixels of pictures are not compared.

    Raises RecipeInvalid where there are neither samples with targets nor a `target_image`, or its size is another.
    """
    samples, targets = _pairs(image, params, target_image, sample_image)
    exponents = np.array(EXPONENTS[params.method])
    matrix = fit(samples, targets, exponents)
    result = np.empty_like(image)
    for rows, _, _ in bands(image.shape, 0):
        band = image[rows]
        mapped = terms(srgb_to_linear(band).reshape(-1, 3), exponents) @ matrix.astype(np.float32)
        result[rows] = from_float(linear_to_srgb(mapped).reshape(band.shape), image.dtype)
    error = np.sqrt(np.mean((terms(samples, exponents) @ matrix - targets) ** 2))
    return Reported(
        result, {"samples": len(samples), "matrix": matrix.T.round(4).tolist(), "error": round(float(error), 5)}
    )


def terms(linear: Array, exponents: Array) -> Array:
    """Nx3 colours, at least 0, to NxT products of powers of R, G and B."""
    result = np.empty((len(linear), len(exponents)), linear.dtype)
    roots: dict[tuple[int, float], Array] = {}
    for column, powers in enumerate(exponents):
        product: Array | None = None
        for channel, power in enumerate(powers):
            if power == 0:
                continue
            if (channel, power) not in roots:
                roots[channel, power] = _root(linear[:, channel], float(power))
            root = roots[channel, power]
            product = root if product is None else product * root
        result[:, column] = product
    return result


def _root(values: Array, power: float) -> Array:
    if power == 1:
        return values
    if power == 0.5:
        return np.sqrt(values)
    root = np.cbrt(values)
    return root if math.isclose(power, 1 / 3) else root * root


def fit(samples: Array, targets: Array, exponents: Array) -> Array:
    """Tx3: the terms' weights that bring Nx3 linear samples nearest to Nx3 linear targets."""
    inputs = terms(samples, exponents)
    identity = np.eye(len(exponents), 3)
    # In differences from leaving colours as they are: where the samples say nothing, the smallest difference is none.
    weight = RIDGE * len(samples)
    normal = inputs.T @ inputs + weight * np.eye(len(exponents))
    return identity + np.linalg.solve(normal, inputs.T @ (targets - inputs @ identity))


def _pairs(
    image: Array, params: CorrectSpectrumActive, target_image: Array | None, sample_image: Array | None
) -> tuple[Array, Array]:
    """Corresponding colours, Nx3 float64 in linear light."""
    pairs = []
    if params.samples:
        pairs.append((np.array(params.samples, np.float32), np.array(params.targets, np.float32)))
    if target_image is not None:
        seen = split_alpha(image if sample_image is None else sample_image)[0]
        pairs.append(_pixels(seen, split_alpha(target_image)[0], len(EXPONENTS[params.method])))
    if not pairs:
        raise RecipeInvalid(
            "missing-reference",
            "step 'correct_spectrum_active' needs 'samples' and 'targets', or the image 'target_image'",
        )
    samples, targets = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return srgb_to_linear(samples).astype(np.float64), srgb_to_linear(targets).astype(np.float64)


def _pixels(seen: Array, known: Array, least: int) -> tuple[Array, Array]:
    if seen.shape != known.shape or seen.ndim != 3:
        raise RecipeInvalid(
            "bad-reference",
            f"'target_image' is {known.shape} but must be in colour and as large as the samples' picture, {seen.shape}",
        )
    stride = max(math.ceil(math.sqrt(seen.shape[0] * seen.shape[1] / PAIRS)), 1)
    samples, targets = (to_float(side[::stride, ::stride]).reshape(-1, 3) for side in (seen, known))
    usable = (samples.max(axis=1) < CLIPPED) & (targets.max(axis=1) < CLIPPED)
    if usable.sum() < least:
        raise RecipeInvalid("bad-reference", f"fewer than {least} pixels of 'target_image' are not clipped")
    return samples[usable], targets[usable]
