"""Albums on the command line: which photos belong together, and what they tell together before any is enhanced."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from darkroom.cli.pool import pooled
from darkroom.cli.shared import is_stream, read_file, shown
from darkroom.errors import DarkroomError

if TYPE_CHECKING:
    from datetime import datetime

    from darkroom.auto.albums import Evidence, Together
    from darkroom.recipe import Recipe


def together(paths: Iterable[str], chosen: Recipe, jobs: int) -> dict[str, Together]:
    """What each photo tells together with its album's others, by its path. What cannot be read is missing."""
    from darkroom.auto import albums, occasions

    there = [path for path in paths if not is_stream(path)]
    found = dict(zip(there, pooled(partial(_look, chosen=chosen), there, jobs), strict=True))
    known = {path: one for path, one in found.items() if one}
    told: dict[str, Together] = {}
    for name, members in occasions.gathered([(path, taken) for path, (_, taken) in known.items()]):
        told |= zip(members, albums.together(shown(name), [known[path][0] for path in members]), strict=True)
    return told


def _look(path: str, chosen: Recipe) -> tuple[Evidence, datetime | None] | None:
    from darkroom import library
    from darkroom.auto.occasions import taken_at
    from darkroom.limits import Limits
    from darkroom.sources import to_picture

    try:
        picture, _ = to_picture(read_file(path), Limits(), chosen)
    except (DarkroomError, OSError, MemoryError):
        return None  # that is told when it is to be enhanced
    return library.look(picture), taken_at(picture)
