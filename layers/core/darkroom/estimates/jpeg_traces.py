"""What JPEG compression left behind in a picture: the block grid and the quantisation table, found in the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom.algorithms.dct import dct_matrix
from darkroom.algorithms.quantisation import luma_table
from darkroom.color.conversions import luma
from darkroom.picture import Array
from darkroom.step import to_float

BLOCK = 8
CROP = 1024
"""Side of the central part that is looked at, at most: 16 thousand blocks tell as much as all."""

ROUNDING = 0.3
"""Standard deviation, in levels of 255, of a decoded coefficient about its multiple of the quantisation step."""

MISFIT = 3.0
"""The most that one coefficient may speak against a table, in nats: clipped blocks do not obey any."""

MIN_EVIDENCE = 0.4
MIN_COEFFICIENTS = 100
MIN_STEP = 1.5
MIN_RELATIVE_STEP = 0.15
"""By how much steps across block borders exceed others, in levels and as a share of the mean step between columns:
photographs that never were JPEGs stay below one or the other."""

QUALITY_OF_STEP = ((1.8, 2.7, 3.5, 5.5, 8.0), (50, 30, 20, 10, 5))
"""Excess in levels and the quality that leaves it, typically, measured on photographs."""


@dataclass(frozen=True, slots=True)
class JpegTraces:
    """quality: 1–100 as libjpeg counts. top, left: where the first whole block begins, px, 0–7."""

    quality: int
    top: int
    left: int

    @property
    def luma_table(self) -> Array:
        """8x8 quantisation steps of luminance in levels of 255, frequency down by frequency across."""
        return luma_table(self.quality)


def find_traces(image: Array) -> JpegTraces | None:
    """The traces in a picture (HxW or HxWx3 of any dtype); None where there are none.

    A decoded JPEG's block coefficients lie on multiples of their quantisation steps (Fan and de Queiroz,
    "Identification of Bitmap Compression History", 2003): the table that explains them best is taken if it does so
    clearly. Where the picture was changed since, only the steps across block borders may be left; then quality is
    judged by their size.
    """
    top, left = _crop_origin(image.shape[0]), _crop_origin(image.shape[1])
    color = to_float(image[top : top + CROP, left : left + CROP])
    if min(color.shape[:2]) < 4 * BLOCK:
        return None
    clipped = (color == 0) | (color == 1)
    clipped = clipped if clipped.ndim == 2 else clipped.any(axis=2)
    crop = luma(color) * np.float32(255)
    step, relative, x = _border_steps(crop)
    step_down, relative_down, y = _border_steps(crop.T)
    step, relative = min(step, step_down), min(relative, relative_down)
    found: JpegTraces | None = None
    for origin in dict.fromkeys([(y, x), (0, 0)]):
        quality = _quality_of_lattice(crop[origin[0] :, origin[1] :], clipped[origin[0] :, origin[1] :])
        if quality is not None and (found is None or quality < found.quality):
            found = JpegTraces(quality, *origin)
    if step > MIN_STEP and relative > MIN_RELATIVE_STEP:
        seen = JpegTraces(round(float(np.interp(step, *QUALITY_OF_STEP))), y, x)
        # Compressed hard once and lightly again: the lattice tells of the last time, the borders of the hardest.
        if found is None or 3 * seen.quality < found.quality:
            return seen
    return found


def _crop_origin(side: int) -> int:
    return max(side - CROP, 0) // 2 // BLOCK * BLOCK


def _border_steps(plane: Array) -> tuple[float, float, int]:
    """By how much the steps between columns that recur every 8 px exceed the others, in levels and as a share of the
    mean step, and the column where a block begins."""
    step = np.abs(np.diff(plane, axis=1))
    bend = step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2  # how a step stands out from its neighbours
    by_column = bend.mean(axis=0)
    whole = len(by_column) // BLOCK * BLOCK
    by_phase = by_column[:whole].reshape(-1, BLOCK).mean(axis=0)
    phase = int(np.argmax(by_phase))
    excess = by_phase[phase] - np.median(by_phase)
    # by_phase[0] is the step from column 1 to column 2.
    return float(excess), float(excess / (step.mean() + 1e-3)), (phase + 2) % BLOCK


def _quality_of_lattice(plane: Array, clipped: Array) -> int | None:
    # What was clipped after decoding no longer has the encoder's coefficients.
    intact = _blocks(clipped).max(axis=(1, 2)) == 0
    coefficients = block_coefficients(plane)[intact]
    low = [(i, j) for i in range(5) for j in range(5) if 0 < i + j < 6]
    samples = np.stack([coefficients[:, i, j] for i, j in low], axis=1)
    speaks = np.abs(samples) > 1.5  # zeros fit any table
    if speaks.sum() < MIN_COEFFICIENTS:
        return None
    column = np.nonzero(speaks)[1]
    told = samples[speaks].astype(np.float32)
    best, best_evidence = None, MIN_EVIDENCE
    for quality in range(2, 96):
        each = np.array([luma_table(quality)[i, j] for i, j in low], np.float32)
        steps, most = each[column], np.log(each / (ROUNDING * np.sqrt(2 * np.pi))).astype(np.float32)[column]
        misfit = told - steps * np.rint(told / steps)
        likelihood = most - np.square(misfit) * np.float32(1 / (2 * ROUNDING**2))
        evidence = float(np.maximum(likelihood, -MISFIT).mean())
        if evidence > best_evidence:
            best, best_evidence = quality, evidence
    return best


def block_coefficients(plane: Array) -> Array:
    """The DCT of all whole 8x8 blocks of HxW, Nx8x8 float32."""
    matrix = dct_matrix(BLOCK)
    result: Array = matrix @ _blocks(plane) @ matrix.T
    return result


def _blocks(plane: Array) -> Array:
    """All whole blocks of HxW, Nx8x8."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    blocks = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    return blocks.reshape(-1, BLOCK, BLOCK)
