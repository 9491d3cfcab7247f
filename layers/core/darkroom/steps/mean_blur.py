"""Mean smoothing."""

from __future__ import annotations

from typing import Annotated

import cv2

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class MeanBlur(Params, frozen=True):
    size: Annotated[int, param("side of the square window, odd; does not change the cost", ge=1, le=201, unit="px")] = 3
    strength: Strength = 1.0

    neutral = {"size": 1}

    def check(self) -> None:
        if self.size % 2 == 0:
            raise ValueError(f"'size' is {self.size} but must be odd")


@step("mean_blur", stage="filter", params=MeanBlur, halo=lambda p: p.size // 2)
def mean_blur(image: Array, params: MeanBlur) -> Array:
    """Mean smoothing.

    Each sample becomes the mean of the `size` x `size` px window around it, per channel, on the encoded values; beyond
    the edge the picture is mirrored about its border pixels' outer side. By running sums: any size costs the same.

    Reference: ``scipy.ndimage.uniform_filter(image, size, mode="reflect")`` per channel.
    """
    return cv2.blur(image, (params.size, params.size), borderType=cv2.BORDER_REFLECT)
