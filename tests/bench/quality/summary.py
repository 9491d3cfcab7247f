"""What the scores say: gains over doing nothing, by contender and defect, and the photos made worse."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.quality.conditions import CLEAN
from tests.bench.quality.run import NOTHING, Score

WORSE_DB = 0.05
"""A photo is made worse if its PSNR falls by more than this, dB."""


@dataclass(frozen=True, slots=True)
class Gain:
    """One photo's gains over doing nothing. delta_e: how much the mean ΔE00 falls."""

    score: Score
    psnr: float
    ssim: float
    delta_e: float

    @property
    def worse(self) -> bool:
        return self.psnr < -WORSE_DB


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one contender. psnr, ssim, delta_e: mean gain by defect. worse: share of photos, by defect and of all spoiled.

    clean_psnr: the median over photos that nothing is wrong with, of the PSNR to themselves.
    """

    psnr: dict[str, float]
    ssim: dict[str, float]
    delta_e: dict[str, float]
    worse: dict[str, float]
    spoiled_worse: float
    clean_psnr: float | None

    @property
    def mean(self) -> float:
        """Mean over the defects of the mean gain in PSNR, dB."""
        return statistics.fmean(self.psnr[name] for name in self.psnr if name != CLEAN)


def gains(scores: Iterable[Score]) -> dict[str, list[Gain]]:
    """By contender, doing nothing left out."""
    scores = list(scores)
    before = {(s.photo, s.title): s for s in scores if s.contender == NOTHING}
    found = defaultdict(list)
    for s in scores:
        if s.contender != NOTHING:
            was = before[s.photo, s.title]
            found[s.contender].append(Gain(s, s.psnr - was.psnr, s.ssim - was.ssim, was.delta_e - s.delta_e))
    return found


def summarise(found: Sequence[Gain]) -> Summary:
    by_defect = defaultdict(list)
    for gain in found:
        by_defect[gain.score.defect].append(gain)
    spoiled = [gain.worse for gain in found if gain.score.defect != CLEAN]
    clean = [gain.score.psnr for gain in by_defect.get(CLEAN, [])]
    return Summary(
        psnr={name: statistics.fmean(g.psnr for g in of) for name, of in by_defect.items()},
        ssim={name: statistics.fmean(g.ssim for g in of) for name, of in by_defect.items()},
        delta_e={name: statistics.fmean(g.delta_e for g in of) for name, of in by_defect.items()},
        worse={name: statistics.fmean(g.worse for g in of) for name, of in by_defect.items()},
        spoiled_worse=statistics.fmean(spoiled) if spoiled else 0.0,
        clean_psnr=statistics.median(clean) if clean else None,
    )
