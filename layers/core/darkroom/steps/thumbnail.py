"""A small picture for lists and previews."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from darkroom.algorithms.framing import cropped, placed, scaled_size
from darkroom.algorithms.resample import resample
from darkroom.limits import Limits
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step

Side = Annotated[int, msgspec.Meta(ge=1, le=Limits().max_side, extra_json_schema={"unit": "px"})]

ROOM = 3
"""By so much more than the result has the first of the two reductions leaves, for Lanczos to work on."""


class Thumbnail(Params, frozen=True):
    width: Annotated[Side, param("of the box that it fits into or fills")] = 256
    height: Annotated[Side, param("of the box that it fits into or fills")] = 256
    fit: Annotated[
        Literal["inside", "cover"],
        param("inside: all of the picture, within the box; cover: the box filled, and the rest cropped"),
    ] = "inside"
    center_x: Annotated[float, param("of what cover keeps, from the picture's left to its right", ge=0, le=1)] = 0.5
    center_y: Annotated[float, param("of what cover keeps, from the picture's top to its bottom", ge=0, le=1)] = 0.5

    example = {"width": 160, "height": 160, "fit": "cover"}


@step("thumbnail", stage="resize", params=Thumbnail, on="native", resizes=True)
def thumbnail(image: Array, params: Thumbnail, *, alpha: Array | None) -> tuple[Array, Array | None]:
    """A small picture for lists and previews.

    The picture is reduced into or over a box, in linear light, and never enlarged. A large reduction is done in two: by
    a whole number of pixels' mean to thrice the size, which is quick and cannot alias, then by Lanczos, which keeps the
    detail that the size can hold; `resize` is slower and takes any kernel.

    Reference: as libvips' thumbnail, which shrinks by a whole factor first.
    """
    size = (image.shape[1], image.shape[0])
    scaled = scaled_size(size, params.width, params.height, fit=params.fit, enlarge=False)
    factor = min(size[0] // (ROOM * scaled[0]), size[1] // (ROOM * scaled[1]))
    if factor > 1:
        between = (round(size[0] / factor), round(size[1] / factor))
        image, alpha = resample(image, alpha, between, "area", linear_light=True)
    if scaled != size:
        image, alpha = resample(image, alpha, scaled, "lanczos", linear_light=True)
    if params.fit == "cover":
        box = placed(scaled, (params.width, params.height), (params.center_x, params.center_y))
        return cropped(image, box), None if alpha is None else cropped(alpha, box)
    return image, alpha
