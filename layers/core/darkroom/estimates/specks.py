"""Black and white specks that a JPEG has blurred: how many a picture has, or that it has none for certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from darkroom.picture import Array

NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)

ALONE = 30 / 255
"""Difference in luma from each of eight neighbours from which a sample stands alone."""

NEAR = 35 / 255
"""How far from black or white a speck's luma is at most: clipped beside colours, it loses so much."""

LEAST_DENSITY = 2e-4
"""Share of the samples, of black and of white specks each, from which there are any to speak of."""

LEAST_COUNT = 10
"""How many there are of each at least: in a small crop two glints are as dense as specks."""

LEAST_EXTREME = 3.0
"""How many times as many lone samples are near black or white as in between: of what a photo shows, glints, leaves,
grains, most are in between."""

MOST_EXACT = 0.8
"""Share of the lone samples that are black or white to the level, above which no JPEG has been over them."""


@dataclass(frozen=True, slots=True)
class Specks:
    """Densities of black and of white specks, 0-1."""

    pepper: float
    salt: float

    @property
    def density(self) -> float:
        return self.pepper + self.salt


NONE = Specks(0.0, 0.0)


def blurred_specks(tiles: Sequence[Array]) -> Specks:
    """The specks in tiles of luma, HxW float32 in 0-1; none unless that is sure, nor where they are not blurred.

    Specks come in black and white, each scattered and far more often than anything as lone between them.
    """
    samples = sum(tile.size for tile in tiles)
    dark, light = (np.concatenate([_alone(tile) for tile in each]) for each in (tiles, [1 - tile for tile in tiles]))
    found = []
    for depths in (dark, light):
        extreme = int(np.count_nonzero(depths <= NEAR))
        if extreme < max(LEAST_DENSITY * samples, LEAST_COUNT, LEAST_EXTREME * (depths.size - extreme)):
            return NONE
        found.append(extreme / samples)
    both = np.concatenate((dark, light))
    if np.count_nonzero(both < 1e-4) > MOST_EXACT * np.count_nonzero(both <= NEAR):
        return NONE
    return Specks(*(_of_all(share) for share in found))


def _alone(tile: Array) -> Array:
    """The values of those samples that are darker by far than all their neighbours."""
    values: Array = tile[cv2.erode(tile, NEIGHBOURS) - tile > ALONE]
    return values


def _of_all(alone: float) -> float:
    """The density p of impulses of which this share of all samples stands alone: p (1 - p)^8."""
    density = alone
    for _ in range(8):
        density = min(alone / (1 - density) ** 8, 0.1)
    return density
