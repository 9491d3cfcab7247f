"""Maps of light over a whole picture (illumination, haze): found small, laid along the edges of the full picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darkroom.algorithms.guided import box_mean
from darkroom.picture import Array
from darkroom.step import to_float

SMALL_SIDE = 1024
"""Longest side, px, at which maps are found: what they describe is far larger than a pixel."""


def small(image: Array, longest: int = SMALL_SIDE) -> Array:
    """float32 in 0–1 of any picture, area-averaged to `longest` px on its longest side if it is larger."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return to_float(image)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return to_float(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)))


@dataclass(frozen=True, slots=True)
class LightMap:
    """A map as a linear function of a guide in every place (He and Sun, "Fast Guided Filter", 2015).

    slope, offset: hxw float32, at low resolution. height, width: of the full picture.
    """

    slope: Array
    offset: Array
    height: int
    width: int

    @classmethod
    def fit(cls, plane: Array, guide: Array, radius: int, epsilon: float, shape: tuple[int, ...]) -> LightMap:
        """Lay `plane` along the edges of `guide` (both hxw float32, low resolution), for a picture of `shape`.

        radius, in px of the low resolution, and epsilon are those of `darkroom.algorithms.guided.guided`.
        """
        mean, plane_mean = box_mean(guide, radius), box_mean(plane, radius)
        variance = np.maximum(box_mean(guide * guide, radius) - mean * mean, 0)
        slope = (box_mean(guide * plane, radius) - mean * plane_mean) / (variance + np.float32(epsilon))
        offset = plane_mean - slope * mean
        return cls(box_mean(slope, radius), box_mean(offset, radius), shape[0], shape[1])

    def at(self, rows: slice, guide: Array) -> Array:
        """The map in some rows of the full picture, whose guide is given (rows x width, float32)."""
        return self._enlarged(self.slope, rows) * guide + self._enlarged(self.offset, rows)

    def _enlarged(self, plane: Array, rows: slice) -> Array:
        low_height = plane.shape[0]
        y = (np.arange(rows.start, rows.stop) + 0.5) * (low_height / self.height) - 0.5
        y = np.clip(y, 0, low_height - 1)
        above = np.minimum(y.astype(int), max(low_height - 2, 0))
        below = np.minimum(above + 1, low_height - 1)
        part = (y - above).astype(np.float32)[:, None]
        lines = plane[above] * (1 - part) + plane[below] * part
        return np.asarray(cv2.resize(lines, (self.width, len(y)), interpolation=cv2.INTER_LINEAR))
