"""Median smoothing."""

from __future__ import annotations

from typing import Annotated

from darkroom.algorithms.smoothing import median
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class MedianBlur(Params, frozen=True):
    size: Annotated[int, param("side of the square window, odd", ge=1, le=31, unit="px")] = 3
    strength: Strength = 1.0

    neutral = {"size": 1}
    scene = "specks"

    def check(self) -> None:
        if self.size % 2 == 0:
            raise ValueError(f"'size' is {self.size} but must be odd")


@step("median_blur", stage="filter", params=MedianBlur, on="native")
def median_blur(image: Array, params: MedianBlur) -> Array:
    """Median smoothing.

    Each sample becomes the median of the `size` x `size` px window around it, per channel; beyond the edge the border
    pixels repeat (SciPy's mode "nearest"). Integers are exact; float32 is exact up to 5 px and to half a 16-bit level
    (7.6e-6) above that. For uint8 the cost hardly depends on the size (the histograms of Perreault and Hebert, "Median
    Filtering in Constant Time", 2007); for uint16 and float32 above 5 px it grows with the window's area.

    Reference: ``scipy.ndimage.median_filter(image, size, mode="nearest")`` per channel.
    """
    return median(image, params.size)
