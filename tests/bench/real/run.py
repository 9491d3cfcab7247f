"""Repair and measure: on several processes, with what is known already kept in a file, and results kept to look at."""

from __future__ import annotations

import hashlib
import inspect
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

import darkroom
from darkroom.picture import Array
from darkroom.report import Report
from tests.bench.quality import contenders as spoiled
from tests.bench.quality.conditions import Condition
from tests.bench.quality.contenders import REPAIR
from tests.bench.quality.measures import psnr
from tests.bench.quality.run import show_progress
from tests.bench.real import sets
from tests.bench.real.sets import Photo
from tests.bench.timing import cpu_seconds

FOLDER = spoiled.ROOT / "build/quality"
KEPT = FOLDER / "real.jsonl"
RESULTS = FOLDER / "results"
"""What `auto` made, by digest, as JPEG."""

AS_FOUND = Condition("real", "as found")
FINISHED = tuple(each.name for each in sets.SETS if each.finished)
CHUNK = 4
"""Photos that a tool is started for."""

Work = list[Array]
Done = list[tuple[Array, str]]


@dataclass(frozen=True, slots=True)
class Contender:
    """repair: from photos, HxWx3 uint8, to the same repaired, with a note on what was decided.

    identity: changes when `repair` may. sets: that it is for; None for all. alone: a photo at a time, results kept.
    """

    name: str
    title: str
    repair: Callable[[Work, Path], Done]
    identity: Callable[[], str]
    sets: tuple[str, ...] | None = None
    alone: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What one contender made of one photo.

    result: a digest of the pixels; source: of those that came. nearness: PSNR of the result to the source, dB. gain: in
    PSNR towards the reference over doing nothing, dB; None where there is no reference. seconds: of CPU.
    """

    set: str
    photo: str
    contender: str
    source: str
    result: str
    nearness: float
    gain: float | None
    seconds: float
    note: str = ""

    @property
    def changed(self) -> bool:
        return self.result != self.source

    @property
    def decisions(self) -> list[str]:
        return self.note.split("; ") if self.note else []


def automatic(recipe: str | Mapping[str, str]) -> Callable[[Work, Path], Done]:
    def repair(work: Work, _: Path) -> Done:
        results = [darkroom.enhance(image, recipe) for image in work]
        return [(np.asarray(result.image), decided(result.report)) for result in results]

    return repair


def decided(report: Report) -> str:
    """The defects that were treated, and how much of the result was kept where not all."""
    words = list(report.treated)
    if report.review is not None and report.review.share < 100 and words:
        words.append(f"{report.review.share} % kept")
    return "; ".join(words)


def denoise(work: Work, _: Path) -> Done:
    return [(darkroom.apply("denoise", image), "") for image in work]


def tool(name: str) -> Contender:
    """A general tool of the other benchmark."""
    known = next(contender for contender in spoiled.CONTENDERS if contender.name == name)

    def repair(work: Work, folder: Path) -> Done:
        return known.repair([(AS_FOUND, image) for image in work], folder)

    return Contender(name, known.title, repair, known.identity)


@cache
def ours() -> str:
    return spoiled.library() + inspect.getsource(automatic) + inspect.getsource(decided)


CONTENDERS = [
    Contender("auto", "darkroom auto", automatic("auto"), ours, alone=True),
    Contender(
        "auto-none", "darkroom auto, finish none", automatic(REPAIR), lambda: ours() + repr(REPAIR), FINISHED, True
    ),
    Contender("denoise", "darkroom denoise", denoise, ours, sets=("cc15",), alone=True),
    *(tool(name) for name in ("pillow-0", "im-normalize", "im-auto", "sharp")),
]


def measure(photos: Sequence[Photo], contenders: Sequence[Contender], processes: int = 2) -> list[Outcome]:
    """Every contender on every photo of its sets.

    Outcomes come from KEPT where pixels and contender are the same to the bit, and are added to it as they come.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "MAGICK_THREAD_LIMIT"):
        os.environ[name] = "1"
    RESULTS.mkdir(parents=True, exist_ok=True)
    tasks = [(chunk, [c.name for c in contenders]) for chunk in chunks(photos)]
    outcomes: list[Outcome] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _begin, (KEPT,)) as pool, KEPT.open("ab") as kept:
        for number, (found, new) in enumerate(pool.map(_measure_chunk, tasks), 1):
            outcomes += found
            kept.writelines(msgspec.json.encode(line) + b"\n" for line in new.items())
            kept.flush()
            show_progress(number, len(tasks))
    return outcomes


def chunks(photos: Sequence[Photo]) -> Iterator[list[Photo]]:
    """Neighbours of one set."""
    for name in dict.fromkeys(photo.set for photo in photos):
        of_set = [photo for photo in photos if photo.set == name]
        yield from (of_set[start : start + CHUNK] for start in range(0, len(of_set), CHUNK))


def known_outcomes(path: Path) -> dict[str, Outcome]:
    if not path.exists():
        return {}
    known: dict[str, Outcome] = {}
    for line in path.read_bytes().splitlines():
        try:
            key, outcome = msgspec.json.decode(line, type=tuple[str, Outcome])
        except msgspec.DecodeError:
            continue  # a run was ended while it wrote
        known[key] = outcome
    return known


_known: dict[str, Outcome] = {}


def _begin(path: Path) -> None:
    """Each process reads what is known once, and loads what the first photo would else pay for."""
    _known.update(known_outcomes(path))
    darkroom.enhance(np.full((64, 64, 3), 128, np.uint8))


def _measure_chunk(task: tuple[list[Photo], list[str]]) -> tuple[list[Outcome], dict[str, Outcome]]:
    photos, names = task
    sources = [sets.read(photo.path) for photo in photos]
    references = [sets.read(photo.reference) if photo.reference else None for photo in photos]
    found: list[Outcome] = []
    new: dict[str, Outcome] = {}
    for contender in (c for c in CONTENDERS if c.name in names and (c.sets is None or photos[0].set in c.sets)):
        keys = [
            digest(contender.name, contender.identity(), photo.set, photo.name, source, reference)
            for photo, source, reference in zip(photos, sources, references, strict=True)
        ]
        missing = [number for number, key in enumerate(keys) if key not in _known]
        for some in [[number] for number in missing] if contender.alone else filter(None, [missing]):
            results, seconds = timed(contender, [sources[number] for number in some])
            for number, (image, note) in zip(some, results, strict=True):
                photo, source, reference = photos[number], sources[number], references[number]
                gain = None if reference is None else float(psnr(image, reference) - psnr(source, reference))
                outcome = Outcome(
                    photo.set,
                    photo.name,
                    contender.name,
                    digest(source),
                    digest(image),
                    round(float(psnr(image, source)), 3),
                    None if gain is None else round(gain, 4),
                    round(seconds, 4),
                    note,
                )
                new[keys[number]] = outcome
                if contender.alone and outcome.changed:
                    Image.fromarray(image).save(RESULTS / f"{outcome.result}.jpg", quality=95, subsampling=0)
        found += [new[key] if key in new else _known[key] for key in keys]
    return found, new


def timed(contender: Contender, work: Work) -> tuple[Done, float]:
    """What it made, and the CPU seconds a photo, its own start and that of the programs it runs included."""
    with tempfile.TemporaryDirectory() as folder:
        before = cpu_seconds()
        results = contender.repair(work, Path(folder))
        return results, (cpu_seconds() - before) / len(work)


def digest(*parts: str | Array | None) -> str:
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(str(part.shape).encode() + np.ascontiguousarray(part).tobytes())
        else:
            found.update(str(part).encode() + b"\0")
    return found.hexdigest()[:16]
