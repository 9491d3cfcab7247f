"""Scratches and spots filled from what surrounds them."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.color.conversions import luma
from darkroom.errors import RecipeInvalid
from darkroom.estimates.scratches import find_damage
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Reported, bands, from_float, split_alpha, step, to_float


class Inpaint(Params, frozen=True):
    method: Annotated[Literal["telea", "navier_stokes"], param("how the damage is filled")] = "telea"
    find: Annotated[
        Literal["scratches", "spots", "all"],
        param("without a mask: look for scratches, for spots such as dust (takes stars for them), or both"),
    ] = "scratches"
    radius: Annotated[float, param("reach of the surroundings that fill a pixel", ge=1, le=20, unit="px")] = 4.0
    width: Annotated[int, param("found damage: width of the widest scratch", ge=1, le=15, unit="px")] = 4
    sensitivity: Annotated[float, param("found damage: how little contrast is enough", ge=0, le=1)] = 0.5
    grow: Annotated[int, param("widen the damage, so that its soft border goes too", ge=0, le=20, unit="px")] = 1
    strength: Strength = 1.0

    scene = "scratched"


@step(
    "inpaint",
    stage="restore",
    params=Inpaint,
    on="native",
    references={"mask": "the damage: white (above half) where the picture is to be filled, of the picture's size"},
    discontinuous="a pixel at the threshold of being found is filled or is not",
)
def inpaint(image: Array, params: Inpaint, mask: Array | None = None) -> Reported:
    """Scratches and spots filled from what surrounds them.

    The damage is where `mask` is above half, or, without a mask, what `find_damage` finds: thin straight pieces lighter
    or darker than both sides, or spots. It is widened by `grow` px and filled inwards from its border: by Telea ("An
    Image Inpainting Technique Based on the Fast Marching Method", 2004), or so that lines of equal light go on
    (Bertalmio, Bertozzi and Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", 2001). Every pixel
    outside stays bit for bit.

    Each channel alone, in float32, on the encoded values: 16-bit pictures keep their depth. Raises `RecipeInvalid` for
    a mask of another size.
    """
    damage = _found(image, params) if mask is None else _given(mask, image)
    if params.grow:
        square = np.ones((2 * params.grow + 1,) * 2, np.uint8)
        damage = cv2.dilate(damage, square)
    share = float(np.count_nonzero(damage)) / damage.size
    details = {"filled_share": round(share, 5), "found": mask is None}
    if share in (0, 1):  # nothing to fill, or nothing to fill it from
        return Reported(image, details)
    result = image.copy()
    flag = cv2.INPAINT_TELEA if params.method == "telea" else cv2.INPAINT_NS
    top, bottom, left, right = _around(damage, int(np.ceil(params.radius)) + 2)
    part, where = image[top:bottom, left:right], damage[top:bottom, left:right]
    for index in [()] if image.ndim == 2 else [(c,) for c in range(3)]:
        plane = to_float(np.ascontiguousarray(part[(..., *index)]))
        # In levels of 255: OpenCV's Telea adds a gradient term of about one unit, whatever the range.
        filled = from_float(cv2.inpaint(plane * np.float32(255), where, params.radius, flag) / 255, image.dtype)
        np.copyto(result[top:bottom, left:right][(..., *index)], filled, where=where > 0)
    return Reported(result, details)


def _found(image: Array, params: Inpaint) -> Array:
    levels = np.empty(image.shape[:2], np.uint8)
    for rows, _, _ in bands(image.shape, 0):
        levels[rows] = from_float(luma(to_float(image[rows])), levels.dtype)
    scratches, spots = params.find != "spots", params.find != "scratches"
    return find_damage(levels, params.width, params.sensitivity, scratches=scratches, spots=spots)


def _given(mask: Array, image: Array) -> Array:
    if mask.shape[:2] != image.shape[:2]:
        sizes = [f"{array.shape[1]} x {array.shape[0]}" for array in (mask, image)]
        raise RecipeInvalid(
            "bad-reference", f"step 'inpaint': the mask is {sizes[0]} pixels but the picture {sizes[1]}"
        )
    color, _ = split_alpha(mask)
    half = 0.5 if color.dtype == np.float32 else np.iinfo(color.dtype).max / 2
    brightest = color if color.ndim == 2 else color.max(axis=2)
    return (brightest > half).astype(np.uint8)


def _around(damage: Array, margin: int) -> tuple[int, int, int, int]:
    """The rows and columns that hold the damage and what fills it."""
    x, y, width, height = cv2.boundingRect(damage)
    rows, columns = damage.shape
    return max(y - margin, 0), min(y + height + margin, rows), max(x - margin, 0), min(x + width + margin, columns)
