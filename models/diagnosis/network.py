"""The network: a small convolutional trunk for the thumbnail, a dense one for the numbers, two answers on top."""

from __future__ import annotations

import numpy as np
from backend import keras
from diagnosis.library import CHROMA_BINS, CHROMA_REACH, DEFECTS, STRENGTHS

layers = keras.layers

THUMBNAIL_SHAPE = (32, 32, 3)
CHROMA_SHAPE = (CHROMA_BINS, CHROMA_BINS, 2)
HEATS = 4
LIMIT = 6.0
"""Numbers further from the training's mean than this many deviations are taken to be there."""

LOGARITHMIC = [column for column, name in enumerate(STRENGTHS) if name.endswith("_log2")]
"""Columns of strengths that the network tells as their log2, since their errors are relative."""

NEUTRAL = {"contrast_log2": 1.0, "cast_red_log2": 1.0, "cast_blue_log2": 1.0}
"""What strengths of defects that are not there are, if not 0, before the logarithm."""

MOST_FALSE = 0.02
MOST_CAUTION = 1.0

ALWAYS_DEFINED = ("exposure_ev", *NEUTRAL, "haze", "backlight_ev")
ABSENT_WEIGHT = 0.04
"""Little: a strength is what it would be if the defect were there, not drawn towards none by every doubt."""


def build(name: str, numbers_mean: np.ndarray, numbers_variance: np.ndarray, width: int) -> keras.Model:
    """Inputs `thumbnail` N×32×32×3, `chroma` N×32×32×2 and `numbers` N×F; answers `presence` (probabilities: each
    defect, then "fine as it is") and `strength` (standardised, as `encode` gives them)."""
    inputs = model_inputs(numbers_mean.shape)
    thumbnail, chroma, numbers = inputs
    seen = layers.AveragePooling2D(2)(thumbnail - 0.5)
    for filters in (12, 24, 32):
        seen = layers.Conv2D(filters, 3, padding="same", activation="relu")(seen)
        seen = layers.MaxPooling2D(2)(seen)
    seen = layers.Dropout(0.3)(layers.Flatten()(seen))
    seen = layers.Dense(48, activation="relu")(seen)

    known = layers.Normalization(mean=numbers_mean, variance=numbers_variance + 1e-6)(numbers)
    known = layers.GaussianNoise(0.05)(keras.ops.clip(known, -LIMIT, LIMIT))
    given = layers.Concatenate()([layers.Dropout(0.1)(known), light_places(chroma)])
    known = layers.Dense(width, activation="relu")(given)
    known = layers.Dense(width // 2, activation="relu")(layers.Dropout(0.35)(known))

    both = layers.Concatenate()([seen, known])
    both = layers.Dense(width // 2, activation="relu")(layers.Dropout(0.25)(both))
    presence = layers.Dense(len(DEFECTS) + 1, activation="sigmoid", name="presence")(layers.Dropout(0.2)(both))
    strength = layers.Dense(len(STRENGTHS), name="strength")(layers.Concatenate()([both, known, given]))
    return keras.Model(inputs, {"presence": presence, "strength": strength}, name=name)


def model_inputs(numbers_shape: tuple[int, ...]) -> list[keras.KerasTensor]:
    return [
        keras.Input(THUMBNAIL_SHAPE, name="thumbnail"),
        keras.Input(CHROMA_SHAPE, name="chroma"),
        keras.Input(numbers_shape, name="numbers"),
    ]


def light_places(chroma: keras.KerasTensor) -> keras.KerasTensor:
    """Where in the chroma histograms the light may be: of some heat maps, N×5 each, mean and second moments.

    Convolution finds the pattern wherever a gain has shifted it to (Barron 2015).
    """
    heat = layers.Conv2D(8, 5, padding="same", activation="relu")(chroma * 8)
    heat = layers.Conv2D(12, 5, padding="same", activation="relu")(heat)
    heat = layers.Conv2D(HEATS, 3, padding="same")(heat)
    heat = layers.Permute((2, 1))(layers.Reshape((CHROMA_BINS**2, HEATS))(heat))
    red, blue = np.meshgrid(*[(np.arange(CHROMA_BINS) + 0.5) / CHROMA_BINS * 2 - 1] * 2, indexing="ij")
    moments = np.stack([red, blue, red * red, blue * blue, red * blue], axis=-1).reshape(-1, 5) * CHROMA_REACH
    read = layers.Dense(5, use_bias=False, trainable=False)
    places = read(layers.Softmax(axis=-1)(heat))
    read.set_weights([moments])
    return layers.Flatten()(places)


def encode(targets: np.ndarray) -> np.ndarray:
    """Strengths as the network tells them, N×S: log2 of those that are logarithmic."""
    encoded = targets.copy()
    encoded[:, LOGARITHMIC] = np.log2(encoded[:, LOGARITHMIC])
    return encoded


def present(targets: np.ndarray) -> np.ndarray:
    """N×S: whether a strength is of a defect that is there, rather than of one that is not."""
    neutral = np.array([NEUTRAL.get(name, 0.0) for name in STRENGTHS], np.float32)
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


def caution(probabilities: np.ndarray, presence: np.ndarray) -> np.ndarray:
    """By how much to lower the logit of each label, so that of photos without any defect few are said to have it.

    In training a defect is as frequent as its absence allows; among the photos that people have, it is rare.
    """
    clean = probabilities[presence.max(axis=1) == 0, : len(DEFECTS)]
    highest = np.sort(clean, axis=0)[-1 - int(MOST_FALSE * len(clean))]
    shift = np.clip(np.log(highest / (1 - highest)) + 0.01, 0, MOST_CAUTION)
    return np.append(shift, 0).astype(np.float32)


def deployable(members: list[keras.Model], mean: np.ndarray, deviation: np.ndarray, lowered: np.ndarray) -> keras.Model:
    """The mean of the trained members, with strengths that are no longer standardised (their `encode`d scale).

    lowered: by how much the logits of `presence` are lowered, as `caution` tells.
    """
    inputs = model_inputs(members[0].input_shape[2][1:])
    answers = []
    for trained in members:
        member = keras.Model(trained.inputs, trained.output, name=trained.name)  # without optimizer and loss
        head = member.get_layer("strength")
        kernel, bias = head.get_weights()
        head.set_weights([kernel * deviation, bias * deviation + mean])
        head = member.get_layer("presence")
        kernel, bias = head.get_weights()
        head.set_weights([kernel, bias - lowered])
        member.trainable = False  # the exporter takes nested weights for constants
        answers.append(member(inputs))
    presence = layers.Average(name="presence")([answer["presence"] for answer in answers])
    strength = layers.Average(name="strength")([answer["strength"] for answer in answers])
    return keras.Model(inputs, [presence, strength], name="diagnosis")
