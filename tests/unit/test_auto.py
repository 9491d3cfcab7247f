"""The recipe `auto`: from measurements to steps, each with its reason."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import auto, recipe
from darkroom.color import linear_to_srgb, srgb_to_linear
from darkroom.measure import blur_sigma, impulse_share, measure
from darkroom.measurements import Measurements
from darkroom.picture import Array, Picture
from tests.data import data

FINE = Measurements(
    luma_p1=0.04,
    luma_p50=0.42,
    luma_p99=0.94,
    midtone=0.42,
    linear_mean=0.2,
    clipped_shadows=0.0,
    clipped_highlights=0.01,
    saturation=0.2,
    cast_degrees=2.0,
    illuminant=(1.02, 1.0, 0.98),
    noise_luma=1.0,
    noise_chroma=0.8,
    impulses=0.0001,
    blur_sigma_px=0.4,
)


def chosen(**changes: Any) -> dict[str, dict[str, Any]]:
    calls, _ = auto.resolve(recipe.built_in("auto"), msgspec.structs.replace(FINE, **changes))
    return {call.name: call.params for call in calls}


def test_a_photo_that_is_fine_is_left_alone_and_each_reason_is_told() -> None:
    calls, decisions = auto.resolve(recipe.built_in("auto"), FINE)
    assert calls == []
    assert [decision.defect for decision in decisions] == [
        "impulse noise",
        "noise",
        "exposure",
        "colour cast",
        "contrast",
        "sharpness",
    ]
    assert not any(decision.chosen for decision in decisions)
    assert all(len(decision.why.split()) > 3 for decision in decisions)


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"impulses": 0.02}, ["remove_salt_pepper"]),
        ({"noise_luma": 12.0}, ["denoise"]),
        ({"noise_chroma": 9.0}, ["denoise"]),
        ({"luma_p99": 0.5, "luma_p50": 0.2, "linear_mean": 0.05}, ["adjust_color", "gamma"]),
        ({"linear_mean": 0.7, "clipped_highlights": 0.2, "luma_p99": 1.0, "midtone": 0.8}, ["gamma"]),
        ({"linear_mean": 0.7, "clipped_highlights": 0.4, "luma_p99": 1.0, "midtone": 0.5}, []),
        ({"cast_degrees": 12.0, "illuminant": (1.4, 1.0, 0.6)}, ["white_balance"]),
        ({"luma_p1": 0.3, "luma_p99": 0.7}, ["stretch_histogram"]),
        ({"blur_sigma_px": 1.8}, ["unsharp_mask"]),
        ({"blur_sigma_px": 1.8, "noise_luma": 20.0}, ["denoise"]),
        ({"blur_sigma_px": 9.0}, []),
    ],
)
def test_each_defect_calls_for_its_steps(changes: dict[str, Any], steps: list[str]) -> None:
    assert list(chosen(**changes)) == steps


def test_exposure_is_raised_by_what_is_missing_and_no_further_than_the_highlights_allow() -> None:
    assert chosen(linear_mean=0.04, luma_p50=0.2, luma_p99=0.47)["adjust_color"]["exposure"] == pytest.approx(
        2.0, abs=0.4
    )
    bright_window = chosen(linear_mean=0.04, luma_p50=0.12, luma_p99=0.99)
    assert "adjust_color" not in bright_window
    assert chosen(linear_mean=0.7, clipped_highlights=0.2, midtone=0.8)["gamma"]["gamma"] < 1


def test_all_that_is_chosen_is_valid() -> None:
    extremes = msgspec.structs.replace(
        FINE, luma_p1=0.0, luma_p50=0.0, luma_p99=0.0, linear_mean=0.0, noise_luma=90.0, impulses=0.5, cast_degrees=54.0
    )
    for measurements in (FINE, extremes):
        calls, _ = auto.resolve(recipe.built_in("auto"), measurements)
        for call in calls:
            call.resolve()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2, 3), (300, 700), (300, 700, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_any_picture_can_be_measured_and_enhanced(shape: tuple[int, ...], dtype: Any, level: float) -> None:
    pixels = np.full(shape, round(level * np.iinfo(dtype).max), dtype)
    measured = measure(Picture(pixels))
    assert all(np.isfinite(value).all() for value in msgspec.structs.astuple(measured))
    result = darkroom.enhance(pixels)
    assert (result.image.shape, result.image.dtype) == (pixels.shape, pixels.dtype)


def test_blur_of_a_known_edge() -> None:
    import cv2

    edge = np.full((128, 128), 0.2, np.float32)
    edge[:, 64:] = 0.8
    for sigma in (1.0, 2.0, 3.0):
        assert blur_sigma(cv2.GaussianBlur(edge, (0, 0), sigma)) == pytest.approx(sigma, rel=0.15)
    assert blur_sigma(np.full((64, 64), 0.5, np.float32)) == 9.0


def test_share_of_impulses() -> None:
    rng = np.random.default_rng(5)
    tile = np.full((256, 256), 0.5, np.float32)
    assert impulse_share(tile) == 0
    hit = rng.random(tile.shape) < 0.03
    tile[hit] = rng.integers(0, 2, int(hit.sum()))
    assert impulse_share(tile) == pytest.approx(0.03, rel=0.1)


def spoil(image: Array) -> Array:
    """1.7 EV too dark under warm light, with the noise of a small sensor."""
    rng = np.random.default_rng(11)
    light = srgb_to_linear(image) * np.float32([0.4, 0.3, 0.18])
    noisy = linear_to_srgb(np.clip(light, 0, 1)) + rng.normal(0, 5 / 255, image.shape).astype(np.float32)
    return np.clip(np.rint(noisy * 255), 0, 255).astype(np.uint8)


def psnr(a: Array, b: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_auto_repairs_photographs_that_were_spoiled() -> None:
    folder = data("photos/gb82")
    gains = []
    for path in sorted(folder.glob("*.webp"))[::4]:
        original = darkroom.decode(path.read_bytes()).pixels
        spoiled = spoil(original)
        result = darkroom.enhance(spoiled)
        assert "denoise" in {step["name"] for step in result.report["steps"]}
        gains.append(psnr(result.image, original) - psnr(spoiled, original))
    assert np.median(gains) > 4, gains


def test_blend_is_between_original_and_result() -> None:
    rng = np.random.default_rng(1)
    dark = rng.integers(0, 60, (40, 50, 3), np.uint8)
    call = [darkroom.StepCall("gamma", {"gamma": 2.0})]
    full = darkroom.enhance(dark, call).image.astype(float)
    half = darkroom.enhance(dark, call, blend=50).image
    np.testing.assert_allclose(half, (full + dark) / 2, atol=0.5)
    np.testing.assert_array_equal(darkroom.enhance(dark, call, blend=0).image, dark)
