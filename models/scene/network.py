"""The network: from what the backbone saw and what was measured to a picture's kind, and how bright it should be."""

from __future__ import annotations

import numpy as np
from backend import keras
from scene.library import SCENES
from training import averaged

layers = keras.layers

SEEN = 1280
"""What the backbone answers."""

LIMIT = 4.0
SCALE = 0.2
"""Changes of mean luma that are usual."""

ANSWERS = ("scene", "brighter")


def build(name: str, moments: dict[str, tuple[np.ndarray, np.ndarray]], width: int) -> keras.Model:
    """Inputs `seen` N×1280 and `numbers` N×F; answers `scene` N×5, probabilities, and `brighter` N×1.

    moments: mean and variance of each input in training.
    """
    inputs = model_inputs(moments["numbers"][0].shape)
    seen, numbers = (
        _standard(tensor, *moments[name]) for tensor, name in zip(inputs, ("seen", "numbers"), strict=True)
    )
    both = layers.GaussianNoise(0.1)(layers.Dropout(0.25)(layers.Concatenate()([seen, numbers])))
    both = layers.Dropout(0.4)(layers.Dense(width, activation="relu")(both))
    scene = layers.Dense(len(SCENES), activation="softmax", name="scene")(both)
    brighter = layers.Rescaling(SCALE, name="brighter")(layers.Dense(1)(both))
    return keras.Model(inputs, {"scene": scene, "brighter": brighter}, name=name)


def _standard(values: keras.KerasTensor, mean: np.ndarray, variance: np.ndarray) -> keras.KerasTensor:
    return keras.ops.clip(layers.Normalization(mean=mean, variance=variance + 1e-5)(values), -LIMIT, LIMIT)


def model_inputs(numbers_shape: tuple[int, ...]) -> list[keras.KerasTensor]:
    return [keras.Input((SEEN,), name="seen"), keras.Input(numbers_shape, name="numbers")]


def deployable(members: list[keras.Model]) -> keras.Model:
    """The mean of the trained members."""
    inputs = model_inputs(members[0].input_shape[1][1:])
    return keras.Model(inputs, list(averaged(members, inputs, ANSWERS).values()), name="scene")
