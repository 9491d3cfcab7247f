"""Convolution with a kernel of one's own."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

MAX_SIDE = 31
"""Rows and columns of the largest kernel."""

SMALLEST_SUM = 1e-6
"""Relative to the weights' absolute sum: a kernel whose weights add up to less cannot be normalised."""

Weight = Annotated[float, param("", ge=-1000, le=1000)]
Row = Annotated[list[Weight], param("", min_length=1, max_length=MAX_SIDE)]


class Convolve(Params, frozen=True):
    kernel: Annotated[
        list[Row], param("rows of weights; an odd number of each, up to 31 x 31", min_length=1, max_length=MAX_SIDE)
    ]
    normalize: Annotated[bool, param("divide the weights by their sum, so that flat areas keep their level")] = False
    offset: Annotated[float, param("added to the result, of levels in 0-1; 0.5 shows signed results", ge=-1, le=1)] = (
        0.0
    )
    strength: Strength = 1.0

    neutral = {"kernel": [[1.0]]}
    example = {"kernel": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]}

    def is_neutral(self) -> bool:
        return self.strength == 0 or (self.kernel == [[1.0]] and self.offset == 0)

    def check(self) -> None:
        rows, columns = len(self.kernel), len(self.kernel[0])
        if any(len(row) != columns for row in self.kernel):
            raise ValueError("the rows of 'kernel' must have the same number of weights")
        if rows % 2 == 0 or columns % 2 == 0:
            raise ValueError(f"'kernel' is {rows} x {columns} but must have an odd number of rows and of columns")
        weights = np.array(self.kernel)
        if self.normalize and abs(weights.sum()) <= SMALLEST_SUM * np.abs(weights).sum():
            raise ValueError("the weights of 'kernel' add up to zero, so 'normalize' cannot divide by their sum")


@step("convolve", stage="filter", params=Convolve, halo=lambda p: len(p.kernel) // 2)
def convolve(image: Array, params: Convolve) -> Array:
    """Convolution with a kernel of one's own.

    A spatial filter by `kernel`, per channel, on the encoded values. A true convolution: the kernel is turned by 180
    degrees over the picture, so that a single white pixel becomes the kernel as it is written. (Many programs correlate
    instead: for them turn an asymmetric kernel.) Results outside 0–1 are clipped. Beyond the edge the picture is
    mirrored about its border pixels' outer side.

    Reference: ``scipy.ndimage.convolve(image, kernel, mode="reflect")`` per channel.
    """
    kernel = np.array(params.kernel)
    if params.normalize:
        kernel /= kernel.sum()
    # OpenCV correlates, and takes the Fourier transform for large kernels by itself.
    return cv2.filter2D(image, -1, kernel[::-1, ::-1], delta=params.offset, borderType=cv2.BORDER_REFLECT)
