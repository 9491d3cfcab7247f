"""MNIST, split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from backend import keras

VALIDATION_SPLIT = 0.1
"""The last tenth of the 60,000 training images, as `keras.Model.fit(validation_split=0.1)` takes it."""


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
