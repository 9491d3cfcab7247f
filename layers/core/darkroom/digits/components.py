"""Connected components of a mask, by runs of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom.picture import Array


@dataclass(frozen=True, slots=True)
class Components:
    """The 8-connected components of a mask, in the order of their first pixel.

    boxes: int64 Nx4: left, top, right, bottom; right and bottom are the first outside. areas: int64 N, pixels.
    """

    shape: tuple[int, int]
    boxes: Array
    areas: Array
    _rows: Array
    _starts: Array
    _stops: Array
    _labels: Array

    def mask(self, chosen: Array | list[int]) -> Array:
        """Bool of the mask's shape: the pixels of the components `chosen`."""
        return np.isin(self.labels(), chosen)

    def window(self, chosen: list[int], rows: Array, columns: Array) -> Array:
        """Bool: the pixels of the components `chosen` at these rows and columns (repeated where they repeat)."""
        result = np.zeros((len(rows), self.shape[1] + 1), np.int8)
        runs = np.isin(self._labels, chosen)
        first = np.searchsorted(rows, self._rows[runs])
        for run, at in zip(np.flatnonzero(runs), first, strict=True):
            while at < len(rows) and rows[at] == self._rows[run]:
                result[at, self._starts[run] : self._stops[run]] = 1
                at += 1
        return result[:, np.minimum(columns, self.shape[1] - 1)].astype(bool)

    def labels(self) -> Array:
        """int32 of the mask's shape: each pixel's component, -1 outside."""
        result = np.full(self.shape[0] * self.shape[1], -1, np.int32)
        lengths = self._stops - self._starts
        first = self._rows * self.shape[1] + self._starts
        places = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        result[places] = np.repeat(self._labels, lengths)
        return result.reshape(self.shape)


def find_components(mask: Array) -> Components:
    """The components of a bool HxW mask."""
    height, width = mask.shape
    stride = width + 2  # two empty pixels part the rows, so that a run's neighbours are in the next row only
    padded = np.zeros((height, stride), np.int8)
    padded[:, 1 : width + 1] = mask
    steps = np.diff(padded.ravel(), prepend=0)
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    roots = _unite(*_touching(starts, stops, stride), len(starts))
    _, labels = np.unique(roots, return_inverse=True)
    rows = starts // stride
    lefts, rights = starts - rows * stride - 1, stops - rows * stride - 1
    count = int(labels.max()) + 1 if len(labels) else 0
    boxes = np.empty((count, 4), np.int64)
    boxes[:, :2], boxes[:, 2:] = max(height, width), 0
    for column, values in ((0, lefts), (1, rows)):
        np.minimum.at(boxes[:, column], labels, values)
    for column, values in ((2, rights), (3, rows + 1)):
        np.maximum.at(boxes[:, column], labels, values)
    areas = np.bincount(labels, rights - lefts, minlength=count).astype(np.int64)
    return Components((height, width), boxes, areas, rows, lefts, rights, labels)


def _touching(starts: Array, stops: Array, stride: int) -> tuple[Array, Array]:
    """Pairs of runs that touch, diagonally too: each run with those of the row below."""
    first = np.searchsorted(stops, starts + stride - 1, side="right")
    last = np.searchsorted(starts, stops + stride + 1, side="left")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), counts)
    lower = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    return upper, lower


def _unite(one: Array, other: Array, count: int) -> Array:
    """The smallest member of each node's component, of the graph with these edges."""
    roots = np.arange(count)
    while True:
        a, b = roots[one], roots[other]
        if np.array_equal(a, b):
            return roots
        apart = a != b
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        np.minimum.at(roots, np.maximum(a, b), np.minimum(a, b))
        while True:  # everyone points at its component's root
            further = roots[roots]
            if np.array_equal(further, roots):
                break
            roots = further
