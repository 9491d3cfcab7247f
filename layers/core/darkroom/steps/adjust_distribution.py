"""Histogram specification: levels distributed as in another picture, or as stated."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from darkroom.color.tone import apply_curve, luminance_histogram, nearest_level
from darkroom.errors import RecipeInvalid
from darkroom.estimates.histogram import channel_histograms, histogram
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import bands, max_level, split_alpha, step

BINS = 65536

STEPS = 4096
"""Intervals in which a stated distribution is tabulated."""


class AdjustDistribution(Params, frozen=True):
    target: Annotated[
        Literal["reference", "uniform", "gaussian", "rayleigh"] | None,
        param("the distribution; by default the reference image's if there is one, else gaussian"),
    ] = None
    mean: Annotated[float, param("gaussian: its mean, of levels in 0-1", ge=0, le=1)] = 0.5
    deviation: Annotated[float, param("gaussian: its standard deviation, of levels in 0-1", ge=0.01, le=1)] = 0.15
    scale: Annotated[float, param("rayleigh: its most frequent level, in 0-1", ge=0.01, le=1)] = 0.25
    channels: Annotated[
        Literal["luminance", "each"] | None,
        param("luminance, keeping the colour, or R, G and B alone; by default each for a reference, else luminance"),
    ] = None
    strength: Strength = 1.0

    scene = "underwater"


@step(
    "adjust_distribution",
    stage="correct_color",
    params=AdjustDistribution,
    on="native",
    references={"reference": "the picture whose distribution of levels is taken over"},
)
def adjust_distribution(image: Array, params: AdjustDistribution, reference: Array | None = None) -> Array:
    """Histogram specification: levels distributed as in another picture, or as stated.

    Each level becomes the level at which the target's distribution has the same share below (Gonzalez & Woods, "Digital
    Image Processing", 1992, ch. 3):

    - reference: that of another picture, of any size. Per channel (the default) it takes over its colours as well.
      Reference: ``skimage.exposure.match_histograms(image, reference, channel_axis=-1)``.
    - uniform over 0–1; gaussian with `mean` and `deviation`; rayleigh, ``x / s² exp(-x² / 2 s²)`` with s the `scale`;
      both cut to 0–1. Of luminance (the default: Y of BT.601, encoded; hue is kept), or per channel.

    Pixels of one level stay of one level. So the result's distribution differs from the target's by half the largest
    share that one level has: under 1 % but for areas without gradation, such as blown highlights.

    Raises RecipeInvalid where the target is "reference" and there is none.
    """
    target = params.target or ("gaussian" if reference is None else "reference")
    if target == "reference":
        if reference is None:
            raise RecipeInvalid(
                "missing-reference", "step 'adjust_distribution' needs the image 'reference' for target 'reference'"
            )
        return _match(image, split_alpha(reference)[0], params.channels or "each")
    levels, shares = stated_distribution(target, params)

    def curve_of(counts: Array) -> Array:
        middle = (np.cumsum(counts) - counts / 2) / counts.sum()
        return np.asarray(np.interp(middle, shares, levels))

    if image.ndim == 3 and params.channels != "each":
        return _by_luminance(image, curve_of(luminance_histogram(image, BINS)))
    return _by_channel(image, [curve_of(counts) for counts in channel_histograms(image)])


def stated_distribution(
    target: Literal["uniform", "gaussian", "rayleigh"], params: AdjustDistribution
) -> tuple[Array, Array]:
    """Levels in 0–1 and the share of the distribution up to each, from 0 to 1."""
    levels = np.linspace(0, 1, STEPS + 1)
    match target:
        case "uniform":
            shares = levels
        case "gaussian":
            scaled = (levels - params.mean) / (params.deviation * math.sqrt(2))
            shares = np.array([math.erf(value) for value in scaled])
        case "rayleigh":
            shares = -np.exp(-((levels / params.scale) ** 2) / 2)
    return levels, (shares - shares[0]) / (shares[-1] - shares[0])


def _match(image: Array, reference: Array, channels: Literal["luminance", "each"]) -> Array:
    if image.ndim == 3 and channels == "luminance":
        counts = luminance_histogram(image, BINS)
        return _by_luminance(image, matching_curve(counts, luminance_histogram(reference, BINS)))
    if image.ndim == 2:
        wanted = [histogram(reference) if reference.ndim == 2 else luminance_histogram(reference, BINS)]
    else:
        wanted = channel_histograms(reference) * (1 if reference.ndim == 3 else 3)
    curves = [matching_curve(*pair) for pair in zip(channel_histograms(image), wanted, strict=True)]
    return _by_channel(image, curves)


def matching_curve(counts: Array, wanted: Array) -> Array:
    """The new level, in 0–1, of each level of a histogram, from its own counts and those that are wanted."""
    present = np.flatnonzero(wanted)
    shares = np.cumsum(wanted[present]) / wanted.sum()
    return np.asarray(np.interp(np.cumsum(counts) / counts.sum(), shares, present / (len(wanted) - 1)))


def _by_luminance(image: Array, curve: Array) -> Array:
    return apply_curve(image, lambda levels: nearest_level(curve, levels), "luminance")


def _by_channel(image: Array, curves: list[Array]) -> Array:
    """Each channel of HxW or HxWx3 through its own curve, in the picture's dtype."""
    result = np.empty_like(image)
    planes = [(image, result)] if image.ndim == 2 else [(image[..., c], result[..., c]) for c in range(3)]
    for (source, target), curve in zip(planes, curves, strict=True):
        if image.dtype == np.float32:
            for rows, _, _ in bands(image.shape, 0):
                target[rows] = nearest_level(curve, source[rows])
        else:
            table = np.rint(curve * max_level(image.dtype)).astype(image.dtype)
            for rows, _, _ in bands(image.shape, 0):
                target[rows] = table[source[rows]]
    return result
