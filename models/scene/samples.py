"""Photographs taken again, and pictures drawn, as numbers: what the network is trained and measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from backend import onnxruntime
from diagnosis.photos import SUFFIXES, cut, load
from PIL import Image
from scene.camera import Faults, compress, photograph
from scene.drawn import PAINTERS
from scene.kinds import KIND_OF
from scene.library import LUMA_WEIGHTS, SCENES, Views, scene_inputs
from training import Gathered

BACKBONE = Path(__file__).resolve().parents[1] / "backbone" / "backbone.onnx"
LONGEST = 420
"""Longest side, in px, at which a photograph is taken again."""

PER_KIND = {"photo": 7, "night": 10, "drawing": 3, "texture": 10, "document": 3}
DRAWN = 40
"""Pictures of each painter."""

DARK, LIGHT = 0.4, 0.2
"""Shares of the photographs that are taken with too little light, and with too much."""


@dataclass(frozen=True, slots=True)
class Samples(Gathered):
    """seen N×1280, numbers N×F; scene N×5 (one is 1); brighter N: by how much mean luma should be higher; source N:
    which photograph, -1 for what was drawn. All float32."""

    seen: np.ndarray
    numbers: np.ndarray
    scene: np.ndarray
    brighter: np.ndarray
    source: np.ndarray


def make_samples(folders: Sequence[Path], seed: int, *, processes: int, kept: Path | None) -> Samples:
    """All samples. A file `kept` is taken if it is there."""
    paths = all_photos(folders)
    jobs: list[tuple[Path | int, int, int]] = [(path, index, seed) for index, path in enumerate(paths)]
    jobs += [(painter, -1, seed) for painter in range(len(PAINTERS))]
    return Samples.gather(_samples, jobs, processes, kept)


def all_photos(folders: Sequence[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _samples(job: tuple[Path | int, int, int]) -> list[tuple[np.ndarray, ...]]:
    of, index, seed = job
    if isinstance(of, int):
        rng = np.random.default_rng((seed, 1, of))
        kind, paint = PAINTERS[of]
        return [_row(_saved(paint(rng), rng), kind, 0.0, index) for _ in range(DRAWN)]
    rng = np.random.default_rng((seed, 0, index))
    kind = KIND_OF.get(of.stem, "photo")
    photo = load(of)
    rows = []
    for number in range(PER_KIND[kind]):
        picture = _part(photo, rng, whole=number == 0)
        if kind in ("drawing", "texture", "document") or number == 0:
            rows.append(_row(_saved(picture, rng), kind, 0.0, index))
            continue
        faults = _faults(kind, rng)
        taken = photograph(picture, faults, rng)
        higher = _mean(picture) - _mean(taken) if abs(faults.exposure_ev) > 0.4 else 0.0
        rows.append(_row(taken, kind, higher, index))
    return rows


def _faults(kind: str, rng: np.random.Generator) -> Faults:
    draw = rng.random()
    ev = rng.normal(0, 0.1)
    if kind == "photo" and draw < DARK:
        ev = -rng.uniform(0.8, 5)
    elif kind == "photo" and draw < DARK + LIGHT:
        ev = rng.uniform(0.6, 2.6)
    warm = rng.normal(0, 0.25) if rng.random() < 0.3 else 0.0
    electrons = float(np.exp(rng.uniform(np.log(500), np.log(30_000))))
    return Faults(float(ev), warm, -warm, electrons)


def _mean(picture: np.ndarray) -> float:
    return float((picture.reshape(-1, 3)[::7] @ LUMA_WEIGHTS).mean() / 255)


def _part(photo: np.ndarray, rng: np.random.Generator, *, whole: bool) -> np.ndarray:
    """A large part of a photo, perhaps mirrored, at most `LONGEST` px a side; or all of it as it is."""
    if not whole:
        image = Image.fromarray(cut(photo, rng, 0.65))
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        photo = np.asarray(image)
    return photo


def _saved(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.4:
        return picture
    return np.asarray(compress(Image.fromarray(picture), int(rng.integers(72, 98)), rng))


def _row(picture: np.ndarray, kind: str, brighter: float, source: int) -> tuple[np.ndarray, ...]:
    seen, numbers = seen_in(picture)
    scene = np.array([name == kind for name in SCENES], np.float32)
    return seen, numbers, scene, np.array(brighter), np.array(source)


def seen_in(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the backbone answers about a picture, 1280 numbers, and the plain ones beside it."""
    inputs = scene_inputs(Views.of(picture))
    (seen,) = _backbone().run(["seen"], {"picture": inputs.picture[None]})
    return seen[0], inputs.numbers


@cache
def _backbone() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(BACKBONE, options, providers=["CPUExecutionProvider"])
