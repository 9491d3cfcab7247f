"""Grey-level morphology: the lightest or darkest within a shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

Rectangle = tuple[int, int]
"""Half width and half height, in px, of a rectangle about the centre."""


class DilateLocal(Params, frozen=True):
    operation: Annotated[
        Literal["dilate", "erode", "open", "close", "tophat", "blackhat"],
        param("the lightest, the darkest, one after the other, or the input's difference from that"),
    ] = "dilate"
    size: Annotated[
        int, param("width and height of the shape; an even size is the odd one above", ge=1, le=151, unit="px")
    ] = 3
    shape: Annotated[Literal["rect", "ellipse", "cross"], param("the neighbourhood's shape")] = "rect"
    strength: Strength = 1.0

    scene = "page"

    def is_neutral(self) -> bool:
        return self.strength == 0 or (self.size == 1 and self.operation not in ("tophat", "blackhat"))


@step("dilate_local", stage="adjust_tone", params=DilateLocal, on="native")
def dilate_local(image: Array, params: DilateLocal) -> Array:
    """Grey-level morphology: the lightest or darkest within a shape.

    dilate: the maximum over the shape around each pixel; erode: the minimum; open: erode, then dilate; close: dilate,
    then erode; tophat: input - open; blackhat: close - input. Each channel alone, on the encoded values, exactly, in
    the input's dtype. Beyond the edge there is nothing, which for these shapes is the same as SciPy's mode "reflect".

    The ellipse is the disc ``x² + y² <= (size / 2)²``. A shape is taken apart into rectangles about its centre, which
    cost next to nothing at any size: an ellipse's time grows with its size, not with its area.

    Reference: ``scipy.ndimage.grey_dilation(image, footprint=…)`` and its sisters (Serra, "Image Analysis and
    Mathematical Morphology", 1982). Takes 3 planes of one channel besides the result.
    """
    result = np.empty_like(image)
    parts = rectangles(params.size, params.shape)
    if image.ndim == 2:
        return _operate(image, params.operation, parts)
    for c in range(image.shape[2]):
        result[..., c] = _operate(np.ascontiguousarray(image[..., c]), params.operation, parts)
    return result


def rectangles(size: int, shape: Literal["rect", "ellipse", "cross"]) -> list[Rectangle]:
    """Rectangles whose union is the shape, widest first."""
    radius = size // 2
    match shape:
        case "rect":
            return [(radius, radius)]
        case "cross":
            return [(radius, 0), (0, radius)] if radius else [(0, 0)]
        case "ellipse":
            # The half width of each row, and for each width the outermost row that has it.
            square = (radius + 0.5) ** 2
            widths = [math.floor(math.sqrt(square - row * row)) for row in range(radius + 1)]
            return [(width, row) for row, width in enumerate(widths) if row == radius or widths[row + 1] < width]


def _operate(plane: Array, operation: str, parts: list[Rectangle]) -> Array:
    match operation:
        case "dilate":
            return _over(plane, parts, cv2.dilate, np.maximum)
        case "erode":
            return _over(plane, parts, cv2.erode, np.minimum)
        case "open" | "tophat":
            opened = _over(_over(plane, parts, cv2.erode, np.minimum), parts, cv2.dilate, np.maximum)
            return opened if operation == "open" else plane - opened
        case _:
            closed = _over(_over(plane, parts, cv2.dilate, np.maximum), parts, cv2.erode, np.minimum)
            return closed if operation == "close" else closed - plane


def _over(plane: Array, parts: list[Rectangle], extreme: Callable[..., Array], join: Callable[..., Array]) -> Array:
    """The extreme over a union of rectangles: that of the extremes over each."""
    result: Array | None = None
    for width, height in parts:
        # OpenCV's default border never wins, so only what lies in the picture counts.
        part = extreme(plane, np.ones((2 * height + 1, 2 * width + 1), np.uint8))
        result = part if result is None else join(result, part, out=result)
    assert result is not None
    return result.reshape(plane.shape)
