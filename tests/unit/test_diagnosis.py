"""What the diagnosis looks at and how its network's answers are read: neither needs OpenCV, nor a certain size."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_data

from darkroom import diagnosis, models
from darkroom.diagnosis_features import compute_features
from darkroom.diagnosis_jpeg import QUALITIES
from darkroom.errors import StepFailed

COFFEE = skimage_data.coffee()
WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = None
import numpy as np
import darkroom.diagnosis, darkroom.lambda_runtime, darkroom.models
from darkroom.diagnosis_features import compute_features
assert np.isfinite(compute_features(np.zeros((40, 50, 3), np.uint8)).numbers).all()
"""


def test_imports_no_opencv() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_OPENCV], check=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (33, 47), (129, 500), (2, 4000)])
def test_features_of_any_size_and_dtype(size: tuple[int, int], dtype: Any) -> None:
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    count = len(compute_features(COFFEE).numbers)
    for shape in (size, (*size, 3)):
        image = (np.random.default_rng(1).random(shape) * white).astype(dtype)
        features = compute_features(image)
        assert features.thumbnail.shape == (32, 32, 3)
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


def test_the_lattice_tells_a_jpeg_s_quality() -> None:
    for quality in (12, 30, 60, 85):
        file = io.BytesIO()
        Image.fromarray(COFFEE).save(file, "JPEG", quality=quality)
        found = compute_features(np.asarray(Image.open(file))).numbers[-1]  # the best explanation's quality
        assert found == min((abs(known - quality), known) for known in QUALITIES)[1] / 100


def test_answers_are_read_in_their_units() -> None:
    presence = np.zeros(12)
    presence[[diagnosis.DEFECTS.index(name) for name in ("noise", "motion blur")]] = 0.9, 0.6
    told = dict.fromkeys(diagnosis.STRENGTHS, 0.0)
    told |= {"noise_sigma_log2": 4.0, "motion_length_log2": 3.0, "motion_cos": -1.0}
    found = diagnosis.interpret(presence, np.array(list(told.values())))
    assert [defect.name for defect in found.present] == ["noise", "motion blur"]
    assert (found["noise"].strength, found["noise"].unit) == (16, "levels")
    assert found["noise"].words == "noise of about 16 levels"
    assert (found["motion blur"].strength, found["motion blur"].details) == (8, {"angle_degrees": 90})
    assert found["motion blur"].words.startswith("probably ")
    assert not found.fine
    assert msgspec.json.decode(msgspec.json.encode(found), type=diagnosis.Diagnosis) == found


def test_a_cast_is_told_by_its_colour() -> None:
    told = dict.fromkeys(diagnosis.STRENGTHS, 0.0) | {"cast_red_log2": 0.5, "cast_blue_log2": -0.5}
    presence = np.zeros(12)
    presence[diagnosis.DEFECTS.index("colour cast")] = 0.95
    cast = diagnosis.interpret(presence, np.array(list(told.values())))["colour cast"]
    assert cast.details["red"] > cast.details["green"] > cast.details["blue"]
    assert "orange" in cast.words
    assert cast.strength == pytest.approx(15.7, abs=0.3)


def test_a_photo_is_fine_where_nothing_is_present() -> None:
    presence = np.append(np.full(11, 0.1), 0.9)
    assert diagnosis.interpret(presence, np.zeros(13)).fine


def test_models_are_found_in_the_inference_layer_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / models.PACKAGE
    folder.mkdir()
    (folder / "diagnosis.onnx").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert models.path("diagnosis") == folder / "diagnosis.onnx"
    with pytest.raises(StepFailed, match="'telepathy'"):
        models.path("telepathy")
