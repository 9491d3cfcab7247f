"""Train the diagnosis on photographs spoiled on purpose and export it: `<output>.keras` and `<output>.onnx`."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from backend import keras, make_repeatable
from diagnosis.library import DEFECTS
from diagnosis.network import build, caution, deployable, encode, strength_loss, weights
from diagnosis.report import report
from diagnosis.samples import Samples, make_samples
from export import save

TRAIN_PER_PHOTO, VALIDATION_PER_PHOTO, TEST_PER_PHOTO = 128, 12, 12
MEMBERS = 3
WIDTH = 256
EPOCHS = 22
BATCH = 128
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 2e-2


def presence_with_fine(presence: np.ndarray) -> np.ndarray:
    """N×(D+1): the defects and "fine as it is", which is that none is visible."""
    return np.concatenate([presence, np.prod(1 - presence, axis=1, keepdims=True)], axis=1)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What every member learns from. mean, deviation: of the encoded strengths, S each."""

    train: Samples
    validation: Samples
    mean: np.ndarray
    deviation: np.ndarray
    epochs: int
    seed: int
    threads: int

    def blank(self, number: int) -> keras.Model:
        return build(f"member_{number}", self.train.numbers.mean(axis=0), self.train.numbers.var(axis=0), WIDTH)


_lesson: Lesson


def train_members(lesson: Lesson, members: int, processes: int) -> list[keras.Model]:
    """Networks that differ by their seed; side by side or one after another they come out the same."""
    with multiprocessing.get_context("fork").Pool(min(processes, members), _take, (lesson,)) as pool:
        trained = pool.map(_train_member, range(members), chunksize=1)
    models = [lesson.blank(number) for number in range(members)]
    for model, its in zip(models, trained, strict=True):
        model.set_weights(its)
    return models


def _take(lesson: Lesson) -> None:
    global _lesson
    _lesson = lesson


def _train_member(number: int) -> list[np.ndarray]:
    """The weights of one network."""
    lesson = _lesson
    make_repeatable(lesson.seed + number, lesson.threads)
    model = lesson.blank(number)
    steps = lesson.epochs * -(-len(lesson.train.numbers) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
        ),
        loss={"presence": "binary_crossentropy", "strength": strength_loss},
    )
    data = []
    for its in (lesson.train, lesson.validation):
        standard = np.nan_to_num((encode(its.targets) - lesson.mean) / lesson.deviation)
        truth = np.concatenate([standard, weights(its.targets)], axis=1)
        data.append((its.inputs(), {"presence": presence_with_fine(its.presence), "strength": truth}))
    learned = model.fit(
        *data[0],
        epochs=lesson.epochs,
        batch_size=BATCH,
        validation_data=data[1],
        validation_freq=lesson.epochs,
        verbose=0,
    )
    losses = {name: round(values[-1], 4) for name, values in learned.history.items()}
    print(f"member {number}: {losses}", flush=True)
    return model.get_weights()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of good photographs")
    parser.add_argument("--output", type=Path, required=True, help="where to write, without suffix")
    parser.add_argument("--cache", type=Path, help="folder to keep the spoiled photographs' features in")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--members", type=int, default=MEMBERS, help="networks whose mean is the model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="another number gives slightly other weights")
    parser.add_argument("--processes", type=int, default=2, help="side by side; changes nothing else")
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
    train, validation = samples["train"], samples["validation"]
    lesson = Lesson(train, validation, mean, deviation, arguments.epochs, arguments.seed, arguments.threads)
    members = train_members(lesson, arguments.members, arguments.processes)
    answers = [member.predict(validation.inputs(), verbose=0)["presence"] for member in members]
    lowered = caution(np.mean(answers, axis=0), validation.presence)
    print("logits lowered by", dict(zip(DEFECTS, lowered.round(2).tolist(), strict=False)))
    model = deployable(members, mean, deviation, lowered)
    print(f"trained in {(time.monotonic() - started) / 60:.0f} minutes")
    save(model, arguments.output)
    test = samples["test"]
    presence, strength = model.predict(list(test.inputs().values()), verbose=0)
    report(presence, strength, test)


if __name__ == "__main__":
    main()
