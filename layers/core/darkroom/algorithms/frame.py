"""The frame of a picture: a margin of a scan, the bars of a film, the white around what is for sale."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array

LEVELS = 3 / 255
"""Up to which levels of a channel are one colour."""

MOST = 4
"""A side's frame is at most this part of the picture: 1 / `MOST`."""


def without_frame(pixels: Array) -> Array:
    """HxW or HxWx3 without its frame, as a view: what lies in it is not what the light did.

    A frame is of one colour, and lies on opposite sides: a sky that is all white has nothing like it below, and stays.
    """
    for axis in (0, 1):
        lines = np.moveaxis(pixels, axis, 0)
        if len(lines) >= MOST and _even(lines[[0, -1]]):
            first, last = _depth(lines), _depth(lines[::-1])
            pixels = np.moveaxis(lines[first : len(lines) - last], 0, axis)
    return pixels


def _depth(lines: Array) -> int:
    """How many lines from the first are of its colour."""
    most = len(lines) // MOST
    return next((depth for depth in range(1, most) if not _even(lines[[0, depth]])), most)


def _even(lines: Array) -> bool:
    """Whether lines (KxN or KxNx3) are of one colour."""
    white = 1.0 if lines.dtype.kind == "f" else float(np.iinfo(lines.dtype).max)
    channels = np.ascontiguousarray(lines.reshape(-1, *lines.shape[2:]).T)  # apart: many times as fast as by threes
    return bool((np.ptp(channels, axis=-1) <= LEVELS * white).all())
