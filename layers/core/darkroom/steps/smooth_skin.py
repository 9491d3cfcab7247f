"""Skin evened out, with its pores, and nothing else touched."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.algorithms.guided import guided
from darkroom.color.conversions import luma
from darkroom.estimates.skin import RADIUS, skin_mask
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import step

EPSILON = 0.0016
"""Contrast of 0.04 and more within the radius, such as lips, lids and the nose's shade, is kept."""


class SmoothSkin(Params, frozen=True):
    amount: Annotated[float, param("how far blotches and wrinkles are evened out", ge=0, le=1)] = 0.7
    radius: Annotated[int, param("size of the largest blotches", ge=2, le=60, unit="px")] = 10
    pores: Annotated[float, param("how much of the finest texture stays", ge=0, le=1)] = 0.7
    pore_sigma: Annotated[float, param("size of the finest texture", ge=0.3, le=5, unit="px")] = 1.0
    strength: Strength = 1.0

    neutral = {"amount": 0.0}
    scene = "portrait"


def _halo(params: SmoothSkin) -> int:
    return 2 * params.radius + 2 * RADIUS + 4 * int(np.ceil(params.pore_sigma)) + 5


@step("smooth_skin", stage="portrait", params=SmoothSkin, halo=_halo, color_only=True)
def smooth_skin(image: Array, params: SmoothSkin) -> Array:
    """Skin evened out, with its pores, and nothing else touched.

    Skin is found by its chroma, an ellipse in Cb and Cr that holds light and dark skin (Hsu, Abdel-Mottaleb and Jain
    2002; see `skin_mask`), and the mask's border is laid along the picture's edges (guided filter, He, Sun and Tang
    2010). In it the picture is split by frequency, as retouchers do: the shape (a guided filter of `radius`, which
    keeps lips, lids, hair and contours), blotches, and pores (finer than `pore_sigma`). Blotches are reduced by
    `amount`, pores are put back.

    Where the mask is 0 the result is the input, bit for bit. A grey picture has no skin colour and stays as it is.
    """
    mask = skin_mask(image)
    if not mask.any():
        return image
    y = luma(image)
    shape = guided(image, y, params.radius, EPSILON)
    fine = image - cv2.GaussianBlur(image, (0, 0), params.pore_sigma, borderType=cv2.BORDER_REFLECT)
    even = shape + np.float32(params.pores) * fine
    weight = (mask * np.float32(params.amount))[..., None]
    return np.where(weight > 0, image + weight * (even - image), image)
