"""Non-linear stretch: logarithm, power, sigmoid, inverse hyperbolic sine, or a curve through points."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np

from darkroom.algorithms.pchip import Pchip
from darkroom.color.tone import Channels, Curve, apply_curve
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

Level = Annotated[float, param("a level, in 0-1", ge=0, le=1)]
Point = Annotated[list[Level], param("in and out", min_length=2, max_length=2)]

SMALLEST_STEP = 1e-4


class StretchNonlinear(Params, frozen=True):
    method: Annotated[Literal["log", "power", "sigmoid", "asinh", "curve"], param("the curve's formula")] = "sigmoid"
    gain: Annotated[float, param("how steep: the larger, the further from a straight line", ge=0.01, le=1000)] = 5.0
    cutoff: Annotated[float, param("level at the middle of the sigmoid, in 0-1", ge=0, le=1)] = 0.5
    exponent: Annotated[float, param("exponent of the power", ge=0.05, le=20)] = 0.5
    points: Annotated[list[Point], param("points [in, out] of the curve, by rising `in`", max_length=64)] = []
    inverse: Annotated[bool, param("the inverse of log, sigmoid, asinh or power")] = False
    anchored: Annotated[bool, param("black stays black and white stays white under sigmoid")] = True
    channels: Channels = "luminance"
    spare_colors: Annotated[
        float,
        param("how much strong colours are spared from paling and from going dark", ge=0, le=1),
    ] = 0.0
    steepen_colors: Annotated[
        float,
        param("how much chroma grows where the curve is steep, as the distance of greys does", ge=0, le=1),
    ] = 0.0
    strength: Strength = 1.0

    example = {"method": "asinh", "gain": 8.0}
    scene = "dark"

    def check(self) -> None:
        levels = [point[0] for point in self.points]
        if self.method == "curve" and len(levels) < 2:
            raise ValueError("'points' must be at least 2 for a curve")
        if any(high - low < SMALLEST_STEP for low, high in pairwise(levels)):
            raise ValueError(f"'points' must rise in their first value, each by at least {SMALLEST_STEP:g}")
        if self.method == "curve" and self.inverse:
            raise ValueError("'inverse' is for formulas; give the curve's points the other way round")
        for name in ("spare_colors", "steepen_colors"):
            if getattr(self, name) and self.channels != "luminance":
                raise ValueError(f"'{name}' is for curves of luminance")
        if self.method == "sigmoid" and self.inverse and not self.anchored:
            raise ValueError("'inverse' of a sigmoid needs 'anchored'")

    def is_neutral(self) -> bool:
        return self.strength == 0 or (self.method == "power" and self.exponent == 1)


@step("stretch_nonlinear", stage="adjust_tone", params=StretchNonlinear, on="native")
def stretch_nonlinear(image: Array, params: StretchNonlinear) -> Array:
    """Non-linear stretch: logarithm, power, sigmoid, inverse hyperbolic sine, or a curve through points.

    On levels x in 0–1, encoded, of luminance (Y of BT.601; hue kept) or of each channel:

    - log: ``log(1 + gain x) / log(1 + gain)``; with gain 1 that is ``skimage.exposure.adjust_log(x)``.
    - power: ``x ** exponent``, ``skimage.exposure.adjust_gamma(x, exponent)``.
    - sigmoid: ``1 / (1 + exp(gain (cutoff - x)))``, ``skimage.exposure.adjust_sigmoid(x, cutoff, gain)`` (Braun and
      Fairchild, 1999); `anchored` stretches it so that 0 and 1 stay.
    - asinh: ``asinh(gain x) / asinh(gain)`` (Lupton et al., 2004): linear in the shadows, logarithmic above.
    - curve: the monotone cubic through `points` (PCHIP, Fritsch and Butland, 1984); level before the first and
      after the last.

    A strong colour's luminance lies far below its largest channel: along a curve that darkens what is dark and lightens
    what is light a red goes black, and a golden fish, lightened, can only pale to peach. With `spare_colors` the
    largest channel goes through the curve, and multiplies all three; greys are as without. Black stays. A curve of
    luminance multiplies chroma by what it multiplies luma by, however steep it is; with `steepen_colors` chroma grows
    to what the curve makes of greys that lie as far apart as a colour's largest and smallest channel, where that is
    more: what too much light made pale gets colour back. Luma and hue stay.
    """
    return apply_curve(
        image,
        _curve(params),
        params.channels,
        spare_colors=params.spare_colors,
        steepen_colors=params.steepen_colors,
    )


def _curve(params: StretchNonlinear) -> Curve:
    gain = params.gain
    match params.method, params.inverse:
        case "log", False:
            return lambda x: np.log1p(gain * x) / math.log1p(gain)
        case "log", True:
            return lambda x: np.expm1(x * math.log1p(gain)) / gain
        case "asinh", False:
            return lambda x: np.arcsinh(gain * x) / math.asinh(gain)
        case "asinh", True:
            return lambda x: np.sinh(x * math.asinh(gain)) / gain
        case "power", inverse:
            exponent = 1 / params.exponent if inverse else params.exponent
            return lambda x: x**exponent
        case "sigmoid", inverse:
            return _inverse_sigmoid(params) if inverse else _sigmoid(params)
        case _:
            points = np.array(params.points, np.float64)
            return Pchip(points[:, 0], points[:, 1])


def _logistic(x: float, params: StretchNonlinear) -> float:
    # By the hyperbolic tangent, which does not overflow.
    return 0.5 + 0.5 * math.tanh(0.5 * params.gain * (x - params.cutoff))


def _sigmoid(params: StretchNonlinear) -> Curve:
    half = 0.5 * params.gain
    low, high = (_logistic(0, params), _logistic(1, params)) if params.anchored else (0.0, 1.0)
    return lambda x: (0.5 + 0.5 * np.tanh(half * (x - params.cutoff)) - low) / (high - low)


def _inverse_sigmoid(params: StretchNonlinear) -> Curve:
    low, high = _logistic(0, params), _logistic(1, params)

    def curve(x: Array) -> Array:
        # A steep sigmoid reaches 0 and 1 to all digits; its inverse is taken as far as it still rises.
        inner = np.clip((low + x * (high - low)) * 2 - 1, -1 + 1e-7, 1 - 1e-7)
        return params.cutoff + np.arctanh(inner) / (0.5 * params.gain)

    return curve
