"""Train the diagnosis on photographs spoiled on purpose and export it: `<output>.keras` and `<output>.onnx`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from backend import keras, make_repeatable
from diagnosis.library import DEFECTS
from diagnosis.network import build, caution, deployable, encode, strength_loss, weights
from diagnosis.report import report
from diagnosis.samples import Samples, make_samples
from export import export_onnx

TRAIN_PER_PHOTO, VALIDATION_PER_PHOTO, TEST_PER_PHOTO = 96, 12, 12
MEMBERS = 3
WIDTH = 256
EPOCHS = 30
BATCH = 128
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 2e-2


def presence_with_fine(presence: np.ndarray) -> np.ndarray:
    """N×(D+1): the defects and "fine as it is", which is that none is visible."""
    return np.concatenate([presence, np.prod(1 - presence, axis=1, keepdims=True)], axis=1)


def train_member(
    name: str, samples: dict[str, Samples], mean: np.ndarray, deviation: np.ndarray, epochs: int
) -> keras.Model:
    train = samples["train"]
    model = build(name, train.numbers.mean(axis=0), train.numbers.var(axis=0), WIDTH)
    steps = epochs * -(-len(train.numbers) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
        ),
        loss={"presence": "binary_crossentropy", "strength": strength_loss},
    )
    data = {}
    for part, its in samples.items():
        standard = np.nan_to_num((encode(its.targets) - mean) / deviation)
        truth = np.concatenate([standard, weights(its.targets)], axis=1)
        data[part] = (
            its.inputs(),
            {"presence": presence_with_fine(its.presence), "strength": truth},
        )
    model.fit(
        *data["train"],
        epochs=epochs,
        batch_size=BATCH,
        validation_data=data["validation"],
        validation_freq=5,
        verbose=2,
    )
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of good photographs")
    parser.add_argument("--output", type=Path, required=True, help="where to write, without suffix")
    parser.add_argument("--cache", type=Path, help="folder to keep the spoiled photographs' features in")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--members", type=int, default=MEMBERS, help="networks whose mean is the model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="another number gives slightly other weights")
    parser.add_argument("--processes", type=int, default=2, help="to spoil photographs with; changes nothing else")
    arguments = parser.parse_args()
    make_repeatable(arguments.seed, arguments.threads)
    counts = {"train": TRAIN_PER_PHOTO, "validation": VALIDATION_PER_PHOTO, "test": TEST_PER_PHOTO}
    samples = {
        part: make_samples(arguments.photos, part, count, arguments.seed, arguments.processes, arguments.cache)
        for part, count in counts.items()
    }
    started = time.monotonic()
    encoded = encode(samples["train"].targets)
    mean, deviation = np.nanmean(encoded, axis=0), np.nanstd(encoded, axis=0)
    learning = {part: samples[part] for part in ("train", "validation")}
    members = [
        train_member(f"member_{number}", learning, mean, deviation, arguments.epochs)
        for number in range(arguments.members)
    ]
    validation = samples["validation"]
    answers = [member.predict(validation.inputs(), verbose=0)["presence"] for member in members]
    lowered = caution(np.mean(answers, axis=0), validation.presence)
    print("logits lowered by", dict(zip(DEFECTS, lowered.round(2).tolist(), strict=False)))
    model = deployable(members, mean, deviation, lowered)
    print(f"trained in {(time.monotonic() - started) / 60:.0f} minutes")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    model.save(arguments.output.with_suffix(".keras"))
    export_onnx(model, arguments.output.with_suffix(".onnx"))
    test = samples["test"]
    report(*model.predict(list(test.inputs().values()), verbose=0), test)


if __name__ == "__main__":
    main()
