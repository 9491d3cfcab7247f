"""Linear stretch between given levels."""

from __future__ import annotations

from typing import Annotated

from darkroom.color.tone import apply_curve
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step


class StretchLinear(Params, frozen=True):
    in_low: Annotated[float, param("level that becomes `out_low`, in 0-1", ge=0, le=1)] = 0.0
    in_high: Annotated[float, param("level that becomes `out_high`, in 0-1", ge=0, le=1)] = 1.0
    out_low: Annotated[float, param("what the low level becomes, in 0-1", ge=0, le=1)] = 0.0
    out_high: Annotated[float, param("what the high level becomes, in 0-1", ge=0, le=1)] = 1.0
    strength: Strength = 1.0

    example = {"in_low": 0.1, "in_high": 0.9}
    scene = "flat"

    def check(self) -> None:
        if self.in_low >= self.in_high:
            raise ValueError(f"'in_low' is {self.in_low:g} but must be less than 'in_high', {self.in_high:g}")

    def is_neutral(self) -> bool:
        ranges = (self.in_low, self.in_high, self.out_low, self.out_high)
        return ranges == (0, 1, 0, 1) or self.strength == 0


@step("stretch_linear", stage="adjust_tone", params=StretchLinear, on="native")
def stretch_linear(image: Array, params: StretchLinear) -> Array:
    """Linear stretch between given levels.

    ``out = out_low + (in - in_low) / (in_high - in_low) * (out_high - out_low)``, with `in` clipped to the input range
    first; per channel, on the encoded values. ``out_low > out_high`` turns the picture into its negative.

    Exact for every level of an integer dtype. Reference:
    ``skimage.exposure.rescale_intensity(image, in_range, out_range)``.
    """
    gain = (params.out_high - params.out_low) / (params.in_high - params.in_low)
    return apply_curve(
        image,
        lambda levels: (levels.clip(params.in_low, params.in_high) - params.in_low) * gain + params.out_low,
        "each",
    )
