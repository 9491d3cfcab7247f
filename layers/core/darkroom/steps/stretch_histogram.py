"""Percentile stretch."""

from __future__ import annotations

from typing import Annotated

import cv2
import msgspec
import numpy as np

from darkroom.color.conversions import apply_table
from darkroom.estimates.histogram import channel_histograms, histogram, percentiles
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, bands, lut_for, step


class StretchHistogram(Params, frozen=True):
    low: Annotated[float, param("share of the samples that may become black", ge=0, le=100, unit="%")] = 0.5
    high: Annotated[float, param("share of the samples below those that may become white", ge=0, le=100, unit="%")] = (
        99.5
    )
    per_channel: Annotated[bool, param("stretch R, G and B each by itself, which also shifts colour")] = False
    output_low: Annotated[float, param("value that the low end becomes", ge=0, le=1)] = 0.0
    output_high: Annotated[float, param("value that the high end becomes", ge=0, le=1)] = 1.0
    middle: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=1)] | None,
        param("value that keeps its place: the ends move in proportion, until one is there; absent: each by itself"),
    ] = None
    averaged_px: Annotated[
        int,
        param("side of the squares whose means tell the ends: what noise and JPEG make is none", ge=1, le=64),
    ] = 1
    strength: Strength = 1.0

    scene = "flat"

    def check(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"'low' ({self.low:g} %) must be below 'high' ({self.high:g} %)")
        if self.output_low >= self.output_high:
            raise ValueError(f"'output_low' ({self.output_low:g}) must be below 'output_high' ({self.output_high:g})")
        if self.middle is not None and not self.output_low < self.middle < self.output_high:
            raise ValueError(f"'middle' ({self.middle:g}) must lie between 'output_low' and 'output_high'")


def input_ranges(image: Array, params: StretchHistogram) -> Analysed:
    """The percentiles of each channel, or of all samples together: one pair or three, in 0–1."""
    if params.averaged_px > 1:
        height, width = (max(side // params.averaged_px, 1) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    counts = channel_histograms(image) if params.per_channel else [histogram(image)]
    ranges = [percentiles(channel, (params.low, params.high)) for channel in counts]
    if params.middle is not None:
        ranges = [_about(params.middle, low, high, params) if low < high else [low, high] for low, high in ranges]
    return Analysed(ranges, {"input_ranges": [[round(low, 4), round(high, 4)] for low, high in ranges]})


def _about(middle: float, low: float, high: float, params: StretchHistogram) -> list[float]:
    """The range whose stretch leaves `middle` in its place, and clips nothing between `low` and `high`."""
    below, above = middle - params.output_low, params.output_high - middle
    share = max((middle - low) / below, (high - middle) / above)
    return [middle - share * below, middle + share * above]


@step("stretch_histogram", stage="adjust_tone", params=StretchHistogram, on="native", analyse=input_ranges)
def stretch_histogram(image: Array, params: StretchHistogram, analysis: list[list[float]]) -> Array:
    """Histogram stretch between percentiles.

    A straight line takes the percentile `low` to `output_low` and `high` to `output_high`; what lies outside is
    clipped. The percentiles are exact, on the encoded values, because black and white points are set by how tones look.
    By default all channels share one line, so that greys stay grey. With `middle` that value keeps its place and the
    line is as steep as both ends allow: contrast lost about it comes back, in a scene without black or white too. With
    `averaged_px` the ends are those of the picture reduced so far, and single samples beyond them are clipped. A range
    of no width (a constant picture) stays as it is.

    Reference: ``skimage.exposure.rescale_intensity(image, in_range=percentiles)``; Gonzalez & Woods, "Digital Image
    Processing", 2018, ch. 3.2.
    """
    if len(analysis) == 1:
        return _stretch(image, analysis[0], params)
    planes = [
        _stretch(np.ascontiguousarray(image[..., c]), input_range, params) for c, input_range in enumerate(analysis)
    ]
    return np.asarray(cv2.merge(planes))


def _stretch(image: Array, input_range: list[float], params: StretchHistogram) -> Array:
    low, high = input_range
    if high <= low:
        return image
    slope = (params.output_high - params.output_low) / (high - low)
    if image.dtype != np.float32:

        def line(levels: Array) -> Array:
            return np.clip(params.output_low + slope * (levels - low), params.output_low, params.output_high)

        return apply_table(image, lut_for(line, image.dtype))
    result = np.empty_like(image)
    for rows, _, _ in bands(image.shape, 0):
        band = (image[rows] - np.float32(low)) * np.float32(slope) + np.float32(params.output_low)
        result[rows] = np.clip(band, np.float32(params.output_low), np.float32(params.output_high))
    return result
