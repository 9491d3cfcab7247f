"""The split of the photographs that serve as "not a digit"."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

PHOTO_SUFFIXES = {".webp", ".png", ".jpg", ".jpeg"}
PHOTO_PARTS = ("train", "train", "train", "validation", "test")


def photo_part(path: Path) -> str:
    """Which part a photograph belongs to, decided by its name alone, so that it never changes sides."""
    return PHOTO_PARTS[hashlib.sha256(path.stem.encode()).digest()[0] % len(PHOTO_PARTS)]


def photo_paths(folder: Path, part: str) -> list[Path]:
    """The photographs of one part below `folder`, in order of their names. Raises where the folder has none at all."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"no photographs in {folder}")
    return [path for path in paths if photo_part(path) == part]


def load_photos(folder: Path, part: str) -> dict[str, np.ndarray]:
    """The photographs of one part below `folder` as grey float32 HxW in 0–1, by file name, in order of their names."""
    photos = {}
    for path in photo_paths(folder, part):
        with Image.open(path) as photo:
            photos[path.name] = np.asarray(photo.convert("L"), np.float32) / 255
    return photos
