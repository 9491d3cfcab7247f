"""Uneven light: what falls off towards the corners, or varies slowly, as a small map of factors that even it out."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.color.conversions import luminance, srgb_to_linear
from darkroom.picture import Array
from darkroom.srgb import LUMINANCE_WEIGHTS

MAP_SIDE = 256
"""Longer side of the maps, in px: light that varies faster is not what they are for."""

DARKEST = 1e-3
"""Of linear light: keeps the logarithm of black finite."""

RINGS = 48
SMALLEST_RING = 8

TEXTURE = 2.0
"""Standard deviation in px of a map's smoothing before its slopes are taken: texture is much steeper than a lens."""

FLAT_SMOOTHING = 0.01
"""Standard deviation over a flat field, of its longer side: removes its noise and dust."""

WRITING, BLOCK = 11, 97
"""Side, in px of a map, of windows in which paper is seen: between letters and lines, and beside printed areas."""

PRINTED_DARK, PRINTED_COLOR = 0.12, 0.5
"""Printed is what has less than this share of the light of the paper about it in every channel, or in one channel less
than this share of what it has in another: shadows on paper are seldom as deep, and never coloured."""

PAPER_SMOOTHING = 2.0
"""Standard deviation in px of a map's smoothing: a shadow's edge is softer."""


def small_luminance(image: Array) -> Array:
    """Y of BT.709 in linear light, float32, area averaged to at most MAP_SIDE px; of HxW or HxWx3 of any dtype."""
    light = _small_light(image)
    if light.ndim == 2:
        return light
    total = np.zeros(light.shape[:2], np.float32)
    for c, weight in enumerate(LUMINANCE_WEIGHTS):
        total += weight * light[..., c]
    return total


def _small_light(image: Array) -> Array:
    """Linear light, float32, area averaged to at most MAP_SIDE px: HxW, or HxWx3 without alpha; of any dtype."""
    size = map_size(image.shape)
    planes = [image] if image.ndim == 2 else [image[..., c] for c in range(3)]
    small = [
        cv2.resize(srgb_to_linear(np.ascontiguousarray(plane)), size, interpolation=cv2.INTER_AREA) for plane in planes
    ]
    return small[0] if len(small) == 1 else np.dstack(small)


def map_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height of a picture's maps."""
    scale = min(1.0, MAP_SIDE / max(shape[:2]))
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def homomorphic_gain(light: Array, scale: float) -> Array:
    """Factors that make the slow part of log light even; their mean log is 0.

    light: HxW, linear. scale: standard deviation of what counts as slow, of the longer side.
    Source: Oppenheim, Schafer and Stockham, "Nonlinear filtering of multiplied and convolved signals", 1968.
    """
    logarithm = np.log(np.maximum(light, np.float32(DARKEST)))
    slow = _smooth(logarithm, scale * max(light.shape))
    return np.asarray(np.exp(slow.mean() - slow))


def vignetting_gain(light: Array) -> Array:
    """Factors that undo a lens's falling off towards the corners; 1 in the middle, and nowhere less.

    light: HxW, linear. Scenes darken outwards as often as inwards, so the median of log light's radial slope at each
    radius is the lens's. A polynomial in r² is fitted to it, and slopes that would mean a lens brighter at its rim than
    in its middle count as none. Source: Zheng, Yu, Kang, Lin and Kambhamettu, "Single-image vignetting correction
    using radial gradient symmetry", 2008; the polynomial as in Kang and Weiss, 2000.
    """
    height, width = light.shape
    if min(height, width) < SMALLEST_RING:
        return np.ones_like(light)
    y = ((np.arange(height) - (height - 1) / 2) / (max(height, width) / 2))[:, None]
    x = (np.arange(width) - (width - 1) / 2) / (max(height, width) / 2)
    radius = np.hypot(x, y)
    logarithm = _smooth(np.log(np.maximum(light, np.float32(DARKEST))), TEXTURE)
    down, across = np.gradient(logarithm, y[:, 0], x)
    slope = (across * x + down * y) / np.maximum(radius, 1e-6)
    # Clipped light has no slope, whatever the lens did.
    usable = (light > 4 * DARKEST) & (light < 0.98) & (radius > 0.05)
    ring = np.minimum((radius / radius.max() * RINGS).astype(int), RINGS - 1)
    rows, slopes, weights = [], [], []
    for index in range(RINGS):
        members = usable & (ring == index)
        count = int(members.sum())
        if count >= SMALLEST_RING:
            r = float(radius[members].mean())
            rows.append([2 * r, 4 * r**3, 6 * r**5])
            slopes.append(float(np.median(slope[members])))
            weights.append(count**0.5)
    if len(rows) < 6:
        return np.ones_like(light)
    scale = np.array(weights)
    fit, *_ = np.linalg.lstsq(np.array(rows) * scale[:, None], np.array(slopes) * scale)
    table = np.linspace(0, float(radius.max()), 4 * RINGS)
    falling = np.minimum(fit[0] * 2 * table + fit[1] * 4 * table**3 + fit[2] * 6 * table**5, 0)
    steps = (falling[1:] + falling[:-1]) / 2 * np.diff(table)
    return np.asarray(np.exp(-np.interp(radius, table, np.concatenate(([0], np.cumsum(steps))))), np.float32)


def paper_gain(image: Array) -> Array:
    """Factors that make a page's paper white wherever it lies in light or shadow: HxW, or HxWx3 of colour.

    image: HxW or HxWx3 of any dtype. In each channel paper is the lightest about each place (grey closing), in a window
    that writing does not fill; where that is far darker than the lightest of a wide one, or of another colour, it is a
    printed area, and the paper that of the wide one. Division by the background as in Gatos, Pratikakis and Perantonis,
    "Adaptive degraded document image binarization", 2006.
    """
    light = np.maximum(_small_light(image), np.float32(DARKEST))
    near, wide = (
        cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)).reshape(*light.shape[:2], -1)
        for side in (WRITING, BLOCK)
    )
    share = near / wide
    darkest, lightest = share.min(axis=2), share.max(axis=2)
    printed = (lightest < PRINTED_DARK) | (darkest < PRINTED_COLOR * lightest)
    paper = np.where(printed[..., None], wide, near)
    paper = cv2.GaussianBlur(paper, (0, 0), PAPER_SMOOTHING, borderType=cv2.BORDER_REFLECT)
    return np.asarray(1 / paper).reshape(light.shape)


def flat_field_gain(flat: Array, gray: bool) -> Array:
    """Factors that make an evenly lit surface even: HxW, or HxWx3 (colour shading too) of a coloured flat field.

    flat: picture of such a surface, HxW, HxWx3 or HxWx4 of any dtype; gray: whether the picture to correct is grey.
    """
    light = _small_light(flat)
    light = luminance(light) if gray else light
    light = np.maximum(_smooth(light, FLAT_SMOOTHING * max(light.shape)), np.float32(DARKEST))
    return np.asarray(light.max(axis=(0, 1)) / light)


def _smooth(small: Array, sigma: float) -> Array:
    """A map (HxW or HxWx3), smoothed by a Gaussian in px that fits lines, not constants, and so holds at the border.

    Source: Cleveland, "Robust locally weighted regression and smoothing scatterplots", 1979, without robust weights.
    """
    down, across = (_local_lines(side, max(sigma, 0.5)) for side in small.shape[:2])
    return np.asarray(np.einsum("ij,jk...,lk->il...", down, small, across, optimize=True), np.float32)


def _local_lines(count: int, sigma: float) -> Array:
    """The matrix that fits a line around each of `count` points and takes its value there."""
    if count == 1:
        return np.ones((1, 1))
    distance = np.arange(count)[None] - np.arange(count)[:, None]
    weight = np.exp(-0.5 * (distance / sigma) ** 2)
    moments = [(weight * distance**power).sum(axis=1, keepdims=True) for power in range(3)]
    fitted = weight * (moments[2] - moments[1] * distance) / (moments[0] * moments[2] - moments[1] ** 2)
    return np.asarray(fitted)


def enlarge_rows(small: Array, shape: tuple[int, ...], rows: slice) -> Array:
    """Some rows of a map enlarged to a picture's shape, bilinearly."""
    place = (np.arange(rows.start, rows.stop) + 0.5) * small.shape[0] / shape[0] - 0.5
    place = place.clip(0, small.shape[0] - 1)
    above = place.astype(int)
    below = np.minimum(above + 1, small.shape[0] - 1)
    share = (place - above).astype(np.float32).reshape(-1, *[1] * (small.ndim - 1))
    between = small[above] + share * (small[below] - small[above])
    return np.asarray(cv2.resize(between, (shape[1], len(place)), interpolation=cv2.INTER_LINEAR))
