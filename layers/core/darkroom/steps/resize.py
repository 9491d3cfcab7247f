"""Another size."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np

from darkroom.algorithms.resample import Kernel, check_pixels, resample
from darkroom.limits import Limits
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step

Side = Annotated[int, msgspec.Meta(ge=1, le=Limits().max_side, extra_json_schema={"unit": "px"})]


class Resize(Params, frozen=True):
    width: Annotated[Side | None, param("of the result; follows from the height if absent")] = None
    height: Annotated[Side | None, param("of the result; follows from the width if absent")] = None
    fit: Annotated[
        Literal["inside", "cover", "exact"],
        param("inside: as large as fits into the size; cover: fill it and crop the rest; exact: stretch to it"),
    ] = "inside"
    kernel: Annotated[Kernel, param("how neighbours are weighted; none of them aliases on reduction")] = "lanczos"
    linear_light: Annotated[bool, param("mix light rather than encoded values")] = True
    enlarge: Annotated[bool, param("whether the picture may become larger than it is")] = True

    example = {"width": 320}
    scene = "landscape"

    def is_neutral(self) -> bool:
        return self.width is None and self.height is None


@step("resize", stage="resize", params=Resize, on="native", resizes=True)
def resize(image: Array, params: Resize, *, alpha: Array | None) -> tuple[Array, Array | None]:
    """Another size.

    The picture is scaled into, over or to `width` x `height` px (cover crops evenly on both sides), alpha included.
    Kernels widen with the factor of a reduction, so that detail which the new size cannot hold is averaged and does not
    alias. In linear light by default, because a small print of a picture mixes its light. A picture that already has
    the size asked for stays as it is. Raises `RecipeInvalid` where the result would have more than 64 megapixels.

    Reference: Pillow's resampling filters on float32 (bilinear, bicubic with a = -0.5 by Keys 1981, Lanczos of three
    lobes); area averaging is exact, as OpenCV's INTER_AREA.
    """
    height, width = image.shape[:2]
    scaled = scaled_size(width, height, params)
    if scaled != (width, height):
        check_pixels(scaled, "resize")
        image, alpha = resample(image, alpha, scaled, params.kernel, linear_light=params.linear_light)
    if params.fit == "cover":
        return _crop_center(image, params), None if alpha is None else _crop_center(alpha, params)
    return image, alpha


def scaled_size(width: int, height: int, params: Resize) -> tuple[int, int]:
    """The size in px (width, height) to scale a picture to, before `cover` crops it."""
    across = None if params.width is None else params.width / width
    down = None if params.height is None else params.height / height
    across, down = across or down or 1.0, down or across or 1.0
    if params.fit != "exact":
        across = down = min(across, down) if params.fit == "inside" else max(across, down)
    if not params.enlarge:
        across, down = min(across, 1.0), min(down, 1.0)
    return max(1, round(width * across)), max(1, round(height * down))


def _crop_center(array: Array, params: Resize) -> Array:
    height, width = array.shape[:2]
    new_width, new_height = min(params.width or width, width), min(params.height or height, height)
    left, top = (width - new_width) // 2, (height - new_height) // 2
    return np.ascontiguousarray(array[top : top + new_height, left : left + new_width])
