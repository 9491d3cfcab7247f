"""Another size."""

from __future__ import annotations

from typing import Annotated

import msgspec

from darkroom.algorithms.framing import Fit, cropped, placed, scaled_size
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
        Fit,
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
    size = (image.shape[1], image.shape[0])
    scaled = scaled_size(size, params.width, params.height, fit=params.fit, enlarge=params.enlarge)
    if scaled != size:
        check_pixels(scaled, "resize")
        image, alpha = resample(image, alpha, scaled, params.kernel, linear_light=params.linear_light)
    if params.fit == "cover":
        box = placed(scaled, (params.width or scaled[0], params.height or scaled[1]), (0.5, 0.5))
        return cropped(image, box), None if alpha is None else cropped(alpha, box)
    return image, alpha
