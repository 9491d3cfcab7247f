"""Train the network of glows on photographs as they are, cut, and under light of other colours.

Writes `<output>.keras` and `<output>.onnx`; prints how right it is on photographs that the trained members did not see:
each is held back from one of the folds of a cross-validation.
"""

from __future__ import annotations

import numpy as np
import training
from backend import keras, make_repeatable
from export import save
from glow.network import build, deployable
from glow.samples import Samples, make_samples

EPOCHS = 20
BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 5e-2


def train_member(number: int, train: Samples, epochs: int, seed: int, threads: int) -> keras.Model:
    make_repeatable(seed + number, threads)
    model = build(f"member_{number}", train.seen.mean(axis=0), train.seen.var(axis=0))
    steps = epochs * -(-len(train.seen) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY), loss={"glow": "binary_crossentropy"}
    )
    model.fit(train.seen, {"glow": train.glowing[:, None]}, epochs=epochs, batch_size=BATCH, verbose=0)
    return model


def answered(model: keras.Model, samples: Samples) -> np.ndarray:
    return np.asarray(model.predict(samples.seen, verbose=0)["glow"])[:, 0]


def figures(told: np.ndarray, samples: Samples) -> None:
    """Print how many of each are told as glowing, from several probabilities on."""
    for word, chosen in (("glowing", samples.glowing == 1), ("others", samples.glowing == 0)):
        shares = (f"{(told[chosen] >= least).mean():.1%} from {least}" for least in (0.3, 0.5, 0.7))
        print(f"{word}: {chosen.sum()}, told: {', '.join(shares)}")


def main() -> None:
    given = training.arguments(__doc__, EPOCHS)
    samples = make_samples(given.photos, given.seed, processes=given.processes, kept=given.cache)
    save(deployable(training.make_members(train_member, samples, given)), given.output)
    told = training.unseen(train_member, answered, samples, given)
    figures(told, samples)


if __name__ == "__main__":
    main()
