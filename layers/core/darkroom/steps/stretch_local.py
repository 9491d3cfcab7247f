"""Local contrast: detail at all sizes raised or lowered, edges as they are."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.color.conversions import luma, with_luma
from darkroom.estimates.skin import spare_skin
from darkroom.kernels import loops
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import bands, step

MAX_LEVELS = 8
SMALLEST_SIDE = 4
"""The pyramid ends where the next level would be smaller than this, px."""

NOISE = 0.004
"""Differences below this, a level of 255, are not raised: they are rounding and grain."""

HALO = 0.04
NEIGHBOURHOOD_SHARE = 1 / 16
"""What a step of a few sigmas would overshoot by is held to this share of the range of levels around, within this
part of the picture's longest side."""


SHADOWS = (0.1, 0.4)
"""Luma up to which it is surely a shadow, and from which it is none."""

TOGETHER = 7
"""Centres that are remapped in one pass over the picture, by compiled loops."""


class StretchLocal(Params, frozen=True):
    amount: Annotated[float, param("how much detail is added; below 0 it is smoothed away", ge=-1, le=4)] = 0.8
    sigma: Annotated[
        float, param("differences of level up to about this are detail, larger ones edges", ge=0.02, le=0.5)
    ] = 0.1
    spare_skin: Annotated[float, param("how much of the change skin is spared", ge=0, le=1)] = 0.0
    spare_shadows: Annotated[
        float, param("how much of what becomes darker shadows are spared, in full from luma 0.1 down", ge=0, le=1)
    ] = 0.0
    strength: Strength = 1.0

    neutral = {"amount": 0.0}
    scene = "landscape"


@step("stretch_local", stage="adjust_tone", params=StretchLocal, on="native")
def stretch_local(image: Array, params: StretchLocal) -> Array:
    """Local contrast: detail at all sizes raised or lowered, edges as they are.

    The local Laplacian filter (Paris, Hasinoff and Kautz, "Local Laplacian Filters", 2011) in its fast form (Aubry et
    al., "Fast Local Laplacian Filters", 2014) on luminance, Y of BT.601, encoded; hue is kept. Each coefficient of the
    result's Laplacian pyramid is that of the picture remapped around the pixel's own level g:
    ``r(i) = i + amount (i - g) exp(-(i - g)² / (2 sigma²))``. What differs from g by much more than sigma is an edge
    and stays, so there are no halos. Differences about a rounding step are raised less, so that grain is not.
    Smaller edges would overshoot: the result is held to the range of levels in its neighbourhood, widened by 4 %.
    `spare_shadows` takes so much back of what makes shadows darker, and `spare_skin` of all where the colour is skin's:
    faces show every pore and fold otherwise.

    The remapping is done for levels `sigma` / 2 apart and interpolated. Takes 24 bytes per pixel of one plane, whatever
    the amount; the time grows with 1 / `sigma`.
    """
    plane = luma(image)
    new = local_laplacian(plane, params.amount, params.sigma)
    _bound_halos(new, plane)
    if params.spare_shadows:
        _spare_shadows(new, plane, params.spare_shadows)
    result = with_luma(image, np.clip(new, 0, 1, out=new))
    if params.spare_skin and image.ndim == 3:
        spare_skin(result, image, params.spare_skin)
    return result


def _bound_halos(new: Array, plane: Array) -> None:
    """Hold `new`, in place, to the range of levels around each place in `plane`, widened by `HALO` of it."""
    cell = max(1, max(plane.shape) // 256)
    radius = max(2, round(max(plane.shape) * NEIGHBOURHOOD_SHARE / cell))
    fine, coarse = np.ones((cell, cell), np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)
    # Of cells first: a wide window over a small picture costs nothing.
    lowest = cv2.erode(cv2.erode(plane, fine)[::cell, ::cell], coarse)
    highest = cv2.dilate(cv2.dilate(plane, fine)[::cell, ::cell], coarse)
    margin = np.float32(HALO) * (highest - lowest)
    size = plane.shape[1::-1]
    np.maximum(new, cv2.resize(lowest - margin, size, interpolation=cv2.INTER_LINEAR).reshape(plane.shape), out=new)
    np.minimum(new, cv2.resize(highest + margin, size, interpolation=cv2.INTER_LINEAR).reshape(plane.shape), out=new)


def _spare_shadows(new: Array, plane: Array, share: float) -> None:
    """Take back, in place, a share of what makes shadows darker."""
    for rows, _, _ in bands(plane.shape, 0):
        shadow = np.clip((SHADOWS[1] - plane[rows]) / np.float32(SHADOWS[1] - SHADOWS[0]), 0, 1)
        darker = np.minimum(new[rows] - plane[rows], 0)
        new[rows] -= np.float32(share) * shadow * darker


def local_laplacian(plane: Array, amount: float, sigma: float) -> Array:
    """The filter on HxW float32 in 0–1; the result may pass 0–1."""
    levels = _levels(plane.shape)
    if levels == 0:
        return plane.copy()
    gaussian = [plane]
    for _ in range(levels):
        gaussian.append(_down(gaussian[-1]))
    low, high = float(plane.min()), float(plane.max())
    count = max(2, round((high - low) / (sigma / 2)) + 1)
    distance = max((high - low) / (count - 1), 1e-6)
    # Starts as the picture's own pyramid; only what remapping changes is added.
    if loops.available():
        change = _changes_compiled(gaussian, low, count, distance, amount, sigma)
    else:
        change = [np.zeros_like(level) for level in gaussian[:-1]]
        for k in range(count):
            _add(change, gaussian, low + k * distance, distance, amount, sigma)
    total = change[-1]
    for level in range(levels - 2, -1, -1):
        finer = change[level]
        finer += _up(total, finer.shape)
        total = finer
    total += plane
    return total


def _add(
    change: list[Array], gaussian: list[Array], center: float, distance: float, amount: float, sigma: float
) -> None:
    """Add what remapping about a centre changes in each level of the pyramid, where the picture is near that centre."""
    remapped = _raised(gaussian[0] - np.float32(center), amount, sigma)
    for level, into in enumerate(change):
        smaller = _down(remapped)
        remapped -= _up(smaller, remapped.shape)
        weight = gaussian[level] - np.float32(center)
        np.abs(weight, out=weight)
        weight *= np.float32(-1 / distance)
        weight += 1
        np.maximum(weight, 0, out=weight)
        remapped *= weight
        into += remapped
        remapped = smaller


def _changes_compiled(
    gaussian: list[Array], low: float, count: int, distance: float, amount: float, sigma: float
) -> list[Array]:
    """`_add` for all centres, which are never remapped in full: what is halved of each, and what is near it."""
    raising = np.array((amount, -0.5 / sigma**2, NOISE**2 if amount > 0 else 0), np.float32)
    change = [loops.raise_levels(gaussian[0], raising, low, distance, count)]
    change += [np.zeros_like(level) for level in gaussian[1:-1]]
    # Made once: memory that is fresh costs about as much as what is computed in it.
    pyramid = [np.empty((min(TOGETHER, count), *level.shape), np.float32) for level in gaussian[1:]]
    for first in range(0, count, TOGETHER):
        offsets = distance * np.arange(min(TOGETHER, count - first))
        gains = amount * np.exp(-0.5 * np.square(offsets / sigma))
        centers = np.stack((low + first * distance + offsets, gains), axis=1).astype(np.float32)
        remapped = [level[: len(centers)] for level in pyramid]
        loops.raise_down(gaussian[0], raising, distance, centers, remapped[0])
        loops.add_detail(change[0], gaussian[0], None, remapped[0], centers, distance)
        for level in range(1, len(change)):
            for plane, smaller in zip(remapped[level - 1], remapped[level], strict=True):
                cv2.pyrDown(plane, smaller)
            loops.add_detail(change[level], gaussian[level], remapped[level - 1], remapped[level], centers, distance)
    return change


def _levels(shape: tuple[int, ...]) -> int:
    levels, side = 0, min(shape)
    while levels < MAX_LEVELS and side >= 2 * SMALLEST_SIDE:
        levels, side = levels + 1, (side + 1) // 2
    return levels


def _raised(difference: Array, amount: float, sigma: float) -> Array:
    """What remapping adds to a level at some difference from the centre; in place, in bands."""
    for rows, _, _ in bands(difference.shape, 0):
        square = difference[rows] * difference[rows]
        fall: Array = cv2.exp(square * np.float32(-0.5 / sigma**2)).reshape(square.shape)
        fall *= np.float32(amount)
        if amount > 0:
            fall *= square / (square + np.float32(NOISE**2))
        difference[rows] *= fall
    return difference


def _down(plane: Array) -> Array:
    return np.asarray(cv2.pyrDown(plane))


def _up(plane: Array, shape: tuple[int, ...]) -> Array:
    return np.asarray(cv2.pyrUp(plane, dstsize=(shape[1], shape[0])))
