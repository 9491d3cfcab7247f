"""The summaries as tables to read on a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tests.bench.quality.conditions import CLEAN, DEFECTS
from tests.bench.quality.contenders import Contender
from tests.bench.quality.run import NOTHING, Score
from tests.bench.quality.summary import WORSE_DB, Gain, Summary
from tests.bench.quality.targets import Target

Summaries = Mapping[Contender, Summary]


def tables(scores: Sequence[Score], summaries: Summaries) -> str:
    defects = [name for name in DEFECTS if any(s.defect == name for s in scores)]
    titles = {NOTHING: "before, absolute"}
    width = max(len(c.title) for c in summaries) if summaries else 10
    lines = []
    for measure, digits, what in (
        ("psnr", 2, "PSNR, dB: mean gain"),
        ("ssim", 3, "SSIM: mean gain"),
        ("delta_e", 2, "ΔE00: mean fall"),
    ):
        lines += ["", f"{what:<{width}}" + "".join(f"{name[:9]:>10}" for name in defects) + f"{'mean':>10}"]
        for contender, summary in summaries.items():
            by_defect = getattr(summary, measure)
            figures = [by_defect[name] for name in defects]
            if figures:
                figures.append(statistics.fmean(figures))
            lines.append(f"{contender.title:<{width}}" + "".join(f"{figure:>10.{digits}f}" for figure in figures))
        before = [
            statistics.fmean(getattr(s, measure) for s in scores if s.contender == NOTHING and s.defect == name)
            for name in defects
        ]
        lines.append(f"{titles[NOTHING]:<{width}}" + "".join(f"{figure:>10.{digits}f}" for figure in before))
    worse = f"% worse by > {WORSE_DB} dB"
    lines += ["", f"{worse:<{width}}" + "".join(f"{name[:9]:>10}" for name in [*defects, "spoiled", CLEAN, "PSNR"])]
    for contender, summary in summaries.items():
        figures = [100 * summary.worse[name] for name in defects] + [100 * summary.spoiled_worse]
        line = f"{contender.title:<{width}}" + "".join(f"{figure:>10.1f}" for figure in figures)
        if summary.clean_psnr is not None:
            line += f"{100 * summary.worse[CLEAN]:>10.1f}{summary.clean_psnr:>10.1f}"
        lines.append(line)
    return "\n".join(lines[1:])


def reached(found: Sequence[Target]) -> str:
    return "\n".join(["", *(f"{'met    ' if t.met else 'NOT MET'} {t.wanted}: {t.reached}" for t in found)])


def worst(found: Sequence[Gain], count: int) -> str:
    lines = ["", "least gain of auto, dB"]
    for gain in sorted(found, key=lambda gain: gain.psnr)[:count]:
        s = gain.score
        lines.append(f"{gain.psnr:>7.2f} {s.psnr:>6.1f} dB  {s.photo:<12} {s.title:<28} {s.note or 'nothing done'}")
    return "\n".join(lines)
