"""Spoil, repair, measure: on several processes, with the scores that are known already kept in a file."""

from __future__ import annotations

import hashlib
import inspect
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkroom.picture import Array
from tests.bench.quality import measures
from tests.bench.quality.conditions import CLEAN, Condition, load
from tests.bench.quality.contenders import CONTENDERS, ROOT, Contender

KEPT = ROOT / "build/quality/scores.jsonl"
NOTHING = "nothing"
"""The contender that does nothing: what the gains are counted from."""


@dataclass(frozen=True, slots=True)
class Score:
    """One photo, spoiled in one way and repaired by one contender. note: what the contender says it did.

    The measures are against the photo before it was spoiled; of a clean one, against the file that the contender got.
    """

    photo: str
    defect: str
    title: str
    contender: str
    psnr: float
    ssim: float
    delta_e: float
    note: str = ""


Measured = dict[str, tuple[float, float, float, str]]
"""PSNR, SSIM, ΔE00 and note, by a digest of all that they follow from."""


def score(
    paths: Sequence[Path], conditions: Sequence[Condition], contenders: Sequence[Contender], processes: int = 2
) -> list[Score]:
    """Every contender, and doing nothing, on every photo in every condition.

    Scores come from KEPT where photo, contender and measures are the same to the bit, and are added to it.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ[name] = "1"  # the processes share the cores among the photos
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    scores: list[Score] = []
    tasks = [(path, list(conditions), [contender.name for contender in contenders]) for path in paths]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _remember, (KEPT,)) as pool, KEPT.open("a") as kept:
        for number, (of_photo, new) in enumerate(pool.map(_score_photo, tasks), 1):
            scores += of_photo
            kept.writelines(json.dumps([digest, *values]) + "\n" for digest, values in new.items())
            kept.flush()
            show_progress(number, len(paths))
    return scores


def read(path: Path) -> Measured:
    if not path.exists():
        return {}
    known: Measured = {}
    for line in path.read_text().splitlines():
        try:
            digest, psnr, ssim, delta_e, note = json.loads(line)
        except ValueError:
            continue  # a run was ended while it wrote
        known[digest] = (psnr, ssim, delta_e, note)
    return known


def show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{total} photos", end="\n" if done == total else "", file=sys.stderr, flush=True)


_known: Measured = {}


def _remember(path: Path) -> None:
    """Each process reads the scores that are known once."""
    _known.update(read(path))


def _score_photo(task: tuple[Path, list[Condition], list[str]]) -> tuple[list[Score], Measured]:
    path, conditions, names = task
    photo = load(path)
    work = [(condition, condition.spoil(photo)) for condition in conditions]
    scores, new = [], {}
    for contender in [DOING_NOTHING, *(c for c in CONTENDERS if c.name in names)]:
        measured, found = _measure(contender, photo, work, _known)
        new.update(found)
        for (condition, _), values in zip(work, measured, strict=True):
            scores.append(Score(path.stem, condition.defect, condition.title, contender.name, *values))
    return scores, new


def _measure(
    contender: Contender, photo: Array, work: Sequence[tuple[Condition, Array]], known: Measured
) -> tuple[list[tuple[float, float, float, str]], Measured]:
    """Of each piece of work, and those of them that were not known."""
    originals = [image if condition.defect == CLEAN else photo for condition, image in work]
    digests = [_digest(contender, original, *piece) for original, piece in zip(originals, work, strict=True)]
    given = dict(zip(digests, originals, strict=True))
    missing = [piece for piece, digest in zip(work, digests, strict=True) if digest not in known]
    new: Measured = {}
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            repaired = iter(contender.repair(missing, Path(folder)))
        for digest in (digest for digest in digests if digest not in known):
            image, note = next(repaired)
            original = given[digest]
            new[digest] = (
                round(measures.psnr(image, original), 4),
                round(measures.ssim(image, original), 6),
                round(measures.delta_e(image, original), 4),
                note,
            )
    return [new[digest] if digest in new else known[digest] for digest in digests], new


def _digest(contender: Contender, photo: Array, condition: Condition, spoiled: Array) -> str:
    digest = hashlib.sha256()
    for part in (contender.name, contender.identity(), inspect.getsource(measures), condition.title):
        digest.update(part.encode() + b"\0")
    for array in (photo, spoiled):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


DOING_NOTHING = Contender(NOTHING, "doing nothing", lambda work, _: [(image, "") for _, image in work], lambda: "")
