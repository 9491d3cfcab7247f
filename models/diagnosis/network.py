"""The network: a small convolutional trunk for the thumbnail, a dense one for the numbers, two answers on top."""

from __future__ import annotations

import numpy as np
from backend import keras
from defects import DEFECTS, STRENGTHS

layers = keras.layers

THUMBNAIL_SHAPE = (32, 32, 3)
LIMIT = 6.0
"""Numbers further from the training's mean than this many deviations are taken to be there."""

LOGARITHMIC = ("contrast", "noise_sigma", "impulse_share", "blur_sigma_px", "motion_px")
"""Strengths that the network tells as their log2, since their errors are relative."""

ALWAYS_DEFINED = ("exposure_ev", "contrast", "cast_red", "cast_blue", "haze", "backlight_ev")
ABSENT_WEIGHT = 0.3


def build(name: str, numbers_mean: np.ndarray, numbers_variance: np.ndarray, width: int) -> keras.Model:
    """Inputs `thumbnail` N×32×32×3 and `numbers` N×F; answers `presence` (probabilities: each defect, then "fine as it
    is") and `strength` (standardised, as `encode` gives them)."""
    thumbnail = keras.Input(THUMBNAIL_SHAPE, name="thumbnail")
    numbers = keras.Input(numbers_mean.shape, name="numbers")
    seen = layers.AveragePooling2D(2)(thumbnail - 0.5)
    for filters in (12, 24, 32):
        seen = layers.Conv2D(filters, 3, padding="same", activation="relu")(seen)
        seen = layers.MaxPooling2D(2)(seen)
    seen = layers.Dropout(0.3)(layers.Flatten()(seen))
    seen = layers.Dense(48, activation="relu")(seen)

    known = layers.Normalization(mean=numbers_mean, variance=numbers_variance + 1e-6)(numbers)
    known = layers.GaussianNoise(0.05)(keras.ops.clip(known, -LIMIT, LIMIT))
    known = layers.Dense(width, activation="relu")(layers.Dropout(0.1)(known))
    known = layers.Dense(width // 2, activation="relu")(layers.Dropout(0.25)(known))

    both = layers.Concatenate()([seen, known])
    both = layers.Dense(width // 2, activation="relu")(layers.Dropout(0.15)(both))
    presence = layers.Dense(len(DEFECTS) + 1, activation="sigmoid", name="presence")(layers.Dropout(0.1)(both))
    strength = layers.Dense(len(STRENGTHS), name="strength")(layers.Concatenate()([both, known]))
    return keras.Model([thumbnail, numbers], {"presence": presence, "strength": strength}, name=name)


def encode(targets: np.ndarray) -> np.ndarray:
    """Strengths as the network tells them, N×S: log2 of those that are logarithmic."""
    encoded = targets.copy()
    for name in LOGARITHMIC:
        encoded[:, STRENGTHS.index(name)] = np.log2(encoded[:, STRENGTHS.index(name)])
    return encoded


def present(targets: np.ndarray) -> np.ndarray:
    """N×S: whether a strength is of a defect that is there, rather than of one that is not."""
    neutral = np.zeros(len(STRENGTHS))
    neutral[STRENGTHS.index("contrast")] = 1
    return ~np.isnan(targets) & (targets != neutral)


def weights(targets: np.ndarray) -> np.ndarray:
    """How much each strength counts, N×S: fully where the defect is, less where it is absent, not where undefined."""
    result = present(targets).astype(np.float32)
    for name in ALWAYS_DEFINED:
        column = STRENGTHS.index(name)
        result[:, column] = np.where(result[:, column] > 0, 1, ABSENT_WEIGHT)
    return result


def strength_loss(truth: keras.KerasTensor, answer: keras.KerasTensor) -> keras.KerasTensor:
    """Huber's loss; `truth` is N×2S: standardised strengths, then their weights."""
    count = len(STRENGTHS)
    error = keras.ops.abs(truth[:, :count] - answer)
    loss = keras.ops.where(error < 0.3, error * error / 0.6, error - 0.15)
    return keras.ops.mean(loss * truth[:, count:], axis=-1)


def deployable(members: list[keras.Model], mean: np.ndarray, deviation: np.ndarray) -> keras.Model:
    """The mean of the trained members, with strengths that are no longer standardised (their `encode`d scale)."""
    inputs = [
        keras.Input(THUMBNAIL_SHAPE, name="thumbnail"),
        keras.Input(members[0].input_shape[1][1:], name="numbers"),
    ]
    answers = []
    for member in members:
        head = member.get_layer("strength")
        kernel, bias = head.get_weights()
        head.set_weights([kernel * deviation, bias * deviation + mean])
        member.trainable = False  # the exporter takes nested weights for constants
        answers.append(member(inputs))
    presence = layers.Average(name="presence")([answer["presence"] for answer in answers])
    strength = layers.Average(name="strength")([answer["strength"] for answer in answers])
    return keras.Model(inputs, [presence, strength], name="diagnosis")
