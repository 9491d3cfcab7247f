"""The networks. Both take float32 N×28×28×1 in 0–1, white ink on black, and answer with probabilities."""

from __future__ import annotations

import numpy as np
from backend import keras

layers = keras.layers

INPUT_SHAPE = (28, 28, 1)


def baseline() -> keras.Model:
    """The textbook network: two convolutions, two poolings, two dense layers, softmax (121,930 weights)."""
    image = keras.Input(INPUT_SHAPE, name="image")
    x = layers.Conv2D(32, 3, activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="probabilities")(x), name="baseline")


def strong() -> keras.Model:
    """Convolutions in pairs with batch normalisation and dropout; answers with logits, for training.

    Two heads on one trunk: `digit` (ten logits: which digit, if it is one) and `presence` (one logit: is it one at
    all). Apart, the second can be taught with what is not a digit without touching the first one's probabilities.
    """
    image = keras.Input(INPUT_SHAPE, name="image")
    x = image
    for filters in (24, 64):
        x = _convolution(x, filters)
        x = _convolution(x, filters)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(0.4)(x)
    heads = {"digit": layers.Dense(10, name="digit")(x), "presence": layers.Dense(1, name="presence")(x)}
    return keras.Model(image, heads, name="strong")


def deployable(trained: keras.Model, temperature: float) -> keras.Model:
    """`strong` with probabilities for answers: `probabilities` (N×10, calibrated) and `is_digit` (N×1).

    The temperature divides the logits (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), so it is
    folded into the last layer's weights, once: `trained` is changed.
    """
    head = trained.get_layer("digit")
    head.set_weights([weights / temperature for weights in head.get_weights()])
    probabilities = layers.Softmax(name="probabilities")(trained.output["digit"])
    is_digit = layers.Activation("sigmoid", name="is_digit")(trained.output["presence"])
    return keras.Model(trained.input, [probabilities, is_digit], name="digits")


def answers(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """What `baseline` or `deployable` answers to images N×28×28×1, by output name."""
    arrays = model.predict(images, batch_size=500, verbose=0)
    return dict(zip(model.output_names, arrays if isinstance(arrays, list) else [arrays], strict=True))


def _convolution(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 3, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)
