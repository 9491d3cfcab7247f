"""Histogram equalisation that keeps mean brightness."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from darkroom.color.tone import apply_curve, luminance_histogram
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, step

BINS = 256
MAX_EXPONENT = 4.0
MEAN_TOLERANCE = 0.01


class EnhanceHistogram(Params, frozen=True):
    method: Annotated[
        Literal["plateau", "bbhe"], param("limit the histogram's peaks, or equalise fully in both halves")
    ] = "plateau"
    limit: Annotated[float, param("for plateau: peaks are cut at this many times their half's mean", ge=0.1, le=20)] = (
        1.0
    )
    keep_mean: Annotated[bool, param("correct what mean brightness equalisation did not keep")] = True
    strength: Strength = 1.0

    scene = "flat"


def _analyse(image: Array, params: EnhanceHistogram) -> Analysed:
    shares = luminance_histogram(image, BINS)
    levels = np.linspace(0, 1, BINS)
    mean = float(shares @ levels)
    curve = bi_equalization(shares, params.limit if params.method == "plateau" else np.inf)
    equalized_mean = float(shares @ curve)
    if params.keep_mean:
        curve = _with_mean(curve, shares, mean)
    means = {"mean": mean, "equalized_mean": equalized_mean, "new_mean": float(shares @ curve)}
    return Analysed(curve, {name: round(value, 4) for name, value in means.items()})


@step("enhance_histogram", stage="adjust_tone", params=EnhanceHistogram, on="native", analyse=_analyse)
def enhance_histogram(image: Array, params: EnhanceHistogram, analysis: Array) -> Array:
    """Histogram equalisation that keeps mean brightness.

    The histogram of luminance (Y of BT.601, encoded; hue is kept) is split at its mean and each half is equalised
    within its own range: BBHE, Kim, "Contrast Enhancement Using Brightness Preserving Bi-Histogram Equalization", 1997.
    "plateau" (the default) first cuts each half's peaks at `limit` times its mean: BHEPL, Ooi et al., "Bi-Histogram
    Equalization with a Plateau Limit", 2009; it keeps large plain areas from being torn into bands and their noise from
    growing.

    Neither keeps the mean exactly (BBHE's result tends to the middle between it and mid-grey). `keep_mean` follows up
    with the power that brings the mean back, and less of the effect where no power does: the curve stays monotone.
    """
    levels = np.linspace(0, 1, BINS)
    return apply_curve(image, lambda x: np.interp(x, levels, analysis).astype(x.dtype), "luminance")


def bi_equalization(shares: Array, limit: float) -> Array:
    """The curve, a level in 0–1 for each bin, from a histogram's shares."""
    last = len(shares) - 1
    mean = int(shares @ np.arange(len(shares)))
    curve = np.empty(len(shares))
    for first, end in ((0, mean), (mean + 1, last)):
        half = shares[first : end + 1]
        if half.sum() > 0:
            half = np.minimum(half, limit * half.mean())
            curve[first : end + 1] = (first + (end - first) * np.cumsum(half) / half.sum()) / last
        else:
            curve[first : end + 1] = np.arange(first, end + 1) / last
    return curve


def _with_mean(curve: Array, shares: Array, mean: float) -> Array:
    """``curve ** exponent`` with the exponent that gives the mean.

    A power moves neither black nor white; where most of the picture became white, as snow does, no moderate one is
    enough. Then the curve is mixed with the straight line, whose mean is right, until it is nearly so.
    """
    low, high = 1 / MAX_EXPONENT, MAX_EXPONENT
    for _ in range(40):
        exponent = (low * high) ** 0.5
        if shares @ curve**exponent > mean:
            low = exponent
        else:
            high = exponent
    curve = curve**exponent
    error = abs(float(shares @ curve) - mean)
    line = np.linspace(0, 1, BINS)
    return np.asarray(line + min(1, MEAN_TOLERANCE * mean / max(error, 1e-9)) * (curve - line))
