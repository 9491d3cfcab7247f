"""A large picture made ready for a device's screen."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated

import cv2
import msgspec
import numpy as np

from darkroom.algorithms.resample import check_pixels, resample_alpha, resampled_planes
from darkroom.color.conversions import fit_gamut, linear_to_srgb, luma, luminance
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import Analysed, bands, from_float, step

MAX_OVERSHOOT = 0.03
"""Of an edge's height: how far sharpening may pass the levels on its two sides. Beyond 4 % a halo is seen."""

FULL_SHARPENING = 1.0
"""Unsharp mask amount for a picture at half its size or less, whose finest detail the smoothing has dulled the most."""

MAX_SPREAD = 8.0
"""Times of enlargement that sharpening reckons with, at most: a mask as wide as edges then are takes minutes."""

SATURATION_PER_OCTAVE = 0.03
EXPOSURE_PER_OCTAVE = 0.05
MAX_OCTAVES = 3.0
"""A colour that fills a smaller part of the view looks less colourful and darker: by octave (halving) of the sides."""


class FitDisplay(Params, frozen=True):
    width: Annotated[int, param("of the screen", ge=1, le=16_000, unit="CSS px")] = 1920
    height: Annotated[int, param("of the screen", ge=1, le=16_000, unit="CSS px")] = 1080
    pixel_ratio: Annotated[float, param("device pixels per CSS pixel", ge=0.5, le=4)] = 1.0
    enlarge: Annotated[bool, param("whether a picture smaller than the screen is stretched to it")] = False
    sharpening: Annotated[float, param("factor on the sharpening that follows from the scale", ge=0, le=3)] = 1.0
    saturation: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=3)] | None,
        param("factor on colour's distance from grey; if absent, it follows from the scale"),
    ] = None
    exposure_ev: Annotated[
        Annotated[float, msgspec.Meta(ge=-3, le=3, extra_json_schema={"unit": "EV"})] | None,
        param("brightening, kept from clipping; if absent, it follows from the scale"),
    ] = None

    example = {"width": 320, "height": 240}
    scene = "landscape"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scale factor asks for. Sizes in px, sigma in px of the result."""

    width: int
    height: int
    scale: float
    sharpen_sigma: float
    sharpen_amount: float
    saturation: float
    exposure_ev: float

    @property
    def changes_nothing(self) -> bool:
        return (self.scale, self.sharpen_amount, self.saturation, self.exposure_ev) == (1, 0, 1, 0)


def make_plan(width: int, height: int, params: FitDisplay) -> Plan:
    """The plan for a picture of `width` x `height` px."""
    scale = min(params.width * params.pixel_ratio / width, params.height * params.pixel_ratio / height)
    if not params.enlarge:
        scale = min(scale, 1.0)
    octaves = min(max(0.0, -math.log2(scale)), MAX_OCTAVES)
    # Reduction dulls in proportion to how wide its kernel is, up to half the size; enlargement spreads edges over
    # 1 / scale px. Finer pixels than the eye resolves at a pixel ratio of 1 need a wider mask to be seen.
    dulled = min(octaves, 1.0) if scale <= 1 else min(math.log2(scale), 1.0)
    return Plan(
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        scale=scale,
        sharpen_sigma=0.6 * min(max(1.0, scale), MAX_SPREAD) * max(1.0, params.pixel_ratio) ** 0.5,
        sharpen_amount=FULL_SHARPENING * dulled * params.sharpening,
        saturation=1 + SATURATION_PER_OCTAVE * octaves if params.saturation is None else params.saturation,
        exposure_ev=EXPOSURE_PER_OCTAVE * octaves if params.exposure_ev is None else params.exposure_ev,
    )


def _analyse(image: Array, params: FitDisplay) -> Analysed:
    plan = make_plan(image.shape[1], image.shape[0], params)
    return Analysed(plan, {key: round(value, 3) for key, value in asdict(plan).items()})


@step("fit_display", stage="resize", params=FitDisplay, on="native", resizes=True, analyse=_analyse)
def fit_display(image: Array, params: FitDisplay, *, alpha: Array | None, analysis: Plan) -> tuple[Array, Array | None]:
    """A large picture made ready for a device's screen.

    A small pipeline whose parameters come from the scale factor and stand in the report. In linear light: reduction
    to the screen's device pixels (`width` x `height` x `pixel_ratio`, its proportions kept) by a triangle as wide as
    two of the new pixels, which neither aliases nor overshoots; then colour and exposure, a little more of each the
    smaller the picture gets, because a small picture looks paler and darker. Exposure has a shoulder and keeps white;
    saturation keeps luminance (Y of BT.709) and hue. Then, on encoded values, an unsharp mask of luma (Y' of BT.601),
    stronger the more the reduction dulled, whose overshoot at an edge is bounded to 3 % of the edge's height.

    A picture that is smaller than the screen stays as large as it is unless `enlarge` is set. Raises `RecipeInvalid`
    where the result would have more than 64 megapixels.

    Sources: the size effect on colour by Xiao, Luo, Li, Cui and Park, "Investigation of colour size effect for colour
    appearance assessment", 2011; sharpening for output by Fraser and Schewe, "Real World Image Sharpening", 2009.
    """
    if analysis.changes_nothing:
        return image, alpha
    size = analysis.width, analysis.height
    check_pixels(size, "fit_display")
    light = np.empty((size[1], size[0], *image.shape[2:]), np.float32)
    for c, plane in enumerate(resampled_planes(image, alpha, size, "bilinear", linear_light=True)):
        (light if image.ndim == 2 else light[..., c])[...] = plane
    result = np.empty(light.shape, image.dtype)
    for rows, context, inner in bands(light.shape, _reach(analysis)):
        encoded = linear_to_srgb(_grade(light[context], analysis))
        result[rows] = from_float(_sharpen(encoded, analysis)[inner], image.dtype)
    return result, resample_alpha(alpha, size, "bilinear")


def _grade(light: Array, plan: Plan) -> Array:
    """Exposure and saturation of linear light."""
    if plan.exposure_ev:
        gain = np.float32(2**plan.exposure_ev)
        light = gain * light / (1 + (gain - 1) * light)
    if light.ndim == 3 and plan.saturation != 1:
        gray = luminance(light)[..., None]
        light = fit_gamut(gray + np.float32(plan.saturation) * (light - gray))
    return light


def _sharpen(encoded: Array, plan: Plan) -> Array:
    if plan.sharpen_amount == 0:
        return encoded
    before = luma(encoded)
    smooth = cv2.GaussianBlur(before, (0, 0), plan.sharpen_sigma, borderType=cv2.BORDER_REFLECT)
    after = before + np.float32(plan.sharpen_amount) * (before - smooth)
    # Neighbours as far as an edge is wide stand for the levels on its two sides.
    window = np.ones((2 * _edge_radius(plan) + 1,) * 2, np.uint8)
    low, high = cv2.erode(before, window), cv2.dilate(before, window)
    room = np.float32(MAX_OVERSHOOT) * (high - low)
    change = np.clip(after, low - room, high + room) - before
    encoded += change if encoded.ndim == 2 else change[..., None]
    return encoded


def _edge_radius(plan: Plan) -> int:
    return max(1, math.ceil(min(plan.scale, MAX_SPREAD)))


def _reach(plan: Plan) -> int:
    """Rows that sharpening depends on: OpenCV's kernel for float32 ends at 4 sigma."""
    return max(math.ceil(4 * plan.sharpen_sigma) + 1, _edge_radius(plan))
