"""Train the network of tints on photographs taken again in light of another colour, and in their own.

Writes `<output>.keras` and `<output>.onnx`; prints how right it is on photographs that the trained members did not see:
each is held back from one of the folds of a cross-validation.
"""

from __future__ import annotations

import numpy as np
import training
from backend import keras, make_repeatable, torch
from export import save
from tint.batches import LARGEST, Batches
from tint.network import build, deployable
from tint.samples import Samples, make_samples

EPOCHS = 50
BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 5e-2


def train_member(number: int, train: Samples, epochs: int, seed: int, threads: int) -> keras.Model:
    """By torch's own loop: Keras's costs several times what so small a network does."""
    make_repeatable(seed + number, threads)
    batches = Batches(train, BATCH, seed + number)
    model = build(f"member_{number}", train.estimates.mean(axis=0), train.estimates.var(axis=0))
    weights = [variable.value for variable in model.trainable_variables]
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(batches))
    for _ in range(epochs):
        for number_of_batch in range(len(batches)):
            chroma, estimates, light, weight = map(torch.from_numpy, batches[number_of_batch])
            told = model([chroma, estimates], training=True)["light"]
            loss = (weight[:, None] * (told - light).square()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        batches.shuffle()
    return model


def answered(model: keras.Model, samples: Samples) -> np.ndarray:
    inputs = {"chroma": samples.chroma, "estimates": samples.estimates}
    return np.asarray(model.predict(inputs, verbose=0)["light"])


def figures(told: np.ndarray, light: np.ndarray) -> None:
    """Print how right the answers are, beside saying nothing, and how many of each would be corrected."""
    light = np.clip(light, -LARGEST, LARGEST)
    size = np.hypot(*light.T)
    off, found = np.hypot(*(told - light).T), np.hypot(*told.T)
    for word, chosen in (
        ("tinted", size > 0.3),
        ("a little", (size > 0) & (size <= 0.3)),
        ("as it should be", size == 0),
    ):
        error, nothing = (np.sqrt(np.mean(values[chosen] ** 2)) for values in (off, size))
        print(f"{word}: {chosen.sum()}, off by {error:.3f} stops (root of the mean square), {nothing:.3f} if silent")
        shares = (f"{(found[chosen] >= least).mean():.1%} of at least {least}" for least in (0.12, 0.2, 0.28))
        print("  answers: " + ", ".join(shares))


def main() -> None:
    given = training.arguments(__doc__, EPOCHS)
    samples = make_samples(given.photos, given.seed, processes=given.processes, kept=given.cache)
    save(deployable(training.make_members(train_member, samples, given)), given.output)
    told = training.unseen(train_member, answered, samples, given)
    figures(told, samples.light)


if __name__ == "__main__":
    main()
