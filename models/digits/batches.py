"""Endless variety for training: batches of distorted digits and of what is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from backend import keras
from digits import negatives
from digits.data import Digits
from digits.distort import distort
from digits.photos import load_photos
from digits.printed import glyphs

DIGITS_PER_BATCH = 128
PRINTED_PER_BATCH = 4
NEGATIVES_PER_BATCH = {
    "candidates": 14,
    "windows": 3,
    "scribbles": 5,
    "letters": 3,
    "pairs": 4,
    "shapes": 2,
    "blanks": 1,
}
DRAWN = 10_000
WINDOWS_PER_PHOTO = 100

FIRST_AMOUNT = 1.0
LAST_AMOUNT = 0.2
"""How much the first and the last epoch distort; linear between. Strong distortion to the end leaves the network
underfitted: as many errors on clean training digits as on new ones."""

Batch = tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras tells no types
    """An epoch shows every training digit once, with printed digits and negatives drawn beside them."""

    def __init__(self, digits: Digits, pools: dict[str, np.ndarray], seed: int, epochs: int) -> None:
        super().__init__()
        self.digits = digits
        self.pools = pools
        self.printed = glyphs("0123456789")
        self.seed = seed
        self.amounts = np.linspace(FIRST_AMOUNT, LAST_AMOUNT, epochs)
        self.epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self.digits.train_labels) // DIGITS_PER_BATCH

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.digits.train_labels))

    def __getitem__(self, index: int) -> Batch:
        seed = (self.seed, self.epoch, index)
        rng = np.random.default_rng(seed)
        chosen = self.order[index * DIGITS_PER_BATCH : (index + 1) * DIGITS_PER_BATCH]
        printed = rng.integers(0, len(self.printed[0]), PRINTED_PER_BATCH)
        none = [self.pools[name][rng.integers(0, len(self.pools[name]), n)] for name, n in NEGATIVES_PER_BATCH.items()]
        images = np.concatenate(
            [self.digits.train_images[chosen], *(as_input(part) for part in (self.printed[0][printed], *none))]
        )
        labels = np.concatenate([self.digits.train_labels[chosen], self.printed[1][printed]])
        amount = self.amounts[min(self.epoch, len(self.amounts) - 1)]  # Keras also asks past the last epoch
        return distort(images, seed, float(amount)), *targets(labels, len(images))


def targets(labels: np.ndarray, count: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What the network should answer for `count` images, of which the first are the digits `labels`, and the weights.

    Images that are no digit do not count for the head that tells digits apart.
    """
    present = (np.arange(count) < len(labels)).astype(np.float32)
    digit = np.zeros(count, np.int64)
    digit[: len(labels)] = labels
    return {"digit": digit, "presence": present[:, np.newaxis]}, {"digit": present, "presence": np.ones_like(present)}


def as_input(images: np.ndarray) -> np.ndarray:
    """The network's float32 N×28×28×1 in 0–1 from uint8 N×28×28."""
    return images[..., np.newaxis].astype(np.float32) / 255


def negative_pools(digits: np.ndarray, photos: Path, part: str, seed: int) -> dict[str, np.ndarray]:
    """Images that are no digit, uint8 N×28×28, by kind; the photographs are those of `part`, `digits` is N×28×28×1."""
    rng = np.random.default_rng(seed)
    candidates, windows = negatives.from_photos(load_photos(photos, part).values(), rng, WINDOWS_PER_PHOTO)
    return {
        "candidates": candidates,
        "windows": windows,
        "scribbles": negatives.scribbles(rng, DRAWN),
        "letters": negatives.letters(),
        "pairs": negatives.pairs(np.rint(digits[..., 0] * 255).astype(np.uint8), rng, DRAWN),
        "shapes": negatives.shapes(rng, DRAWN // 10),
        "blanks": negatives.blanks(rng, DRAWN // 10),
    }
