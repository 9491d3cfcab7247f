"""Albums on the command line: which photos belong together, and what they tell together before any is enhanced."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from darkroom.cli.pool import pooled
from darkroom.cli.shared import is_stream, read_file, shown
from darkroom.errors import DarkroomError

if TYPE_CHECKING:
    from darkroom.auto.albums import Evidence, Together
    from darkroom.picture import Picture
    from darkroom.recipe import Recipe

BETWEEN = timedelta(hours=1)
"""Without a photo, after which another album begins."""

TAKEN = 0x9003
"""EXIF's DateTimeOriginal."""


def together(paths: Iterable[str], chosen: Recipe, jobs: int) -> dict[str, Together]:
    """What each photo tells together with its album's others, by its path. What cannot be read is missing."""
    from darkroom.auto import albums

    there = [path for path in paths if not is_stream(path)]
    found = dict(zip(there, pooled(partial(_look, chosen=chosen), there, jobs), strict=True))
    known = {path: one for path, one in found.items() if one}
    told: dict[str, Together] = {}
    for name, members in gathered([(path, taken) for path, (_, taken) in known.items()]):
        told |= zip(members, albums.together(name, [known[path][0] for path in members]), strict=True)
    return told


def gathered(photos: Sequence[tuple[str, datetime | None]]) -> Iterator[tuple[str, list[str]]]:
    """Albums by name: a folder's photos, parted where for `BETWEEN` none was taken. Those that do not say when they
    were taken are an album of their own."""
    folders: dict[str, list[tuple[str, datetime | None]]] = {}
    for path, taken in photos:
        folders.setdefault(os.path.dirname(path), []).append((path, taken))
    for folder, its in folders.items():
        spans: list[list[str]] = []
        last = None
        for taken, path in sorted((taken, path) for path, taken in its if taken):
            if last is None or taken - last > BETWEEN:
                spans.append([])
            spans[-1].append(path)
            last = taken
        spans.append([path for path, taken in its if not taken])
        spans = [span for span in spans if span]
        for number, span in enumerate(spans, 1):
            name = shown(folder) or os.curdir
            yield name if len(spans) == 1 else f"{name}, {number} of {len(spans)}", span


def _look(path: str, chosen: Recipe) -> tuple[Evidence, datetime | None] | None:
    from darkroom import library
    from darkroom.limits import Limits
    from darkroom.sources import to_picture

    try:
        picture, _ = to_picture(read_file(path), Limits(), chosen)
    except (DarkroomError, OSError, MemoryError):
        return None  # that is told when it is to be enhanced
    return library.look(picture), taken_at(picture)


def taken_at(picture: Picture) -> datetime | None:
    """When a photo was taken, by its own clock; None where it does not say."""
    from darkroom.codec import exif

    said = exif.parse(picture.metadata.exif).value("exif", TAKEN)
    try:
        return datetime.strptime(said[:19].decode("ascii"), "%Y:%m:%d %H:%M:%S") if isinstance(said, bytes) else None
    except ValueError:
        return None
