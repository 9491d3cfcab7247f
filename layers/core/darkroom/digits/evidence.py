"""What can be seen of a candidate beyond its shape: paper, ink, stroke, and what else is around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from darkroom.digits.components import find_components
from darkroom.digits.frame import crop, frame
from darkroom.digits.levels import INK_SHARE, Level, reduce, to_grey
from darkroom.digits.marks import Ink, Mark
from darkroom.picture import Array

READ_PX = 48
"""Height from which on a candidate is looked at on the level where it was found; smaller ones a level finer."""

LEAST_STROKE = 0.1
"""Width of a stroke in heights: a thinner pen's is widened to it, as MNIST's pencils are some 0.1 to 0.2."""

MARGIN = 0.6
"""What is looked at around a candidate, in its heights."""


class Evidence(msgspec.Struct, frozen=True):
    """Measures of a candidate; those of tone are in parts of the contrast between paper and ink."""

    contrast: float
    paper_spread: float
    paper_tail: float
    clutter: float
    ink_spread: float
    softness: float
    stroke: float
    stroke_peak: float
    paper_color: float
    ink_color: float
    height_px: float


@dataclass(frozen=True, slots=True)
class Look:
    """A candidate and what is around it. frame: uint8 28×28; box: left, top, right, bottom in the photo's pixels.

    own, others: bool HxW, its ink and all other ink; difference: float32 HxW, how much darker than the paper (or
    lighter), 1 for its ink; tone: that ink's contrast; rgb: uint8 HxW or HxWx3; scale: the photo's pixels per pixel.
    """

    frame: Array
    box: tuple[float, float, float, float]
    own: Array
    others: Array
    difference: Array
    tone: float
    rgb: Array
    scale: float


def look(mark: Mark, image: Array, levels: list[Level], inks: dict[tuple[int, bool], Ink]) -> Look | None:
    """Look at a candidate closely; None where on a closer look there is no ink.

    Small ones are looked at on a finer level, or in `image` itself, the photo in its own dtype.
    """
    level, zoom, (x0, y0) = _around(mark, image, levels)
    grey = level.grey
    height = mark.height * zoom
    sign = 1.0 if mark.light else -1.0

    columns, rows = (
        ((start + np.arange(length)) / zoom).astype(int)
        for start, length in zip((x0, y0), grey.shape[::-1], strict=True)
    )
    seed = inks[mark.level, mark.light].components.window(list(mark.members), rows, columns)
    difference = sign * (grey - _paper_plane(grey, seed))
    tone = float(np.quantile(difference[seed], 0.8)) if seed.any() else 0.0
    if tone <= 0.02:
        return None
    mask = difference > INK_SHARE * tone
    components = find_components(mask)
    labels = components.labels()
    members = np.unique(labels[seed & mask])
    members = members[members >= 0]
    if not len(members):
        return None
    kept = [m for m in members if components.areas[m] >= 0.02 * components.areas[members].max()]
    own = components.mask(kept)
    tone = float(np.quantile(difference[own], 0.75))
    wide = dilate(own, max(round(0.04 * height), 1))
    ink = np.where(wide & ~dilate(mask & ~own, 1), difference / tone, 0)
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    stroke = _stroke_px(_depths(own), own)
    ink = thicken(np.clip(ink, 0, 1), round((LEAST_STROKE * height - stroke) / 2))
    framed = frame(crop(ink, 0.2))
    place = np.array([box[0] + x0, box[1] + y0, box[2] + x0, box[3] + y0]) * level.scale
    return Look(
        framed,
        tuple(float(v) for v in place),  # type: ignore[arg-type]
        own,
        mask & ~own,
        difference / tone,
        tone,
        level.rgb,
        level.scale,
    )


def _around(mark: Mark, image: Array, levels: list[Level]) -> tuple[Level, float, tuple[int, int]]:
    """What is looked at: a piece of the photo, how much finer it is than the mark's level, and its left top in it."""
    index = mark.level
    while index > 0 and mark.height * 2 ** (mark.level - index) < READ_PX:
        index -= 1
    zoom = float(2 ** (mark.level - index))
    finest = int(levels[0].scale)  # 0 where the photo was enlarged
    factor = max(finest // math.ceil(READ_PX / (mark.height * zoom)), 1)
    if index == 0 and factor < finest:
        zoom *= finest / factor
        shape = tuple(side // factor for side in image.shape[:2])
        x0, y0, x1, y1 = _window(mark, zoom, shape)
        rgb = reduce(image[y0 * factor : y1 * factor, x0 * factor : x1 * factor], factor)
        return Level(rgb, to_grey(rgb), factor), zoom, (x0, y0)
    level = levels[index]
    x0, y0, x1, y1 = _window(mark, zoom, level.grey.shape)
    return Level(level.rgb[y0:y1, x0:x1], level.grey[y0:y1, x0:x1], level.scale), zoom, (x0, y0)


def _window(mark: Mark, zoom: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the mark with a margin, in pixels `zoom` times finer, within a picture's shape."""
    left, top, right, bottom = (round(side * zoom) for side in mark.box)
    margin = max(round(MARGIN * (bottom - top)), 4)
    return max(left - margin, 0), max(top - margin, 0), min(right + margin, shape[1]), min(bottom + margin, shape[0])


def _paper_plane(grey: Array, seed: Array) -> Array:
    """A plane through the paper's tone, float32 HxW, fitted to what is no ink."""
    height, width = grey.shape
    paper = ~dilate(seed, 2)
    y, x = np.nonzero(paper)
    values = grey[paper]
    if len(values) < 16:
        return np.full_like(grey, np.median(grey))
    x_all, y_all = np.arange(width, dtype=np.float32) / width, np.arange(height, dtype=np.float32) / height
    terms = np.stack((np.ones(len(values), np.float32), x_all[x], y_all[y]))
    plane = np.full(len(values), np.median(values), np.float32)
    solution = np.array([plane[0], 0, 0])
    for _ in range(3):
        away = np.abs(values - plane)
        fits = away <= 2.5 * 1.4826 * np.median(away) + 0.01
        chosen = terms[:, fits]
        solution = np.linalg.solve(chosen @ chosen.T + 1e-3 * np.eye(3), chosen @ values[fits])
        plane = (solution @ terms).astype(np.float32)
    return np.asarray(solution[0] + solution[1] * x_all + (solution[2] * y_all)[:, np.newaxis], np.float32)


def measure(look: Look) -> Evidence:
    """The evidence for and against a candidate."""
    own, others, difference = look.own, look.others, look.difference
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    height = box[3] - box[1]
    near = np.zeros_like(own)
    reach = max(round(0.4 * height), 2)
    near[max(box[1] - reach, 0) : box[3] + reach, max(box[0] - reach, 0) : box[2] + reach] = True
    paper = near & ~dilate(own | others, 2)
    aside = difference[paper] if paper.any() else np.ones(1, np.float32)
    core = erode(own)
    if core.sum() < 0.1 * own.sum():
        core = own
    area = float(own.sum())
    edge = float((own & ~core).sum()) if core is not own else area
    depths = _depths(own)
    stroke = _stroke_px(depths, own)
    soft = (difference > 0.2) & (difference < 0.8) & dilate(own, 3)
    colors = look.rgb.reshape(*own.shape, -1).astype(np.float32) / 255
    chroma = colors - colors.mean(axis=2, keepdims=True)
    return Evidence(
        contrast=look.tone,
        paper_spread=float(aside.std()),
        paper_tail=float(np.quantile(np.abs(aside), 0.98)),
        clutter=float((others & near).sum()) / area,
        ink_spread=float(difference[core].std()),
        softness=float(soft.sum()) / max(edge, 1),
        stroke=float(stroke) / height,
        stroke_peak=float(2 * depths.max() / max(stroke, 1e-6)),
        paper_color=float(chroma[paper].std(axis=0).max()) / look.tone if paper.any() else 1.0,
        ink_color=float(chroma[core].std(axis=0).max()) / look.tone,
        height_px=height * look.scale,
    )


def _stroke_px(depths: Array, own: Array) -> float:
    """Width of the pen's stroke: across a stroke the mean depth is a quarter of its width."""
    return 4 * float(depths[own].mean())


def thicken(ink: Array, radius: int) -> Array:
    """Ink (float32 HxW in 0–1) with strokes wider by `radius` on each side; as it is where that is not positive."""
    for turn in range(max(radius, 0)):
        padded = np.pad(ink, 1)
        wider = np.maximum(np.maximum(padded[1:-1], padded[:-2]), padded[2:]) if turn % 2 else padded[1:-1]
        ink = np.maximum(np.maximum(wider[:, 1:-1], wider[:, :-2]), wider[:, 2:])
        if turn % 2 == 0:
            ink = np.maximum(np.maximum(ink, padded[:-2, 1:-1]), padded[2:, 1:-1])
    return ink


def _depths(mask: Array) -> Array:
    """float32: how many erosions each pixel survives (city-block and chessboard by turns: nearly round)."""
    depths = np.zeros(mask.shape, np.float32)
    left, turn = mask, 0
    while left.any() and turn < 40:
        depths += left
        left = erode(left, cross=turn % 2 == 0)
        turn += 1
    return depths


def dilate(mask: Array, radius: int) -> Array:
    """Bool: what is within `radius` (a square) of the mask."""
    for _ in range(2):  # along columns, then, turned, along rows
        result = mask.copy()
        for shift in range(1, min(radius, len(mask) - 1) + 1):
            result[shift:] |= mask[:-shift]
            result[:-shift] |= mask[shift:]
        mask = result.T
    return mask


def erode(mask: Array, cross: bool = False) -> Array:
    """Bool: the pixels whose eight neighbours (four with `cross`) are in the mask, too."""
    padded = np.pad(mask, 1)
    lines = padded[1:-1] & padded[:-2] & padded[2:]
    if cross:
        return np.asarray(lines[:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:])
    return np.asarray(lines[:, 1:-1] & lines[:, :-2] & lines[:, 2:])
