"""What an eye said of a result: better, same or worse than the photo that came. Lines of a text file, by digest.

A verdict holds for the pixels that were looked at: where `auto` makes others, its photo counts as not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.real.run import Outcome

FILE = Path(__file__).with_name("verdicts.txt")
WORDS = ("better", "same", "worse")
UNJUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """where: set/photo. result: the digest of the pixels that were judged."""

    word: str
    where: str
    result: str
    remark: str = ""

    def __str__(self) -> str:
        return f"{self.word:<6} {self.where} {self.result} {self.remark}".rstrip()


def read(path: Path = FILE) -> dict[str, Verdict]:
    """By the digest of the result. Raises ValueError, naming the line."""
    found: dict[str, Verdict] = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, where, result, *remark = (*line.split(maxsplit=3), "", "", "")[:4]
        if word not in WORDS or not result:
            raise ValueError(f"{path.name}:{number}: not 'better|same|worse SET/PHOTO DIGEST': {line}")
        found[result] = Verdict(word, where, result, *remark)
    return found


def answers(path: Path, count: int) -> dict[int, tuple[str, str]]:
    """Lines `NUMBER: better|same|worse REMARK` to word and remark. Raises ValueError, naming the line."""
    found: dict[int, tuple[str, str]] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        shown, _, said = line.partition(":")
        word, _, remark = said.strip().partition(" ")
        if not shown.strip().isdigit() or not 1 <= int(shown) <= count or word not in WORDS:
            raise ValueError(f"{path.name}:{number}: not 'NUMBER: better|same|worse', NUMBER from 1 to {count}: {line}")
        found[int(shown)] = (word, remark.strip())
    return found


def middle(readers: Sequence[Mapping[int, tuple[str, str]]]) -> dict[int, tuple[str, str]]:
    """Of what readers said of each number the middle one, with the remark of the first who said so; of an even number
    of readers the worse of both. Raises ValueError where one left out what another judged."""
    found = {}
    for number in sorted(set().union(*readers)):
        if not all(number in reader for reader in readers):
            raise ValueError(f"{number} is not judged by all of {len(readers)} readers")
        said = [reader[number] for reader in readers]
        word = sorted((word for word, _ in said), key=WORDS.index)[len(said) // 2]
        found[number] = next(each for each in said if each[0] == word)
    return found


def add(new: Iterable[Verdict], path: Path = FILE) -> None:
    """Into the file, in order of set and photo; a new verdict on the same pixels replaces the old one."""
    known = read(path) | {verdict.result: verdict for verdict in new}
    lines = sorted(known.values(), key=lambda verdict: (verdict.where, verdict.result))
    head = [line for line in path.read_text().splitlines() if line.startswith("#")] if path.exists() else []
    path.write_text("\n".join([*head, *map(str, lines)]) + "\n")


def count(outcomes: Sequence[Outcome], verdicts: Mapping[str, Verdict]) -> Counter[str]:
    """How many of them are better, same, worse and not judged; what was not changed is the same."""
    return Counter(
        verdicts[outcome.result].word if outcome.result in verdicts else UNJUDGED if outcome.changed else "same"
        for outcome in outcomes
    )
