"""Judge by eye: sheets of what `auto` changed, the verdicts on them, and their counts, of the last `make bench-real`.

python -m tests.bench.real.eye sheets FOLDER… --sets wrong,ordinary   numbered pairs that no verdict is known of
python -m tests.bench.real.eye judge wrong a.txt b.txt c.txt          lines as "3: worse sky torn"; the middle one holds
python -m tests.bench.real.eye count
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.bench.real import sets, sheets, verdicts
from tests.bench.real.run import FOLDER, Outcome
from tests.bench.real.sets import SETS
from tests.bench.real.tables import LAST, Run, by_eye, of

SHEETS = FOLDER / "eye"
JUDGED = [each.name for each in SETS if each.judged]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.real.eye", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("sheets", help="draw what is to be judged")
    draw.add_argument("folders", nargs="+", type=Path, help="where the photographs are")
    draw.add_argument("--sets", type=lambda text: text.split(","), default=JUDGED, metavar="NAME,…")
    draw.add_argument("--per-sheet", type=int, default=6, metavar="N")
    judge = commands.add_parser("judge", help="take the verdicts on a set's sheets")
    judge.add_argument("set", choices=JUDGED)
    told = (
        'a file a reader, a line a verdict: "NUMBER: better|same|worse REMARK"; of several readers the middle one holds'
    )
    judge.add_argument("answers", nargs="+", type=Path, help=told)
    commands.add_parser("count", help="better, same, worse")
    given = parser.parse_args()
    try:
        last = msgspec.json.decode(LAST.read_bytes(), type=Run)
        if given.command == "sheets":
            for name in given.sets:
                print(draw_sheets(last.outcomes, given.folders, name, given.per_sheet))
        elif given.command == "judge":
            shown = msgspec.json.decode((SHEETS / f"{given.set}.json").read_bytes(), type=list[Outcome])
            said = verdicts.middle([verdicts.answers(path, len(shown)) for path in given.answers])
            verdicts.add(
                verdicts.Verdict(word, f"{outcome.set}/{outcome.photo}", outcome.result, remark)
                for outcome, (word, remark) in ((shown[number - 1], answer) for number, answer in said.items())
            )
            print(f"{len(said)} of {len(shown)} judged")
        else:
            print(by_eye(last.outcomes, verdicts.read()))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return 0


def draw_sheets(outcomes: Sequence[Outcome], folders: Sequence[Path], name: str, per_sheet: int) -> str:
    """What is to be judged of a set and was not yet, as sheets and as a list beside them."""
    known = verdicts.read()
    missing = [o for o in of(outcomes, name, "auto") if o.changed and o.result not in known]
    found, _ = sets.find(folders, [name])
    photos = {photo.name: photo for photo in found}
    SHEETS.mkdir(parents=True, exist_ok=True)
    sheets.to_judge([photos[o.photo] for o in missing], missing, SHEETS, name, per_sheet)
    (SHEETS / f"{name}.json").write_bytes(msgspec.json.encode(missing))
    return f"{name}: {len(missing)} pairs to judge, {SHEETS / name}-*.jpg"


if __name__ == "__main__":
    sys.exit(main())
