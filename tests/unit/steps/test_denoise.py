"""Noise: how much there is, and its removal."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from darkroom.algorithms.dct import dct_matrix
from darkroom.algorithms.sliding_dct import hard_threshold, wiener
from darkroom.auto.scenes import NOISY
from darkroom.estimates.camera_noise import TONES, Octave, camera_noise
from darkroom.estimates.measure import measure
from darkroom.estimates.noise import NoiseEstimate, estimate_noise
from darkroom.picture import Array, Picture
from darkroom.registry import get
from darkroom.step import Reported
from tests.support.photographs import FEW, TEXTURES, photo

PHOTOS = (*FEW, "haze")


def run(name: str, image: Array, **params: object) -> Reported:
    step = get(name)
    return step(image, step.params.parse(params, of=step.name))


def apply(name: str, image: Array, **params: object) -> Array:
    return run(name, image, **params).image


def with_noise(image: Array, sigma: float) -> Array:
    noise = np.random.default_rng(5).normal(0, sigma, image.shape)
    return np.rint(np.clip(image + noise, 0, 255)).astype(np.uint8)


def as_by_camera(image: Array, sigma: float) -> Array:
    """Noise of `sigma` levels, more in the shadows, as demosaicing, noise reduction and JPEG leave it."""
    noise = np.random.default_rng(7).normal(0, 1, image.shape).astype(np.float32)
    grey = cv2.GaussianBlur(noise[..., 0], (0, 0), 0.9)
    chroma = cv2.GaussianBlur(noise, (0, 0), 2.5)
    chroma -= chroma.mean(axis=2, keepdims=True)
    shaped = grey[..., None] / grey.std() + 0.6 * chroma / chroma.std()
    strength = sigma * (1.3 - 0.6 * image.mean(axis=2, keepdims=True) / 255)
    noisy = np.rint(np.clip(image + strength * shaped, 0, 255)).astype(np.uint8)
    return as_jpeg(noisy)


def as_jpeg(image: Array) -> Array:
    """Written and read as JPEG, its red taken for blue."""
    file = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 92))[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))


def with_impulses(image: Array, density: float) -> tuple[Array, Array]:
    """The picture with salt and pepper in equal parts, channels hit one by one; and where."""
    rng = np.random.default_rng(6)
    hit = rng.random(image.shape) < density
    return np.where(hit, np.where(rng.random(image.shape) < 0.5, 0, 255), image).astype(np.uint8), hit


def psnr(a: Array, b: Array) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((a.astype(np.float64) - b) ** 2), 1e-9)))


# --- the estimate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [5, 15, 30])
@pytest.mark.parametrize("name", PHOTOS)
def test_white_noise_is_estimated_within_ten_percent(name: str, sigma: float) -> None:
    noisy = with_noise(photo(name, 320), sigma)
    estimate = estimate_noise(noisy)
    assert estimate.luminance_sigma == pytest.approx(sigma, rel=0.1)
    assert estimate.chroma_sigma == pytest.approx(sigma, rel=0.1)
    assert estimate_noise(noisy[..., 1]).luminance_sigma == pytest.approx(sigma, rel=0.1)


@pytest.mark.parametrize("name", PHOTOS)
def test_clean_photographs_have_next_to_no_noise(name: str) -> None:
    assert estimate_noise(photo(name, 320)).luminance_sigma < 2


def test_estimate_does_not_depend_on_dtype_or_alpha() -> None:
    rng = np.random.default_rng(1)
    image = np.clip(rng.normal(120, 9, (200, 180, 3)), 0, 255).astype(np.uint8)
    expected = estimate_noise(image)
    for other in (
        image.astype(np.uint16) * 257,
        image.astype(np.float32) / 255,
        np.dstack((image, rng.integers(0, 256, image.shape[:2], np.uint8))),
    ):
        assert estimate_noise(other).luminance == pytest.approx(expected.luminance, rel=1e-3)


def test_correlated_noise_is_found_where_it_is() -> None:
    """Noise without its finest octave, as sensors' noise after demosaicing: the estimate says which octaves have it."""
    fine = np.random.default_rng(2).normal(0, 20, (512, 512, 3)).astype(np.float32)
    image = np.clip(128 + cv2.GaussianBlur(fine, (0, 0), 1.2), 0, 255).astype(np.uint8)
    estimate = estimate_noise(image)
    assert estimate.luminance[1] > 2 * estimate.luminance[0]
    assert estimate.chroma[1] > 2 * estimate.chroma[0]


@pytest.mark.parametrize("name", ["city", "waves", "flowers"])
def test_white_noise_of_which_jpeg_halved_the_chroma_grows_in_no_octave(name: str) -> None:
    noisy = with_noise(photo(name), 15)
    estimate = estimate_noise(as_jpeg(noisy))
    assert min(estimate.luminance) > 13
    assert max(estimate.luminance) < 22


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("shape", [(1, 1), (9, 9), (64, 64, 3), (8, 300000), (1200, 1100)])
def test_flat_pictures_have_no_noise(shape: tuple[int, ...], value: int) -> None:
    estimate = estimate_noise(np.full(shape, value, np.uint8))
    assert estimate.luminance_sigma == pytest.approx(0, abs=1e-3)
    assert estimate.chroma_sigma == pytest.approx(0, abs=1e-3)


def test_drawings_have_no_noise() -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    for line in range(20, 400, 25):
        cv2.putText(page, "The quick brown fox jumps over", (5, line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
    assert estimate_noise(page).luminance_sigma < 1
    np.testing.assert_array_equal(apply("denoise", page), page)


# --- the transform ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 16])
def test_dct_matrix_is_the_orthonormal_dct(size: int) -> None:
    block = np.random.default_rng(0).random((size, size), np.float32)
    matrix = dct_matrix(size)
    np.testing.assert_allclose(matrix @ block @ matrix.T, cv2.dct(block), atol=1e-5)


def test_without_noise_both_passes_return_the_picture() -> None:
    planes = np.random.default_rng(0).random((2, 48, 64), np.float32)
    none = np.zeros((2, 8, 8), np.float32)
    np.testing.assert_allclose(hard_threshold(planes, 8, 2, none), planes, atol=1e-5)
    np.testing.assert_allclose(wiener(planes, planes, 8, 2, none), planes, atol=1e-4)


def test_a_large_threshold_leaves_the_mean_of_the_blocks_means() -> None:
    plane = np.random.default_rng(0).random((64, 64), np.float32)
    result = hard_threshold(plane[None], 8, 4, np.full((1, 8, 8), 1e6, np.float32))
    total, count = np.zeros_like(plane), np.zeros_like(plane)
    for left, top in ((0, 0), (2, 3), (4, 6), (6, 1)):
        rows, columns = (64 - top) // 8, (64 - left) // 8
        inner = np.s_[top : top + rows * 8, left : left + columns * 8]
        means = plane[inner].reshape(rows, 8, columns, 8).mean(axis=(1, 3))
        total[inner] += np.kron(means, np.ones((8, 8), np.float32))
        count[inner] += 1
    np.testing.assert_allclose(result[0], total / count, atol=1e-5)


# --- denoise ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "gain"), [(5, 4.5), (15, 8), (25, 9)])
def test_denoise_gains_blindly_and_more_than_non_local_means(sigma: float, gain: float) -> None:
    gains, gains_of_means = [], []
    for name in PHOTOS:
        clean = photo(name, 320)
        noisy = with_noise(clean, sigma)
        before = psnr(noisy, clean)
        gains.append(psnr(apply("denoise", noisy), clean) - before)
        h = 0.6 * sigma
        gains_of_means.append(psnr(cv2.fastNlMeansDenoisingColored(noisy, None, h, h, 5, 11), clean) - before)
    assert np.mean(gains) >= gain
    assert np.mean(gains) > np.mean(gains_of_means)


@pytest.mark.parametrize("name", PHOTOS)
def test_denoise_keeps_clean_photographs(name: str) -> None:
    clean = photo(name, 320)
    assert psnr(apply("denoise", clean), clean) >= 42


@pytest.mark.parametrize("name", TEXTURES)
def test_denoise_keeps_fine_texture(name: str) -> None:
    clean = photo(name, 320)
    assert psnr(apply("denoise", clean), clean) >= 50


def test_denoise_removes_what_cameras_leave_and_harms_no_photograph() -> None:
    """Noise that is weak where it is finest, strong in coarse chroma and in the shadows, through JPEG."""
    gains = []
    for name in PHOTOS:
        clean = photo(name)
        noisy = as_by_camera(clean, 7)
        gains.append(psnr(apply("denoise", noisy), clean) - psnr(noisy, clean))
    assert min(gains) > -0.1
    assert np.mean(gains) > 1.5


@pytest.mark.parametrize("name", ["city", "flowers", "girl", "waves"])
def test_a_picture_as_noisy_and_as_soft_as_at_full_size_is_told_from_a_reduced_one(name: str) -> None:
    soft = cv2.resize(photo(name), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    noisy = as_by_camera(soft, 4)
    reduced = cv2.resize(noisy, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    told = [measure(Picture(pixels)).camera_noise for pixels in (noisy, reduced, soft, photo(name))]
    assert told[0] >= NOISY
    assert told[1:] == [0, 0, 0]


@pytest.mark.parametrize(("finest", "evidence"), [(1.5, 1.0), (5.5, 0.0)])
def test_what_is_strong_where_it_is_finest_and_grows_is_a_lawn(finest: float, evidence: float) -> None:
    """Of a camera's noise, demosaicing and JPEG leave little in the finest octave."""
    growing: list[Octave | None] = [
        Octave(np.full((TONES, 3), [luminance, chroma, chroma]), np.full(TONES, 0.3))
        for luminance, chroma in ((finest, 0.5), (14.0, 2.0), (24.0, 8.0), (30.0, 16.0))
    ]
    assert camera_noise(growing).evidence == evidence


def test_denoise_treats_luminance_and_chroma_apart() -> None:
    noise = np.random.default_rng(3).normal(0, 0.04, (96, 96, 3))
    image = np.clip(0.5 + noise, 0, 1).astype(np.float32)
    without_chroma = apply("denoise", image, sigma=10, luminance=0)
    np.testing.assert_allclose(without_chroma.sum(axis=2), image.sum(axis=2), atol=1e-5)
    assert (without_chroma[..., 0] - without_chroma[..., 1]).std() < 0.01
    without_luminance = apply("denoise", image, sigma=10, chroma=0)
    np.testing.assert_allclose(
        without_luminance[..., 0] - without_luminance[..., 2], image[..., 0] - image[..., 2], atol=1e-5
    )
    assert without_luminance.sum(axis=2).std() < image.sum(axis=2).std() / 4
    np.testing.assert_array_equal(apply("denoise", image, sigma=10, luminance=0, chroma=0), image)


def test_denoise_reports_what_it_estimated_and_takes_what_it_is_told() -> None:
    image = with_noise(np.full((160, 160, 3), 120, np.uint8), 8)
    details = run("denoise", image).details
    assert details["noise"]["luminance_sigma"] == pytest.approx(8, rel=0.1)
    assert run("denoise", image, sigma=8).details == {}
    assert NoiseEstimate.white(8).luminance_sigma == pytest.approx(8)
    assert apply("denoise", image, sigma=8).std() < 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_noise_that_three_equal_channels_share_is_known_as_one_channel_s(dtype: type[np.generic]) -> None:
    noisy = with_noise(np.full((256, 256), 128, np.uint8), 12)
    grey = noisy if dtype == np.uint8 else (noisy * np.uint16(257) if dtype == np.uint16 else noisy / np.float32(255))
    one, three = estimate_noise(grey), estimate_noise(np.repeat(grey[..., None], 3, axis=2))
    assert (one.chroma, three.chroma) == ((), (0.0,) * len(one.luminance))
    assert one.white_sigma == pytest.approx(12, rel=0.15)
    assert three.white_sigma == pytest.approx(one.white_sigma, rel=0.05)


@pytest.mark.parametrize("shape", [(96, 256), (96, 256, 3)])
def test_denoise_knows_that_noise_was_clipped(shape: tuple[int, ...]) -> None:
    """Black and white, and what lies near them, come back at their levels."""
    clean = np.zeros(shape, np.uint8)
    for left, level in ((64, 255), (128, 12), (192, 240)):
        clean[:, left : left + 64] = level
    noisy = with_noise(clean, 20)
    result = apply("denoise", noisy, sigma=20)
    for left in range(0, 256, 64):
        inner = np.s_[16:80, left + 16 : left + 48]
        assert result[inner].mean() == pytest.approx(clean[inner].mean(), abs=2.5)
        assert abs(noisy[inner].mean() - clean[inner].mean()) > 2.5


# --- salt and pepper --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("density", [0.05, 0.1, 0.2, 0.3])
def test_remove_salt_pepper_beats_the_median(density: float) -> None:
    gains = []
    for name in PHOTOS:
        clean = photo(name, 320)
        dirty, _ = with_impulses(clean, density)
        gains.append(psnr(apply("remove_salt_pepper", dirty), clean) - psnr(cv2.medianBlur(dirty, 3), clean))
    assert np.mean(gains) >= 5


def test_remove_salt_pepper_leaves_other_samples_bit_for_bit() -> None:
    clean = (60 + 100 * np.random.default_rng(9).random((80, 90, 3))).astype(np.uint8)
    dirty, hit = with_impulses(clean, 0.2)
    result = apply("remove_salt_pepper", dirty)
    np.testing.assert_array_equal(result[~hit], clean[~hit])
    assert (result[hit] == dirty[hit]).mean() < 0.001


def test_remove_salt_pepper_takes_whole_pixels_too() -> None:
    clean = np.full((60, 60, 3), (90, 120, 150), np.uint8)
    dirty = clean.copy()
    dirty[5::9, 4::11] = 255
    dirty[8::9, 7::11] = 0
    np.testing.assert_array_equal(apply("remove_salt_pepper", dirty), clean)


def test_remove_salt_pepper_keeps_saturated_areas() -> None:
    image = np.full((90, 120), 128, np.uint8)
    image[:40] = 255
    image[70:, 60:] = 0
    np.testing.assert_array_equal(apply("remove_salt_pepper", image), image)


@pytest.mark.parametrize("name", PHOTOS)
def test_remove_salt_pepper_keeps_clean_photographs(name: str) -> None:
    clean = photo(name, 320)
    assert psnr(apply("remove_salt_pepper", clean), clean) >= 45
