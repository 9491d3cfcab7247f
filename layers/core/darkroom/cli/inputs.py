"""The photos that a command is given: files by name, and those in the folders below it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from darkroom.cli.shared import fail, sentence, shown
from darkroom.errors import DarkroomError

RESULT_MARK = ".enhanced"
"""What the name of a result beside its photo has before its extension."""


class Photo(NamedTuple):
    """A photo to work on.

    below: the folder, below that of the results, where its own goes: the tree of a folder is kept.
    """

    path: str
    below: str = ""


def find(names: Sequence[str], output: str | None = None) -> list[Photo]:
    """The photos that names stand for: files as they are named, and the pictures in folders, in alphabetical order.

    What a folder holds besides pictures is left out, and so are hidden files, earlier results (``NAME.enhanced.EXT``)
    and `output`, where that lies in it; how much was left out is told. One folder's tree begins in the results'
    folder, that of several in folders of their names. Ends with status 1 where there is none at all.
    """
    found: list[Photo] = []  # no pipe or device is opened: it would wait, or have no end
    for name in names:
        if not os.path.isdir(name):
            found.append(Photo(name))
            continue
        root = os.path.basename(os.path.abspath(name)) if len(names) > 1 else ""
        photos, others = _in_folder(name, output)
        found += [Photo(path, os.path.join(root, os.path.relpath(os.path.dirname(path), name))) for path in photos]
        if others or not photos:
            left = f"{others} other file{'s' * (others != 1)} left out" if others else "nothing in it"
            fail(f"{shown(name)}: {len(photos) or 'no'} picture{'s' * (len(photos) != 1)}, {left}")
    if not found:
        raise SystemExit(1)
    return found


def without_results(names: Sequence[str]) -> list[str]:
    """What several names stand for but for earlier results, which `*.jpg` takes in, too."""
    if len(names) < 2:
        return list(names)
    kept = [name for name in names if not is_result(name)]
    if len(kept) < len(names):
        left = len(names) - len(kept)
        fail(f"{left} earlier result{'s' * (left != 1)} ({RESULT_MARK}) left out")
    return kept


def is_result(path: str) -> bool:
    return posixpath.splitext(path)[0].endswith(RESULT_MARK)


def _in_folder(folder: str, output: str | None) -> tuple[list[str], int]:
    """The pictures in a folder and all below it, and how many other files there are."""
    photos, others = [], 0
    for path in _files(folder, os.path.realpath(output) if output else None):
        if not is_result(path) and is_picture(path):
            photos.append(path)
        else:
            others += 1
    return photos, others


def _files(folder: str, output: str | None) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_tell):
        folders[:] = sorted(name for name in _shown(folders) if os.path.realpath(os.path.join(place, name)) != output)
        yield from filter(os.path.isfile, (os.path.join(place, name) for name in sorted(_shown(files))))


def _tell(error: OSError) -> None:
    fail(f"{shown(error.filename)}: {sentence(error)}")


def _shown(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def is_picture(path: str) -> bool:
    """True for a file that is called like a picture which can be read, or begins like one."""
    from darkroom.codec.formats import INPUT_EXTENSIONS, identify

    if os.path.splitext(path)[1].lower() in INPUT_EXTENSIONS:
        return True  # where it is none, that is told in its turn
    try:
        with open(path, "rb") as file:
            identify(file.read(64))
    except (DarkroomError, OSError):
        return False
    return True
