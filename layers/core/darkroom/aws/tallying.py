"""How a batch's photos ended, counted by the names of their outcomes, which S3 lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import msgspec

from darkroom.aws.batching import DONE, read_name

Ends = dict[tuple[str, str], tuple[int, str]]
"""By status and code: so many photos, and the key of one's outcome."""


class Counts(msgspec.Struct, frozen=True):
    """How many photos ended so."""

    succeeded: int = 0
    skipped: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        return self.succeeded + self.skipped

    @property
    def ended(self) -> int:
        return self.done + self.rejected + self.failed


class Reason(msgspec.Struct, frozen=True):
    """Why so many photos were not done. outcome: the key of one's outcome."""

    code: str
    photos: int
    outcome: str


def last_words(listed: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The key of the last outcome of each photo, from S3's list of them all: of the last run, and in it the newest.

    A run that was stopped may end what it had begun while the next one works: the later run's word counts.
    """
    for _, of_photo in groupby(listed, key=lambda one: read_name(one["Key"])[0]):
        last = max(of_photo, key=lambda one: (read_name(one["Key"])[1], one["LastModified"]))
        yield last["Key"]


def counted(outcomes: Iterable[str]) -> Ends:
    """From the keys of photos' last outcomes: how many ended so, by status and code, and the key of one of them."""
    found: Ends = {}
    for key in outcomes:
        _, _, status, code = read_name(key)
        photos, _ = found.get((status, code), (0, ""))
        found[status, code] = photos + 1, key
    return found


def tally(parts: Iterable[Ends]) -> tuple[Counts, list[Reason]]:
    """The counts of a batch, from those of its parts, and why photos were not done, the most frequent reason first."""
    by_status, reasons = Counter[str](), dict[str, Reason]()
    for (status, code), (photos, key) in (end for part in parts for end in part.items()):
        by_status[status] += photos
        if status not in DONE:
            before = reasons[code].photos if code in reasons else 0
            reasons[code] = Reason(code, before + photos, key)
    succeeded = by_status["succeeded"] + by_status["superseded"]
    counts = Counts(succeeded, by_status["skipped"], by_status["rejected"], by_status["failed"])
    return counts, sorted(reasons.values(), key=lambda one: (-one.photos, one.code))
