"""Mean and deviation of luminance brought to a target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from darkroom.color.tone import apply_curve, luminance_histogram
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, step

BINS = 4096

FLAT = 1e-3
"""A deviation below this is rounding, not contrast: it is not stretched."""

MAX_GAIN = 100.0


class NormalizeLuminance(Params, frozen=True):
    mean: Annotated[float, param("mean of luminance to reach, in 0-1", ge=0.02, le=0.98)] = 0.45
    deviation: Annotated[float, param("standard deviation of luminance to reach, in 0-1", ge=0, le=0.45)] = 0.22
    strength: Strength = 1.0

    scene = "dark"

    def check(self) -> None:
        largest = (self.mean * (1 - self.mean)) ** 0.5
        if self.deviation > largest:
            raise ValueError(f"'deviation' is {self.deviation:g} but at most {largest:.3g} goes with that 'mean'")


def _analyse(image: Array, params: NormalizeLuminance) -> Analysed:
    """Gain and offset of ``out = clip(gain in + offset)`` that give the target, clipping counted in."""
    shares = luminance_histogram(image, BINS)
    levels = np.linspace(0, 1, BINS)

    def moments(gain: float, offset: float) -> tuple[float, float]:
        out = np.clip(gain * levels + offset, 0, 1)
        mean = float(shares @ out)
        return mean, float(shares @ (out - mean) ** 2) ** 0.5

    def offset_for(gain: float) -> float:
        return _bisect(lambda offset: moments(gain, offset)[0] - params.mean, -gain, 1.0)

    before = moments(1, 0)
    gain = 1.0
    if before[1] > FLAT:
        gain = _bisect(lambda gain: moments(gain, offset_for(gain))[1] - params.deviation, 0.0, MAX_GAIN)
    offset = offset_for(gain)
    after = moments(gain, offset)
    details = {"mean": before[0], "deviation": before[1], "new_mean": after[0], "new_deviation": after[1]}
    return Analysed((gain, offset), {name: round(value, 4) for name, value in details.items()})


def _bisect(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function passes zero, or the nearer end."""
    for _ in range(40):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@step("normalize_luminance", stage="adjust_tone", params=NormalizeLuminance, on="native", analyse=_analyse)
def normalize_luminance(image: Array, params: NormalizeLuminance, analysis: tuple[float, float]) -> Array:
    """Mean and deviation of luminance brought to a target.

    ``Y' = clip(gain Y + offset)`` on Y of BT.601 of the encoded values; hue is kept. Gain and offset are found on the
    histogram with the clipping counted in, so that the result, not only the unclipped formula, has the mean and the
    standard deviation (Gonzalez and Woods, "Digital Image Processing", 2018, section 3.3). A picture of one level gets
    the mean alone. What is reached stands in the report: a picture of few levels may not reach a large deviation.
    """
    gain, offset = analysis
    return apply_curve(image, lambda levels: (gain * levels + offset).clip(0, 1), "luminance")
