"""The half of docs/quality.md on real photographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.quality import page as spoiled
from tests.bench.real import sheets, tables
from tests.bench.real.run import Outcome
from tests.bench.real.sets import BY_NAME, MOST_PX, Photo
from tests.bench.real.tables import Run, Verdicts

SHOWN = ("clic2025", "elementary")
"""Sets of which the page shows changed photos: their licences let it."""

SHOWN_PHOTOS = 12
HEADING = "Real photographs"

HEAD = """
Nobody spoiled these. Exposure brackets from a tripod (SICE, CC BY-NC) and crops of camera noise with the mean of many
frames (CC, Nam et al. 2016) have a reference; of the others nobody knows what is right, so they are counted, and looked
at. None of these was trained on, but for `clic2025`, `elementary` and `wallpapers`, which are told as finished there.
`make bench-real PHOTOS="folder…"` measures them, `BENCH_ARGS=--docs` writes this half. Measured: {commit}.
"""

BY_EYE = """
Readers, strict as photographers, looked at every changed photo before and after, on sheets with numbers; what is not
changed is the same. Of three readers, who had no part in what they saw, the middle verdict counts, where `auto` made
other pixels since; of what it makes as before, that of one. A verdict holds for the very pixels that were looked at
(`tests/bench/real/verdicts.txt`); `python -m tests.bench.real.eye` draws the sheets, takes the verdicts and counts
them. All knew which side was which.
"""

METHOD = """
Files are read as sRGB, 8 bits, at most {most_px} px a side. PSNR over all samples; a gain is a photo's own, after less
before. CPU seconds are of one photo, with all threads and the programs that are started (for four photos at a time),
and without reading the file. `auto` runs as on the command line; *finish none* only repairs. Sets: {sets}.
"""


def parts(outcomes: Sequence[Outcome], verdicts: Verdicts) -> dict[str, str]:
    """Heading to table, of what was measured."""
    have = {outcome.set for outcome in outcomes}
    found = {}
    if any(not BY_NAME[name].judged for name in have):
        found["Held against a reference"] = tables.held_against(outcomes)
    if any(BY_NAME[name].judged for name in have):
        found["Left alone"] = tables.left_alone(outcomes)
        found["Judged by eye"] = tables.by_eye(outcomes, verdicts)
    found["By decision"] = tables.by_decision(outcomes)
    return found


def write(photos: Sequence[Photo], last: Run, verdicts: Verdicts, folder: Path) -> None:
    """The half and its picture, into `quality.md` in a folder."""
    by_place = {(photo.set, photo.name): photo for photo in photos}
    changed = [o for name in SHOWN for o in tables.of(last.outcomes, name, tables.AUTO) if o.changed]
    if changed:
        chosen = [by_place[o.set, o.photo] for o in changed]
        sheets.to_show(chosen, changed, folder / "quality-changed.webp", SHOWN_PHOTOS)
    spoiled.put(folder / "quality.md", HEADING, half(last, verdicts, len(changed)))


def half(last: Run, verdicts: Verdicts, changed: int) -> str:
    reached = [
        [t.wanted, t.reached, "met" if t.met else "**not met**"] for t in tables.targets(last.outcomes, verdicts)
    ]
    blocks = [HEAD.format(commit=last.commit), "### Targets\n", spoiled.table(["target", "reached", ""], reached)]
    for heading, text in parts(last.outcomes, verdicts).items():
        blocks += [f"\n### {heading}\n"]
        if heading == "Judged by eye":
            blocks.append(BY_EYE)
        blocks.append(text)
    if changed:
        blocks += [
            "\n### What changes look like\n",
            f"{min(SHOWN_PHOTOS, changed)} of the {changed} changed photos of {' and '.join(SHOWN)}, evenly spaced by "
            "number and not chosen by beauty; before on the left, after on the right.",
            "\n![Changed photos before and after](quality-changed.webp)",
        ]
    absent = [f"`{name}`" for name in BY_NAME if not any(outcome.set == name for outcome in last.outcomes)]
    if missing := [*last.missing, *absent]:
        blocks.append(f"\nNot measured: {'; '.join(missing)}.")
    named = [name for name in BY_NAME if any(outcome.set == name for outcome in last.outcomes)]
    what = "; ".join(f"`{name}`, {tables.set_words(name)}" for name in named)
    return "\n".join([*blocks, METHOD.format(most_px=MOST_PX, sets=what)])
