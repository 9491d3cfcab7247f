"""Restoration against its references: on photographs with known damage, and on charts."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from darkroom.algorithms.quantisation import luma_table
from darkroom.errors import RecipeInvalid
from darkroom.estimates.blur import model_blur
from darkroom.estimates.jpeg_traces import find_traces
from darkroom.estimates.scratches import find_damage
from darkroom.picture import Array
from darkroom.registry import apply
from darkroom.steps.dehaze import dark_channel
from tests.support.photographs import as_jpeg, photos


def psnr(a: Array, b: Array) -> float:
    error = np.square(a.astype(np.float64) - b).mean()
    return float(10 * np.log10(255**2 / error)) if error else 99.0


# --- JPEG -------------------------------------------------------------------------------------------------------------


def test_quantisation_tables_are_libjpegs() -> None:
    for quality in (5, 25, 50, 80, 95, 100):
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "jpeg", quality=quality)
        image = Image.open(stream)
        assert isinstance(image, JpegImageFile)
        written = np.array(image.quantization[0]).reshape(8, 8)
        np.testing.assert_array_equal(luma_table(quality), written)


@pytest.mark.slow
@pytest.mark.parametrize("quality", [10, 20, 30])
def test_reduce_jpeg_artifacts_gains_on_photographs(quality: int) -> None:
    gains = []
    for photo in photos():
        jpeg = as_jpeg(photo, quality)
        gains.append(psnr(apply("reduce_jpeg_artifacts", jpeg), photo) - psnr(jpeg, photo))
    assert np.mean(gains) > 0.5
    assert min(gains) >= 0


@pytest.mark.slow
def test_jpeg_quality_and_grid_are_found_in_the_pixels() -> None:
    right = 0
    cropped = [(as_jpeg(photo, quality)[3:, 5:], quality) for photo in photos() for quality in (10, 30, 75)]
    for image, quality in cropped:
        traces = find_traces(image)
        right += traces is not None and (traces.quality, traces.top, traces.left) == (quality, 5, 3)
    assert right >= 0.8 * len(cropped)


@pytest.mark.slow
def test_a_photo_that_never_was_a_jpeg_stays() -> None:
    for photo in photos():
        assert psnr(apply("reduce_jpeg_artifacts", photo), photo) > 42


# --- softness ---------------------------------------------------------------------------------------------------------


def softened(image: Array, sigma: float, noise: float = 0) -> Array:
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma)
    noisy = soft + np.random.default_rng(1).normal(0, noise, soft.shape)
    return np.rint(np.clip(noisy, 0, 255)).astype(np.uint8)


def deblurred(pairs: list[tuple[Array, Array]]) -> tuple[list[float], list[float]]:
    """Of soft photos, each beside its original: the sigma that is read, and what the step gains, dB."""
    sigmas, gains = [], []
    for soft, photo in pairs:
        model = model_blur(soft)
        assert model is not None
        sigmas.append(model.sigma)
        gains.append(psnr(apply("deblur", soft), photo) - psnr(soft, photo))
    return sigmas, gains


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_deblur_estimates_sigma_and_gains(sigma: float) -> None:
    sigmas, gains = deblurred([(softened(photo, sigma), photo) for photo in photos()])
    assert np.median(sigmas) == pytest.approx(sigma, rel=0.1)
    assert np.mean(gains) > 2
    assert min(gains) > 1


@pytest.mark.slow
def test_deblur_gains_under_noise_and_leaves_sharp_photos_alone() -> None:
    noisy = [(softened(photo, 1.5, noise=3), photo) for photo in photos()]
    assert np.mean([psnr(apply("deblur", soft), photo) - psnr(soft, photo) for soft, photo in noisy]) > 1
    for photo in photos():
        np.testing.assert_array_equal(apply("deblur", photo), photo)


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [1.0, 1.8])
def test_deblur_reads_sigma_beneath_the_quantisation_of_jpeg(sigma: float) -> None:
    sigmas, gains = deblurred([(as_jpeg(softened(photo, sigma), 92), photo) for photo in photos()])
    assert np.median(sigmas) == pytest.approx(sigma, rel=0.1)
    assert np.mean(gains) > 1.6
    assert min(gains) > 0


@pytest.mark.parametrize("sigma", [1.0, 1.8])
def test_deblur_makes_no_line_along_the_frame(sigma: float) -> None:
    """A part of a soft photo goes on beyond its frame, and is brought back there, too."""
    inner, frame = np.s_[60:-60, 60:-60], np.ones((296, 296), bool)
    frame[3:-3, 3:-3] = False
    gains = []
    for photo in photos():
        soft, sharp = softened(photo, sigma)[inner], photo[inner]
        gains.append(psnr(apply("deblur", soft, sigma=sigma)[frame], sharp[frame]) - psnr(soft[frame], sharp[frame]))
    assert np.mean(gains) > 1


def test_deblur_does_not_ring() -> None:
    edge = np.full((128, 192), 64, np.uint8)
    edge[:, 96:] = 192
    result = apply("deblur", softened(edge, 2), sigma=2).astype(int)
    assert result.max() <= 192 + 0.1 * 128 + 1
    assert result.min() >= 64 - 0.1 * 128 - 1
    assert result[64, 98] - result[64, 93] > softened(edge, 2).astype(int)[64, 98] - softened(edge, 2)[64, 93]


# --- damage -----------------------------------------------------------------------------------------------------------


def scratched(image: Array, seed: int) -> tuple[Array, Array]:
    """A photo with light and dark scratches, and where they can be seen."""
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    result = image.copy()
    for _ in range(8):
        t = np.linspace(0, rng.uniform(0.2, 0.7) * width, 60)
        angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.0004)
        x = rng.integers(0, width) + t * np.cos(angle + bend * t)
        y = rng.integers(0, height) + t * np.sin(angle + bend * t)
        tone = int(rng.uniform(225, 255) if rng.random() < 0.75 else rng.uniform(0, 30))
        points = np.stack((x, y), axis=1).astype(np.int32)
        cv2.polylines(result, [points], False, (tone,) * 3, int(rng.integers(1, 4)))
    return result, np.abs(result.astype(int) - image).max(axis=2) > 25


def test_found_scratches_are_the_scratches() -> None:
    scores = []
    for seed, photo in enumerate(photos()):
        damaged, truth = scratched(photo, seed)
        found = find_damage(cv2.cvtColor(damaged, cv2.COLOR_RGB2GRAY), 4, 0.5, spots=False) > 0
        scores.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
    assert np.median(scores) >= 0.8


def test_cracks_of_uneven_tone_and_width_are_found() -> None:
    """Paper that a crack bares has grain, dirt and JPEG, and no two places of it are equally wide."""
    shares = []
    for seed, photo in enumerate(photos()):
        rng = np.random.default_rng(seed)
        cover = np.zeros((4 * photo.shape[0], 4 * photo.shape[1]), np.uint8)
        place, angle = rng.uniform(100, 300, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(40):
            angle += rng.normal(0, 0.2)
            end = place + 5 * np.array((np.cos(angle), np.sin(angle)))
            points = np.array([4 * place, 4 * end]).astype(np.int32)
            cv2.polylines(cover, [points], False, (255,), int(rng.uniform(5, 9)))
            place = end
        share = cv2.resize(cover, photo.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None] / 255
        paper = 232 + 6 * cv2.GaussianBlur(rng.normal(0, 1, photo.shape[:2]), (0, 0), 1)[..., None]
        cracked = np.clip((1 - share) * (50 + 0.55 * photo) + share * paper, 0, 255).astype(np.uint8)
        file = cv2.imencode(".jpg", cracked, (cv2.IMWRITE_JPEG_QUALITY, 90))[1]
        found = find_damage(np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)), 4, 0.6, spots=False)
        shares.append((cv2.dilate(found, np.ones((3, 3), np.uint8)) > 0)[share[..., 0] > 0.6].mean())
    assert np.median(shares) > 0.8


def test_spots_are_found_where_asked_for() -> None:
    image = np.full((80, 80), 120, np.uint8)
    image += np.random.default_rng(0).integers(0, 3, image.shape, np.uint8)
    cv2.circle(image, (40, 30), 2, 255, -1)
    assert find_damage(image, 4, 0.5, spots=False).sum() == 0
    found = find_damage(image, 4, 0.5, spots=True)
    np.testing.assert_array_equal(found > 0, image == 255)


def test_spots_alone_leave_lines() -> None:
    image = np.full((120, 160), 120, np.uint8)
    image += np.random.default_rng(0).integers(0, 3, image.shape, np.uint8)
    cv2.circle(image, (40, 30), 2, 255, -1)
    cv2.line(image, (20, 60), (140, 90), 255, 2)
    line, spot = np.s_[50:], np.s_[:50]
    for find, taken, left in (("spots", spot, line), ("scratches", line, spot)):
        result = apply("inpaint", image, find=find)
        assert result[taken].max() < 140
        np.testing.assert_array_equal(result[left], image[left])


@pytest.mark.parametrize("method", ["telea", "navier_stokes"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_inpaint_fills_the_mask_alone(method: str, dtype: type) -> None:
    y, x = np.mgrid[0:60, 0:80]
    smooth = np.stack((x / 100, y / 80, (x + y) / 160), axis=2)
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image: Array = (smooth * white).astype(dtype)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[20:24, 10:70] = 255
    damaged = image.copy()
    damaged[mask > 0] = white
    result = apply("inpaint", damaged, mask=mask, method=method, grow=0)
    np.testing.assert_array_equal(result[mask == 0], damaged[mask == 0])
    np.testing.assert_allclose(result / white, smooth, atol=0.04)


def test_inpaint_is_opencvs_telea() -> None:
    rng = np.random.default_rng(3)
    image = np.rint(255 * cv2.GaussianBlur(rng.random((50, 50), np.float32), (0, 0), 2)).astype(np.uint8)
    mask = np.zeros((50, 50), np.uint8)
    mask[10:14, 5:40] = 1
    expected = cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)
    result = apply("inpaint", image, mask=mask * np.uint8(255), radius=3, grow=0)
    assert np.abs(result.astype(int) - expected).max() <= 2  # its 8-bit fill feeds on its own rounding


def test_inpaint_refuses_a_mask_of_another_size() -> None:
    with pytest.raises(RecipeInvalid, match="the mask is 5 x 4 pixels but the picture 7 x 6"):
        apply("inpaint", np.zeros((6, 7), np.uint8), mask=np.zeros((4, 5), np.uint8))


# --- haze -------------------------------------------------------------------------------------------------------------


def test_dark_channel_is_the_papers() -> None:
    image = np.random.default_rng(0).random((20, 24, 3), np.float32)
    result = dark_channel(image, 5)
    for y, x in ((10, 10), (0, 0), (19, 3)):
        window = image[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
        assert result[y, x] == window.min()


@pytest.mark.slow
def test_dehaze_brings_back_a_hazed_photo() -> None:
    air = np.array([215, 220, 228])
    gains, kept = [], []
    for photo in photos():
        transmission = np.linspace(0.35, 0.95, photo.shape[0])[:, None, None]
        hazed = np.rint(photo * transmission + air * (1 - transmission)).astype(np.uint8)
        gains.append(psnr(apply("dehaze", hazed), photo) - psnr(hazed, photo))
        kept.append(psnr(apply("dehaze", photo), photo))
    assert np.mean(gains) > 2
    assert np.median(kept) > 17


def test_dehaze_leaves_sky_plain_and_bright() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[:120] = (190, 200, 215)
    image[120:] = np.random.default_rng(0).integers(20, 160, (80, 300, 3), np.uint8)
    sky = apply("dehaze", image)[:90].astype(int)
    assert np.abs(sky - (190, 200, 215)).max() <= 12
