"""How far a photo's tint may be taken for its light's: a subject may be of one colour by nature or by will."""

from __future__ import annotations

import numpy as np

from darkroom.measurements import LightEvidence

DOUBTS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("estimates of the light disagree", (0.25, 0.5)),
    ("no usual light is so strongly coloured", (1.25, 1.9)),
    ("daylight and lamps have other colours", (0.0, 0.3)),
    ("all of it is of one colour, as paper or a toned print is", (-0.25, -0.1)),
    ("nothing in it would be grey then", (-0.02, -0.01)),
    ("what is light in it is grey as it is", (0.08, 0.2)),
)
"""What speaks against a cast: up to the first value not at all, from the second on entirely; see `_doubtful`."""

OFF_DAYLIGHT = (0.12, 0.35)
"""By how many stops green may be off: some, and a share of the light's distance from grey."""


def share_of_light(evidence: LightEvidence | None) -> tuple[float, str]:
    """How much of a tint is to be taken for the light's, in 0-1, and what speaks most against more of it."""
    if evidence is None:
        return 1.0, ""
    shares = [
        (float(np.clip((none - value) / (none - all_of_it), 0, 1)), words)
        for value, (words, (all_of_it, none)) in zip(_doubtful(evidence), DOUBTS, strict=True)
    ]
    return min(shares)


def _doubtful(evidence: LightEvidence) -> tuple[float, ...]:
    """The values that `DOUBTS` judges, each the more doubtful the higher it is."""
    size = float(np.hypot(evidence.red, evidence.blue))
    least, share = OFF_DAYLIGHT
    off = max(abs(evidence.red + evidence.blue) - least - share * size, 0.0)
    return evidence.spread, size, off, -evidence.coloured, -evidence.neutral, evidence.neutral_highlights
