"""MNIST, and the split of the photographs that serve as "not a digit"."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from backend import keras
from PIL import Image

VALIDATION_SPLIT = 0.1
"""The last tenth of the 60,000 training images, as `keras.Model.fit(validation_split=0.1)` takes it."""

PHOTO_SUFFIXES = {".webp", ".png", ".jpg", ".jpeg"}
PHOTO_PARTS = ("train", "train", "train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Digits:
    """Images are float32 N×28×28×1, white ink (1) on black (0); labels are int64 N, 0–9."""

    train_images: np.ndarray
    train_labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits(path: Path | None) -> Digits:
    """MNIST from `path` (an .npz as Keras stores it), or downloaded by Keras where none is given."""
    if path is None:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    else:
        with np.load(path) as arrays:
            x_train, y_train, x_test, y_test = (arrays[key] for key in ("x_train", "y_train", "x_test", "y_test"))
    x_train, x_test = (x[..., np.newaxis].astype(np.float32) / 255 for x in (x_train, x_test))
    y_train, y_test = (y.astype(np.int64) for y in (y_train, y_test))
    cut = int(len(x_train) * (1 - VALIDATION_SPLIT))
    return Digits(x_train[:cut], y_train[:cut], x_train[cut:], y_train[cut:], x_test, y_test)


def photo_part(path: Path) -> str:
    """Which part a photograph belongs to, decided by its name alone, so that it never changes sides."""
    return PHOTO_PARTS[hashlib.sha256(path.stem.encode()).digest()[0] % len(PHOTO_PARTS)]


def load_photos(folder: Path, part: str) -> dict[str, np.ndarray]:
    """The photographs of one part below `folder` as grey float32 HxW in 0–1, by file name, in order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"no photographs in {folder}")
    photos = {}
    for path in paths:
        if photo_part(path) == part:
            with Image.open(path) as photo:
                photos[path.name] = np.asarray(photo.convert("L"), np.float32) / 255
    return photos
