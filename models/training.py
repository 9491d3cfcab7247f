"""What trainings on photographs taken again share: arguments, samples made side by side, and the mean of members."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from backend import keras

MEMBERS = 3
FOLDS = 4

type Train = Callable[[int, Any, int, int, int], keras.Model]
"""Trains a member by its number, on samples, for so many epochs, from a seed, on so many threads."""


def arguments(words: str, epochs: int) -> argparse.Namespace:
    """What the command line says. words: of the program. epochs: where it says none."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, nargs="+", help="folders of good photographs")
    parser.add_argument("--output", type=Path, required=True, help="where to write, without suffix")
    parser.add_argument("--cache", type=Path, help="file to keep the samples in")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="another number gives slightly other weights")
    parser.add_argument("--processes", type=int, default=2, help="side by side; changes nothing else")
    return parser.parse_args()


class Gathered:
    """Samples in columns: a dataclass with slots, whose fields are arrays with a row a sample."""

    __slots__: ClassVar[Sequence[str]] = ()

    @classmethod
    def gather(
        cls, make: Callable[[Any], list[tuple[Any, ...]]], jobs: Sequence[Any], processes: int, kept: Path | None
    ) -> Self:
        """The rows of all jobs, as float32. A file `kept` is taken if it is there, and written else."""
        if kept and kept.exists():
            with np.load(kept) as arrays:
                return cls(*(arrays[name] for name in cls.__slots__))
        started = time.monotonic()
        rows = []
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for number, chunk in enumerate(pool.imap(make, jobs)):
                rows += chunk
                if number % 50 == 0:
                    print(f"{number} of {len(jobs)}, {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
        samples = cls(*(np.stack(column).astype(np.float32) for column in zip(*rows, strict=True)))
        if kept:
            np.savez(kept, **{name: getattr(samples, name) for name in cls.__slots__})
        return samples

    def part(self, which: np.ndarray) -> Self:
        return type(self)(*(getattr(self, name)[which] for name in self.__slots__))


def make_members(train: Train, samples: Any, given: argparse.Namespace) -> list[keras.Model]:
    """What a network is made of: its members, trained on all samples."""
    return [train(FOLDS + number, samples, given.epochs, given.seed, given.threads) for number in range(MEMBERS)]


def unseen(
    train: Train, answered: Callable[[keras.Model, Any], np.ndarray], samples: Any, given: argparse.Namespace
) -> np.ndarray:
    """What other members tell of samples that they did not see, in the samples' order: each photograph (`source`) is
    held back from one of the folds of a cross-validation."""
    fold = samples.source.astype(int) * 7 % FOLDS
    order = np.argsort(fold, kind="stable")
    answers = []
    for number in range(FOLDS):
        member = train(number, samples.part(fold != number), given.epochs, given.seed, given.threads)
        answers.append(answered(member, samples.part(fold == number)))
    return np.asarray(np.concatenate(answers)[np.argsort(order)])


def averaged(
    members: Sequence[keras.Model], inputs: list[keras.KerasTensor], names: Sequence[str]
) -> dict[str, keras.KerasTensor]:
    """The mean of trained members' answers of these names."""
    answers = []
    for trained in members:
        member = keras.Model(trained.inputs, trained.output, name=trained.name)  # without optimizer and loss
        member.trainable = False  # the exporter takes nested weights for constants
        answers.append(member(inputs))
    return {name: keras.layers.Average(name=name)([answer[name] for answer in answers]) for name in names}
