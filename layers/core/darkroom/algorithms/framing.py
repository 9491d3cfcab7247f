"""Which part of a picture is shown, and at what size: boxes and sizes in px, without pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from darkroom.picture import Array

Fit = Literal["inside", "cover", "exact"]
Box = tuple[int, int, int, int]
"""Left, top, width and height in px."""


def scaled_size(
    size: tuple[int, int], width: int | None, height: int | None, *, fit: Fit, enlarge: bool
) -> tuple[int, int]:
    """The size in px (width, height) to scale a picture of `size` to, before `cover` crops it.

    width, height: of the result; one that is None follows from the other.
    """
    across = None if width is None else width / size[0]
    down = None if height is None else height / size[1]
    across, down = across or down or 1.0, down or across or 1.0
    if fit != "exact":
        across = down = min(across, down) if fit == "inside" else max(across, down)
    if not enlarge:
        across, down = min(across, 1.0), min(down, 1.0)
    return max(1, round(size[0] * across)), max(1, round(size[1] * down))


def placed(size: tuple[int, int], box: tuple[int, int], center: tuple[float, float]) -> Box:
    """A box of a size (width, height), as near with its middle to a point of the picture as it can lie within.

    size: the picture's (width, height). center: 0–1 from the left and from the top. What of the box is larger than the
    picture is left out.
    """
    (left, width), (top, height) = (_placed(whole, part, at) for whole, part, at in zip(size, box, center, strict=True))
    return left, top, width, height


def _placed(whole: int, part: int, at: float) -> tuple[int, int]:
    part = min(part, whole)
    return min(max(int(whole * at - part / 2), 0), whole - part), part


def together(size: tuple[int, int], box: tuple[int, int], parts: Sequence[Box]) -> tuple[float, float]:
    """The middle, 0–1 from the left and from the top, of the first part and of each next that one box can hold with it.

    size, box: (width, height) of the picture and of the box. parts: at least one.
    """
    left, top, right, bottom = _edges(parts[0])
    for part in parts[1:]:
        near, high, far, low = _edges(part)
        union = min(left, near), min(top, high), max(right, far), max(bottom, low)
        if union[2] - union[0] <= box[0] and union[3] - union[1] <= box[1]:
            left, top, right, bottom = union
    return (left + right) / 2 / size[0], (top + bottom) / 2 / size[1]


def _edges(box: Box) -> tuple[int, int, int, int]:
    left, top, width, height = box
    return left, top, left + width, top + height


def of_ratio(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """The largest width and height within `size` whose quotient is `ratio`, to the nearest px."""
    width, height = size
    if width > height * ratio:
        return max(1, round(height * ratio)), height
    return width, min(height, max(1, round(width / ratio)))


def cropped(array: Array, box: Box) -> Array:
    """A picture's part, as an array of its own."""
    left, top, width, height = box
    return array[top : top + height, left : left + width].copy()
