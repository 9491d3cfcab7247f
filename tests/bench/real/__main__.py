"""`make bench-real`: real photographs that nobody spoiled, through darkroom's `auto` and other tools, measured.

Below the folders given there are, each in a folder of its name, such of these sets as one has:

  brackets    NN-dark.jpg, NN-middle.jpg and NN-bright.jpg, a scene each, from a tripod
  cc15        NAME_noisy.webp and NAME_clean.webp, the mean of many frames
  wrong       photos exposed or balanced wrongly in the camera
  ordinary    snapshots of all sorts
  clic2025, elementary, wallpapers    pictures that need nothing; wallpapers as packages that `dpkg -x` unpacked there

python -m tests.bench.real FOLDER… --sets wrong,ordinary --only auto
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from tests.bench.commit import measured_commit
from tests.bench.quality import report
from tests.bench.quality.__main__ import names
from tests.bench.quality.contenders import ROOT, present
from tests.bench.real import page, sets, tables, verdicts
from tests.bench.real.run import CONTENDERS, measure
from tests.bench.real.tables import LAST, Run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.real", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="where the sets are")
    parser.add_argument("--sets", type=names(list(sets.BY_NAME)), default=list(sets.BY_NAME), metavar="NAME,…")
    parser.add_argument("--only", type=names([c.name for c in CONTENDERS]), metavar="NAME,…", help="contenders")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every so many-th photo of a set")
    parser.add_argument("--docs", action="store_true", help="write the half of docs/quality.md on real photographs")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if given.docs and (given.only or given.every != 1):
        parser.error("--docs takes every contender and every photo")
    photos, missing = sets.find(given.folders, given.sets)
    if not photos:
        parser.error("no photographs:\n  " + "\n  ".join(missing) + "\nsee --help for what lies where")
    photos = [photo for name in given.sets for photo in [p for p in photos if p.set == name][:: given.every]]
    contenders, without = present([c for c in CONTENDERS if given.only is None or c.name in given.only])
    missing += [f"{contender.title}: {why}" for contender, why in without.items()]
    commit = measured_commit()
    print(f"commit {commit}, {len(photos)} photographs", flush=True)
    last = Run(commit, measure(photos, contenders, given.processes), missing)
    LAST.write_bytes(msgspec.json.encode(last))
    known = verdicts.read()
    for text in page.parts(last.outcomes, known).values():
        print("\n" + text)
    for line in missing:
        print(f"not measured: {line}")
    print(report.reached(tables.targets(last.outcomes, known)))
    if given.docs:
        page.write(photos, last, known, ROOT / "docs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
