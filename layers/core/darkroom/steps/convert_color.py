"""Conversion between colour models."""

from __future__ import annotations

from typing import Annotated

import msgspec

from darkroom.color.spaces import Space, converted
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step


class ConvertColor(Params, frozen=True):
    to: Annotated[Space, param("the colour model of the result")]
    from_: Annotated[Space, param("the colour model that the picture is in")] = msgspec.field(
        default="rgb", name="from"
    )

    example = {"to": "lab"}
    scene = "flower"

    def is_neutral(self) -> bool:
        return self.to == self.from_


@step("convert_color", stage="convert_color", params=ConvertColor, on="native", changes_channels=True)
def convert_color(image: Array, params: ConvertColor) -> Array:
    """Conversion between colour models.

    The result is a picture whose channels hold the model's, each encoded into 0–1:

    - rgb: R'G'B' of sRGB (IEC 61966-2-1), the encoded values.
    - gray: one channel, ``0.2125 R' + 0.7154 G' + 0.0721 B'``: the luminance weights of BT.709's primaries, which are
      sRGB's, on the encoded values, as ``skimage.color.rgb2gray`` has them. For BT.601's luma see Y' of ycbcr.
    - hsv, hls: hue / 360°, and saturation, value and lightness in 0–1 (Smith 1978). Hue runs from red over green and
      blue to red again, and is 0 for greys. Reference: ``skimage.color.rgb2hsv``, Python's ``colorsys``.
    - ycbcr: JFIF 1.02 (ITU-T T.871): Y' of BT.601 over the full range, 0 to 255 in 8 bits, and Cb and Cr around 128
      (32768 in 16 bits, 0.5 in float32). Not video's limited range (16–235, 16–240), which ``skimage.color.rgb2ycbcr``
      gives. Reference: ``skimage.color.rgb2ypbpr``, which is the same but for the offset; OpenCV's YCrCb.
    - xyz: CIE 1931 XYZ of linear light, D65, 2°; each divided by white's (0.95047, 1, 1.08883), since Z passes 1.
    - lab: CIE 1976: L* / 100, (a* + 128) / 255, (b* + 128) / 255.
    - lch: L* / 100, C*ab / (128 √2), and the angle hab / 360°.
    - luv: CIE 1976: L* / 100, (u* / 1.4 + 128) / 255, (v* / 1.4 + 128) / 255.

    L* has its two parts meet at (6/29)³ = 216/24389 with slope 24389/27, the exact values of CIE 15:2004; 0.008856 and
    903.3, still in circulation, leave a small step there. Reference: ``skimage.color.rgb2lab``, ``lab2lch``,
    ``rgb2luv``.

    A grey picture counts as rgb of equal channels, and as gray. A picture that came from gray may have three channels,
    if they are equal. Colours outside of sRGB are clipped, channel by channel, where a model of R'G'B' is asked for.

    There and back again is within one 8-bit level from pictures of 16 bits and float32. 8 bits hold ycbcr as well as
    that; of the others they lose more (of xyz, which is linear, most of the shadows).

    Raises ImageRejected where the picture's channels do not fit `from`.
    """
    return converted(image, params.from_, params.to)
