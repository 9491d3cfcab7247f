"""What the diagnosis looks at: a small copy for tone and colour, full-resolution tiles for noise, blur, impulses, JPEG.

NumPy and Pillow alone, and nothing else of darkroom that needs more: training computes exactly these numbers, in an
environment of its own. The cost does not grow with the photo.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from PIL import Image

from darkroom.diagnosis.detail import detail_features
from darkroom.diagnosis.levels import NO_TRACES, level_features
from darkroom.diagnosis.light import NORMS, chroma_histograms, light_features, stretched_light_features
from darkroom.diagnosis.scene import levelled, scene_numbers
from darkroom.diagnosis.tone import tone_features
from darkroom.picture import Array
from darkroom.srgb import highest, srgb_to_linear_exact

THUMBNAIL = 32
PICTURE = 224
"""Side of the square copy in which things are recognised, whatever the photo's shape."""

SMALL_PX = 128
"""Longest side of the copy on which tone and colour are measured: noise and texture are averaged away."""

SAMPLED_PX = 768
"""A larger photo is first reduced to at most this many pixels a side by leaving pixels out."""

CLIPPED = 254
"""Level of 255 from which a channel counts as white, as in `estimates.ceilings`: higher than where a light's estimate
leaves a pixel out, for what is asked is whether a photo has white at all."""

TILE = 128
TILES_PER_SIDE = 4


@dataclass(frozen=True, slots=True)
class Features:
    """thumbnail: 32×32×3 float32, sRGB-encoded, 0–1, whatever the photo's shape. chroma: 32×32×2 float32, the roots of
    two histograms (`chroma_histograms`). numbers: F float32, finite; light, levels: which of them are estimates of the
    light, and `level_features`. clipped: share of pixels that are white in a channel.
    """

    thumbnail: Array
    chroma: Array
    numbers: Array
    light: slice
    levels: slice
    clipped: float

    def without_traces(self) -> Features:
        """The same, as if no gain had left anything in the histogram."""
        numbers = self.numbers.copy()
        numbers[self.levels] = NO_TRACES
        return replace(self, numbers=numbers)


@dataclass(frozen=True, slots=True)
class Views:
    """What of a photo is looked at.

    image: 8-bit RGB, at most `SAMPLED_PX` a side, by leaving pixels out. small: that averaged to at most `SMALL_PX`,
    float32 in 0–1. tiles: `full_resolution_tiles`.
    """

    image: Image.Image
    small: Array
    tiles: Array

    @classmethod
    def of(cls, pixels: Array) -> Self:
        """Of HxW or HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1, of any size from 1×1."""
        image = Image.fromarray(_as_rgb8(_sampled(pixels)))
        scale = min(SMALL_PX / max(image.size), 1)
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        return cls(image, averaged(image, size), full_resolution_tiles(pixels))


def compute_features(pixels: Array) -> Features:
    """The features of HxW or HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1, of any size from 1×1."""
    return features_of(Views.of(pixels))


def features_of(views: Views) -> Features:
    sampled, small, tiles = np.asarray(views.image), views.small, views.tiles
    thumbnail = averaged(views.image, (THUMBNAIL, THUMBNAIL))
    linear = srgb_to_linear_exact(small)
    tones, light = tone_features(small, linear, sampled), light_features(small, linear, sampled)
    seen = np.concatenate((tones, light.ravel(), stretched_light_features(small).ravel()))
    levels = level_features(tiles, light[len(NORMS) - 1])
    numbers = np.concatenate((seen, levels, detail_features(tiles)))
    numbers = np.nan_to_num(numbers.astype(np.float32), posinf=1e4, neginf=-1e4)
    clipped = float((highest(sampled) >= CLIPPED).mean())
    where = slice(len(tones), len(seen)), slice(len(seen), len(seen) + len(levels))
    return Features(thumbnail, chroma_histograms(linear), numbers, *where, clipped)


@dataclass(frozen=True, slots=True)
class SceneInputs:
    """What the kind of a picture is told from.

    picture: 224×224×3 float32, sRGB-encoded, 0–1, at a usual brightness (`levelled`). numbers: F float32, finite.
    """

    picture: Array
    numbers: Array


def scene_inputs(views: Views) -> SceneInputs:
    picture = averaged(views.image, (PICTURE, PICTURE))
    return SceneInputs(levelled(picture), scene_numbers(views.small, views.tiles))


def averaged(image: Image.Image, size: tuple[int, int]) -> Array:
    """HxWx3 float32 in 0–1. size: width and height."""
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float32) / 255


def full_resolution_tiles(pixels: Array) -> Array:
    """Up to 16 tiles, T×128×128×3 float32 in levels of 255, spread evenly, each beginning on a JPEG's block grid.

    Photos smaller than a tile are continued by their mirror image.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < TILE:
        pixels = pixels[: TILE * TILES_PER_SIDE, : TILE * TILES_PER_SIDE]
        lacking = [(0, max(TILE - side, 0)) for side in pixels.shape[:2]]
        pixels = np.pad(pixels, [*lacking, (0, 0)][: pixels.ndim], mode="symmetric")
        height, width = pixels.shape[:2]
    tops, lefts = _starts(height), _starts(width)
    tiles = np.stack([pixels[top : top + TILE, left : left + TILE] for top in tops for left in lefts])
    levels = tiles.astype(np.float32) * np.float32(255 / _white(pixels))
    return levels if levels.ndim == 4 else np.repeat(levels[..., None], 3, axis=3)


def _starts(side: int) -> Array:
    """Where tiles begin along a side: evenly spread, not overlapping by more than they must, multiples of 8."""
    count = min(TILES_PER_SIDE, math.ceil(side / TILE))
    return np.unique(np.linspace(0, side - TILE, count).astype(int) // 8 * 8)


def _sampled(pixels: Array) -> Array:
    stride = math.ceil(max(pixels.shape[:2]) / SAMPLED_PX)
    return pixels[::stride, ::stride]


def _as_rgb8(pixels: Array) -> Array:
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels.astype(np.float32) * np.float32(255 / _white(pixels))).astype(np.uint8)
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))


def _white(pixels: Array) -> float:
    return 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
