"""Digits anywhere in a photo: which, how sure, and where, in lines from left to right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom import models
from darkroom.digits.evidence import Evidence, Look, look, measure
from darkroom.digits.frame import FRAME
from darkroom.digits.levels import make_levels
from darkroom.digits.marks import Mark, find_marks
from darkroom.picture import Array

MODEL = "digits"
BATCH = 500

MOST_MARKS = 200
"""Candidates that are looked at, those of the strongest contrast first: this bounds the time."""

LEAST_IS_DIGIT = 0.5

INK = {
    "contrast": (0.12, 1.0),
    "paper_spread": (0.0, 0.12),
    "paper_tail": (0.0, 0.3),
    "ink_spread": (0.0, 0.15),
    "stroke": (0.02, 0.4),
    "stroke_peak": (0.5, 1.8),
    "paper_color": (0.0, 0.06),
    "ink_color": (0.0, 0.12),
}
"""Bounds of the evidence (`Evidence`). Of marks that the network takes for digits, in photographs without handwriting
half have paper that varies by more than a quarter of the contrast; on paper it is below a tenth."""

LEAST_SURE = 0.6
"""Least `is_digit` times `probability` of a digit alone; the evidence adds to it."""

LEAST_ALONE = 1.1, 0.3
"""Most clutter around a digit alone, and most of the paper's tail."""

LONE_STROKE = 0.7, 0.2
"""The same of a 1: photographs are full of straight strokes."""

LONE_STROKE_SURE = 0.8

MOST_CLUTTER = 3.0
"""Beside another digit."""

LEAST_HEIGHT = 0.06
"""Height of a digit as a share of the photo's shorter side; or as many pixels as the network's frame has."""

SAME = 0.5
"""Share of the smaller box, from which on two candidates are the same ink."""

SAME_LINE = 0.35
"""Share of the lower digit's height that must lie beside the one before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Digit:
    """One digit as it was read. probabilities: float32 10; box: left, top, right, bottom in the photo's pixels."""

    digit: int
    probabilities: Array
    is_digit: float
    box: tuple[float, float, float, float]

    @property
    def probability(self) -> float:
        return float(self.probabilities[self.digit])

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A mark that the network takes for a digit, and what speaks for and against it."""

    mark: Mark
    read: Digit
    evidence: Evidence


def classify(frames: Array) -> tuple[Array, Array]:
    """The network's answers to uint8 N×28×28: probabilities float32 N×10, and float32 N, whether each is a digit."""
    if not len(frames):
        return np.zeros((0, 10), np.float32), np.zeros(0, np.float32)
    session = models.load(MODEL)
    answers = []
    for start in range(0, len(frames), BATCH):
        images = np.multiply(frames[start : start + BATCH, ..., np.newaxis], np.float32(1 / 255), dtype=np.float32)
        answers.append(session.run(["probabilities", "is_digit"], {"image": images}))
    probabilities, presence = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return probabilities, presence[:, 0]


def read_digits(image: Array) -> list[list[Digit]]:
    """The digits of HxW or HxWx3 of ``uint8``, ``uint16`` or float32 in 0–1: lines, each from left to right."""
    accepted = without_doubles(written(find_candidates(image), min(image.shape[:2])))
    return in_lines([candidate.read for candidate in accepted])


def find_candidates(image: Array) -> list[Candidate]:
    """All marks that the network takes for a digit."""
    levels = make_levels(image)
    marks, inks = find_marks(levels, MOST_MARKS)
    looks: list[tuple[Mark, Look]] = []
    for mark in marks:
        seen = look(mark, image, levels, inks)
        if seen is not None:
            looks.append((mark, seen))
    probabilities, presence = classify(np.array([seen.frame for _, seen in looks], np.uint8))
    found = []
    for (mark, seen), each, is_digit in zip(looks, probabilities, presence, strict=True):
        if is_digit >= LEAST_IS_DIGIT:
            read = Digit(int(each.argmax()), each, float(is_digit), seen.box)
            found.append(Candidate(mark, read, measure(seen)))
    return found


def written(candidates: list[Candidate], shorter_side: int) -> list[Candidate]:
    """Those that are ink on paper, written with a pen: even paper, one tone of ink, a stroke of even width, alone.

    Beside a digit less is asked of the next one: its neighbours are no clutter, and a 1 is no longer a lone stroke.
    """
    candidates = [candidate for candidate in candidates if _is_ink(candidate, shorter_side)]
    accepted = [candidate for candidate in candidates if _is_sure(candidate)]
    waiting = [candidate for candidate in candidates if not _is_sure(candidate)]
    while True:
        beside = [one for one in waiting if any(_follows(one, other) for other in accepted)]
        if not beside:
            return accepted
        accepted += beside
        waiting = [one for one in waiting if one not in beside]


def _is_ink(candidate: Candidate, shorter_side: int) -> bool:
    seen = candidate.evidence
    if seen.height_px < min(FRAME, LEAST_HEIGHT * shorter_side):
        return False
    return all(low <= getattr(seen, name) <= high for name, (low, high) in INK.items())


def _is_sure(candidate: Candidate) -> bool:
    """Whether it is a digit even if nothing else is there."""
    seen, read = candidate.evidence, candidate.read
    needed = LEAST_SURE + 2 * seen.ink_spread + seen.paper_spread + 0.1 * seen.clutter
    clutter, tail = LEAST_ALONE
    if read.digit == 1:
        needed = max(needed, LONE_STROKE_SURE + seen.paper_tail + 0.3 * seen.clutter)
        clutter, tail = LONE_STROKE
    return seen.clutter <= clutter and seen.paper_tail <= tail and read.is_digit * read.probability >= needed


def _follows(one: Candidate, other: Candidate) -> bool:
    """Whether two may be digits of one number: the same ink, side by side, of similar height."""
    a, b = one.read, other.read
    if one.mark.light != other.mark.light or one.evidence.clutter > MOST_CLUTTER:
        return False
    if (
        not 0.5 <= a.height / max(b.height, 1e-9) <= 2
        or not 0.6 <= one.evidence.contrast / other.evidence.contrast <= 1.7
    ):
        return False
    gap = max(a.box[0], b.box[0]) - min(a.box[2], b.box[2])
    return _beside(a, b) >= SAME_LINE and gap <= 1.5 * b.height and _overlap(a.box, b.box) < SAME


def without_doubles(candidates: list[Candidate]) -> list[Candidate]:
    """The best of those that are the same ink: a stroke's fragments rather with it than without, then the surest."""
    ranked = sorted(candidates, key=lambda c: (-(c.read.is_digit + 0.1 * (len(c.mark.members) > 1)), c.read.box))
    kept: list[Candidate] = []
    for candidate in ranked:
        if all(_overlap(candidate.read.box, other.read.box) < SAME for other in kept):
            kept.append(candidate)
    return kept


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Area that two boxes share, as a share of the smaller one's."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return max(width, 0) * max(height, 0) / max(min(areas), 1e-9)


def in_lines(digits: list[Digit]) -> list[list[Digit]]:
    """Lines from top to bottom. A digit follows the one to its left that it lies beside; so a line may slope."""
    lines: list[list[Digit]] = []
    for digit in sorted(digits, key=lambda d: (d.box[0] + d.box[2], d.box[1])):
        beside = [(_beside(line[-1], digit), -index) for index, line in enumerate(lines)]
        share, index = max(beside, default=(0.0, 0))
        if share >= SAME_LINE:
            lines[-index].append(digit)
        else:
            lines.append([digit])
    return sorted(lines, key=lambda line: float(np.mean([digit.box[1] + digit.box[3] for digit in line])))


def _beside(one: Digit, other: Digit) -> float:
    shared = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return shared / max(min(one.height, other.height), 1e-9)
