"""Which photos belong together: those of a folder, as long as one was taken soon after the other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from darkroom.codec import exif
from darkroom.picture import Picture

BETWEEN = timedelta(hours=1)
"""Without a photo, after which another album begins."""

TAKEN = 0x9003
"""EXIF's DateTimeOriginal."""


def gathered(photos: Sequence[tuple[str, datetime | None]]) -> Iterator[tuple[str, list[str]]]:
    """Albums by name: a folder's photos, parted where for `BETWEEN` none was taken. Those that do not say when they
    were taken are an album of their own.

    photos: their paths, or keys, and when they were taken.
    """
    folders: dict[str, list[tuple[str, datetime | None]]] = {}
    for path, taken in photos:
        folders.setdefault(posixpath.dirname(path), []).append((path, taken))
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
            name = folder or posixpath.curdir
            yield name if len(spans) == 1 else f"{name}, {number} of {len(spans)}", span


def taken_at(picture: Picture) -> datetime | None:
    """When a photo was taken, by its own clock; None where it does not say."""
    said = exif.parse(picture.metadata.exif).value("exif", TAKEN)
    try:
        return datetime.strptime(said[:19].decode("ascii"), "%Y:%m:%d %H:%M:%S") if isinstance(said, bytes) else None
    except ValueError:
        return None
