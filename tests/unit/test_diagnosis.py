"""What the diagnosis looks at and how its network's answers are read: neither needs OpenCV, nor a certain size."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data as skimage_data

from darkroom import models
from darkroom.defects import DEFECTS, STRENGTHS
from darkroom.diagnosis import network
from darkroom.diagnosis.features import compute_features
from darkroom.diagnosis.jpeg import QUALITIES
from darkroom.diagnosis.levels import certain_gains, level_features
from darkroom.diagnosis.light import chroma_histograms
from darkroom.errors import StepFailed
from darkroom.picture import Array
from darkroom.report import Diagnosis
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact
from tests.support.photographs import as_jpeg

COFFEE = skimage_data.coffee()
WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = None
import numpy as np
import darkroom.diagnosis.network, darkroom.aws.runtime, darkroom.models
from darkroom.diagnosis.features import compute_features
assert np.isfinite(compute_features(np.zeros((40, 50, 3), np.uint8)).numbers).all()
"""


def test_imports_no_opencv() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_OPENCV], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (33, 47), (129, 500), (2, 4000)])
def test_features_of_any_size_and_dtype(size: tuple[int, int], dtype: Any) -> None:
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    count = len(compute_features(COFFEE).numbers)
    for shape in (size, (*size, 3)):
        image = (np.random.default_rng(1).random(shape) * white).astype(dtype)
        features = compute_features(image)
        assert features.thumbnail.shape == (32, 32, 3)
        assert features.chroma.shape == (32, 32, 2)
        assert features.numbers.shape == (count,)
        assert np.isfinite(features.numbers).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_have_finite_features(level: int) -> None:
    assert np.isfinite(compute_features(np.full((200, 300, 3), level, np.uint8)).numbers).all()


def test_features_agree_between_dtypes_and_between_grey_and_rgb() -> None:
    grey = COFFEE[..., 1]
    eight = compute_features(grey).numbers
    np.testing.assert_array_equal(compute_features(np.repeat(grey[..., None], 3, axis=2)).numbers, eight)
    np.testing.assert_allclose(compute_features(grey.astype(np.uint16) * 257).numbers, eight, atol=1e-3)


@pytest.mark.slow
def test_the_lattice_tells_a_jpeg_s_quality() -> None:
    for quality in (12, 30, 60, 85):
        found = compute_features(as_jpeg(COFFEE, quality)).numbers[-1]  # the best explanation's quality
        assert found == min((abs(known - quality), known) for known in QUALITIES)[1] / 100


def test_a_gain_leaves_its_trace_in_the_levels() -> None:
    grey = np.zeros(2)
    for ev in (-0.5, 0.4, 1.2):
        _, _, gain, trust = level_features(linear_gain(2**ev)[None].astype(np.float32), grey)[12:16]  # all channels
        assert trust == 1
        assert gain == pytest.approx(ev, abs=0.01)
    correction = level_features(linear_gain((0.6, 1, 1.4))[None].astype(np.float32), np.array([0.1, 0.2]))[19:21]
    np.testing.assert_allclose(correction, np.log2([0.6, 1.4]) - [0.1, 0.2], atol=0.03)
    for untouched in (COFFEE, np.full_like(COFFEE, 99)):
        assert level_features(untouched[None].astype(np.float32), grey)[15] == 0


def test_gains_are_certain_where_their_traces_are_plain() -> None:
    def found(gains: float | tuple[float, ...]) -> tuple[float | None, Any]:
        return certain_gains(level_features(linear_gain(gains)[None].astype(np.float32), np.zeros(2)))

    assert found(2**0.8)[0] == pytest.approx(0.8, abs=0.01)
    of_all, of_each = found((0.6, 1.0, 1.4))
    assert of_all is None
    np.testing.assert_allclose(of_each, np.log2([0.6, 1, 1.4]), atol=0.01)
    assert found(1.0) == (None, None)


def test_strengths_that_are_traced_are_told_in_place_of_estimates() -> None:
    presence = np.zeros(12)
    presence[DEFECTS.index("overexposed")] = 0.9
    estimated = network.interpret(presence, np.ones(13))
    traced = network.interpret(presence, np.ones(13), {"exposure_ev": 0.8})
    assert (estimated["overexposed"].strength, estimated["overexposed"].traced) == (1.0, False)
    assert (traced["overexposed"].strength, traced["overexposed"].traced) == (0.8, True)
    assert not traced["colour cast"].traced


@pytest.mark.slow
def test_without_traces_a_photo_is_judged_by_its_looks() -> None:
    lightened = linear_gain(2**0.8)
    told, looks = (network.diagnose(lightened, traces=traces)["overexposed"] for traces in (True, False))
    assert told.traced
    assert not looks.traced
    assert looks.probability < told.probability
    features = compute_features(lightened)
    assert (features.numbers != features.without_traces().numbers).sum() <= 24


def test_a_photo_that_was_lightened_to_what_it_should_be_is_not_overexposed() -> None:
    dark = np.rint(linear_to_srgb_exact(srgb_to_linear_exact(COFFEE / 255) / 2.8) * 255)
    repaired = np.rint(linear_to_srgb_exact(np.minimum(srgb_to_linear_exact(dark / 255) * 2.7, 1)) * 255).astype(
        np.uint8
    )
    told = network.diagnose(repaired)["overexposed"]
    assert compute_features(repaired).clipped < network.HARMED
    assert (told.present, told.traced) == (False, False)


def test_a_gain_shifts_the_histogram_of_chroma() -> None:
    light = np.random.default_rng(2).uniform(0.1, 0.4, (50, 50, 3)).astype(np.float32)
    before, after = (chroma_histograms(image) for image in (light, light * np.array([2, 1, 1], np.float32)))
    np.testing.assert_allclose(np.square(before).sum(axis=(0, 1)), 1, atol=1e-5)
    middles = [np.square(histogram[..., 0]).sum(axis=1) @ np.arange(32) for histogram in (before, after)]
    assert middles[1] - middles[0] == pytest.approx(8, abs=0.7)  # eight bins a stop


def test_answers_are_read_in_their_units() -> None:
    presence = np.zeros(12)
    presence[[DEFECTS.index(name) for name in ("noise", "motion blur")]] = 0.9, 0.6
    told = dict.fromkeys(STRENGTHS, 0.0)
    told |= {"noise_sigma_log2": 4.0, "motion_length_log2": 3.0, "motion_cos": -1.0}
    found = network.interpret(presence, np.array(list(told.values())))
    assert [defect.name for defect in found.present] == ["noise", "motion blur"]
    assert (found["noise"].strength, found["noise"].unit) == (16, "levels")
    assert found["noise"].words == "noise of about 16 levels"
    assert (found["motion blur"].strength, found["motion blur"].details) == (8, {"angle_degrees": 90})
    assert found["motion blur"].words.startswith("probably ")
    assert not found.fine
    assert msgspec.json.decode(msgspec.json.encode(found), type=Diagnosis) == found


def test_a_cast_is_told_by_its_colour() -> None:
    told = dict.fromkeys(STRENGTHS, 0.0) | {"cast_red_log2": 0.5, "cast_blue_log2": -0.5}
    presence = np.zeros(12)
    presence[DEFECTS.index("colour cast")] = 0.95
    cast = network.interpret(presence, np.array(list(told.values())))["colour cast"]
    assert cast.details["red"] > cast.details["green"] > cast.details["blue"]
    assert "orange" in cast.words
    assert cast.strength == pytest.approx(15.7, abs=0.3)


def test_a_photo_is_fine_where_nothing_is_present() -> None:
    presence = np.append(np.full(11, 0.1), 0.9)
    assert network.interpret(presence, np.zeros(13)).fine


def test_models_are_found_beside_the_package_where_there_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert models.path("diagnosis").parent == models.CHECKOUT / "diagnosis"
    monkeypatch.setattr(models, "CHECKOUT", tmp_path / "none")
    folder = tmp_path / models.PACKAGE
    folder.mkdir()
    (folder / "diagnosis.onnx").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert models.path("diagnosis") == folder / "diagnosis.onnx"
    with pytest.raises(StepFailed, match="'telepathy'"):
        models.path("telepathy")


def linear_gain(gains: Any) -> Array:
    light = srgb_to_linear_exact(COFFEE / 255) * np.asarray(gains)
    return np.rint(linear_to_srgb_exact(np.minimum(light, 1)) * 255).astype(np.uint8)


def noisy(sigma: float) -> Array:
    noise = np.random.default_rng(3).normal(0, sigma, COFFEE.shape)
    return np.rint(np.clip(COFFEE + noise, 0, 255)).astype(np.uint8)


def speckled(share: float) -> Array:
    draw = np.random.default_rng(3).random(COFFEE.shape[:2])[..., None]
    return np.where(draw < share / 2, 0, np.where(draw < share, 255, COFFEE)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "spoiled", "low", "high"),
    [
        ("underexposed", lambda: linear_gain(0.25), 1.2, 2.8),
        ("overexposed", lambda: linear_gain(2.5), 0.7, 2.0),
        ("low contrast", lambda: (127.5 + 0.4 * (COFFEE - 127.5)).astype(np.uint8), 0.25, 0.6),
        ("colour cast", lambda: linear_gain((0.6, 1.0, 1.4)), 8, 28),
        ("noise", lambda: noisy(20), 15, 26),
        ("salt and pepper", lambda: speckled(0.03), 0.01, 0.06),
        ("blur", lambda: gaussian_filter(COFFEE, (2, 2, 0)), 1.3, 2.8),
        ("JPEG artefacts", lambda: as_jpeg(COFFEE, 12), 5, 22),
    ],
)
def test_the_model_finds_what_was_done(name: str, spoiled: Callable[[], Array], low: float, high: float) -> None:
    found = network.diagnose(spoiled())
    assert found[name].present, found[name]
    assert low <= found[name].strength <= high
    assert not found.fine


@pytest.mark.slow
def test_the_model_is_deterministic_and_blind_to_dtype_and_alpha() -> None:
    pixels = noisy(20)
    found = network.diagnose(pixels)
    assert network.diagnose(pixels) == found
    alpha = np.full(pixels.shape[:2], 77, np.uint8)
    assert network.diagnose(np.dstack([pixels, alpha])) == found
    deep = network.diagnose(pixels.astype(np.uint16) * 257)
    assert [defect.name for defect in deep.present] == [defect.name for defect in found.present]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (8, 4000), (4000, 8, 3), (300, 200, 4)])
def test_the_model_answers_for_any_size(shape: tuple[int, ...], dtype: Any) -> None:
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    found = network.diagnose((np.random.default_rng(1).random(shape) * white).astype(dtype))
    assert all(0 <= defect.probability <= 1 and np.isfinite(defect.strength) for defect in found.defects)
    assert all(defect.words for defect in found.defects)
