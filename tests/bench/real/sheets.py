"""Sheets of numbered pairs, before and after, to judge by eye or to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from darkroom.picture import Array
from tests.bench.real import sets
from tests.bench.real.run import RESULTS, Outcome
from tests.bench.real.sets import Photo

CAPTION = 16


def pair(photo: Photo, outcome: Outcome) -> tuple[Array, Image.Image]:
    """Before and after; a photo that was not changed is its own after."""
    before = sets.read(photo.path)
    if not outcome.changed:
        return before, Image.fromarray(before)
    with Image.open(RESULTS / f"{outcome.result}.jpg") as file:
        return before, file.convert("RGB")


def sheet(pairs: Sequence[tuple[str, Array, Image.Image]], columns: int, side: int) -> Image.Image:
    """Caption, before and after, side by side, each at most `side` px wide and three quarters of it high."""
    width, height = 2 * side + 8, side * 3 // 4 + CAPTION + 4
    page = Image.new("RGB", (columns * width, math.ceil(len(pairs) / columns) * height), (40, 40, 40))
    draw = ImageDraw.Draw(page)
    for number, (caption, before, after) in enumerate(pairs):
        left, top = number % columns * width, number // columns * height
        draw.text((left + 2, top + 2), caption[: side // 3], fill=(255, 255, 255))
        for place, picture in enumerate((Image.fromarray(before), after)):
            shown = picture.copy()
            shown.thumbnail((side, height - CAPTION - 4), Image.Resampling.LANCZOS)
            page.paste(shown, (left + place * (side + 2), top + CAPTION))
    return page


def to_judge(photos: Sequence[Photo], outcomes: Sequence[Outcome], folder: Path, name: str, per_sheet: int) -> None:
    """Numbered from 1, `NAME-1.jpg` and so on: two pairs beside each other."""
    for old in folder.glob(f"{name}-*.jpg"):
        old.unlink()
    for start in range(0, len(outcomes), per_sheet):
        some = range(start, min(start + per_sheet, len(outcomes)))
        pairs = [
            (f"{number + 1}  {outcomes[number].photo}", *pair(photos[number], outcomes[number])) for number in some
        ]
        sheet(pairs, 2, 440).save(folder / f"{name}-{start // per_sheet + 1}.jpg", quality=92)


def to_show(photos: Sequence[Photo], outcomes: Sequence[Outcome], path: Path, count: int) -> None:
    """`count` of them, by number, evenly spaced: for a page."""
    chosen = range(len(outcomes)) if len(outcomes) <= count else [k * len(outcomes) // count for k in range(count)]
    pairs = [(f"{outcomes[k].set}/{outcomes[k].photo}", *pair(photos[k], outcomes[k])) for k in chosen]
    sheet(pairs, 3, 200).save(path, "WEBP", quality=72, method=6)
