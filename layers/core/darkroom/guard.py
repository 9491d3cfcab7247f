"""The last look at what `auto` did: is it better than what came in, and if not, how much of it may stay?

Imports neither OpenCV nor, until a picture is looked at, ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from darkroom import finish
from darkroom.diagnosis import Diagnosis, diagnose
from darkroom.picture import Array, Picture
from darkroom.step import max_level

SHARES = (100, 50)
"""Percent of the result over the original that are tried, in this order; then the original is given back."""

LEAST_GAIN = 0.1
"""By how much the number of defects to expect, the sum of their probabilities, must fall."""

MOST_CLIPPED = 0.05
"""Share of the pixels that may newly have a channel at black or white."""

SAMPLED_PIXELS = 1 << 20


class Review(msgspec.Struct, frozen=True):
    """share: percent of the result over the original that was kept. why: in a sentence. diagnosis: of what was kept."""

    share: int
    why: str
    diagnosis: Diagnosis


def review(original: Picture, enhanced: Picture, before: Diagnosis) -> tuple[Picture, Review]:
    """The enhanced picture, or less of it, or the original: the first that is better than what came in."""
    expected = defects_expected(before)
    for share, candidate in _candidates(original, enhanced):
        after = diagnose(candidate.pixels)
        found = defects_expected(after)
        clipped = newly_clipped(original.pixels, candidate.pixels)
        if found <= expected - LEAST_GAIN and clipped <= MOST_CLIPPED:
            why = f"defects to expect fell from {expected:.1f} to {found:.1f}"
            return candidate, Review(share, why if share == 100 else f"{why} with {share}% of the change", after)
    why = f"no better than before ({expected:.1f} defects to expect, then {found:.1f}): the photo is given back"
    if clipped > MOST_CLIPPED:
        why = f"{clipped:.0%} of the pixels would be clipped: the photo is given back"
    return original, Review(0, why, before)


def defects_expected(diagnosis: Diagnosis) -> float:
    """The sum of all defects' probabilities."""
    return sum(defect.probability for defect in diagnosis.defects)


def newly_clipped(before: Array, after: Array) -> float:
    """By how much the share of pixels with a channel at black or white grew; of pictures of any two sizes."""
    return _clipped(after) - _clipped(before)


def _clipped(pixels: Array) -> float:
    stride = max(int(np.sqrt(pixels.shape[0] * pixels.shape[1] / SAMPLED_PIXELS)), 1)
    sampled = pixels[::stride, ::stride]
    ends = (sampled == 0) | (sampled == max_level(pixels.dtype))
    return float((ends.any(axis=2) if ends.ndim == 3 else ends).mean())


def _candidates(original: Picture, enhanced: Picture) -> Iterator[tuple[int, Picture]]:
    for share in SHARES:
        yield share, finish.blend(original, enhanced, share)
