"""What the report of many photos is made of: of a batch from its stack, of a folder as its photos are done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from darkroom.cli.shared import code_of, sentence, shown
from darkroom.cli.sheet import Entry, Pair, Sheet, evenly, pruned
from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid

if TYPE_CHECKING:
    from darkroom.aws.batches import Batches, State
    from darkroom.aws.batching import Outcome
    from darkroom.client.stack import Stack
    from darkroom.report import Report

SIDE_PX = 240
QUALITY = 78
COMPARED = 120
"""Photos of a batch that are fetched for its report, evenly among those done."""

AT_ONCE = 8
WORDS = {"succeeded": "done", "superseded": "done"}


def pair(original: bytes, result: bytes) -> Pair | None:
    """Two files as small pictures, and how much they differ. None where one is not read, or they differ in shape."""
    import numpy as np

    from darkroom import codec, pipeline
    from darkroom.color.conversions import rgb_to_lab
    from darkroom.picture import Metadata, Picture
    from darkroom.recipe import StepCall

    small = []
    for body in (original, result):
        try:
            whole = codec.decode(body, partial="accept")
            calls = [StepCall("resize", {"width": SIDE_PX, "height": SIDE_PX, "enlarge": False})]
            resized, _ = pipeline.run(whole, calls)
        except DarkroomError:
            return None
        picture = Picture(resized.pixels, None, Metadata(icc=whole.metadata.icc))
        rgb = np.dstack([picture.pixels] * 3) if picture.pixels.ndim == 2 else picture.pixels
        small.append((codec.encode(picture, "jpeg", quality=QUALITY), rgb_to_lab(rgb)))
    (before, first), (after, second) = small
    if first.shape != second.shape:
        return Pair(before, after, 0.0)
    return Pair(before, after, float(np.mean(np.linalg.norm(first - second, axis=-1))))


def treated(report: Report) -> tuple[str, ...]:
    """What was done, a word each: the defects that were treated, or the steps that were asked for."""
    return tuple(report.treated or dict.fromkeys(step.name.replace("_", " ") for step in report.steps))


def of_batch(stack: Stack, batches: Batches, state: State) -> Sheet:
    """Of a batch as it stands. Pictures of `COMPARED` photos at most are fetched."""
    from darkroom.aws.batching import DONE

    settings = state.settings
    photos = [one for one in batches.photos(settings) if one[1]]
    done = [key for _, status, key in photos if status in DONE]
    chosen = set(evenly(done, COMPARED))
    asked = [key for _, status, key in photos if key in chosen or status not in DONE]
    outcomes = dict(zip(asked, batches.outcomes(asked), strict=True))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        looked = dict(zip(asked, pool.map(lambda key: _entry(stack, outcomes[key]), asked), strict=True))
    entries = [looked.get(key) or Entry(line.key, WORDS.get(status, status)) for line, status, key in photos]
    about = [
        ("photos", f"{settings.total:,}"),
        ("asked for", ", ".join(f"{name} {value}" for name, value in settings.asked.items())[:200]),
        ("results", f"{settings.to}…"),
        ("begun", settings.created),
        ("last run took", f"{state.seconds:,.0f} s"),
        ("runs", f"{state.runs:,}"),
    ]
    return Sheet(f"Batch {settings.id}: {settings.source}", about, entries, settings.total - state.counts.ended)


def _entry(stack: Stack, one: Outcome) -> Entry:
    from darkroom import report

    found = Entry(one.key, WORDS.get(one.status, one.status), one.message, one.code)
    if not (one.result and one.manifest):
        return found
    try:
        told = report.read(stack.download(one.manifest))
        source = {"bucket": one.bucket, "key": one.key, "version": told.source.version or ""}
        seen = pair(stack.download(source), stack.download(one.result))
    except DarkroomError:
        return found  # deleted since
    return Entry(
        one.key,
        found.status,
        seconds=told.milliseconds / 1000,
        treated=treated(told),
        change=seen.change if seen else None,
        pair=seen,
    )


class Folder:
    """Gathers the report of photos on this machine while they are done."""

    def __init__(self, names: Sequence[str], recipe: str) -> None:
        self._title, self._recipe = ", ".join(names[:3]) + (" …" if len(names) > 3 else ""), recipe
        self._began, self._entries = time.time(), list[Entry]()

    @contextmanager
    def trying(self, source: str) -> Iterator[None]:
        """Notes why a photo is refused, or cannot be done, and lets the error pass."""
        try:
            yield
        except (DarkroomError, OSError, MemoryError) as error:
            status = "rejected" if isinstance(error, ImageRejected | RecipeInvalid) else "failed"
            self._entries.append(Entry(shown(source), status, sentence(error), code_of(error)))
            raise

    def done(self, source: str, told: Report, seen: Pair | None) -> None:
        """A photo, what was done to it, and how it looks."""
        change = seen.change if seen else None
        entry = Entry(shown(source), "done", "", "", told.milliseconds / 1000, treated(told), change, seen)
        self._entries.append(entry)
        self._entries = pruned(self._entries)

    def skipped(self, sources: Iterable[str]) -> None:
        """Those whose results were there."""
        self._entries += [Entry(shown(source), "skipped") for source in sources]

    def sheet(self) -> Sheet:
        seconds = time.time() - self._began
        done = sum(one.status == "done" for one in self._entries)
        about = [
            ("asked for", self._recipe),
            ("took", f"{seconds:,.0f} s"),
            ("photos a second", f"{done / seconds:.2f}" if seconds else ""),
            ("processors", str(os.cpu_count() or 1)),
        ]
        return Sheet(self._title, about, self._entries)
