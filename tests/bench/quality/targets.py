"""What `auto` is to reach, and whether it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.quality.conditions import CLEAN, DEFECTS
from tests.bench.quality.summary import Summary

MEAN_DB = 11.0
GAIN_DB = {
    "dark": 20.0,
    "over": 5.5,
    "cast": 9.0,
    "mixed": 11.0,
    "noise": 8.0,
    "salt-and-pepper": 13.0,
    "blur": 1.6,
    "JPEG": 0.5,
}
TONE_AND_COLOUR = ("dark", "over", "flat", "cast", "mixed")
WORSE = 0.10
CLEAN_DB = 60.0
CLEAN_WORSE = 0.02


@dataclass(frozen=True, slots=True)
class Target:
    """wanted, reached: in words, with the unit."""

    wanted: str
    reached: str
    met: bool


def targets(auto: Summary, others: Sequence[Summary]) -> list[Target]:
    """Of a run over all defects and clean photos. others: the general tools' summaries, at least one."""
    best = {name: max(other.psnr[name] for other in others) for name in DEFECTS}
    behind = {name: auto.psnr[name] - best[name] for name in DEFECTS if auto.psnr[name] < best[name]}
    no_fall = {name: auto.delta_e[name] for name in TONE_AND_COLOUR if auto.delta_e[name] <= 0}
    least = min(TONE_AND_COLOUR, key=lambda name: auto.delta_e[name])
    found = [
        Target(f"mean gain over the nine defects at least {MEAN_DB:g} dB", f"{auto.mean:.2f} dB", auto.mean >= MEAN_DB),
        Target(
            "on no defect behind the best of the other tools",
            "; ".join(f"{name} {gap:+.2f} dB" for name, gap in behind.items()) or "ahead on all",
            not behind,
        ),
    ]
    for name, least_db in GAIN_DB.items():
        gain = auto.psnr[name]
        found.append(Target(f"{name}: at least {least_db:g} dB", f"{gain:.2f} dB", gain >= least_db))
    found += [
        Target(
            f"ΔE00 falls on every defect of tone and colour ({', '.join(TONE_AND_COLOUR)})",
            "; ".join(f"{name} {fall:+.2f}" for name, fall in no_fall.items())
            or f"by {auto.delta_e[least]:.2f} at least ({least})",
            not no_fall,
        ),
        Target(
            f"at most {WORSE:.0%} of the spoiled photos made worse",
            f"{auto.spoiled_worse:.1%}",
            auto.spoiled_worse <= WORSE,
        ),
    ]
    if auto.clean_psnr is not None:
        worse = auto.worse[CLEAN]
        found.append(
            Target(f"at most {CLEAN_WORSE:.0%} of clean photos made worse", f"{worse:.1%}", worse <= CLEAN_WORSE)
        )
        found.append(
            Target(
                f"median PSNR of clean photos to themselves at least {CLEAN_DB:g} dB",
                f"{auto.clean_psnr:.1f} dB",
                auto.clean_psnr >= CLEAN_DB,
            )
        )
    return found
