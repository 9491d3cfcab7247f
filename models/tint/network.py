"""The network: from where the colours lie and what estimates say to the colour of the light."""

from __future__ import annotations

import numpy as np
from backend import keras
from training import averaged

layers = keras.layers

LIMIT = 4.0
SCALE = 0.4
"""Stops by which lights usually differ from grey."""

CHROMA = (32, 32, 2)
WIDTH = 64


def build(name: str, mean: np.ndarray, variance: np.ndarray) -> keras.Model:
    """Inputs `chroma` N×32×32×2 and `estimates` N×F; answer `light` N×2. mean, variance: of estimates."""
    inputs = model_inputs(mean.shape)
    chroma, estimates = inputs
    for filters in (12, 16):
        chroma = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(chroma)
    chroma = layers.Dense(32, activation="relu")(layers.Dropout(0.3)(layers.Flatten()(chroma)))
    estimates = layers.Normalization(mean=mean, variance=variance + 1e-5)(layers.GaussianNoise(0.03)(estimates))
    both = layers.Concatenate()([keras.ops.clip(estimates, -LIMIT, LIMIT), chroma])
    both = layers.Dropout(0.3)(layers.Dense(WIDTH, activation="relu")(both))
    light = layers.Rescaling(SCALE, name="light")(layers.Dense(2)(both))
    return keras.Model(inputs, {"light": light}, name=name)


def model_inputs(shape: tuple[int, ...]) -> list[keras.KerasTensor]:
    return [keras.Input(CHROMA, name="chroma"), keras.Input(shape, name="estimates")]


def deployable(members: list[keras.Model]) -> keras.Model:
    """The mean of the trained members."""
    inputs = model_inputs(members[0].input_shape[1][1:])
    return keras.Model(inputs, averaged(members, inputs, ["light"]), name="tint")
