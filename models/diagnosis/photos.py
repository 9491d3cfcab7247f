"""The photographs, and their split into training, validation and test: by name alone, so that none changes sides."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

SUFFIXES = {".webp", ".png", ".jpg", ".jpeg"}
MOST_COLORS = 7000
LARGEST_SHARE = 0.3
PARTS = ("train", "train", "train", "validation", "test")


def part_of(path: Path) -> str:
    return PARTS[hashlib.sha256(path.stem.encode()).digest()[0] % len(PARTS)]


def photo_paths(folder: Path, part: str) -> list[Path]:
    """The photographs of one part below `folder`, in order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"no photographs in {folder}")
    return [path for path in paths if part_of(path) == part]


def measured_paths(folder: Path, part: str) -> list[Path]:
    """As `photo_paths`, but without the charts and drawings among them: when is a chart too bright?"""
    return [path for path in photo_paths(folder, part) if not is_graphic(load(path))]


def is_graphic(picture: np.ndarray) -> bool:
    """Whether HxWx3 has few colours, of which one fills much of it."""
    _, counts = np.unique(picture.reshape(-1, 3) @ np.array([1, 256, 65536]), return_counts=True)
    return bool(len(counts) < MOST_COLORS and counts.max() > LARGEST_SHARE * counts.sum())


def load(path: Path) -> np.ndarray:
    """HxWx3 uint8."""
    with Image.open(path) as photo:
        return np.asarray(photo.convert("RGB"))


def cut(photo: np.ndarray, rng: np.random.Generator, least: float) -> np.ndarray:
    """A part of a photo, at least this share of its pixels, perhaps mirrored; a view."""
    height, width = photo.shape[:2]
    share = rng.uniform(least, 1) ** 0.5
    h, w = int(height * share), int(width * share)
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    part = photo[top : top + h, left : left + w]
    return part[:, ::-1] if rng.random() < 0.5 else part
