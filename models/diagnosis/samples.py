"""Spoiled photographs as numbers: what the network is trained and measured on, made once and kept in a file."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diagnosis.defects import choose, spoil
from diagnosis.library import compute_features, linear_to_srgb_exact, srgb_to_linear_exact
from diagnosis.photos import load, measured_paths, photo_paths
from PIL import Image

GREY_SHARE = 0.05
RESTYLED_SHARE = 0.5
CHUNK = 8


@dataclass(frozen=True, slots=True)
class Samples:
    """thumbnails N×32×32×3, chroma N×32×32×2, numbers N×F, presence N×D (0–1), targets N×S (NaN: nothing to estimate).

    All float32.
    """

    thumbnails: np.ndarray
    chroma: np.ndarray
    numbers: np.ndarray
    presence: np.ndarray
    targets: np.ndarray

    def inputs(self) -> dict[str, np.ndarray]:
        """By the names of the network's inputs."""
        return {"thumbnail": self.thumbnails, "chroma": self.chroma, "numbers": self.numbers}


def make_samples(folder: Path, part: str, per_photo: int, seed: int, processes: int, cache: Path | None) -> Samples:
    """Spoil each photograph of a part `per_photo` times. A file in `cache` made with the same arguments is taken."""
    kept = cache / f"{part}-{per_photo}-{seed}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept) as arrays:
            return Samples(*(arrays[name] for name in Samples.__slots__))
    started = time.monotonic()
    paths = photo_paths(folder, part) if part == "train" else measured_paths(folder, part)
    jobs = [
        (path, part, seed, index, first, min(CHUNK, per_photo - first))
        for first in range(0, per_photo, CHUNK)
        for index, path in enumerate(paths)
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
    photo, training = load(path), part == "train"
    rows: list[tuple[np.ndarray, ...]] = []
    for number in range(first, first + count):
        rng = np.random.default_rng((seed, index, number))
        spoiled, truth = spoil(view(photo, rng, whole=not training), choose(rng, favour_hard=training), rng)
        features = compute_features(spoiled)
        rows.append((features.thumbnail, features.chroma, features.numbers, truth.presence(), truth.targets()))
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
        photo = restyle(photo, rng) if rng.random() < RESTYLED_SHARE else photo
    if rng.random() < GREY_SHARE:
        photo = np.repeat(np.asarray(Image.fromarray(photo).convert("L"))[..., None], 3, axis=2)
    return np.ascontiguousarray(photo)


def restyle(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another photo that is as good: of other colours, saturation, tone, and a little of light's own variety."""
    light = srgb_to_linear_exact((photo + rng.uniform(-0.5, 0.5, photo.shape)).clip(0, 255) / 255)
    if rng.random() < 0.4:  # other objects: what is grey stays grey
        light = light[..., rng.permutation(3)]
    light = light * np.exp2(rng.normal(0, 0.1) + rng.normal(0, 0.03, 3))
    encoded = linear_to_srgb_exact(light.clip(0, 1)) ** np.exp(rng.normal(0, 0.06))
    grey = encoded.mean(axis=2, keepdims=True)
    encoded = grey + rng.uniform(0.6, 1.2) * (encoded - grey)
    return np.rint(encoded.clip(0, 1) * 255).astype(np.uint8)
