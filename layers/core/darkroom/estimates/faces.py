"""Where there are faces: by a network that looks at the whole picture once."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

import cv2
import numpy as np

from darkroom import models
from darkroom.algorithms.framing import Box
from darkroom.picture import Array
from darkroom.step import max_level

MODEL = "faces"
SIDE_PX, STRIDE_PX = 192, 4
"""The network sees a square of so many pixels, and answers for each cell of so many."""

BOXES, SCORES = "reshaped_regressor_face_4", "reshaped_classifier_face_4"
"""What the network's answers are called: a box and six points of each cell, and whether there is a face."""

SURELY = 0.6
"""From which probability on a face is one. Between 0.4 and this lie as many leaves and windows as faces."""

OVERLAP = 0.3
"""Intersection over union from which two boxes are of one face."""

_ONE_AT_A_TIME = Lock()
"""OpenCV keeps a network's state in the network."""


def faces(image: Array) -> list[Box]:
    """The boxes of faces in px, the largest first. image: HxW or HxWx3 of uint8, uint16 or float32 in 0–1, upright.

    A face is found from about a fifteenth of the picture's longer side on, seen from the front or half from the side.
    Raises `StepFailed` where the network is not installed.

    Reference: Bazarevsky et al., "BlazeFace", 2019, in its form for all distances.
    """
    height, width = image.shape[:2]
    scale = SIDE_PX / max(height, width)
    small = cv2.resize(
        image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    if small.ndim == 2:
        small = np.repeat(small[..., None], 3, axis=2)
    left, top = (SIDE_PX - small.shape[1]) // 2, (SIDE_PX - small.shape[0]) // 2
    square = np.full((SIDE_PX, SIDE_PX, 3), -1, np.float32)
    square[top : top + small.shape[0], left : left + small.shape[1]] = small * (2 / max_level(image.dtype)) - 1
    boxes, scores = _answers(square)
    likely = np.flatnonzero(scores >= SURELY)
    cells = SIDE_PX // STRIDE_PX
    middles = np.stack((likely % cells, likely // cells), 1) * STRIDE_PX + STRIDE_PX / 2 + boxes[likely, :2]
    sizes = boxes[likely, 2:4]
    found = (np.hstack((middles - sizes / 2, sizes)) - (left, top, 0, 0)) / scale
    kept = cv2.dnn.NMSBoxes(found.tolist(), scores[likely].tolist(), SURELY, OVERLAP)
    within = (_within(found[index], (width, height)) for index in np.asarray(kept, np.intp))
    return sorted((box for box in within if box), key=lambda box: (-box[2] * box[3], box))


def _answers(square: Array) -> tuple[Array, Array]:
    with _ONE_AT_A_TIME:
        network = _network()
        network.setInput(square.transpose(2, 0, 1)[None].copy())
        boxes, scores = (network.forward(name) for name in (BOXES, SCORES))
    return boxes.reshape(-1, boxes.shape[-1]), 1 / (1 + np.exp(-np.clip(scores.ravel(), -80, 80)))


@cache
def _network() -> Any:
    return cv2.dnn.readNetFromTFLite(str(models.path(MODEL, "tflite")))


def _within(box: Array, size: tuple[int, int]) -> Box | None:
    """What of a box lies in a picture of this width and height, in whole px."""
    left, top, right, bottom = (
        int(np.clip(np.rint(edge), 0, size[axis % 2])) for axis, edge in enumerate((*box[:2], *(box[:2] + box[2:])))
    )
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None
