"""Photographs taken again in light of another colour, and in their own, as numbers: what the network is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from diagnosis.library import compute_features, linear_to_srgb_exact, srgb_to_linear_exact
from diagnosis.photos import cut, load, part_of
from PIL import Image
from scene.camera import Faults, photograph
from scene.kinds import KIND_OF
from scene.samples import all_photos
from training import Gathered

LONGEST = 300
"""Longest side, in px, at which a photograph is taken again."""

VARIANTS = 8
TINTED, PLAIN_GAINS = 0.6, 0.35
"""Shares of the photographs of which light has a colour; and of those, as gains of the file alone, without a camera."""

ALONG = (0.72, -0.69)
"""Direction, red and blue over green, in which daylight and lamps differ."""

DARK, LIGHT = 0.25, 0.1
USABLE = (0.03, 0.95)


@dataclass(frozen=True, slots=True)
class Samples(Gathered):
    """chroma N×32×32×2; estimates N×F, log2 of red and blue over green by turns; light N×2: the same of the light, 0
    where it is as it should be; source N: which photograph. All float32."""

    chroma: np.ndarray
    estimates: np.ndarray
    light: np.ndarray
    source: np.ndarray


def make_samples(folders: Sequence[Path], seed: int, *, processes: int, kept: Path | None) -> Samples:
    """All samples, of all photographs but the part `test`. A file `kept` is taken if it is there."""
    paths = [path for path in all_photos(folders) if part_of(path) != "test"]
    jobs = [(path, index, seed) for index, path in enumerate(paths)]
    return Samples.gather(_samples, jobs, processes, kept)


def _samples(job: tuple[Path, int, int]) -> list[tuple[np.ndarray, ...]]:
    path, index, seed = job
    photo = load(path)
    rng = np.random.default_rng((seed, 2, index))
    rows = [_row(_reduced(photo), np.zeros(2), index)]
    judged = KIND_OF.get(path.stem, "photo") == "photo"
    for _ in range(VARIANTS if judged else VARIANTS // 4):
        picture = _reduced(cut(photo, rng, 0.4))
        light = drawn_light(rng) if judged and rng.random() < TINTED else np.zeros(2)
        draw = rng.random()
        ev = rng.normal(0, 0.1)
        if judged and draw < DARK:
            ev = -rng.uniform(0.5, 2.5)
        elif judged and draw < DARK + LIGHT:
            ev = rng.uniform(0.3, 1.2)
        faults = Faults(
            float(ev), float(light[0]), float(light[1]), float(np.exp(rng.uniform(np.log(500), np.log(30_000))))
        )
        if rng.random() < PLAIN_GAINS:
            taken, plain = _gains(picture, light, float(ev), rng), picture
        else:
            draws = int(rng.integers(1 << 30))
            taken = photograph(picture, faults, np.random.default_rng(draws))
            plain = photograph(picture, replace(faults, red=0.0, blue=0.0), np.random.default_rng(draws))
        rows.append(_row(taken, _difference(taken, plain) if light.any() else light, index))
    return rows


def drawn_light(rng: np.random.Generator) -> np.ndarray:
    """Log2 of red and blue over green: mostly such as daylight and lamps differ by, greenish or purplish a little."""
    size = rng.uniform(0.2, 1.3) * rng.choice((-1, 1))
    light = size * np.array(ALONG) + rng.normal(0, 0.08 + 0.1 * abs(size)) * np.array((0.7, 0.7))
    return light if rng.random() < 0.9 else rng.normal(0, 0.35, 2)


def _gains(picture: np.ndarray, light: np.ndarray, ev: float, rng: np.random.Generator) -> np.ndarray:
    gains = np.exp2(np.array([light[0], 0, light[1]]))
    gains *= 2**ev / (np.array([0.2126, 0.7152, 0.0722]) @ gains)
    linear = srgb_to_linear_exact(picture.astype(np.float32) / 255) * gains
    encoded = linear_to_srgb_exact(linear)
    noise = rng.normal(0, rng.choice((0, 0, 3, 8)), picture.shape)
    return np.clip(np.rint(encoded * 255 + noise), 0, 255).astype(np.uint8)


def _difference(taken: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """The light by which one picture differs from the other: medians of what is neither black nor white in either."""
    size = (64, 64)
    pair = [
        np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BOX), np.float32) / 255
        for each in (taken, plain)
    ]
    usable = np.all([(each.max(axis=2) < USABLE[1]) & (each.min(axis=2) > USABLE[0]) for each in pair], axis=0)
    if usable.sum() < 40:
        usable = pair[0].max(axis=2) > 0
    tinted, as_it_was = (np.log2(srgb_to_linear_exact(each[usable]) + 1e-3) for each in pair)
    by = np.median((tinted - as_it_was), axis=0)
    return np.array([by[0] - by[1], by[2] - by[1]])


def _reduced(photo: np.ndarray) -> np.ndarray:
    image = Image.fromarray(photo)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _row(picture: np.ndarray, light: np.ndarray, source: int) -> tuple[np.ndarray, ...]:
    features = compute_features(picture)
    return features.chroma, features.numbers[features.light], light, np.array(source)
