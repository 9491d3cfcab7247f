"""The outcomes as tables and targets, for the terminal and for docs/quality.md alike."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from tests.bench.quality.page import table
from tests.bench.quality.targets import Target
from tests.bench.real.run import CONTENDERS, FINISHED, FOLDER, Contender, Outcome
from tests.bench.real.sets import BY_NAME, SETS
from tests.bench.real.verdicts import UNJUDGED, WORDS, Verdict, count

LAST = FOLDER / "real.json"
"""The last run."""

WORSE_DB = 0.2
AUTO, REPAIR, DENOISE = "auto", "auto-none", "denoise"
Verdicts = Mapping[str, Verdict]


class Run(msgspec.Struct, frozen=True):
    """commit: what was measured; "-dirty" where files differ from it."""

    commit: str
    outcomes: list[Outcome]
    missing: list[str]


def of(outcomes: Sequence[Outcome], name: str, contender: str) -> list[Outcome]:
    """One contender's on one set, in order."""
    return [outcome for outcome in outcomes if (outcome.set, outcome.contender) == (name, contender)]


def held_against(outcomes: Sequence[Outcome]) -> str:
    """Gains towards the reference: a row a contender."""
    names = [each.name for each in SETS if not each.judged and any(o.set == each.name for o in outcomes)]
    rows = []
    for contender in present(outcomes):
        row = [contender.title]
        for name in names:
            gains = [outcome.gain or 0.0 for outcome in of(outcomes, name, contender.name)]
            if gains:
                worse = sum(gain < -WORSE_DB for gain in gains)
                row += [f"{statistics.fmean(gains):+.2f}", f"{min(gains):+.2f}", f"{worse} of {len(gains)}"]
            else:
                row += ["", "", ""]
        rows.append([*row, seconds(outcomes, contender.name, names)])
    heads = [text for name in names for text in (f"{name}, mean dB", "least", f"worse by > {WORSE_DB:g} dB")]
    return table(["", *heads, "CPU s a photo"], rows, 1)


def left_alone(outcomes: Sequence[Outcome]) -> str:
    """How many of those without a reference are changed, and how far (median PSNR to the source)."""
    names = [each.name for each in SETS if each.judged and any(o.set == each.name for o in outcomes)]
    rows = []
    for contender in present(outcomes):
        found = [of(outcomes, name, contender.name) for name in names]
        if any(found):
            row = [contender.title]
            for some in found:
                changed = [outcome.nearness for outcome in some if outcome.changed]
                row.append(
                    f"{len(changed)} of {len(some)}" + (f", {statistics.median(changed):.0f} dB" if changed else "")
                )
            rows.append([*row, seconds(outcomes, contender.name, names)])
    return table(["changed, and its median PSNR to the photo", *names, "CPU s a photo"], rows, 1)


def by_decision(outcomes: Sequence[Outcome], contender: str = AUTO) -> str:
    """What the changes of each set come from; one photo may have several."""
    names = [each.name for each in SETS if of(outcomes, each.name, contender)]
    counts = {name: Counter(word for o in of(outcomes, name, contender) for word in o.decisions) for name in names}
    words = sorted({word for found in counts.values() for word in found})
    rows = [[word, *(str(counts[name][word] or "") for name in names)] for word in words]
    changed = ["*changed*", *(str(sum(o.changed for o in of(outcomes, name, contender))) for name in names)]
    photos = ["*photos*", *(str(len(of(outcomes, name, contender))) for name in names)]
    return table(["decision", *names], [*rows, changed, photos], 1)


def by_eye(outcomes: Sequence[Outcome], verdicts: Verdicts) -> str:
    """How many are better, the same and worse, of those that are judged."""
    rows = []
    for each in (each for each in SETS if each.judged):
        if some := of(outcomes, each.name, AUTO):
            counts = count(some, verdicts)
            shares = [f"{counts[word]} ({counts[word] / len(some):.0%})" for word in WORDS]
            changed = sum(outcome.changed for outcome in some)
            rows.append([each.name, str(len(some)), str(changed), *shares, str(counts[UNJUDGED] or "")])
    return table(["set", "looked at", "changed", *WORDS, UNJUDGED], rows, 1)


def targets(outcomes: Sequence[Outcome], verdicts: Verdicts) -> list[Target]:
    """Of the sets that were measured whole."""
    found = []
    for name, contender, least in (
        ("brackets-dark", AUTO, 8.0),
        ("brackets-bright", AUTO, 3.0),
        ("cc15", DENOISE, 3.0),
    ):
        if gains := [outcome.gain or 0.0 for outcome in of(outcomes, name, contender)]:
            mean = statistics.fmean(gains)
            found.append(Target(f"{name}, `{contender}`: at least {least:+g} dB", f"{mean:+.2f} dB", mean >= least))
            if name == "cc15":
                worse = sum(gain < -WORSE_DB for gain in gains)
                text = f"{name}, `{contender}`: none worse by {WORSE_DB:g} dB"
                found.append(Target(text, f"{worse}, the least {min(gains):+.2f} dB", not worse))
    for name, better, worst in (("wrong", 17 / 21, None), ("ordinary", 0.55, 0.02)):
        if some := of(outcomes, name, AUTO):
            counts = count(some, verdicts)
            unjudged = f"; {counts[UNJUDGED]} not judged" if counts[UNJUDGED] else ""
            share = counts["better"] / len(some)
            reached = f"{counts['better']} of {len(some)}, {share:.0%}{unjudged}"
            found.append(Target(f"{name}: at least {better:.0%} better to the eye", reached, share >= better))
            if worst is not None:
                share = counts["worse"] / len(some)
                reached = f"{counts['worse']} of {len(some)}, {share:.1%}{unjudged}"
                met = share <= worst and not unjudged
                found.append(Target(f"{name}: at most {worst:.0%} worse to the eye", reached, met))
    if some := [o for name in FINISHED for o in of(outcomes, name, REPAIR)]:
        changed = sum(outcome.changed for outcome in some)
        share = changed / len(some)
        text = "pictures that need nothing, finish none: at most 4 % changed"
        found.append(Target(text, f"{changed} of {len(some)}, {share:.1%}", share <= 0.04))
    if some := [o for name in FINISHED for o in of(outcomes, name, AUTO)]:
        counts = count(some, verdicts)
        reached = f"{counts['worse']} of {len(some)}" + (f"; {counts[UNJUDGED]} not judged" if counts[UNJUDGED] else "")
        met = not counts["worse"] and not counts[UNJUDGED]
        found.append(Target("pictures that need nothing, `auto`: none worse to the eye", reached, met))
    return found


def seconds(outcomes: Sequence[Outcome], contender: str, names: Sequence[str]) -> str:
    some = [outcome.seconds for outcome in outcomes if outcome.contender == contender and outcome.set in names]
    return f"{statistics.fmean(some):.2f}" if some else ""


def present(outcomes: Sequence[Outcome]) -> list[Contender]:
    names = {outcome.contender for outcome in outcomes}
    return [contender for contender in CONTENDERS if contender.name in names]


def set_words(name: str) -> str:
    return BY_NAME[name].what
