"""A part of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from darkroom.algorithms.framing import Box, cropped, of_ratio, placed, together
from darkroom.errors import RecipeInvalid
from darkroom.estimates.faces import faces
from darkroom.limits import Limits
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import Analysed, step

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
    faces: Annotated[bool, param("about the faces, where some are found, rather than about center_x, center_y")] = False

    example = {"aspect": "1:1", "width": 240, "center_x": 0.6}

    def is_neutral(self) -> bool:
        return (self.width, self.height, self.aspect, self.left, self.top) == (None,) * 5


def _found(image: Array, params: Crop) -> Analysed:
    found = faces(image) if params.faces else []
    return Analysed(found, {"faces": [list(box) for box in found]} if params.faces else {})


@step("crop", stage="resize", params=Crop, on="native", resizes=True, analyse=_found)
def crop(image: Array, params: Crop, *, alpha: Array | None, analysis: Sequence[Box]) -> tuple[Array, Array | None]:
    """A part of the picture.

    A box of `width` x `height` px, or the largest of the shape `aspect` within it, about the point `center_x`,
    `center_y`, moved as far as it must be to lie within the picture; or from `left` and `top` on. What of it is larger
    than the picture is left out; pixels stay as they are. Raises `RecipeInvalid` where `left` or `top` lie beyond the
    picture.

    With `faces` the point is the middle of the largest face and of as many of the next ones as the box can hold
    together; the report tells their boxes (left, top, width, height in px). Without a face `center_x` and `center_y`
    hold.

    Reference: none; each pixel is one of the picture's own. Faces: Bazarevsky et al., "BlazeFace", 2019.
    """
    box = box_in((image.shape[1], image.shape[0]), params, analysis)
    return cropped(image, box), None if alpha is None else cropped(alpha, box)


def box_in(size: tuple[int, int], params: Crop, found: Sequence[Box] = ()) -> Box:
    """The box in a picture of `size` (width, height in px) with these faces. Raises `RecipeInvalid`."""
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
    center = together(size, wanted, found) if found else (params.center_x, params.center_y)
    left, top, width, height = placed(size, wanted, center)
    return (
        left if params.left is None else params.left,
        top if params.top is None else params.top,
        width,
        height,
    )
