"""Black and white specks that a JPEG has blurred: found where they are, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import recipe, report
from darkroom.auto import treatments
from darkroom.defects import DEFECTS, STRENGTHS
from darkroom.diagnosis.network import interpret
from darkroom.estimates.measure import measure
from darkroom.picture import Array, Picture
from darkroom.registry import get
from darkroom.step import Reported
from tests.support.photographs import FEW, TEXTURES, as_jpeg, photo

JPEGS = [(75, 2), (92, 2), (97, 0)]
"""Quality, and Pillow's subsampling: 2 is 4:2:0, 0 is 4:4:4."""


def speckled(image: Array, density: float) -> tuple[Array, Array]:
    """Whole pixels black or white, half and half; and where."""
    draw = np.random.default_rng(4).random(image.shape[:2])[..., None]
    struck = np.where(draw < density / 2, 0, np.where(draw < density, 255, image)).astype(np.uint8)
    return struck, draw[..., 0] < density


def cleaned(image: Array) -> Reported:
    step = get("remove_salt_pepper")
    return step(image, step.params())


def psnr(a: Array, b: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2)))


def stars() -> Array:
    """A night sky: a few thousand stars of all strengths, the strong ones clipped."""
    rng = np.random.default_rng(1)
    sky: Array = np.zeros((512, 512), np.float32)
    sky[rng.integers(0, 512, 3000), rng.integers(0, 512, 3000)] = rng.pareto(1.5, 3000) * 200
    sky = cv2.GaussianBlur(sky, (0, 0), 0.6) + 8 + rng.normal(0, 2, sky.shape).astype(np.float32)
    return np.dstack([np.clip(sky * share, 0, 255).astype(np.uint8) for share in (1, 0.95, 0.9)])


def fireworks() -> Array:
    picture = np.full((512, 512, 3), 10, np.uint8)
    rng = np.random.default_rng(2)
    for _ in range(12):
        (x, y), color = rng.integers(80, 430, 2), rng.integers(120, 256, 3).tolist()
        for turn, reach in rng.uniform((0, 20), (2 * np.pi, 90), (150, 2)):
            at = (int(x + reach * np.cos(turn)), int(y + reach * np.sin(turn)))
            cv2.circle(picture, at, int(rng.integers(0, 2)), color, -1, cv2.LINE_AA)
    return picture


def glitter() -> Array:
    """Grains that mirror the light or do not: each a pixel of its own, most neither black nor white."""
    grains = np.random.default_rng(3).gamma(1.2, 60, (512, 512, 1)) * np.array([1.0, 0.8, 0.5])
    return np.clip(grains, 0, 255).astype(np.uint8)


def snow() -> Array:
    """Flakes of all sizes before a dark wood."""
    picture = np.ascontiguousarray(cv2.resize(photo("nyc", 320), (512, 512)) // 3)
    rng = np.random.default_rng(5)
    for x, y, radius in rng.uniform((0, 0, 0), (512, 512, 2.5), (1500, 3)):
        cv2.circle(picture, (int(x), int(y)), int(radius), (240, 245, 250), -1, cv2.LINE_AA)
    return picture


def text() -> Array:
    page = np.full((512, 512, 3), 250, np.uint8)
    for line in range(40):
        cv2.putText(page, "i.e.: ...;:'\" it is, !ill? 1.000,00 %", (4, 12 * line), 0, 0.3, (5, 5, 5), 1, cv2.LINE_AA)
    return page


@pytest.mark.parametrize(("quality", "subsampling", "least"), [(75, 2, 6), (92, 2, 10), (97, 0, 13)])
@pytest.mark.parametrize("density", [0.02, 0.05])
def test_specks_are_removed_from_a_jpeg(density: float, quality: int, subsampling: int, least: float) -> None:
    gains = []
    for name in FEW:
        clean = photo(name, 320)
        struck = as_jpeg(speckled(clean, density)[0], quality, subsampling)
        gains.append(psnr(cleaned(struck).image, clean) - psnr(struck, clean))
    assert np.mean(gains) >= least


def test_of_a_jpeg_hardly_more_is_changed_than_its_specks() -> None:
    for name in FEW:
        struck, hit = speckled(photo(name, 320), 0.02)
        struck = as_jpeg(struck)
        outcome = cleaned(struck)
        assert outcome.details["blurred"]
        assert (outcome.image != struck).any(axis=2)[~hit].mean() < 0.003


def test_specks_in_grey_and_in_finer_levels_are_removed_alike() -> None:
    clean = photo("nyc", 320)
    struck = as_jpeg(speckled(clean, 0.02)[0])
    grey = as_jpeg(speckled(clean[..., 1:2], 0.02)[0][..., 0])
    assert psnr(cleaned(grey).image, clean[..., 1]) > psnr(grey, clean[..., 1]) + 8
    finer = cleaned(struck.astype(np.uint16) * 257).image
    assert psnr(finer / 257, clean) == pytest.approx(psnr(cleaned(struck).image, clean), abs=0.1)


def test_the_manifest_tells_what_was_found() -> None:
    told = darkroom.enhance(as_jpeg(speckled(photo("nyc"), 0.02)[0]), "auto").report
    (step,) = (step for step in told.steps if step.name == "remove_salt_pepper")
    assert step.details["blurred"] is True
    assert report.read(msgspec.json.encode(told)) == told


@pytest.mark.parametrize("jpeg", JPEGS)
@pytest.mark.parametrize("draw", [stars, fireworks, glitter, snow, text])
def test_drawn_points_are_no_specks(draw: Callable[[], Array], jpeg: tuple[int, int]) -> None:
    picture = as_jpeg(draw(), *jpeg)
    assert measure(Picture(picture)).blurred_specks == 0
    assert not cleaned(picture).details["blurred"]


@pytest.mark.parametrize("jpeg", JPEGS)
@pytest.mark.parametrize("name", [*FEW, *TEXTURES])
def test_photographs_have_no_specks(name: str, jpeg: tuple[int, int]) -> None:
    assert measure(Picture(as_jpeg(photo(name), *jpeg))).blurred_specks == 0


def test_two_glints_in_a_small_crop_are_no_specks() -> None:
    crop = np.full((48, 48, 3), 120, np.uint8)
    crop[10, 12], crop[30, 33] = 6, 249
    assert not cleaned(crop).details["blurred"]


def test_specks_without_a_jpeg_and_specks_made_small_are_not_blurred_ones() -> None:
    struck = speckled(photo("nyc"), 0.03)[0]
    assert not cleaned(struck).details["blurred"]
    half = cv2.resize(struck, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert measure(Picture(as_jpeg(half))).blurred_specks == 0


def test_specks_are_removed_that_the_diagnosis_is_not_sure_of() -> None:
    struck = as_jpeg(speckled(photo("nyc"), 0.005)[0])
    measured = measure(Picture(struck))
    assert measured.blurred_specks == pytest.approx(0.005, rel=0.3)
    unsure = interpret(np.array([0.02] * (len(DEFECTS) + 1)), np.zeros(len(STRENGTHS)))
    calls, decisions = treatments.resolve(recipe.built_in("auto"), measured, unsure)
    assert "remove_salt_pepper" in [call.name for call in calls]
    (told,) = (decision.why for decision in decisions if decision.defect == "salt and pepper")
    assert told.startswith("black and white specks, as a JPEG leaves them: ")
    none = msgspec.structs.replace(measured, blurred_specks=0.0)
    assert "remove_salt_pepper" not in [
        call.name for call in treatments.resolve(recipe.built_in("auto"), none, unsure)[0]
    ]
