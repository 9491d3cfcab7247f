"""JPEG as the diagnosis sees it: steps at the borders of blocks, and coefficients on a lattice. NumPy alone.

Not what `estimates.jpeg_traces` decides for a step that acts on its answer: these are numbers for a network, which was
trained with them as they are here, on tiles, with evidence for each quality in place of the best one.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from darkroom.algorithms.dct import dct_matrix
from darkroom.algorithms.products import product_in_pieces
from darkroom.algorithms.quantisation import luma_table
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS

BLOCK = 8
QUALITIES = (5, 8, 10, 12, 15, 18, 20, 23, 25, 28, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93, 95)
BINS_PER_LEVEL = 5
MOST_LEVELS = 256
LEAST_LEVEL = 1.5
"""Smaller coefficients fit any lattice."""

ROUNDING = 0.35
"""Standard deviation, in levels of 255, of a decoded coefficient about its multiple of the quantisation step."""

MISFIT = 3.0
"""The most that one coefficient may speak against a table, in nats."""

LOW = tuple((i, j) for i in range(5) for j in range(5) if 0 < i + j < 6)


def jpeg_features(tiles: Array) -> Array:
    """F numbers from tiles (T×S×S×3, levels of 255) that begin on a block grid."""
    luma = tiles @ LUMA_WEIGHTS
    across, x = _border_steps(luma)
    down, y = _border_steps(luma.swapaxes(1, 2))
    evidence = _evidence(luma)
    if (y, x) != (0, 0):
        evidence = max(evidence, _evidence(luma[:, y:, x:]), key=lambda found: found[: len(QUALITIES)].max())
    best = int(evidence[: len(QUALITIES)].argmax())
    return np.concatenate((across, down, [x == 0, y == 0], evidence, [QUALITIES[best] / 100]))


def whole_blocks(planes: Array) -> Array:
    """All whole 8×8 blocks of T×H×W, N×64."""
    count, height, width = planes.shape
    rows, columns = height // BLOCK, width // BLOCK
    blocks = planes[:, : rows * BLOCK, : columns * BLOCK].reshape(count, rows, BLOCK, columns, BLOCK)
    return np.ascontiguousarray(blocks.swapaxes(2, 3)).reshape(-1, BLOCK * BLOCK)


def dct_blocks(planes: Array) -> Array:
    """The DCT of all whole 8×8 blocks of T×H×W, N×64."""
    blocks = whole_blocks(planes)
    return product_in_pieces(np.array_split(blocks, len(blocks) // 128 + 1), _transform())


@cache
def _transform() -> Array:
    """64×64: the orthonormal two-dimensional DCT-II of a flat block."""
    cosines = dct_matrix(BLOCK, np.float64)
    return np.kron(cosines, cosines).T.astype(np.float32)


def _border_steps(luma: Array) -> tuple[Array, int]:
    """How steps between columns that recur every 8 px exceed the others, and the column where a block begins."""
    step = np.abs(np.diff(luma, axis=2))
    bend = step[:, :, 1:-1] - (step[:, :, :-2] + step[:, :, 2:]) / 2
    by_column = bend.mean(axis=(0, 1))
    whole = len(by_column) // BLOCK * BLOCK
    by_phase = by_column[:whole].reshape(-1, BLOCK).mean(axis=0)
    phase = int(by_phase.argmax())
    others = np.delete(by_phase, phase)
    excess = by_phase[phase] - np.median(others)
    mean = step.mean() + 0.05
    certainty = excess / (others.std() + 0.02)
    found = np.array([np.log2(max(excess, 0) + 0.02), excess / mean, certainty, by_phase[6] / mean])
    return found, (phase + 2) % BLOCK


def _evidence(luma: Array) -> Array:
    """How well each quality's table explains the coefficients, mean log likelihood a coefficient; and how many speak.

    A decoded JPEG's coefficients lie on multiples of their quantisation steps (Fan and de Queiroz, "Identification of
    Bitmap Compression History", 2003).
    """
    coefficients = dct_blocks(luma)
    bins = (np.abs(coefficients[:, [BLOCK * i + j for i, j in LOW]]) * BINS_PER_LEVEL).astype(int)
    number = MOST_LEVELS * BINS_PER_LEVEL
    speaks = (bins >= LEAST_LEVEL * BINS_PER_LEVEL) & (bins < number)
    index = (bins + np.arange(len(LOW)) * number)[speaks]
    counts = np.bincount(index, minlength=len(LOW) * number)
    total = max(int(speaks.sum()), 50)
    told = np.einsum("qn,n->q", _likelihoods(), counts)  # without OpenBLAS, which would start threads
    return np.append(told / total, np.log10(total / speaks.size + 1e-4))


@cache
def _likelihoods() -> Array:
    """Q×(K·bins): log likelihood of a coefficient's size under each quality's table, over that of no lattice at all."""
    sizes = (np.arange(MOST_LEVELS * BINS_PER_LEVEL) + 0.5) / BINS_PER_LEVEL
    rows = []
    for quality in QUALITIES:
        steps = luma_table(quality)
        row = []
        for i, j in LOW:
            misfit = sizes - steps[i, j] * np.rint(sizes / steps[i, j])
            likelihood = np.log(steps[i, j] / (ROUNDING * np.sqrt(2 * np.pi))) - np.square(misfit / ROUNDING) / 2
            row.append(np.maximum(likelihood, -MISFIT))
        rows.append(np.concatenate(row))
    return np.array(rows, np.float32)
