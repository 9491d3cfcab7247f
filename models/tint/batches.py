"""Batches of samples, of which most are brought under yet another light: that only shifts what the network is told."""

from __future__ import annotations

import numpy as np
from diagnosis.library import CHROMA_BINS, CHROMA_REACH
from tint.samples import Samples, drawn_light

SHIFTED, GREY = 0.8, 0.4
"""Shares: of batches that are shifted, and of those the samples whose light becomes as it should be."""

LARGEST = 1.6
"""Stops that are told of a light at most."""

LEAST = 0.07
"""Stops below which a light counts as it should be: half a bin of the histograms."""

AS_IT_SHOULD_BE = 2.0
"""How much a photograph weighs whose light is as it should be: more, and what is doubtful is changed less."""

STEPS_A_STOP = CHROMA_BINS / (2 * CHROMA_REACH)
MOST_STEPS = CHROMA_BINS // 2 - 1


class Batches:
    """The samples in another order each epoch."""

    def __init__(self, samples: Samples, size: int, seed: int) -> None:
        self._samples, self._size = samples, size
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(samples.light))

    def __len__(self) -> int:
        return -(-len(self._order) // self._size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """chroma, estimates, light, and how much each sample weighs; float32."""
        some = self._samples.part(self._order[number * self._size : (number + 1) * self._size])
        chroma, estimates, light = some.chroma, some.estimates, np.clip(some.light, -LARGEST, LARGEST)
        if self._rng.random() < SHIFTED:
            wanted = np.stack([drawn_light(self._rng) for _ in light])
            wanted[self._rng.random(len(light)) < GREY] = 0
            steps = np.clip(np.rint((wanted - light) * STEPS_A_STOP), -MOST_STEPS, MOST_STEPS).astype(int)
            chroma = np.stack([_moved(each, *by) for each, by in zip(chroma, steps, strict=True)])
            by = (steps / STEPS_A_STOP).astype(np.float32)
            estimates = estimates + np.tile(by, estimates.shape[1] // 2)
            light = light + by
            light = np.where(np.abs(light) < LEAST, 0, light).astype(np.float32)
        weight = np.where(light.any(axis=1), 1.0, AS_IT_SHOULD_BE).astype(np.float32)
        return chroma, estimates, light, weight

    def shuffle(self) -> None:
        self._order = self._rng.permutation(self._order)


def _moved(chroma: np.ndarray, red: int, blue: int) -> np.ndarray:
    padded = np.pad(chroma, ((MOST_STEPS, MOST_STEPS), (MOST_STEPS, MOST_STEPS), (0, 0)))
    top, left = MOST_STEPS - red, MOST_STEPS - blue
    return padded[top : top + CHROMA_BINS, left : left + CHROMA_BINS]
