"""Blocks and ringing of JPEG compression removed."""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np

from darkroom.algorithms.dct import dct_matrix
from darkroom.algorithms.guided import guided
from darkroom.algorithms.quantisation import luma_table
from darkroom.algorithms.sliding_dct import hard_threshold
from darkroom.color.conversions import luma
from darkroom.estimates.jpeg_traces import BLOCK, JpegTraces, find_traces
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import Analysed, step

HALO = 3 * BLOCK
STRIDE = 2
"""As many blocks as if one began at every other pixel each way: 16 transforms of each pixel."""

THRESHOLD = 0.5
"""Coefficients up to this many quantisation steps are removed: found on photographs at quality 12 and 25."""

STEP_CAP = 1.6
"""Steps of high frequencies are counted as at most this many times the middle one of the low frequencies: in blocks off
the grid the error is spread over all frequencies alike."""

CONSTRAINT = 0.3
"""A result's coefficients on the grid stay within this many steps of what was decoded; 0.5 is all that is certain, and
what lies near it is improbable (narrow quantisation constraint, Park and Lee 1999)."""

CHROMA_STEP = 1.0
"""Chroma's quantisation step over the first of luminance's, at half the size; the tables' is larger, but so is the harm
of removing chroma that was there."""

COLOR_RADIUS, COLOR_EPSILON = 2, 1e-4
"""px, and the variance of luminance from which on colour ends where luminance does: found on photographs at quality 10
to 40."""

CLEAN_QUALITY = 92
"""From here on there is nothing to see, and nothing is done."""

CB, CR = 1.772, 1.402
"""B - Y is 1.772 Cb and R - Y is 1.402 Cr (JFIF)."""


Quality = Annotated[int, param("as libjpeg counts", ge=1, le=100)]


class ReduceJpegArtifacts(Params, frozen=True):
    quality: Annotated[Quality | None, param("quality it was compressed with; absent: found in the picture")] = None
    amount: Annotated[float, param("multiplies what counts as artefact", ge=0, le=3)] = 1.0
    strength: Strength = 1.0

    neutral = {"amount": 0.0}
    example = {"quality": 20}
    scene = "blocky"


def _analyse(image: Array, params: ReduceJpegArtifacts) -> Analysed:
    traces = find_traces(image)
    if params.quality is not None:
        top, left = (traces.top, traces.left) if traces else (0, 0)
        traces = JpegTraces(params.quality, top, left)
    details = {"quality": None} if traces is None else {"quality": traces.quality, "grid": [traces.left, traces.top]}
    return Analysed(traces if traces and traces.quality < CLEAN_QUALITY else None, details)


@step("reduce_jpeg_artifacts", stage="restore", params=ReduceJpegArtifacts, halo=HALO, analyse=_analyse)
def reduce_jpeg_artifacts(image: Array, params: ReduceJpegArtifacts, analysis: JpegTraces | None) -> Array:
    """Blocks and ringing of JPEG compression removed.

    8x8 blocks that begin at 16 places within the grid's, not at its own alone, are transformed (DCT). Their
    coefficients below a threshold that follows the quantisation steps are removed, and all overlapping results
    averaged, those of plain blocks most: edges survive, because they are large in any block, and what only exists in
    the grid does not (Nosratinia, "Enhancement of JPEG-Compressed Images by Re-application of JPEG", 2001; thresholds
    and weights as in Guleryuz, "Weighted Averaging for Denoising with Overcomplete Dictionaries", 2007). Then
    luminance's coefficients on the grid are held to what the file can have meant (projection onto the quantisation
    constraint). Luminance and chroma are Y, Cb and Cr of JFIF; chroma, which JPEG stores at half the size, is corrected
    at that size, and then laid along the edges of luminance (guided filter, He, Sun and Tang 2010), over which coarse
    blocks had spread it.

    Quality and grid are found in the pixels (see `find_traces`); a picture without traces of compression, or of a
    quality from 92, stays as it is. What was found stands in the report.
    """
    if analysis is None or params.amount == 0:
        return image
    steps = analysis.luma_table.astype(np.float32) / 255
    thresholds = THRESHOLD * params.amount * np.minimum(steps, STEP_CAP * np.median(steps[:4, :4]))
    y = luma(image)
    new_y = _hold_to_file(_without_artifacts(y[None], thresholds[None])[0], y, steps, analysis)
    if image.ndim == 2:
        return new_y
    chroma = np.stack(((image[..., 2] - y) / np.float32(CB), (image[..., 0] - y) / np.float32(CR)))
    step_of_chroma = np.float32(THRESHOLD * params.amount * CHROMA_STEP * luma_table(analysis.quality)[0, 0] / 255)
    new_cb, new_cr = (
        guided(plane, new_y, COLOR_RADIUS, COLOR_EPSILON) for plane in _correct_chroma(chroma, step_of_chroma)
    )
    red = new_y + np.float32(CR) * new_cr
    blue = new_y + np.float32(CB) * new_cb
    green = (new_y - LUMA_WEIGHTS[0] * red - LUMA_WEIGHTS[2] * blue) / LUMA_WEIGHTS[1]
    return np.stack((red, green, blue), axis=2)


def _without_artifacts(planes: Array, thresholds: Array) -> Array:
    """CxHxW thresholded in overlapping blocks, with the picture mirrored beyond its edges."""
    height, width = planes.shape[1:]
    bottom, right = -height % BLOCK + BLOCK, -width % BLOCK + BLOCK
    padded = np.stack([cv2.copyMakeBorder(plane, BLOCK, bottom, BLOCK, right, cv2.BORDER_REFLECT) for plane in planes])
    result = hard_threshold(padded, BLOCK, STRIDE, thresholds.astype(np.float32))
    return result[:, BLOCK : BLOCK + height, BLOCK : BLOCK + width]


def _correct_chroma(chroma: Array, threshold: np.float32) -> Array:
    """2xHxW, corrected at half the size, so that what finer chroma there is stays."""
    height, width = chroma.shape[1:]
    half_size = ((width + 1) // 2, (height + 1) // 2)
    half = np.stack([cv2.resize(plane, half_size, interpolation=cv2.INTER_AREA) for plane in chroma])
    correction = _without_artifacts(half, np.full((2, BLOCK, BLOCK), threshold)) - half
    full = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in correction]
    return np.asarray(chroma + np.stack(full))


def _hold_to_file(new: Array, old: Array, steps: Array, traces: JpegTraces) -> Array:
    """Luminance with each grid coefficient within `CONSTRAINT` steps of the decoded one.

    Parts of blocks at the edges stay as new.
    """
    rows, columns = ((side - first) // BLOCK for side, first in zip(new.shape, (traces.top, traces.left), strict=True))
    if rows <= 0 or columns <= 0:
        return new
    whole = (
        slice(traces.top, traces.top + rows * BLOCK),
        slice(traces.left, traces.left + columns * BLOCK),
    )
    change = _transform(new[whole] - old[whole], dct_matrix(BLOCK))
    limit = np.float32(CONSTRAINT) * np.tile(steps, (1, columns))
    held = np.clip(change.reshape(rows, BLOCK, -1), -limit, limit).reshape(change.shape)
    result = new.copy()
    result[whole] = old[whole] + _transform(held, dct_matrix(BLOCK).T)
    return result


def _transform(plane: Array, matrix: Array) -> Array:
    """``matrix @ block @ matrix.T`` for every block of a plane."""
    across = (np.ascontiguousarray(plane).reshape(-1, BLOCK) @ matrix.T).reshape(plane.shape[0] // BLOCK, BLOCK, -1)
    result: Array = np.matmul(matrix, across).reshape(plane.shape)
    return result
