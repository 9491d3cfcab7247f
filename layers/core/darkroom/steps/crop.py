"""A part of the picture."""

from __future__ import annotations

from typing import Annotated

import msgspec

from darkroom.algorithms.framing import Box, cropped, of_ratio, placed
from darkroom.errors import RecipeInvalid
from darkroom.limits import Limits
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step

MOST_PX = Limits().max_side

Side = Annotated[int, msgspec.Meta(ge=1, le=MOST_PX, extra_json_schema={"unit": "px"})]
Edge = Annotated[int, msgspec.Meta(ge=0, le=MOST_PX - 1, extra_json_schema={"unit": "px"})]
Ratio = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$")]


class Crop(Params, frozen=True):
    width: Annotated[Side | None, param("of the box; as wide as the picture if absent")] = None
    height: Annotated[Side | None, param("of the box; as high as the picture if absent")] = None
    aspect: Annotated[
        Ratio | None,
        param("width to height, as 3:2: the largest box of this shape within width and height"),
    ] = None
    left: Annotated[Edge | None, param("where the box begins; follows from center_x if absent")] = None
    top: Annotated[Edge | None, param("where the box begins; follows from center_y if absent")] = None
    center_x: Annotated[
        float, param("where the box's middle lies, from the picture's left to its right", ge=0, le=1)
    ] = 0.5
    center_y: Annotated[
        float, param("where the box's middle lies, from the picture's top to its bottom", ge=0, le=1)
    ] = 0.5

    example = {"aspect": "1:1", "width": 240, "center_x": 0.6}

    def is_neutral(self) -> bool:
        return (self.width, self.height, self.aspect, self.left, self.top) == (None,) * 5


@step("crop", stage="resize", params=Crop, on="native", resizes=True)
def crop(image: Array, params: Crop, *, alpha: Array | None) -> tuple[Array, Array | None]:
    """A part of the picture.

    A box of `width` x `height` px, or the largest of the shape `aspect` within it, about the point `center_x`,
    `center_y`, moved as far as it must be to lie within the picture; or from `left` and `top` on. What of it is larger
    than the picture is left out; pixels stay as they are. Raises `RecipeInvalid` where `left` or `top` lie beyond the
    picture.

    Reference: none; each pixel is one of the picture's own.
    """
    box = box_in((image.shape[1], image.shape[0]), params)
    return cropped(image, box), None if alpha is None else cropped(alpha, box)


def box_in(size: tuple[int, int], params: Crop) -> Box:
    """The box in a picture of `size` (width, height in px). Raises `RecipeInvalid`."""
    begins = (params.left, params.top)
    for name, at, whole, sides in zip(("left", "top"), begins, size, ("wide", "high"), strict=True):
        if at is not None and at >= whole:
            raise RecipeInvalid(
                "bad-parameters", f"step 'crop': '{name}' is {at} px, but the picture is only {whole} px {sides}"
            )
    room = (size[0] - (params.left or 0), size[1] - (params.top or 0))
    wanted = (min(params.width or room[0], room[0]), min(params.height or room[1], room[1]))
    if params.aspect is not None:
        across, down = map(int, params.aspect.split(":"))
        wanted = of_ratio(wanted, across / down)
    left, top, width, height = placed(size, wanted, (params.center_x, params.center_y))
    return (
        left if params.left is None else params.left,
        top if params.top is None else params.top,
        width,
        height,
    )
