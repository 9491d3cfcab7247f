"""`make bench-quality`: photographs spoiled in stated ways, repaired by darkroom's `auto` and by others, and measured.

python -m tests.bench.quality --part validation --only auto --defects dark,noise --worst 10
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench.quality import page, report
from tests.bench.quality.conditions import CLEAN, CONDITIONS, DEFECTS, SAVED, SAVED_WORDS, photo_paths
from tests.bench.quality.contenders import CONTENDERS, ROOT, present
from tests.bench.quality.run import score
from tests.bench.quality.summary import gains, summarise
from tests.bench.quality.targets import targets
from tests.support import photographs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quality", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "folder", nargs="?", type=Path, default=photographs.FOLDER, help="of good photographs (default: %(default)s)"
    )
    parser.add_argument("--part", choices=("train", "validation", "test"), default="test", help="of the photographs")
    parser.add_argument("--photos", type=int, metavar="N", help="only so many of them, evenly spaced")
    parser.add_argument("--only", type=names([c.name for c in CONTENDERS]), metavar="NAME,…", help="contenders")
    parser.add_argument("--defects", type=names([*DEFECTS, CLEAN]), metavar="NAME,…")
    parser.add_argument(
        "--saved", choices=SAVED, default="jpeg", help="as JPEG quality 92, as PNG, or as light never rounded to 8 bits"
    )
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the photos on which `auto` does worst")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every score, a line each")
    parser.add_argument("--docs", action="store_true", help="write docs/quality.md and its picture")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if given.docs and (given.part != "test" or given.only or given.defects or given.saved != "jpeg"):
        parser.error("--docs takes the part test, every contender and every defect")
    try:
        every = photo_paths(given.folder, given.part)
        paths = spaced(every, given.photos)
    except FileNotFoundError as error:
        parser.error(str(error))
    conditions = [c for c in CONDITIONS if given.defects is None or c.defect in given.defects]
    of = {saved: [replace(condition, saved=saved) for condition in conditions] for saved in SAVED}
    contenders, missing = present([c for c in CONTENDERS if given.only is None or c.name in given.only])
    scores = score(paths, of[given.saved], contenders, given.processes)
    if given.json:
        given.json.write_text("".join(json.dumps(asdict(s), ensure_ascii=False) + "\n" for s in scores))
    found = gains(scores)
    summaries = {c: summarise(found[c.name]) for c in contenders}
    print(f"{len(paths)} photographs, part {given.part}")
    print(report.tables(scores, summaries))
    for contender, why in missing.items():
        print(f"{contender.title}: not measured, {why}")
    others = [summary for contender, summary in summaries.items() if contender.general]
    auto = next((summary for contender, summary in summaries.items() if contender.name == "auto"), None)
    if auto and others and not given.defects:
        print(report.reached(targets(auto, others)))
    if given.worst:
        print(report.worst(found.get("auto", []), given.worst))
    if given.docs:
        of_auto = [contender for contender in contenders if contender.name == "auto"]
        rows = {
            SAVED_WORDS[saved]: summarise(gains(score(paths, of[saved], of_auto, given.processes))["auto"])
            for saved in SAVED
        }
        page.write(paths, len(every), scores, summaries, rows, missing, ROOT / "docs")
    return 0


def names(allowed: list[str]):
    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := set(chosen) - set(allowed):
            raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there is {', '.join(allowed)}")
        return chosen

    return parse


def spaced(paths: list[Path], count: int | None) -> list[Path]:
    if not count or count >= len(paths):
        return paths
    return [paths[number * len(paths) // count] for number in range(count)]


if __name__ == "__main__":
    sys.exit(main())
