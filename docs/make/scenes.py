"""The photographs that the pages show things on: those in the wheels of scikit-image and scikit-learn, some spoiled.

Each scene is HxWx3 or HxW ``uint8``, at most `SIDE` px wide, and the same on every run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import skimage.data
from sklearn.datasets import load_sample_image

from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.picture import Array
from docs.make.handwriting import on_paper, write

SIDE = 480

SCENES: dict[str, Callable[[], Array]] = {}


def rgb(*levels: float) -> Array:
    """Factors or levels of the three channels, in linear light."""
    return np.array(levels, np.float32)


def scene(function: Callable[[], Array]) -> Callable[[], Array]:
    """Register a scene under its function's name."""
    made = cache(function)
    SCENES[function.__name__] = made
    return made


def fit(image: Array) -> Array:
    height, width = image.shape[:2]
    if width <= SIDE:
        return image
    return np.asarray(cv2.resize(image, (SIDE, round(height * SIDE / width)), interpolation=cv2.INTER_AREA))


def in_light(image: Array, change: Callable[[Array], Array]) -> Array:
    """A change of the light itself, in linear values."""
    light = np.clip(change(srgb_to_linear(image)), 0, 1).astype(np.float32)
    return to_levels(linear_to_srgb(light) * 255)


def to_levels(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def noise(shape: tuple[int, ...], sigma: float) -> Array:
    return np.random.default_rng(7).normal(0, sigma, shape)


@scene
def photo() -> Array:
    return fit(skimage.data.coffee())


@scene
def landscape() -> Array:
    return fit(load_sample_image("china.jpg"))


@scene
def flower() -> Array:
    return fit(load_sample_image("flower.jpg"))


@scene
def cat() -> Array:
    return fit(skimage.data.chelsea())


@scene
def portrait() -> Array:
    return np.ascontiguousarray(skimage.data.astronaut()[0:330, 30:450])


@scene
def page() -> Array:
    return fit(skimage.data.page())


@scene
def noisy() -> Array:
    return to_levels(cat() + noise(cat().shape, 15))


@scene
def specks() -> Array:
    spoiled, dice = photo().copy(), np.random.default_rng(7).random(photo().shape[:2])
    spoiled[dice < 0.04] = 0
    spoiled[dice > 0.96] = 255
    return spoiled


@scene
def dark() -> Array:
    return to_levels(in_light(cat(), lambda light: light / 5) + noise(cat().shape, 2))


@scene
def backlit() -> Array:
    rows = np.linspace(1.2, 0.06, landscape().shape[0], dtype=np.float32)[:, None, None]
    return in_light(landscape(), lambda light: light * rows)


@scene
def cast() -> Array:
    return in_light(landscape(), lambda light: light * rgb(1.25, 0.95, 0.55))


@scene
def uneven_cast() -> Array:
    across = np.linspace(0, 1, landscape().shape[1], dtype=np.float32)[None, :, None]
    return in_light(landscape(), lambda light: light * (1 + (across - 0.5) * rgb(0.9, 0, -0.9)))


@scene
def flat() -> Array:
    return to_levels(128 + 0.35 * (landscape() - 128.0))


@scene
def vignette() -> Array:
    height, width = photo().shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot((y - height / 2) / height, (x - width / 2) / width)
    return in_light(photo(), lambda light: light * (1 - 1.1 * radius**2).astype(np.float32)[..., None])


@scene
def soft() -> Array:
    return np.asarray(cv2.GaussianBlur(landscape(), (0, 0), 1.6))


@scene
def moved() -> Array:
    kernel = np.zeros((15, 15), np.float32)
    kernel[7] = 1 / 15
    return np.asarray(cv2.filter2D(landscape(), -1, kernel, borderType=cv2.BORDER_REFLECT))


@scene
def blocky() -> Array:
    coded = cv2.imencode(".jpg", cv2.cvtColor(cat(), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB))


@scene
def hazy() -> Array:
    far = np.linspace(0.25, 0.85, landscape().shape[0], dtype=np.float32)[::-1, None, None]
    return in_light(landscape(), lambda light: light * (1 - far) + far * rgb(0.6, 0.63, 0.66))


@scene
def underwater() -> Array:
    return in_light(flower(), lambda light: light * rgb(0.12, 0.65, 0.75) + rgb(0.0, 0.03, 0.05))


@scene
def scratched() -> Array:
    spoiled = portrait().copy()
    dice = np.random.default_rng(9)
    for _ in range(14):
        start = dice.integers(0, 420, 2)
        end = start + dice.integers(-60, 60, 2) + (0, 150)
        cv2.line(spoiled, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (245, 245, 245), 1)
    return spoiled


@scene
def faded() -> Array:
    old = in_light(scratched(), lambda light: light * rgb(0.75, 0.6, 0.4) + rgb(0.12, 0.09, 0.05))
    return to_levels(old + noise(old.shape, 4))


@scene
def document() -> Array:
    shade = np.linspace(0.45, 1.0, page().shape[1])[None, :]
    return to_levels(page() * shade)


@scene
def small() -> Array:
    return np.asarray(cv2.resize(landscape(), (240, 160), interpolation=cv2.INTER_AREA))


@scene
def handwriting() -> Array:
    return fit(on_paper(write("20173\n4568", 60, broken=True), paper=(236, 232, 222), color=(30, 40, 110)))
