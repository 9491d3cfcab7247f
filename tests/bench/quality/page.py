"""docs/quality.md and its half on spoiled photographs: figures as tables, targets, and how it was measured."""

from __future__ import annotations

import statistics
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from darkroom.recipe import StepCall
from tests.bench.quality import contenders
from tests.bench.quality.conditions import CLEAN, CONDITIONS, DEFECTS, JPEG_QUALITY
from tests.bench.quality.contenders import Contender, told
from tests.bench.quality.measures import IDENTICAL_DB
from tests.bench.quality.picture import draw
from tests.bench.quality.run import NOTHING, Score
from tests.bench.quality.summary import WORSE_DB, Gain, Summary, gains
from tests.bench.quality.targets import targets

SOURCES = {"cid22": "CID22's reference images, Cloudinary, CC BY-SA 4.0", "gb82": "the gb82 image set, CC0"}

TITLE = """# Quality

How much better photographs get by darkroom's recipe `auto`, which is not told what is wrong, and by other tools. In two
halves that weigh alike: photographs as the world took them, and photographs that were spoiled in stated ways, where the
right answer is known to the bit.
"""
HEADINGS = ("Real photographs", "Spoiled photographs", "Albums")
HEADING = HEADINGS[1]

HEAD = """
{photos} photographs{among} that defects were not learned from (of scenes, what kind of picture each is was) are spoiled
in {ways} stated ways, and saved as JPEG of quality {quality}, as nearly every photo is that somebody sends; darkroom's
`auto`, which only repairs here (`finish` none), and other tools repair them in the same run, and each result is held
against the original. `make bench-quality PHOTOS=folder BENCH_ARGS=--docs` measures it and writes this half.

`auto` gains **{mean:.1f} dB** PSNR over doing nothing, as the mean of the nine kinds of defect; the best of the other
tools, {best}, {best_mean:.1f} dB. It makes {worse:.1%} of the spoiled photos worse.

![Mean gain in PSNR by defect and tool](quality.webp)"""

SAVING = """
### Saved otherwise

The photographs are 8-bit files, and a gain on rounded levels leaves gaps in the histogram, from which `auto` reads the
gain of too much light or of a cast: right for a PNG that was spoiled after it had been saved, and of no help with JPEG
or with a camera's own. The same photographs as 8-bit PNG, and as PNG of light that was never rounded (`--saved`):
"""

METHOD = """
### How it was measured

The photographs are the part `test` of the split in `models/diagnosis/photos.py`, which goes by a photo's name alone:
{sources}. The diagnosis learned from the part `train`, and the rules of `auto` were set on `train` and `validation`,
with looks at this part on the way: trust no tenth of a decibel. The diagnosis learned from defects made much as these
are, at random strengths: how it fares on others, these figures do not say.

They are spoiled, each photo in one way at a time, by `models/diagnosis/stated.py`:

| defect | what is done |
| --- | --- |
| dark | exposure of −1.5 and −2.5 EV in linear light, with the shot noise of 4,000 electrons at white |
| over | exposure of +0.8 and +1.3 EV in linear light, clipped |
| flat | contrast of 0.5 and 0.3 about mid grey |
| cast | gains in linear light: red +20 %, blue −20 %; and red −40 %, blue +40 % |
| noise | Gaussian, of 15 and 25 levels of 255 |
| blur | Gaussian, of 1.0 and 1.8 px |
| JPEG | quality 25 and 12, as Pillow writes it (4:2:0), before it is saved as all are |
| salt-and-pepper | 2 and 5 % of the pixels black or white |
| mixed | −1 EV, a cast of 20 % and noise of 8 levels; −2 EV, 30 % and 10 levels; both with shot noise |

All is measured on 8-bit sRGB: PSNR over all samples of R, G and B, at most {identical:g} dB, which is identical; SSIM
of luma, with the 11×11 px Gaussian window of Wang et al. 2004; ΔE00, the pixels' mean CIEDE2000 (scikit-image). A gain
is a photo's own, after less before; a clean photo's original is the JPEG itself, so that every change of it counts as
worse. A figure is the mean over photos and both strengths; the mean is that of the nine. A photo is made worse if its
PSNR falls by more than {worse_db} dB.

The other tools are not told what is wrong either: {tools}.

*One step by hand* knows both the defect and its strength, and takes darkroom's own step for it:

| spoiled by | step |
| --- | --- |
{by_hand}

`python -m tests.bench.quality --help` names the options: another folder or part, some contenders or defects only, every
score as JSON, the photos with the least gain. Scores are kept in `build/quality` by a digest of all that they follow
from, so that the next run repairs only what has changed.
"""


def write(
    paths: Sequence[Path],
    there_are: int,
    scores: Sequence[Score],
    summaries: Mapping[Contender, Summary],
    by_saving: Mapping[str, Summary],
    missing: Mapping[Contender, str],
    folder: Path,
) -> None:
    """The half and its picture into `quality.md` in a folder, from a run of all contenders over all conditions.

    there_are: photographs of which these are some. by_saving: of `auto` alone, over the same photographs, by how they
    were saved.
    """
    draw(summaries, folder / "quality.webp")
    put(folder / "quality.md", HEADING, half(paths, there_are, scores, summaries, by_saving, missing))


def put(path: Path, heading: str, text: str) -> None:
    """One of HEADINGS into the page, in their order; the others stay as they are."""
    halves = dict(part.split("\n", 1) for part in ("\n" + read(path)).split("\n## ")[1:]) | {heading: text}
    path.write_text(
        fill("\n".join([TITLE, *(f"\n## {name}\n\n{halves[name]}" for name in HEADINGS if name in halves)]))
    )


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def half(
    paths: Sequence[Path],
    there_are: int,
    scores: Sequence[Score],
    summaries: Mapping[Contender, Summary],
    by_saving: Mapping[str, Summary],
    missing: Mapping[Contender, str],
) -> str:
    auto = next(summary for contender, summary in summaries.items() if contender.name == "auto")
    general = {contender: summary for contender, summary in summaries.items() if contender.general}
    best = max(general, key=lambda contender: general[contender].mean)
    head = HEAD.format(
        photos=len(paths),
        among="" if len(paths) == there_are else f" (of {there_are}, evenly spaced)",
        ways=len([c for c in CONDITIONS if c.defect != CLEAN]),
        quality=JPEG_QUALITY,
        mean=auto.mean,
        best=best.title,
        best_mean=general[best].mean,
        worse=auto.spoiled_worse,
    )
    before = {
        measure: {
            name: statistics.fmean(getattr(s, measure) for s in scores if s.contender == NOTHING and s.defect == name)
            for name in DEFECTS
        }
        for measure in ("psnr", "ssim", "delta_e")
    }
    reached = [[t.wanted, t.reached, "met" if t.met else "**not met**"] for t in targets(auto, list(general.values()))]
    parts = [
        head,
        "\n### Gain in PSNR, dB\n",
        by_defect(summaries, lambda s: s.psnr, before["psnr"], "{:.2f}"),
        *(f"\n{contender.title}: not measured, {why}." for contender, why in missing.items()),
        "\n### Targets of `auto`\n",
        table(["target", "reached", ""], reached),
        "\n### Gain in SSIM\n",
        by_defect(summaries, lambda s: s.ssim, before["ssim"], "{:.3f}"),
        "\n### Fall of ΔE00\n",
        by_defect(summaries, lambda s: s.delta_e, before["delta_e"], "{:.2f}"),
        "\n### Photos made worse, %\n",
        by_worse(summaries),
        "\n### `auto` at each strength\n",
        by_title(scores, gains(scores)["auto"]),
        SAVING,
        table(
            ["gain of `auto` in PSNR, dB", *DEFECTS, "mean", "all spoiled made worse, %"],
            [
                [how, *(f"{s.psnr[name]:.2f}" for name in DEFECTS), f"{s.mean:.2f}", f"{100 * s.spoiled_worse:.1f}"]
                for how, s in by_saving.items()
            ],
            1,
        ),
        METHOD.format(
            sources=sources(paths),
            identical=IDENTICAL_DB,
            worse_db=WORSE_DB,
            tools=tools(summaries),
            by_hand="\n".join(
                f"| {title} | `{told([StepCall(*call)])}` |" for title, call in contenders.BY_HAND.items() if call
            ),
        ),
    ]
    return "\n".join(parts)


def fill(text: str) -> str:
    """Paragraphs broken anew at 120 characters; tables, headings and pictures as they are."""
    blocks = filter(None, (block.strip() for block in text.split("\n\n")))
    filled = (b if b.startswith(("|", "#", "!")) else textwrap.fill(b, 120, break_on_hyphens=False) for b in blocks)
    return "\n\n".join(filled) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], figures_from: int | None = None) -> str:
    rules = ["---" if figures_from is None or number < figures_from else "---:" for number in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rules, *rows))


def by_defect(
    summaries: Mapping[Contender, Summary],
    of: Callable[[Summary], dict[str, float]],
    before: Mapping[str, float],
    form: str,
) -> str:
    """A row a contender, a column a defect; below, what there was before."""
    rows = []
    for contender, summary in summaries.items():
        figures = [of(summary)[name] for name in DEFECTS]
        rows.append([contender.title, *map(form.format, [*figures, statistics.fmean(figures)])])
    rows.append(["*before, absolute*", *(form.format(before[name]) for name in DEFECTS), ""])
    return table(["", *DEFECTS, "mean"], rows, 1)


def by_worse(summaries: Mapping[Contender, Summary]) -> str:
    rows = []
    for contender, summary in summaries.items():
        shares = [*(summary.worse[name] for name in DEFECTS), summary.spoiled_worse, summary.worse[CLEAN]]
        rows.append([contender.title, *(f"{100 * share:.0f}" for share in shares), f"{summary.clean_psnr:.1f}"])
    return table(["", *DEFECTS, "all spoiled", CLEAN, "PSNR of clean, median dB"], rows, 1)


def by_title(scores: Sequence[Score], found: Sequence[Gain]) -> str:
    rows = []
    for condition in CONDITIONS:
        before = [s.psnr for s in scores if s.contender == NOTHING and s.title == condition.title]
        of = [gain for gain in found if gain.score.title == condition.title]
        if condition.defect == CLEAN:
            continue
        mean = (statistics.fmean(getattr(gain, name) for gain in of) for name in ("psnr", "ssim", "delta_e"))
        db, similarity, colour = mean
        worse = statistics.fmean(gain.worse for gain in of)
        rows.append(
            [
                condition.title,
                f"{statistics.fmean(before):.1f}",
                f"{db:+.2f}",
                f"{similarity:+.3f}",
                f"{colour:+.2f}",
                f"{100 * worse:.0f}",
            ]
        )
    return table(
        ["spoiled by", "PSNR before, dB", "gain, dB", "gain in SSIM", "fall of ΔE00", "made worse, %"], rows, 1
    )


def sources(paths: Sequence[Path]) -> str:
    """How many photographs each folder has."""
    counts = Counter(path.parent.name for path in paths)
    return "; ".join(f"{count} of {SOURCES.get(name, f'`{name}`')}" for name, count in counts.items())


def tools(summaries: Mapping[Contender, Summary]) -> str:
    versions = {
        "pillow-0": f"Pillow {version('pillow')}, `ImageOps.autocontrast` with cutoff 0 and 1",
        "opencv": f"OpenCV {version('opencv-python-headless')}, grey world, then CLAHE on L* (limit 2, 8×8 tiles)",
        "im-normalize": "ImageMagick, `-normalize`, and `-auto-level -auto-gamma`",
        "sharp": f"sharp {contenders.SHARP}, `normalise()`",
    }
    if any(contender.name == "im-normalize" for contender in summaries):
        versions["im-normalize"] = versions["im-normalize"].replace("ImageMagick", contenders.imagemagick_version(), 1)
    return "; ".join(text for name, text in versions.items() if any(c.name == name for c in summaries))
