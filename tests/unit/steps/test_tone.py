"""Steps of tone against their references: stretches, histograms, normalisation, morphology, thresholds, shadows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from scipy import ndimage
from scipy.interpolate import PchipInterpolator
from skimage import exposure, filters

from darkroom.color.conversions import luma
from darkroom.errors import RecipeInvalid
from darkroom.estimates.noise import estimate_noise
from darkroom.picture import Array
from darkroom.registry import apply
from darkroom.steps.dilate_local import rectangles
from darkroom.steps.normalize_local_response import window_mean
from darkroom.steps.stretch_local import local_laplacian
from tests.support.photographs import NAMES, photo, photos


def ramp(dtype: Any) -> Array:
    """Every level of an integer dtype."""
    return np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(-1, 64)


def grey_scene(seed: int = 5, size: tuple[int, int] = (60, 80)) -> Array:
    """Smooth texture with a dark and a light half, float32."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random(size), 1.5)
    scene = 0.25 + 0.5 * (noise - noise.min()) / np.ptp(noise)
    scene[:, size[1] // 2 :] *= 0.5
    return scene.astype(np.float32)


# --- stretches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_stretch_linear_equals_scikit_image_on_every_level(dtype: Any) -> None:
    white = np.iinfo(dtype).max
    levels = ramp(dtype)
    expected = exposure.rescale_intensity(
        levels.astype(np.float64), in_range=(0.2 * white, 0.7 * white), out_range=(0.1 * white, 0.95 * white)
    )
    result = apply("stretch_linear", levels, in_low=0.2, in_high=0.7, out_low=0.1, out_high=0.95)
    np.testing.assert_allclose(result, expected, atol=0.5 + 1e-6)


def test_stretch_linear_makes_a_negative() -> None:
    levels = ramp(np.uint8)
    np.testing.assert_array_equal(apply("stretch_linear", levels, out_low=1, out_high=0), 255 - levels)


def test_stretch_linear_refuses_an_empty_range() -> None:
    with pytest.raises(RecipeInvalid, match=r"'in_low' is 0.5 but must be less than 'in_high'"):
        apply("stretch_linear", ramp(np.uint8), in_low=0.5, in_high=0.5)


def test_stretch_nonlinear_equals_scikit_image() -> None:
    image = grey_scene()
    for expected, params in (
        (exposure.adjust_log(image), {"method": "log", "gain": 1}),
        (exposure.adjust_log(image, inv=True), {"method": "log", "gain": 1, "inverse": True}),
        (exposure.adjust_gamma(image, 0.4), {"method": "power", "exponent": 0.4}),
        (exposure.adjust_sigmoid(image, 0.4, 8), {"method": "sigmoid", "gain": 8, "cutoff": 0.4, "anchored": False}),
        (np.arcsinh(20 * image) / np.arcsinh(20), {"method": "asinh", "gain": 20}),
    ):
        np.testing.assert_allclose(apply("stretch_nonlinear", image, **params), expected, atol=1e-5)


@pytest.mark.parametrize("method", ["log", "power", "sigmoid", "asinh"])
def test_stretch_nonlinear_is_undone_by_its_inverse_and_keeps_black_and_white(method: str) -> None:
    levels = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    curved = apply("stretch_nonlinear", levels, method=method)
    assert curved[0, 0] == pytest.approx(0, abs=1e-6)
    assert curved[-1, -1] == pytest.approx(1, abs=1e-6)
    back = apply("stretch_nonlinear", curved, method=method, inverse=True)
    np.testing.assert_allclose(back, levels, atol=2e-5)


@pytest.mark.parametrize(
    "points", [[[0, 0], [1, 1]], [[0, 0.1], [0.3, 0.7], [1, 0.9]], [[0.1, 0], [0.2, 0.5], [0.4, 0.5], [0.8, 0.6]]]
)
def test_stretch_nonlinear_curve_equals_scipys_pchip(points: list[list[float]]) -> None:
    x, y = np.array(points).T
    image = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    expected = PchipInterpolator(x, y)(np.clip(image, x[0], x[-1])) if len(x) > 2 else image
    result = apply("stretch_nonlinear", image, method="curve", points=points)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert (np.diff(result.ravel()) >= -1e-6).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_stretch_nonlinear_spares_strong_colours(dtype: Any) -> None:
    """They neither pale where they are lightened nor go dark; greys are as without."""
    given = np.array([[[232, 196, 70], [223, 124, 57], [150, 40, 45], [90, 90, 90], [0, 0, 0]]], np.float64) / 255
    scale = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (given if dtype == np.float32 else np.rint(given * scale)).astype(dtype)
    points = [[0.0, 0.0], [0.2, 0.1], [0.5, 0.65], [1.0, 1.0]]
    step = {"method": "curve", "points": points}
    plain, spared, half = (
        (apply("stretch_nonlinear", image, **step, spare_colors=share) / scale).astype(np.float32)
        for share in (0.0, 1.0, 0.5)
    )
    largest = PchipInterpolator(*np.transpose(points))(given.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(
        spared, given * largest / np.maximum(given.max(axis=-1, keepdims=True), 1e-6), atol=0.005
    )
    np.testing.assert_allclose(spared[0, 3:], plain[0, 3:], atol=0.005)
    assert (luma(plain) > luma(spared))[0, :2].all()
    assert luma(plain)[0, 2] < luma(given.astype(np.float32))[0, 2] < luma(spared)[0, 2]
    np.testing.assert_allclose(luma(half), (luma(plain) + luma(spared)) / 2, atol=0.005)
    with pytest.raises(RecipeInvalid, match="spare_colors"):
        apply("stretch_nonlinear", image, **step, spare_colors=0.5, channels="each")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_stretch_nonlinear_steepens_colours_as_greys(dtype: Any) -> None:
    """Chroma grows to what the curve makes of its ends' distance; luma and hue stay, and nothing is clipped."""
    given = np.array([[[250, 225, 205], [235, 220, 212], [223, 124, 57], [90, 90, 90], [0, 0, 0]]], np.float64) / 255
    scale = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (given if dtype == np.float32 else np.rint(given * scale)).astype(dtype)
    points = [[0.0, 0.0], [0.6, 0.4], [1.0, 1.0]]
    plain, steep, half = (
        (apply("stretch_nonlinear", image, method="curve", points=points, steepen_colors=share) / scale).astype(float)
        for share in (0.0, 1.0, 0.5)
    )
    curve = PchipInterpolator(*np.transpose(points))
    greys_apart = curve(given.max(axis=-1)) - curve(given.min(axis=-1))
    assert (np.ptp(steep, axis=-1) <= np.maximum(greys_apart, np.ptp(plain, axis=-1)) + 0.005).all()
    assert np.ptp(steep[0, 1]) == pytest.approx(greys_apart[0, 1], abs=0.005)
    assert (np.ptp(steep[0, :2], axis=-1) > 1.1 * np.ptp(plain[0, :2], axis=-1)).all()
    np.testing.assert_allclose(steep[0, 3:], plain[0, 3:], atol=0.002)
    np.testing.assert_allclose(luma(steep.astype(np.float32)), luma(plain.astype(np.float32)), atol=0.005)
    np.testing.assert_allclose(half[0, 1], (plain[0, 1] + steep[0, 1]) / 2, atol=0.005)
    middle = (given[0, :2, 1] - given[0, :2, 2]) / (given[0, :2, 0] - given[0, :2, 2])
    np.testing.assert_allclose(steep[0, :2, 1] - steep[0, :2, 2], middle * np.ptp(steep[0, :2], axis=-1), atol=0.01)
    with pytest.raises(RecipeInvalid, match="steepen_colors"):
        apply("stretch_nonlinear", image, method="curve", points=points, steepen_colors=0.5, channels="each")


def test_stretch_nonlinear_keeps_hue_on_luminance() -> None:
    for image in photos()[:2]:
        result = apply("stretch_nonlinear", image.astype(np.float32) / 255, method="power", exponent=0.6)
        expected = luma(image.astype(np.float32) / 255) ** 0.6
        np.testing.assert_allclose(luma(result), expected, atol=1e-5)


# --- histograms and moments -------------------------------------------------------------------------------------------


def textbook_bbhe(image: Array) -> Array:
    """Kim 1997, equations 5 to 13, level by level on uint8."""
    mean = int(image.mean())
    table = np.zeros(256)
    for first, last, values in ((0, mean, image[image <= mean]), (mean + 1, 255, image[image > mean])):
        for level in range(first, last + 1):
            share = (values <= level).mean() if values.size else 0
            table[level] = first + (last - first) * share
    return np.rint(table)[image]


def test_enhance_histogram_is_bbhe() -> None:
    image = np.rint(grey_scene() * 255).astype(np.uint8)
    result = apply("enhance_histogram", image, method="bbhe", keep_mean=False)
    assert np.abs(result - textbook_bbhe(image)).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["plateau", "bbhe"])
def test_enhance_histogram_keeps_the_mean_of_photographs_and_adds_contrast(method: str) -> None:
    for original in photos():
        for image in (original, original // 3, 255 - original // 3):
            result = apply("enhance_histogram", image, method=method)
            before, after = luma(image.astype(np.float32)), luma(result.astype(np.float32))
            assert after.mean() == pytest.approx(before.mean(), rel=0.05)
            blown = (before == 255).mean() > 0.25  # a white ground has nowhere to go but towards the rest
            assert blown or after.std() > 0.95 * before.std()


@pytest.mark.parametrize(("mean", "deviation"), [(0.5, 0.2), (0.3, 0.15), (0.7, 0.25)])
def test_normalize_luminance_reaches_its_target(mean: float, deviation: float) -> None:
    for image in photos():
        result = luma(apply("normalize_luminance", image, mean=mean, deviation=deviation).astype(np.float32) / 255)
        assert result.mean() == pytest.approx(mean, rel=0.01)
        assert result.std() == pytest.approx(deviation, rel=0.01)


def test_normalize_luminance_refuses_what_no_picture_has() -> None:
    with pytest.raises(RecipeInvalid, match=r"'deviation' is 0.4 but at most 0.3"):
        apply("normalize_luminance", ramp(np.uint8), mean=0.1, deviation=0.4)


def test_window_mean_is_gaussian_at_any_sigma() -> None:
    image = grey_scene()
    for sigma in (1.0, 3.0, 5.0, 8.0):
        np.testing.assert_allclose(window_mean(image, sigma), ndimage.gaussian_filter(image, sigma), atol=8e-3)


def test_normalize_local_response_follows_jarrett() -> None:
    image = grey_scene()
    gain, sigma = 0.1, 2.0
    difference = image - ndimage.gaussian_filter(image, sigma)
    deviation = np.sqrt(ndimage.gaussian_filter(difference**2, sigma))
    expected = 0.5 + gain * difference / np.maximum(deviation.mean(), deviation)
    result = apply("normalize_local_response", image, sigma=sigma, gain=gain)
    np.testing.assert_allclose(result, np.clip(expected, 0, 1), atol=1e-4)


def test_normalize_local_response_follows_the_lrn_formula() -> None:
    image = grey_scene()
    k, alpha, beta = 0.2, 2.0, 0.75
    energy = ndimage.gaussian_filter(image**2, 2.0)
    expected = image / (k + alpha * energy) ** beta * (k + alpha) ** beta
    result = apply("normalize_local_response", image, method="response", sigma=2, k=k, alpha=alpha, beta=beta)
    np.testing.assert_allclose(result, np.clip(expected, 0, 1), atol=1e-4)


# --- morphology and thresholds ----------------------------------------------------------------------------------------


def footprint(size: int, shape: str) -> Array:
    """The shape, drawn pixel by pixel."""
    y, x = np.mgrid[: 2 * (size // 2) + 1, : 2 * (size // 2) + 1] - size // 2
    half = size // 2 + 0.5
    return {"rect": np.ones_like(x, bool), "cross": (x == 0) | (y == 0), "ellipse": x * x + y * y <= half * half}[shape]


@pytest.mark.parametrize("shape", ["rect", "ellipse", "cross"])
@pytest.mark.parametrize("size", [1, 3, 5, 9, 22])
def test_dilate_local_equals_scipy(shape: Any, size: int) -> None:
    rng = np.random.default_rng(2)
    shaped = {"footprint": footprint(size, shape)}
    for image in (rng.integers(0, 65536, (40, 31), np.uint16), rng.random((33, 40), np.float32)):
        erosion, dilation = ndimage.grey_erosion(image, **shaped), ndimage.grey_dilation(image, **shaped)
        opened, closed = ndimage.grey_opening(image, **shaped), ndimage.grey_closing(image, **shaped)
        for operation, expected in (
            ("dilate", dilation),
            ("erode", erosion),
            ("open", opened),
            ("close", closed),
            ("tophat", image - opened),
            ("blackhat", closed - image),
        ):
            result = apply("dilate_local", image, operation=operation, size=size, shape=shape)
            np.testing.assert_array_equal(result, expected, err_msg=operation)


def test_an_ellipse_takes_few_rectangles() -> None:
    for size in (3, 31, 151):
        assert len(rectangles(size, "ellipse")) <= size / 2


@pytest.mark.parametrize("window", [3, 15, 51])
def test_threshold_adaptive_equals_scikit_image(window: int) -> None:
    for image in (grey_scene(), luma(photos()[0].astype(np.float32) / 255)):
        for expected, params in (
            (filters.threshold_local(image, window, "mean", offset=0.03), {"method": "mean", "offset": 0.03}),
            (filters.threshold_local(image, window, "gaussian", offset=0.01), {"method": "gaussian", "offset": 0.01}),
            (filters.threshold_sauvola(image, window, k=0.3, r=0.5), {"method": "sauvola", "k": 0.3}),
        ):
            result = apply("threshold_adaptive", image, window=window, **params)
            assert set(np.unique(result)) <= {0.0, 1.0}
            clear = np.abs(image - expected) > 1e-5  # on the threshold itself rounding decides
            np.testing.assert_array_equal(result[clear], (image > expected)[clear])


def test_threshold_adaptive_reads_an_unevenly_lit_page() -> None:
    page = np.full((200, 300), 230, np.uint8)
    for row in range(20, 190, 24):
        cv2.putText(page, "darkroom 1839", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 25, 1)
    ink = page < 128
    lit = page / np.float32(255) * np.linspace(1, 0.35, 300, dtype=np.float32)
    lit += np.random.default_rng(0).normal(0, 0.01, lit.shape).astype(np.float32)
    black = apply("threshold_adaptive", np.clip(lit, 0, 1)) == 0
    assert black[ink].all()
    assert not black[~ndimage.binary_dilation(ink, iterations=2)].any()


# --- local contrast and shadows ---------------------------------------------------------------------------------------


def exact_local_laplacian(image: Array, amount: float, sigma: float, levels: int) -> Array:
    """Paris 2011, algorithm 1: a remapped pyramid for every coefficient."""

    def pyramid(plane: Array) -> list[Array]:
        gaussian = [plane]
        for _ in range(levels):
            gaussian.append(cv2.pyrDown(gaussian[-1]))
        return gaussian

    def detail(gaussian: list[Array], level: int) -> Array:
        shape = gaussian[level].shape
        return np.asarray(gaussian[level] - cv2.pyrUp(gaussian[level + 1], dstsize=(shape[1], shape[0])))

    gaussian = pyramid(image)
    result = [np.zeros_like(level) for level in gaussian[:-1]]
    for level in range(levels):
        for place in np.ndindex(gaussian[level].shape):
            away = image - gaussian[level][place]
            square = away * away
            rise = amount * np.exp(-square / (2 * sigma**2)) * square / (square + 0.004**2)
            result[level][place] = detail(pyramid(image + away * rise.astype(np.float32)), level)[place]
    total = gaussian[-1]
    for level in range(levels - 1, -1, -1):
        shape = result[level].shape
        total = result[level] + cv2.pyrUp(total, dstsize=(shape[1], shape[0]))
    return total


def test_stretch_local_is_the_local_laplacian_filter() -> None:
    image = grey_scene(size=(24, 32))
    expected = exact_local_laplacian(image, 0.8, 0.2, levels=2)
    difference = np.abs(local_laplacian(image, 0.8, 0.2) - expected)
    assert difference.mean() < 0.1 * np.abs(expected - image).mean()
    assert difference.max() < 0.02


@pytest.mark.parametrize("height", [0.05, 0.1, 0.2, 0.4, 0.7])
@pytest.mark.parametrize("softness", [0, 1.5])
def test_stretch_local_has_no_halo_on_an_edge(height: float, softness: float) -> None:
    edge: Array = np.full((200, 256), 0.5 - height / 2, np.float32)
    edge[:, 128:] += height
    if softness:
        edge = np.asarray(cv2.GaussianBlur(edge, (0, 0), softness))
    result = apply("stretch_local", edge, amount=2)
    assert result.max() - edge.max() <= 0.05 * height
    assert edge.min() - result.min() <= 0.05 * height


def test_stretch_local_raises_detail_of_photographs() -> None:
    for image in photos()[:3]:
        before, after = luma(image.astype(np.float32)), luma(apply("stretch_local", image).astype(np.float32))
        detail, raised = (plane - cv2.GaussianBlur(plane, (0, 0), 3) for plane in (before, after))
        assert raised.std() > 1.04 * detail.std()
        assert after.mean() == pytest.approx(before.mean(), rel=0.03)


def test_stretch_local_spares_shadows_of_becoming_darker() -> None:
    image = photos()[0]
    plane = luma(image.astype(np.float32))
    free, half, spared = (
        luma(apply("stretch_local", image, amount=1.0, spare_shadows=share).astype(np.float32))
        for share in (0.0, 0.5, 1.0)
    )
    shadow = plane <= 25
    assert (free[shadow] < plane[shadow] - 2).mean() > 0.02
    assert (spared[shadow] >= plane[shadow] - 1).all(), "in full from luma 0.1 down"
    assert spared[(plane > 60) & (plane < 80)].mean() > free[(plane > 60) & (plane < 80)].mean() + 0.3, "then less"
    np.testing.assert_array_equal(free[plane > 103], spared[plane > 103])
    assert np.abs(half - (free + spared) / 2)[free > 3].max() <= 1, "half spared is half of it at any level above black"


def underexposed(image: Array, seed: int) -> Array:
    """An eighth of the light, with a sensor's noise, uint8."""
    rng = np.random.default_rng(seed)
    linear = (image / 255) ** 2.2 / 8
    linear = linear + rng.normal(0, 0.002 + 0.006 * np.sqrt(linear))
    return np.rint(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


@pytest.mark.slow
def test_lift_shadows_lifts_and_keeps_noise_down() -> None:
    for seed, name in enumerate(NAMES):
        dark = underexposed(photo(name), seed)
        lifted, raw = (apply("lift_shadows", dark, amount=0.8, noise=noise) for noise in (1, 0))
        assert lifted.mean() > 1.4 * dark.mean()
        before, after, unheld = (estimate_noise(picture).luminance_sigma for picture in (dark, lifted, raw))
        assert after < (1.6 if name == "city" else 1.1) * before + 0.5  # small lights by night look like noise
        assert after < unheld


def test_lift_shadows_is_steady_on_what_was_smoothed() -> None:
    """Noise that is estimated as float32's own rounding must not become the divisor of a guided filter."""
    noise = np.random.default_rng(0).normal(0, 21, (320, 320, 3))
    smoothed = np.stack([cv2.GaussianBlur(noise[..., channel], (0, 0), 6) for channel in range(3)], axis=2)
    image = np.rint((46.2, 50.1, 53.3) + smoothed / 2).astype(np.uint8)
    held, raw = (apply("lift_shadows", image, amount=0.6, noise=noise).astype(int) for noise in (1, 0))
    assert np.abs(held - raw).max() <= 4


@pytest.mark.slow
def test_lift_shadows_blows_no_highlights() -> None:
    for image in photos():
        for amount in (0.5, 1):
            result = apply("lift_shadows", image, amount=amount)
            assert ((result == 255) & (image < 250)).mean() < 1e-4
            bright = image.max(axis=2) > 0.8 * 255
            assert np.abs(result[bright].astype(int) - image[bright]).mean() < 3


@pytest.mark.parametrize("amount", [0.2, 0.5, 1.0])
def test_lift_shadows_keeps_the_order_of_light(amount: float) -> None:
    ramp_of_light = np.tile(np.linspace(0, 1, 512, dtype=np.float32), (512, 1))
    result = apply("lift_shadows", ramp_of_light, amount=amount)
    assert (np.diff(result[256]) > -1e-3).all()
    assert result[256, 100] > ramp_of_light[256, 100] * 1.1
