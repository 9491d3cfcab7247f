"""The network: from what the backbone saw to whether the light has the colour that it should have."""

from __future__ import annotations

import numpy as np
from backend import keras
from training import averaged

layers = keras.layers

SEEN = 1280
"""What the backbone answers."""

LIMIT = 4.0
WIDTH = 24


def build(name: str, mean: np.ndarray, variance: np.ndarray) -> keras.Model:
    """Input `seen` N×1280; answer `glow` N×1, a probability. mean, variance: of `seen` in training."""
    inputs = keras.Input((SEEN,), name="seen")
    standard = keras.ops.clip(layers.Normalization(mean=mean, variance=variance + 1e-3)(inputs), -LIMIT, LIMIT)
    hidden = layers.Dense(WIDTH, activation="relu")(layers.Dropout(0.5)(standard))
    glow = layers.Dense(1, activation="sigmoid", name="glow")(layers.Dropout(0.4)(hidden))
    return keras.Model(inputs, {"glow": glow}, name=name)


def deployable(members: list[keras.Model]) -> keras.Model:
    """The mean of the trained members."""
    inputs = [keras.Input((SEEN,), name="seen")]
    return keras.Model(inputs, averaged(members, inputs, ["glow"]), name="glow")
