"""Train a digit classifier on MNIST and export it: `<output>.keras` and `<output>.onnx`.

`--architecture baseline` is the textbook network as every introduction trains it. `--architecture strong` (the default)
is what darkroom uses: distorted digits, batch normalisation, calibrated probabilities, and a second answer that says
whether the image is a digit at all, for which it also needs photographs (`--photos`).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from backend import keras, make_repeatable
from digits.batches import DIGITS_PER_BATCH, Batches, as_input, negative_pools, targets
from digits.data import VALIDATION_SPLIT, Digits, load_digits
from digits.measures import fit_temperature, negative_log_likelihood
from digits.network import answers, baseline, deployable, strong
from export import save

BASELINE_EPOCHS = 5
STRONG_EPOCHS = 14
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-3


def train_baseline(digits: Digits) -> keras.Model:
    images = np.concatenate([digits.train_images, digits.validation_images])
    labels = np.concatenate([digits.train_labels, digits.validation_labels])
    model = baseline()
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        images,
        keras.utils.to_categorical(labels, 10),
        epochs=BASELINE_EPOCHS,
        batch_size=128,
        validation_split=VALIDATION_SPLIT,
        verbose=2,
    )
    return model


def train_strong(digits: Digits, photos: Path, seed: int, epochs: int) -> keras.Model:
    batches = Batches(digits, negative_pools(digits.train_images, photos, "train", seed), seed, epochs)
    held_out = negative_pools(digits.validation_images, photos, "validation", seed)
    none = as_input(np.concatenate([pool[:: len(pool) // 500 + 1] for pool in held_out.values()]))
    images = np.concatenate([digits.validation_images, none])
    steps = epochs * len(batches)
    model = strong()
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(
                LEARNING_RATE / 20, steps - len(batches), warmup_target=LEARNING_RATE, warmup_steps=len(batches)
            ),
            weight_decay=WEIGHT_DECAY,
        ),
        loss={
            "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "presence": keras.losses.BinaryCrossentropy(from_logits=True),
        },
        weighted_metrics={
            "digit": keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            "presence": keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0),
        },
    )
    model.fit(
        batches,
        epochs=epochs,
        validation_data=(images, *targets(digits.validation_labels, len(images))),
        validation_batch_size=DIGITS_PER_BATCH,
        verbose=2,
    )
    logits = model.predict(digits.validation_images, verbose=0)["digit"]
    temperature = fit_temperature(logits, digits.validation_labels)
    print(f"temperature {temperature:.3f}")
    return deployable(model, temperature)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=("baseline", "strong"), default="strong")
    parser.add_argument("--data", type=Path, help="MNIST as .npz; without it Keras downloads it")
    parser.add_argument("--photos", type=Path, help="folder of photographs without handwriting (for `strong`)")
    parser.add_argument("--output", type=Path, required=True, help="where to write, without suffix")
    parser.add_argument("--epochs", type=int, default=STRONG_EPOCHS, help="for `strong` (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="another number gives slightly other weights")
    arguments = parser.parse_args()
    if arguments.architecture == "strong" and arguments.photos is None:
        parser.error("--architecture strong needs --photos")
    if arguments.architecture == "strong" and arguments.epochs < 2:
        parser.error("--epochs must be at least 2: the learning rate rises in the first")
    make_repeatable(arguments.seed, arguments.threads)
    digits = load_digits(arguments.data)
    started, started_cpu = time.monotonic(), time.process_time()
    if arguments.architecture == "baseline":
        model = train_baseline(digits)
    else:
        model = train_strong(digits, arguments.photos, arguments.seed, arguments.epochs)
    minutes, cpu_minutes = (time.monotonic() - started) / 60, (time.process_time() - started_cpu) / 60
    print(f"trained in {minutes:.0f} minutes ({cpu_minutes:.0f} of CPU time)")

    model = keras.Model(model.inputs, model.outputs, name=model.name)  # leaves the optimiser's state behind
    save(model, arguments.output)
    probabilities = answers(model, digits.test_images)["probabilities"]
    loss = negative_log_likelihood(probabilities, digits.test_labels)
    accuracy = (probabilities.argmax(axis=1) == digits.test_labels).mean()
    print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
