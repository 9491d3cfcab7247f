"""Train the network of scenes on photographs taken again by imagined cameras, and on pictures drawn.

Writes `<output>.keras` and `<output>.onnx`; prints how right it is on photographs that the trained members did not see:
each is held back from one of the folds of a cross-validation.
"""

from __future__ import annotations

import time

import numpy as np
import training
from backend import keras, make_repeatable
from export import save
from scene.library import SCENES
from scene.network import ANSWERS, build, deployable
from scene.samples import Samples, make_samples
from training import FOLDS, MEMBERS

WIDTH = 128
EPOCHS = 25
BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 5e-2
LOSS_WEIGHTS = {"scene": 0.3, "brighter": 36.0}

AS_IT_SHOULD_BE = 2.0
"""How much a picture weighs that is as bright as it should be: more, and what is doubtful is changed less."""


def train_member(number: int, train: Samples, epochs: int, seed: int, threads: int) -> keras.Model:
    make_repeatable(seed + number, threads)
    inputs = {"seen": train.seen, "numbers": train.numbers}
    moments = {name: (values.mean(axis=0), values.var(axis=0)) for name, values in inputs.items()}
    model = build(f"member_{number}", moments, WIDTH)
    steps = epochs * -(-len(train.seen) // BATCH)
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
        ),
        loss={"scene": "categorical_crossentropy", "brighter": "mse"},
        loss_weights=LOSS_WEIGHTS,
    )
    answers = {"scene": train.scene, "brighter": train.brighter[:, None]}
    weight = np.where(train.brighter == 0, AS_IT_SHOULD_BE, 1.0).astype(np.float32)
    model.fit(inputs, answers, epochs=epochs, batch_size=BATCH, verbose=0, sample_weight=dict.fromkeys(ANSWERS, weight))
    return model


def fold_of(samples: Samples) -> np.ndarray:
    """Which fold holds a sample back: all of one photograph together; of what was drawn, every fourth."""
    drawn = samples.source < 0
    return np.where(drawn, np.arange(len(samples.source)), samples.source).astype(int) * 7 % FOLDS


def answered(model: keras.Model, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    told = model.predict({"seen": samples.seen, "numbers": samples.numbers}, verbose=0)
    return np.asarray(told["scene"]), np.asarray(told["brighter"])[:, 0]


def figures(scene: np.ndarray, brighter: np.ndarray, samples: Samples) -> None:
    """Print how right the answers are, beside saying nothing."""
    right = scene.argmax(axis=1) == samples.scene.argmax(axis=1)
    photographed = samples.source >= 0
    for number, name in enumerate(SCENES):
        for word, of in (("photographs", photographed), ("drawn pictures", ~photographed)):
            chosen = (samples.scene[:, number] == 1) & of
            if chosen.any():
                print(f"scene {name}: {chosen.sum()} {word}, {right[chosen].mean():.1%} told")
    truth = samples.brighter
    for word, chosen in (("too dark", truth > 0.1), ("too light", truth < -0.1), ("as it should be", truth == 0)):
        off, nothing = (np.sqrt(np.mean((truth - told)[chosen] ** 2)) for told in (brighter, 0 * brighter))
        print(
            f"{word}: {chosen.sum()}, off by {off:.3f} (root of the mean square), {nothing:.3f} where nothing is said"
        )


def main() -> None:
    given = training.arguments(__doc__, EPOCHS)
    samples = make_samples(given.photos, given.seed, processes=given.processes, kept=given.cache)
    started = time.monotonic()
    fold = fold_of(samples)
    scene, brighter = np.zeros_like(samples.scene), np.zeros_like(samples.brighter)
    for number in range(FOLDS):
        model = train_member(number, samples.part(fold != number), given.epochs, given.seed, given.threads)
        scene[fold == number], brighter[fold == number] = answered(model, samples.part(fold == number))
        print(f"fold {number}: {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    figures(scene, brighter, samples)
    members = [
        train_member(number, samples, given.epochs, given.seed + FOLDS, given.threads) for number in range(MEMBERS)
    ]
    model = deployable(members)
    save(model, given.output)


if __name__ == "__main__":
    main()
