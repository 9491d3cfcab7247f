"""A photo at halved sizes, and on each the ink: what is plainly darker (or lighter) than the paper around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from darkroom.picture import Array
from darkroom.step import max_level

SIDE_PX = 2000
"""Longest side of the largest copy that is searched: the work does not grow with the photo."""

ENLARGED_PX = 128
"""A smaller photo is enlarged to this shorter side: a stroke of two pixels has no inside to look at."""

LEAST_SIDE_PX = 20
BLOCK_PX = 16
"""The paper is measured in blocks of this size: its tone is the median of the medians of 5×5 blocks, 80 px, of which
digits of at most 56 px cover the lesser part."""

LEAST_CONTRAST = 0.07
"""What ink differs from paper by, at least, in 0–1 of sRGB luma."""

INK_SHARE = 0.45
"""Share of the way from the paper to the darkest ink nearby, from which on a pixel is ink."""


@dataclass(frozen=True, slots=True)
class Level:
    """One size of a photo. rgb: uint8 HxWx3 or HxW; grey: float32 HxW in 0–1; scale: the photo's pixels per pixel."""

    rgb: Array
    grey: Array
    scale: float


def make_levels(image: Array) -> list[Level]:
    """The photo (any dtype of a step's) at most `SIDE_PX` wide and high, and its halves, the largest first."""
    factor = math.ceil(max(image.shape[:2]) / SIDE_PX)
    zoom = min(ENLARGED_PX // min(image.shape[:2]), SIDE_PX // max(image.shape[:2]))
    small = reduce(image, factor)
    if zoom > 1:
        size = (image.shape[1] * zoom, image.shape[0] * zoom)
        small = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
    levels = []
    scale = factor / max(zoom, 1)
    while min(small.shape[:2]) >= LEAST_SIDE_PX:
        levels.append(Level(small, to_grey(small), scale))
        small = np.asarray(Image.fromarray(small).reduce(2))
        scale *= 2
    return levels


def reduce(image: Array, factor: int) -> Array:
    """uint8 of `image` (any dtype of a step's), each pixel the mean of factor×factor. In bands: it may be large."""
    rows = factor * max(512 // factor, 1)
    bands = [to_bytes(image[top : top + rows]) for top in range(0, len(image), rows)]
    if factor > 1:
        bands = [np.asarray(Image.fromarray(band).reduce(factor)) for band in bands]
    return np.concatenate(bands)


def to_bytes(image: Array) -> Array:
    """uint8 HxW or HxWx3, contiguous."""
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    return np.rint(image * np.float32(255 / max_level(image.dtype))).astype(np.uint8)


def to_grey(pixels: Array) -> Array:
    """Luma (ITU-R BT.601), float32 in 0–1, of uint8 HxW or HxWx3."""
    grey = pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
    return np.multiply(grey, np.float32(1 / 255), dtype=np.float32)


def paper_tone(grey: Array) -> Array:
    """The paper's tone under each pixel, float32 HxW."""
    medians = _over_neighbours(np.median(_blocks(grey), axis=2), 2, np.median)
    return _enlarge(medians, grey.shape)


def ink_mask(difference: Array) -> Array:
    """Bool HxW: where there is ink, given by how much it is darker than the paper (or lighter, with the other sign)."""
    darkest = _over_neighbours(_blocks(difference).max(axis=2), 1, np.max)
    enough = np.maximum(INK_SHARE * darkest, LEAST_CONTRAST)
    return np.asarray(difference > _enlarge(enough, difference.shape))


def _blocks(plane: Array) -> Array:
    """The plane's blocks, ⌈H/16⌉×⌈W/16⌉×256; those at the edges are continued by their mirror image."""
    lacking = [(0, -side % BLOCK_PX) for side in plane.shape]
    plane = np.pad(plane, lacking, mode="symmetric")
    height, width = (side // BLOCK_PX for side in plane.shape)
    blocks = plane.reshape(height, BLOCK_PX, width, BLOCK_PX).swapaxes(1, 2)
    return blocks.reshape(height, width, BLOCK_PX * BLOCK_PX)


def _over_neighbours(blocks: Array, radius: int, measure: np.ufunc | object) -> Array:
    size = 2 * radius + 1
    padded = np.pad(blocks, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return np.asarray(measure(windows, axis=(2, 3)), np.float32)  # type: ignore[operator]


def _enlarge(blocks: Array, shape: tuple[int, ...]) -> Array:
    """Values of blocks at each pixel, linear between the blocks' centres."""
    size = (blocks.shape[1] * BLOCK_PX, blocks.shape[0] * BLOCK_PX)
    whole = np.asarray(Image.fromarray(blocks).resize(size, Image.Resampling.BILINEAR))
    return whole[: shape[0], : shape[1]]
