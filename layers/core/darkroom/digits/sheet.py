"""A sheet of equal boxes with one digit or nothing in each, as on forms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from darkroom.digits.components import find_components
from darkroom.digits.evidence import dilate
from darkroom.digits.frame import BOX, FRAME, crop, frame
from darkroom.digits.levels import INK_SHARE, LEAST_CONTRAST, paper_tone, reduce, to_grey
from darkroom.digits.read import Digit, classify
from darkroom.picture import Array

CELL_PX = 56
"""Cells are read at one to two times this size: MNIST's digits have 28."""

LEAST_IS_DIGIT = 0.0005
"""A box of a form is meant for a digit: ink that could be one is read as one."""

LEAST_INK = 0.25
"""Contrast of a cell's ink, as a share of the sheet's median, below which the cell is empty."""

LEAST_HEIGHT = 0.25
"""Height of a cell's ink (or, of a dash, its width), as a share of the cell's, below which it is a speck."""

EDGE = 0.15
"""Share of a cell along each side, in which the printed box's lines may lie."""

LINE = 0.6
"""Share of a row or column that is ink, from which on it is a printed line."""

SPECK = 0.05
"""Share of the largest component's area, below which another is dirt."""


def read_sheet(image: Array, rows: int, columns: int) -> list[list[Digit | None]]:
    """What is in each box: rows of HxW or HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1, from the top."""
    height, width = image.shape[:2]
    factor = max(min(height // rows, width // columns) // CELL_PX, 1)
    grey = to_grey(reduce(image, factor))
    difference = grey - paper_tone(grey)
    low, high = np.quantile(difference[:: max(len(difference) // 1000, 1)], (0.001, 0.999))
    if -low > high:
        difference = -difference
    cells = list(_cells(difference, rows, columns))
    peaks = np.array([float(np.quantile(cell, 0.98)) for cell in cells])
    inked = peaks >= LEAST_CONTRAST
    if inked.any():
        inked &= peaks >= LEAST_INK * np.median(peaks[inked])
    framed = {index: frame_cell(cells[index]) for index in np.flatnonzero(inked)}
    chosen = [index for index, each in framed.items() if each is not None]
    probabilities, presence = classify(np.array([framed[index] for index in chosen], np.uint8))
    found: list[Digit | None] = [None] * (rows * columns)
    for index, each, is_digit in zip(chosen, probabilities, presence, strict=True):
        if is_digit >= LEAST_IS_DIGIT:
            row, column = divmod(int(index), columns)
            box = (column * width / columns, row * height / rows)
            end = ((column + 1) * width / columns, (row + 1) * height / rows)
            found[index] = Digit(int(each.argmax()), each, float(is_digit), (*box, *end))
    return [found[start : start + columns] for start in range(0, rows * columns, columns)]


def _cells(plane: Array, rows: int, columns: int) -> Iterator[Array]:
    tops = np.rint(np.linspace(0, plane.shape[0], rows + 1)).astype(int)
    lefts = np.rint(np.linspace(0, plane.shape[1], columns + 1)).astype(int)
    for top, bottom in pairwise(tops):
        for left, right in pairwise(lefts):
            yield plane[top:bottom, left:right]


def frame_cell(cell: Array) -> Array | None:
    """uint8 28×28 of the digit in a cell, None for nothing (cell: float32 HxW, how much darker than paper)."""
    cell = np.clip(cell, 0, 1)
    if is_mnist(cell):
        return frame(crop(cell, 0))
    peak = float(np.quantile(cell, 0.98))
    mask = cell > INK_SHARE * peak
    for axis in (0, 1):
        edge = max(round(EDGE * mask.shape[axis]), 1)
        lines = mask.mean(axis=1 - axis) > LINE
        lines[edge:-edge] = False
        mask = mask & ~(lines[:, np.newaxis] if axis == 0 else lines)
    components = find_components(mask)
    if not len(components.areas):
        return None
    boxes, ends = components.boxes, np.array(mask.shape[::-1])
    sides = (boxes[:, 2:] - boxes[:, :2]) / ends
    whole = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < ends).all(axis=1)
    whole &= sides.max(axis=1) >= LEAST_HEIGHT
    kept = components.areas >= SPECK * components.areas.max()
    if whole.any():  # what comes in from the sides belongs to another box
        inside = (boxes[:, :2] > 0).all(axis=1) & (boxes[:, 2:] < ends).all(axis=1)
        kept = inside & (components.areas >= SPECK * components.areas[whole].max())
    if sides[kept].max(initial=0) < LEAST_HEIGHT:
        return None
    own = components.mask(np.flatnonzero(kept))
    tone = float(np.quantile(cell[own], 0.75))
    ink = np.where(dilate(own, max(round(0.03 * len(own)), 1)), cell / tone, 0)
    return frame(crop(np.clip(ink, 0, 1), 0.2))


def is_mnist(cell: Array) -> bool:
    """Whether a cell holds a digit as MNIST has them, but for its place: ink of 20 px on a ground without any."""
    if min(cell.shape) < FRAME:
        return False
    rows, columns = np.flatnonzero(cell.any(axis=1)), np.flatnonzero(cell.any(axis=0))
    return len(rows) > 0 and max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == BOX
