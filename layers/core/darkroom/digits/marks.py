"""Marks of ink that have a digit's size and shape, over all sizes of a photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom.digits.components import Components, find_components
from darkroom.digits.levels import Level, ink_mask, paper_tone
from darkroom.picture import Array

HEIGHTS_PX = (14, 56)
"""Heights of digits that are looked for on a level. The next level halves them: each digit has two to be found on."""

MAX_ASPECT = 1.5
"""Width over height."""

MIN_FILL = 0.05
MAX_FILL = 0.75
"""Share of its box that a digit covers; a lone upright stroke may fill it."""

LINE_ASPECT = 0.4


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate on `level`. box: left, top, right, bottom in the level's pixels; members: its components."""

    level: int
    light: bool
    box: tuple[int, int, int, int]
    members: tuple[int, ...]
    contrast: float

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one tone on one level: difference from the paper (float32 HxW), and its components."""

    difference: Array
    components: Components


def find_marks(levels: list[Level], limit: int) -> tuple[list[Mark], dict[tuple[int, bool], Ink]]:
    """Candidates, those of the strongest contrast first, at most `limit`; and the ink, by level and tone."""
    marks: list[Mark] = []
    inks = {}
    for index, level in enumerate(levels):
        paper = paper_tone(level.grey)
        for light in (False, True):
            difference = level.grey - paper if light else paper - level.grey
            ink = Ink(difference, find_components(ink_mask(difference)))
            inks[index, light] = ink
            marks += _digit_sized(index, light, ink, largest=index == len(levels) - 1)
    marks.sort(key=lambda mark: -mark.contrast)
    return marks[:limit], inks


def _digit_sized(level: int, light: bool, ink: Ink, largest: bool) -> list[Mark]:
    components = ink.components
    boxes = components.boxes
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    height, width = components.shape
    most = max(HEIGHTS_PX[1], height) if largest else HEIGHTS_PX[1]
    fills = components.areas / np.maximum(widths * heights, 1)
    inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2] < width) & (boxes[:, 3] < height)
    fits = inside & (heights >= HEIGHTS_PX[0]) & (heights <= most) & (widths <= MAX_ASPECT * heights)
    fits &= (fills >= MIN_FILL) & ((fills <= MAX_FILL) | (widths <= LINE_ASPECT * heights))
    found = []
    for index in np.flatnonzero(fits):
        left, top, right, bottom = (int(side) for side in boxes[index])
        part = ink.difference[top:bottom, left:right]
        members = [int(index), *_fragments(boxes, components.areas, int(index))]
        contrast = float(np.quantile(part, 0.95))
        found.append(Mark(level, light, (left, top, right, bottom), (int(index),), contrast))
        if len(members) > 1:
            joined = boxes[members]
            box = (*(int(v) for v in joined[:, :2].min(axis=0)), *(int(v) for v in joined[:, 2:].max(axis=0)))
            found.append(Mark(level, light, box, tuple(members), contrast))  # type: ignore[arg-type]
    return found


def _fragments(boxes: Array, areas: Array, index: int) -> list[int]:
    """Smaller components so close to this one that they may be strokes of the same digit."""
    left, top, right, bottom = boxes[index]
    height = bottom - top
    reach = 0.25 * height
    near = (boxes[:, 0] < right + reach) & (boxes[:, 2] > left - reach)
    near &= (boxes[:, 1] < bottom + reach) & (boxes[:, 3] > top - reach)
    near &= (areas < areas[index]) & (areas >= 0.02 * areas[index])
    near &= boxes[:, 3] - boxes[:, 1] < 0.6 * height  # else it is a digit of its own
    beside = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
    near &= beside >= 0.3 * (boxes[:, 2] - boxes[:, 0])  # else it is part of the next one
    joined = np.maximum(boxes[:, 2], right) - np.minimum(boxes[:, 0], left)
    near &= joined <= MAX_ASPECT * height
    near[index] = False
    return [int(other) for other in np.flatnonzero(near)][:4]
