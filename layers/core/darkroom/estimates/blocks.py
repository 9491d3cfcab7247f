"""What overlapping blocks of a picture hold at low and at high spatial frequencies: where noise is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from darkroom.algorithms.dct import dct_matrix
from darkroom.algorithms.products import product_in_pieces
from darkroom.kernels import loops, measuring
from darkroom.picture import Array

BLOCK = 8

_ARE_HIGH = (np.add.outer(range(BLOCK), range(BLOCK)) > BLOCK).astype(np.float32)
"""8x8: 1 for the frequencies of a block that lie in the finest octave (i + j > 8), 0 for all others."""


def _high_frequencies() -> Array:
    """64xK: the cosines of the 8x8 DCT-II that lie in the finest octave, orthonormal."""
    cosines = dct_matrix(BLOCK, np.float64)
    pairs = np.argwhere(_ARE_HIGH)
    return np.stack([np.outer(cosines[i], cosines[j]).ravel() for i, j in pairs], axis=1).astype(np.float32)


_HIGH = _high_frequencies()

HIGH = _HIGH.shape[1]
"""Frequencies of a block that lie in the finest octave."""

LOW = BLOCK * BLOCK - 1 - HIGH
"""All others, without the mean."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of 8x8 px of TxHxW (float32) at a stride, in its order; of each (float32, N) the mean, and the energy
    that all low and all high frequencies have together, in the square of its unit."""

    tiles: Array
    stride: int
    level: Array
    low: Array
    high: Array

    @classmethod
    def of(cls, tiles: Array, stride: int) -> Self:
        """Of C-contiguous tiles; without any block where they are smaller than one."""
        if loops.available() and min(tiles.shape[1:]) >= BLOCK:
            return cls(tiles, stride, *measuring.measure_blocks(tiles, stride, dct_matrix(BLOCK), _ARE_HIGH))
        blocks = _windows(tiles, stride).reshape(-1, BLOCK * BLOCK)
        level = blocks.mean(axis=1)
        blocks = blocks - level[:, None]
        high = _high_energies(blocks).sum(axis=1)
        return cls(tiles, stride, level, np.einsum("ij,ij->i", blocks, blocks) - high, high)

    def high_energies(self, chosen: Array) -> Array:
        """NxK: of the blocks at these indices, the energy of each high frequency."""
        windows = _windows(self.tiles, self.stride)
        blocks = windows[np.unravel_index(chosen, windows.shape[:3])].reshape(-1, BLOCK * BLOCK)
        return _high_energies(blocks - self.level[chosen][:, None])

    def flat_share(self) -> float:
        """The share of blocks that are one level throughout."""
        windows = _windows(self.tiles, self.stride)
        maybe = windows[windows[..., 0, 0] == windows[..., -1, -1]]  # few, for the reduction over short rows is slow
        return float((np.ptp(maybe.reshape(-1, BLOCK * BLOCK), axis=1) == 0).sum() / len(self.level))


def block_means(tiles: Array, stride: int) -> Array:
    """N: the means of such blocks alone."""
    height, width = (side - BLOCK + 1 for side in tiles.shape[1:])
    if min(height, width) < 1:
        return np.empty(0, tiles.dtype)
    rows = reduce(np.add, [tiles[:, y : y + height : stride] for y in range(BLOCK)])
    return np.ravel(reduce(np.add, [rows[:, :, x : x + width : stride] for x in range(BLOCK)]) / BLOCK**2)


def _windows(tiles: Array, stride: int) -> Array:
    """Txrowsxcolumnsx8x8, a view."""
    if min(tiles.shape[1:]) < BLOCK:
        return np.empty((len(tiles), 0, 0, BLOCK, BLOCK), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(tiles, (BLOCK, BLOCK), axis=(1, 2))
    return windows[:, ::stride, ::stride]


def _high_energies(blocks: Array) -> Array:
    """NxK: squares of the coefficients of the finest octave."""
    result = product_in_pieces((blocks[first : first + 128] for first in range(0, len(blocks) or 1, 128)), _HIGH)
    return np.square(result, out=result)
