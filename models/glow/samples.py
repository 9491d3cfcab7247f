"""Photographs, cut and under other light, as a backbone sees them: what the network is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diagnosis.photos import cut, load, part_of
from glow.kinds import GLOWING
from PIL import Image
from scene.library import linear_to_srgb_exact, srgb_to_linear_exact
from scene.samples import all_photos, seen_in
from tint.samples import ALONG
from training import Gathered

LONGEST = 420
"""Longest side, in px, at which a photograph is looked at."""

CUT, TINTED = 2, 2
"""So often a photograph is cut, and cut under another light, beside once as it is."""


@dataclass(frozen=True, slots=True)
class Samples(Gathered):
    """seen N×1280; glowing N: 1 where the light has the colour that it should have; source N: which photograph."""

    seen: np.ndarray
    glowing: np.ndarray
    source: np.ndarray


def make_samples(folders: Sequence[Path], seed: int, *, processes: int, kept: Path | None) -> Samples:
    """All samples, of all photographs but the part `test`. A file `kept` is taken if it is there."""
    paths = [path for path in all_photos(folders) if part_of(path) != "test"]
    return Samples.gather(_samples, [(path, index, seed) for index, path in enumerate(paths)], processes, kept)


def _samples(job: tuple[Path, int, int]) -> list[tuple[np.ndarray, ...]]:
    path, index, seed = job
    rng = np.random.default_rng((seed, 3, index))
    image = Image.fromarray(load(path))
    image.thumbnail((LONGEST, LONGEST))
    photo = np.asarray(image)
    pictures = [photo]
    for number in range(CUT + TINTED):
        part = np.ascontiguousarray(cut(photo, rng, 0.6))
        pictures.append(part if number < CUT else _tinted(part, rng))
    glowing = np.array(path.stem in GLOWING)
    return [(seen_in(picture)[0], glowing, np.array(index)) for picture in pictures]


def _tinted(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Under a light of another colour: what it shows tells of its light, not what colour all of it has."""
    size = rng.uniform(0.3, 1.1) * rng.choice((-1, 1))
    gains = np.exp2(np.array([ALONG[0] * size, 0, ALONG[1] * size]) + rng.normal(0, 0.1, 3))
    gains /= np.array([0.2126, 0.7152, 0.0722]) @ gains
    light = np.clip(srgb_to_linear_exact(photo.astype(np.float32) / 255) * gains, 0, 1)
    return np.rint(linear_to_srgb_exact(light) * 255).astype(np.uint8)
