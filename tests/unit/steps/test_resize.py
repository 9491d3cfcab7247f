"""Resizing, fitting to a screen and super resolution, held to references."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from darkroom.algorithms.resample import Kernel, resample_plane
from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.picture import Array
from darkroom.registry import get
from darkroom.step import Reported, max_level
from darkroom.steps.fit_display import FitDisplay, make_plan
from tests.support.photographs import FEW, photo, photos

KERNELS: tuple[Kernel, ...] = ("area", "bilinear", "bicubic", "lanczos")


def run(name: str, image: Array, **params: Any) -> Reported:
    step = get(name)
    return step(image, step.params.parse(params, of=name))


def apply(name: str, image: Array, **params: Any) -> Array:
    return run(name, image, **params).image


@pytest.fixture
def floats() -> Array:
    return np.random.default_rng(1).random((40, 52, 3), np.float32)


# --- resize: sizes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({"width": 26}, (26, 20)),
        ({"height": 80}, (104, 80)),
        ({"width": 26, "height": 26}, (26, 20)),
        ({"width": 26, "height": 26, "fit": "cover"}, (26, 26)),
        ({"width": 13, "height": 40, "fit": "cover"}, (13, 40)),
        ({"width": 26, "height": 26, "fit": "exact"}, (26, 26)),
        ({"width": 26, "fit": "exact"}, (26, 20)),
        ({"width": 104, "enlarge": False}, (52, 40)),
        ({"width": 104, "height": 20, "fit": "exact", "enlarge": False}, (52, 20)),
        ({"width": 104, "height": 20, "fit": "cover", "enlarge": False}, (52, 20)),
        ({"width": 1}, (1, 1)),
        ({}, (52, 40)),
    ],
)
def test_resize_gives_the_size_asked_for(floats: Array, params: dict[str, Any], size: tuple[int, int]) -> None:
    for image in (floats, floats[..., 0], np.dstack((floats, floats[..., 0]))):
        assert apply("resize", image, **params).shape == (size[1], size[0], *image.shape[2:])


@pytest.mark.parametrize("kernel", KERNELS)
def test_resize_to_the_same_size_changes_nothing(floats: Array, kernel: str) -> None:
    np.testing.assert_array_equal(apply("resize", floats, width=52, height=40, kernel=kernel, fit="cover"), floats)


def test_cover_crops_evenly_on_both_sides() -> None:
    image = np.tile(np.arange(12, dtype=np.uint8) * 20, (6, 1))
    np.testing.assert_array_equal(apply("resize", image, width=6, height=6, fit="cover"), image[:, 3:9])


def test_a_result_may_have_64_megapixels_and_no_more(floats: Array) -> None:
    with pytest.raises(RecipeInvalid, match=r"resize' would make 10400x8000 = 83,200,000 px; at most 64,000,000"):
        apply("resize", floats, width=10_400)
    with pytest.raises(RecipeInvalid, match="64,000,000"):
        apply("super_resolution", np.zeros((3000, 3000), np.uint8), scale=3)
    with pytest.raises(RecipeInvalid, match="64,000,000"):
        apply("fit_display", floats, width=16_000, height=16_000, enlarge=True)


# --- resize: kernels --------------------------------------------------------------------------------------------------


def weights(inputs: int, outputs: int, kernel: str) -> Array:
    """The resampling matrix of one axis from the kernel's formula, in float64."""
    scale = inputs / outputs
    stretch = max(scale, 1.0)
    x = np.abs((np.arange(inputs) + 0.5)[None] - (np.arange(outputs) + 0.5)[:, None] * scale) / stretch
    if kernel == "bilinear":
        matrix = np.maximum(1 - x, 0)
    elif kernel == "bicubic":  # Keys 1981, a = -0.5
        near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        matrix = np.where(x < 1, near, np.where(x < 2, far, 0))
    elif kernel == "lanczos":
        matrix = np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)
    else:  # area: overlaps of the new pixels with the old ones
        low = np.arange(outputs)[:, None] * scale
        start = np.maximum(np.arange(inputs)[None], low)
        matrix = np.maximum(np.minimum(np.arange(inputs)[None] + 1, low + scale) - start, 0)
    return matrix / matrix.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", [(26, 20), (17, 31), (100, 90), (20, 90), (120, 11)])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_equal_their_formulas(floats: Array, kernel: Kernel, size: tuple[int, int]) -> None:
    plane = floats[..., 0].copy()
    reference = weights(40, size[1], kernel) @ plane.astype(np.float64) @ weights(52, size[0], kernel).T
    np.testing.assert_allclose(resample_plane(plane, size, kernel), reference, atol=3e-5)


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos"])
def test_resize_equals_pillow(kernel: str) -> None:
    image = photo("nyc", 384)
    reference = Image.fromarray(image).resize((150, 150), getattr(Image.Resampling, kernel.upper()))
    result = apply("resize", image, width=150, kernel=kernel, linear_light=False)
    # Pillow rounds to 8 bits between its two passes.
    assert np.abs(result.astype(int) - np.asarray(reference)).max() <= 2


def test_area_equals_opencv() -> None:
    image = photo("nyc", 384)
    result = apply("resize", image, width=150, kernel="area", linear_light=False)
    reference = cv2.resize(image, (150, 150), interpolation=cv2.INTER_AREA)
    assert np.abs(result.astype(int) - reference).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("kernel", KERNELS)
def test_dtypes_agree(kernel: str, dtype: Any) -> None:
    image = photo(FEW[1], 384)
    other = (image / 255 * max_level(np.dtype(dtype))).astype(dtype)
    small = apply("resize", image, width=100, kernel=kernel) / 255
    np.testing.assert_allclose(
        apply("resize", other, width=100, kernel=kernel) / max_level(other.dtype), small, atol=1 / 255
    )


@pytest.mark.parametrize("factor", [2, 3.7, 8])
@pytest.mark.parametrize("kernel", KERNELS)
def test_reduction_of_a_zone_plate_does_not_alias(kernel: str, factor: float) -> None:
    """Rings beyond twice the new Nyquist frequency would come back as rings of low frequency."""
    side = 480
    axis = np.arange(side) - side / 2
    plate = (0.5 + 0.5 * np.cos(np.pi / side * (axis[:, None] ** 2 + axis**2))).astype(np.float32)
    size = round(side / factor)
    small = apply("resize", plate, width=size, height=size, fit="exact", kernel=kernel, linear_light=False)
    across = (np.arange(size) + 0.5) * side / size - side / 2
    beyond = np.hypot(across[:, None], across) / side > 1.3 / factor
    strength = np.abs(small[beyond] - 0.5)
    # The mean over an area has the sidelobes of a box; the wider kernels have next to none.
    assert np.sqrt(np.mean(strength**2)) < (0.06 if kernel == "area" else 0.015)


# --- resize: light and alpha ------------------------------------------------------------------------------------------


def test_linear_light_mixes_black_and_white_to_half_the_light() -> None:
    checkers = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    for kernel in KERNELS:
        assert apply("resize", checkers, width=32, kernel=kernel)[16, 16] == 188
        assert apply("resize", checkers, width=32, kernel=kernel, linear_light=False)[16, 16] in (127, 128)


@pytest.mark.parametrize("linear_light", [True, False])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_colour_of_transparent_pixels_does_not_fringe(kernel: str, linear_light: bool) -> None:
    image = np.zeros((64, 64, 4), np.uint8)
    image[...] = (0, 255, 0, 0)
    image[:, :31] = (200, 30, 40, 255)
    for width in (20, 150):
        result = apply("resize", image, width=width, kernel=kernel, linear_light=linear_light)
        visible = result[..., 3] > 8
        assert visible.any()
        assert np.abs(result[visible][:, :3].astype(int) - (200, 30, 40)).max() <= 1


def test_opaque_alpha_changes_nothing_about_colour(floats: Array) -> None:
    opaque = np.dstack((floats, np.ones((40, 52), np.float32)))
    result = apply("resize", opaque, width=33)
    np.testing.assert_array_equal(result[..., :3], apply("resize", floats, width=33))
    np.testing.assert_allclose(result[..., 3], 1, atol=1e-6)


# --- fit_display ------------------------------------------------------------------------------------------------------


def test_fit_display_fits_device_pixels() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    assert apply("fit_display", image, width=150, height=150).shape == (100, 150, 3)
    assert apply("fit_display", image, width=150, height=150, pixel_ratio=2).shape == (200, 300, 3)
    assert apply("fit_display", image, width=900, height=900).shape == (400, 600, 3)
    assert apply("fit_display", image, width=900, height=900, enlarge=True).shape == (600, 900, 3)


def test_fit_display_derives_its_parameters_from_the_scale() -> None:
    plans = [make_plan(4000, 3000, FitDisplay(width=width, height=width)) for width in (4000, 3000, 2000, 500)]
    assert [plan.sharpen_amount for plan in plans] == sorted(plan.sharpen_amount for plan in plans)
    assert plans[0].changes_nothing
    assert plans[0].saturation < plans[1].saturation < plans[2].saturation < plans[3].saturation <= 1.1
    assert plans[0].exposure_ev < plans[1].exposure_ev < plans[3].exposure_ev < 0.16
    details = run("fit_display", np.zeros((300, 400), np.uint8), width=200, height=200).details
    assert details["scale"] == 0.5
    assert details["sharpen_amount"] == 1.0


@pytest.mark.parametrize("angle", [0, 20, 45])
@pytest.mark.parametrize("scale", [0.9, 0.5, 0.27, 0.1, 1.7, 3.0])
def test_fit_display_has_no_halo_above_4_percent(scale: float, angle: float) -> None:
    axis = np.arange(500) - 250
    across = axis * np.cos(np.radians(angle)) + axis[:, None] * np.sin(np.radians(angle))
    edge = (0.3 + 0.4 * np.clip(across + 0.5, 0, 1)).astype(np.float32)
    size = round(500 * scale)
    result = apply(
        "fit_display", edge, width=size, height=size, enlarge=True, sharpening=3.0, exposure_ev=0.0, pixel_ratio=1.0
    )
    assert result.max() - 0.7 <= 0.04 * 0.4
    assert 0.3 - result.min() <= 0.04 * 0.4


def test_fit_display_is_sharper_than_reduction_alone() -> None:
    for name in FEW:
        image = photo(name, 384)
        plain = apply("fit_display", image, width=128, height=128, sharpening=0, saturation=1, exposure_ev=0)
        sharp = apply("fit_display", image, width=128, height=128, saturation=1, exposure_ev=0)
        detail = [np.abs(np.diff(picture.astype(float), axis=1)).mean() for picture in (plain, sharp)]
        assert 1.1 < detail[1] / detail[0] < 1.8


def test_fit_display_exposure_and_saturation() -> None:
    flat = np.empty((40, 40, 3), np.uint8)
    flat[...] = (120, 90, 60)
    darker, brighter = (apply("fit_display", flat, width=20, height=20, exposure_ev=ev) for ev in (-1, 1))
    assert darker.mean() < flat.mean() < brighter.mean()
    gray = apply("fit_display", flat, width=20, height=20, saturation=0, exposure_ev=0)
    assert np.ptp(gray[5, 5]) <= 1
    white = np.full((40, 40, 3), 255, np.uint8)
    np.testing.assert_array_equal(apply("fit_display", white, width=20, height=20, exposure_ev=3, saturation=3), 255)


def test_fit_display_does_not_alias() -> None:
    stripes = np.tile(np.array([0.2, 0.8], np.float32), (300, 150))
    result = apply("fit_display", stripes, width=110, height=110, exposure_ev=0)[10:-10, 10:-10]
    gray = linear_to_srgb(srgb_to_linear(np.array([0.2, 0.8], np.float32)).mean(keepdims=True))[0]
    assert np.abs(result - gray).max() < 0.03


# --- super_resolution -------------------------------------------------------------------------------------------------


def reduced(image: Array, scale: int, model: str) -> Array:
    """The two models of what made a small picture: the mean over an area, and antialiased bicubic."""
    size = image.shape[1] // scale, image.shape[0] // scale
    if model == "area":
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def psnr(image: Array, truth: Array, border: int) -> float:
    inner = (slice(border, -border),) * 2
    return float(10 * np.log10(255**2 / np.mean((image[inner].astype(float) - truth[inner]) ** 2)))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["area", "bicubic"])
@pytest.mark.parametrize(("scale", "least"), [(2, 0.9), (3, 0.6), (4, 0.55)])
def test_back_projection_beats_bicubic_on_photographs(scale: int, least: float, model: str) -> None:
    gains = []
    for sharp in photos(384):
        small = reduced(sharp, scale, model)
        bicubic = np.asarray(Image.fromarray(small).resize((384, 384), Image.Resampling.BICUBIC))
        gains.append(psnr(apply("super_resolution", small, scale=scale), sharp, 8) - psnr(bicubic, sharp, 8))
    assert np.mean(gains) >= least
    assert min(gains) > 0


def test_super_resolution_made_smaller_again_is_the_input() -> None:
    small = photo(FEW[0], 96)
    large = apply("super_resolution", small, scale=3, iterations=30)
    again = cv2.resize(large, (96, 96), interpolation=cv2.INTER_AREA)
    assert psnr(again, small, 4) > 40
    assert (
        psnr(again, small, 4)
        > psnr(
            cv2.resize(
                apply("super_resolution", small, scale=3, method="lanczos"), (96, 96), interpolation=cv2.INTER_AREA
            ),
            small,
            4,
        )
        + 5
    )


def test_super_resolution_in_bands_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from darkroom import step as step_module

    image = photo(FEW[1], 256)
    whole = apply("super_resolution", image)
    monkeypatch.setattr(step_module, "BAND_PIXELS", 1)
    assert np.abs(apply("super_resolution", image).astype(int) - whole).max() <= 1


def test_super_resolution_lanczos_equals_pillow() -> None:
    image = photo(FEW[1], 100)
    reference = np.asarray(Image.fromarray(image).resize((200, 200), Image.Resampling.LANCZOS))
    assert np.abs(apply("super_resolution", image, method="lanczos").astype(int) - reference).max() <= 2


def test_super_resolution_keeps_alpha_and_its_edges() -> None:
    image = np.zeros((40, 40, 4), np.uint8)
    image[...] = (0, 255, 0, 0)
    image[:, :20] = (200, 30, 40, 255)
    result = apply("super_resolution", image, scale=2)
    assert result.shape == (80, 80, 4)
    opaque = result[:, :36]
    np.testing.assert_allclose(opaque[..., :3], np.broadcast_to((200, 30, 40), (80, 36, 3)), atol=2)
    assert (opaque[..., 3] > 250).all()


def test_fit_display_s_mask_stays_small_however_much_a_picture_is_enlarged() -> None:
    params = FitDisplay(enlarge=True, pixel_ratio=4.0)
    masks = {make_plan(side, side, params).sharpen_sigma for side in (1, 4, 48)}
    assert masks == {0.6 * 8 * 2}
    shown = apply("fit_display", np.eye(4, dtype=np.uint8) * 255, enlarge=True, pixel_ratio=1.0)
    assert shown.shape == (1080, 1080)
    assert (shown.min(), shown.max()) == (0, 255)
