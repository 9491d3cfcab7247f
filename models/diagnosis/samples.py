"""Spoiled photographs as numbers: what the network is trained and measured on, made once and kept in a file."""

from __future__ import annotations

import multiprocessing
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from defects import choose, spoil
from photos import load, photo_paths
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "core"))

from darkroom.diagnosis_features import compute_features  # the very code that runs in the function

GREY_SHARE = 0.05
CHUNK = 8


@dataclass(frozen=True, slots=True)
class Samples:
    """thumbnails N×32×32×3, numbers N×F, presence N×D (0–1), targets N×S (NaN: nothing to estimate); float32."""

    thumbnails: np.ndarray
    numbers: np.ndarray
    presence: np.ndarray
    targets: np.ndarray


def make_samples(folder: Path, part: str, per_photo: int, seed: int, processes: int, cache: Path | None) -> Samples:
    """Spoil each photograph of a part `per_photo` times. A file in `cache` made with the same arguments is taken."""
    kept = cache / f"{part}-{per_photo}-{seed}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept) as arrays:
            return Samples(*(arrays[name] for name in Samples.__slots__))
    started = time.monotonic()
    jobs = [
        (path, part, seed, index, first, min(CHUNK, per_photo - first))
        for first in range(0, per_photo, CHUNK)
        for index, path in enumerate(photo_paths(folder, part))
    ]
    with multiprocessing.Pool(processes) as pool:
        rows = [row for chunk in pool.imap(_chunk, jobs) for row in chunk]
    samples = Samples(*(np.stack(column) for column in zip(*rows, strict=True)))
    print(f"{part}: {len(rows)} samples in {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **{name: getattr(samples, name) for name in Samples.__slots__})
    return samples


def _chunk(job: tuple[Path, str, int, int, int, int]) -> list[tuple[np.ndarray, ...]]:
    path, part, seed, index, first, count = job
    photo = load(path)
    rows = []
    for number in range(first, first + count):
        rng = np.random.default_rng((seed, index, number))
        spoiled, truth = spoil(view(photo, rng, whole=part == "test"), choose(rng), rng)
        features = compute_features(spoiled)
        rows.append((features.thumbnail, features.numbers, truth.presence(), truth.targets()))
    return rows


def view(photo: np.ndarray, rng: np.random.Generator, *, whole: bool) -> np.ndarray:
    """The whole photograph, or for variety a smaller copy or a part of it, turned and mirrored; at times grey."""
    if not whole:
        draw, side = rng.random(), int(rng.integers(256, 385))
        if draw < 0.55:
            photo = np.asarray(Image.fromarray(photo).resize((side, side), Image.Resampling.LANCZOS))
        elif draw < 0.9:
            top, left = (int(rng.integers(0, n - side + 1)) for n in photo.shape[:2])
            photo = photo[top : top + side, left : left + side]
        photo = np.rot90(photo, rng.integers(0, 4) if draw < 0.3 else 0)
        photo = photo[:, ::-1] if rng.random() < 0.5 else photo
    if rng.random() < GREY_SHARE:
        photo = np.repeat(np.asarray(Image.fromarray(photo).convert("L"))[..., None], 3, axis=2)
    return np.ascontiguousarray(photo)
