"""Mean, guided and own kernels, antialiasing, motion, compensation and the choice among filters, held to references."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from scipy import ndimage

from darkroom.algorithms.guided import guided
from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.estimates.filter_choice import candidates
from darkroom.estimates.motion import estimate_motion, line_kernel
from darkroom.estimates.noise import estimate_noise
from darkroom.picture import Array
from darkroom.registry import get
from darkroom.step import Reported
from darkroom.steps.antialias import antialias_sigma
from darkroom.steps.compensate import inverse_mtf
from tests.support.photographs import FEW
from tests.support.photographs import photo as photograph


def run(name: str, image: Array, references: dict[str, Array] | None = None, **params: Any) -> Reported:
    step = get(name)
    return step(image, step.params.parse(params, of=name), references)


def apply(name: str, image: Array, **params: Any) -> Array:
    return run(name, image, **params).image


def photo(name: str, side: int = 256) -> Array:
    """The middle of a photograph, float32 RGB."""
    return photograph(name, side).astype(np.float32) / 255


def psnr(image: Array, truth: Array) -> float:
    return float(-10 * np.log10(np.mean(np.square(image - truth, dtype=np.float64))))


def to_uint8(image: Array) -> Array:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def with_noise(image: Array, sigma: float) -> Array:
    """`sigma` in levels of 255."""
    return to_uint8(image + np.random.default_rng(5).normal(0, sigma / 255, image.shape))


@pytest.fixture
def floats() -> Array:
    return np.random.default_rng(1).random((37, 45, 3), np.float32)


# --- linear smoothers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 9, 101])
def test_mean_blur_equals_scipy(floats: Array, size: int) -> None:
    reference = ndimage.uniform_filter(floats.astype(np.float64), (size, size, 1), mode="reflect")
    np.testing.assert_allclose(apply("mean_blur", floats, size=size), reference, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (5, 1), (31, 31)])
def test_convolve_equals_scipy(floats: Array, shape: tuple[int, int]) -> None:
    kernel = np.random.default_rng(3).random(shape) / np.prod(shape)  # asymmetric: correlation would show
    reference = ndimage.convolve(floats.astype(np.float64), kernel[..., None], mode="reflect")
    np.testing.assert_allclose(apply("convolve", floats, kernel=kernel.tolist()), reference, atol=2e-6)


def test_convolve_of_an_impulse_is_the_kernel() -> None:
    impulse = np.zeros((7, 7), np.float32)
    impulse[3, 3] = 1
    kernel = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]
    np.testing.assert_allclose(apply("convolve", impulse, kernel=kernel)[2:5, 2:5], kernel, rtol=1e-6)


def test_convolve_normalizes_and_offsets(floats: Array) -> None:
    flat = np.full((9, 9), 0.4, np.float32)
    np.testing.assert_allclose(apply("convolve", flat, kernel=[[1, 2, 5]], normalize=True), flat, atol=1e-6)
    np.testing.assert_allclose(apply("convolve", flat, kernel=[[-1, 0, 1]], offset=0.5), 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kernel": [[1, 2], [3, 4]]}, "2 x 2 but must have an odd number"),
        ({"kernel": [[1, 2, 3], [4]]}, "same number of weights"),
        ({"kernel": [[-1, 0, 1]], "normalize": True}, "add up to zero"),
        ({"kernel": [[1.0] * 33]}, "'kernel'"),
        ({"kernel": [[float("nan")]]}, "'kernel'"),
        ({"kernel": []}, "'kernel'"),
    ],
)
def test_convolve_refuses_other_kernels(params: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeInvalid, match=message):
        apply("convolve", np.zeros((4, 4), np.uint8), **params)


def zone_plate(side: int) -> Array:
    """Rings whose frequency grows to the Nyquist frequency at the middle of each side."""
    axis = np.arange(side) - side / 2
    return (0.5 + 0.5 * np.cos(np.pi / side * (axis[:, None] ** 2 + axis**2))).astype(np.float32)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_antialias_leaves_a_zone_plate_without_aliases(factor: int) -> None:
    side = 480
    axis = np.arange(side) - side / 2
    frequency = np.hypot(axis[:, None], axis) / side  # cycles per px
    plate = zone_plate(side)
    for beyond, contrast in ((1.5, 0.03), (2.0, 0.005)):
        aliased = (frequency > beyond / (2 * factor))[::factor, ::factor]
        assert np.ptp(plate[::factor, ::factor][aliased]) > 0.9
        smooth = apply("antialias", plate, factor=factor, linear_light=False)[::factor, ::factor]
        inside = ndimage.binary_erosion(aliased, iterations=int(4 * antialias_sigma(factor) / factor) + 1)
        assert np.abs(smooth[inside] - 0.5).max() < contrast
    kept = np.abs(apply("antialias", plate, factor=factor, linear_light=False) - 0.5)[frequency < 0.1 / factor]
    assert kept.max() > 0.45


def test_antialias_mixes_light() -> None:
    stripes = np.tile(np.array([0, 1], np.float32), (64, 32))
    np.testing.assert_allclose(apply("antialias", stripes, factor=8)[20:40, 20:40], 0.7354, atol=2e-3)
    np.testing.assert_allclose(apply("antialias", stripes, factor=8, linear_light=False)[20:40, 20:40], 0.5, atol=2e-3)


# --- guided -----------------------------------------------------------------------------------------------------------


def guided_by_definition(image: Array, guide: Array, radius: int, epsilon: float) -> Array:
    """He, Sun and Tang 2013, equations 14 and 15, with a matrix for every pixel, in float64."""
    image, guide = image.astype(np.float64), guide.astype(np.float64).reshape(*guide.shape[:2], -1)
    channels = guide.shape[2]

    def mean(plane: Array) -> Array:
        return ndimage.uniform_filter(plane, 2 * radius + 1, mode="reflect")

    means = np.stack([mean(guide[..., i]) for i in range(channels)], -1)
    products = np.stack([mean(guide[..., i] * guide[..., j]) for i in range(channels) for j in range(channels)], -1)
    variance = products.reshape(*means.shape, channels) - means[..., :, None] * means[..., None, :]
    covariance = np.stack([mean(guide[..., i] * image) for i in range(channels)], -1) - means * mean(image)[..., None]
    slope = np.linalg.solve(variance + epsilon * np.eye(channels), covariance[..., None])[..., 0]
    offset = mean(image) - (slope * means).sum(-1)
    return sum(mean(slope[..., i]) * guide[..., i] for i in range(channels)) + mean(offset)


def soft_scene(channels: int) -> Array:
    """Texture and an edge; all channels nearly alike, as in a nearly grey photograph."""
    rng = np.random.default_rng(4)
    plane = 0.1 + 0.5 * ndimage.gaussian_filter(rng.random((50, 60)), 1.0)
    plane[:, 30:] += 0.3
    return (plane[..., None] + rng.normal(0, 1e-3, (50, 60, channels))).astype(np.float32)


@pytest.mark.parametrize("sigma_color", [0.3, 0.03, 0.003])
@pytest.mark.parametrize("radius", [1, 6, 20])
def test_guided_filter_equals_its_definition(radius: int, sigma_color: float) -> None:
    scene = soft_scene(3)
    result = apply("guided_filter", scene, radius=radius, sigma_color=sigma_color)
    for c in range(3):
        reference = guided_by_definition(scene[..., c], scene, radius, sigma_color**2)
        np.testing.assert_allclose(result[..., c], reference, atol=1e-5)
    gray = scene[..., 0].copy()
    np.testing.assert_allclose(
        apply("guided_filter", gray, radius=radius, sigma_color=sigma_color),
        guided_by_definition(gray, gray, radius, sigma_color**2),
        atol=1e-5,
    )


def test_guided_filters_a_mask_along_a_picture() -> None:
    scene = soft_scene(3)
    mask = np.random.default_rng(0).random((50, 60), np.float32)
    np.testing.assert_allclose(guided(mask, scene, 5, 1e-4), guided_by_definition(mask, scene, 5, 1e-4), atol=1e-4)
    rough = np.zeros((50, 60), np.float32)
    rough[:, 33:] = 1  # an edge 3 px beside the picture's
    refined = guided(rough, scene[..., 0].copy(), 8, 1e-4)
    assert refined[:, 30:33].mean() > 0.5


def test_guided_subsampled_is_nearly_the_same() -> None:
    picture = photo("nyc")
    whole, quarter = (guided(picture, picture[..., 1].copy(), 16, 1e-2, subsample=s) for s in (1, 4))
    assert psnr(quarter, whole) > 38


def test_guided_filter_in_tiles_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from darkroom.steps import guided_filter as module

    scene = soft_scene(3)
    whole = apply("guided_filter", scene, radius=2)
    monkeypatch.setattr(module, "TILE_WIDTH", 1)
    np.testing.assert_allclose(apply("guided_filter", scene, radius=2), whole, atol=1e-6)


# --- motion -----------------------------------------------------------------------------------------------------------


def moved(image: Array, length: float, angle: float, noise: float, seed: int = 0) -> tuple[Array, Array]:
    """The mean of 64 instants of a motion and the sharp picture, both without the borders, which were made up."""
    height, width = image.shape[:2]
    mean = np.zeros(image.shape, np.float64)
    for along in (np.arange(64) + 0.5) / 64 - 0.5:
        x, y = length * along * np.cos(np.radians(angle)), -length * along * np.sin(np.radians(angle))
        shift = np.array([[1, 0, x], [0, 1, y]])
        mean += cv2.warpAffine(image, shift, (width, height), flags=cv2.INTER_LINEAR) / 64
    cut = int(length) // 2 + 2
    noisy = with_noise(mean, noise)
    return noisy[cut:-cut, cut:-cut], image[cut:-cut, cut:-cut]


def gain(name: str, blurred: Array, sharp: Array, **params: Any) -> float:
    return psnr(apply(name, blurred, **params) / 255, sharp) - psnr(blurred / 255, sharp)


@pytest.mark.slow
@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_deblur_motion_brings_back_4_db(angle: float) -> None:
    pairs = [moved(photo(name), 15, angle, noise=1.0) for name in FEW]
    given = [gain("deblur_motion", *pair, length=15, angle=angle) for pair in pairs]
    found = [gain("deblur_motion", *pair) for pair in pairs]
    assert np.mean(given) >= 4
    assert np.mean(found) >= 4
    assert min(given + found) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("method", "least"), [("wiener", 3.0), ("richardson_lucy", 2.5)])
def test_the_textbook_methods_bring_most_of_it_back(method: str, least: float) -> None:
    pairs = [moved(photo(name), 15, 30, noise=0.3) for name in FEW]
    assert np.mean([gain("deblur_motion", *pair, length=15, angle=30, method=method) for pair in pairs]) >= least


@pytest.mark.slow
@pytest.mark.parametrize(("length", "angle"), [(9, 110), (15, 0), (24, 77)])
def test_motion_is_found_in_the_cepstrum(length: float, angle: float) -> None:
    for name in FEW:
        blurred, _ = moved(photo(name, 384), length, angle, noise=0.5)
        motion = estimate_motion(blurred.mean(axis=2, dtype=np.float32) / 255)
        assert motion.found
        assert motion.length == pytest.approx(length, abs=1)
        assert (motion.angle - angle + 90) % 180 - 90 == pytest.approx(0, abs=3)


def test_sharp_photographs_are_not_taken_for_moved() -> None:
    for name in FEW:
        sharp = to_uint8(photo(name))
        outcome = run("deblur_motion", sharp)
        assert outcome.details["found"] is False
        np.testing.assert_array_equal(outcome.image, sharp)


def test_deblur_motion_does_not_ring_at_the_frame() -> None:
    """A ramp has no detail to bring back, but unlike borders, which a Fourier transform takes for an edge."""
    ramp = np.tile(np.linspace(0.1, 0.9, 120, dtype=np.float32), (80, 1))
    for method in ("total_variation", "wiener"):
        result = apply("deblur_motion", ramp, length=15, angle=0, method=method, noise=0.5)
        assert np.abs(result - ramp).max() < 0.06


def test_line_kernel_has_the_moments_of_a_line() -> None:
    kernel = line_kernel(12.0, 30.0)
    y, x = np.mgrid[: kernel.shape[0], : kernel.shape[1]] - kernel.shape[0] // 2
    assert kernel.sum() == pytest.approx(1)
    assert (kernel * x).sum() == pytest.approx(0, abs=1e-5)
    along = x * np.cos(np.radians(30)) - y * np.sin(np.radians(30))
    across = x * np.sin(np.radians(30)) + y * np.cos(np.radians(30))
    assert (kernel * along**2).sum() == pytest.approx(12**2 / 12, rel=0.03)
    assert (kernel * across**2).sum() < 0.35  # a pixel's own width


# --- compensation -----------------------------------------------------------------------------------------------------


def vignette(height: int, width: int, slope: float) -> Array:
    """The fourth power of the cosine of the angle from the axis, float32; `slope` is its tangent at half the width."""
    y, x = np.mgrid[:height, :width]
    squares = (x - (width - 1) / 2) ** 2 + (y - (height - 1) / 2) ** 2
    return (1 / (1 + slope**2 * squares / (max(height, width) / 2) ** 2) ** 2).astype(np.float32)


def evenness(result: Array, truth: Array) -> float:
    """Largest deviation of the ratio of two pictures' light, in patches of 20 px, from that in the middle."""
    ratio = cv2.blur(srgb_to_linear(result) / truth, (20, 20))
    middle = ratio[ratio.shape[0] // 2, ratio.shape[1] // 2]
    return float(np.abs(ratio / middle - 1).max())


@pytest.fixture
def surface() -> Array:
    """Linear light of an even surface with texture, 240x320."""
    texture = ndimage.gaussian_filter(np.random.default_rng(0).normal(0, 0.2, (240, 320, 3)), (1.5, 1.5, 0))
    return np.clip(0.3 + texture, 0.05, 0.9).astype(np.float32)


def test_compensate_flattens_a_vignette(surface: Array) -> None:
    shade = vignette(240, 320, 0.5)[..., None]
    assert shade.min() < 0.55
    assert evenness(linear_to_srgb(surface * shade), surface) > 0.4
    assert evenness(apply("compensate", linear_to_srgb(surface * shade)), surface) <= 0.02
    assert evenness(apply("compensate", linear_to_srgb(surface)), surface) <= 0.04


def test_compensate_by_a_flat_field(surface: Array) -> None:
    tinted = np.dstack([vignette(240, 320, slope) for slope in (0.4, 0.5, 0.6)])
    flat = with_noise(linear_to_srgb(0.7 * tinted), 2.0)
    step = get("compensate")
    result = step(linear_to_srgb(surface * tinted), step.params(), {"flat": flat}).image
    assert evenness(result, surface) <= 0.02
    with pytest.raises(RecipeInvalid, match="proportions"):
        step(linear_to_srgb(surface), step.params(), {"flat": flat[:, :100]})


def test_compensate_evens_a_lamp_homomorphically(surface: Array) -> None:
    y, x = np.mgrid[:240, :320] / np.array([240, 320]).reshape(2, 1, 1)
    lamp = (0.35 + 0.65 * np.exp(-4 * ((x - 0.2) ** 2 + (y - 0.7) ** 2)))[..., None].astype(np.float32)
    before = linear_to_srgb(surface * lamp)
    assert evenness(apply("compensate", before, illumination="homomorphic"), surface) < evenness(before, surface) / 4


def test_compensate_restores_contrast_within_its_bound() -> None:
    for sigma in (0.7, 1.0, 1.5):
        spectrum = np.abs(np.fft.fft2(inverse_mtf(sigma, 3.0), (128, 128)))
        assert spectrum.max() <= 3.0 * 1.03
        assert spectrum[0, 0] == pytest.approx(1, abs=1e-5)
        low = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)) < 0.1 / sigma
        mtf = np.exp(-2 * (np.pi * sigma * np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128))) ** 2)
        np.testing.assert_allclose((spectrum * mtf)[low], 1, atol=0.05)


@pytest.mark.parametrize(("sigma", "least"), [(0.7, 3.5), (1.0, 2.5), (1.5, 1.5)])
def test_compensate_undoes_softness(sigma: float, least: float) -> None:
    gains = []
    for name in FEW:
        sharp = photo(name)
        soft = with_noise(cv2.GaussianBlur(sharp, (0, 0), sigma), 0.7)
        gains.append(gain("compensate", soft, sharp, illumination="off", softness=sigma))
    assert np.mean(gains) >= least


# --- the choice -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("budget_ms", [300, 30_000])
@pytest.mark.parametrize("sigma", [3, 10, 25])
def test_auto_filter_is_as_good_as_the_best_fixed_choice(sigma: float, budget_ms: float) -> None:
    chosen, fixed = [], []
    for name in FEW:
        clean = photo(name)
        noisy = with_noise(clean, sigma)
        outcome = run("auto_filter", noisy, budget_ms=budget_ms)
        assert outcome.details["predicted_ms"] <= budget_ms
        chosen.append(psnr(outcome.image / 255, clean))
        table = outcome.details["candidates"]
        every = candidates(estimate_noise(noisy))
        assert [row["step"] for row in table] == [candidate.name for candidate in every]
        fixed.append(
            [
                psnr(apply(candidate.name, noisy, **candidate.values) / 255, clean) if row["within_budget"] else -np.inf
                for candidate, row in zip(every, table, strict=True)
            ]
        )
    assert np.mean(chosen) >= np.mean(fixed, axis=0).max() - 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["city", "nyc", "reflect"])
def test_auto_filter_predicts_what_comes_true(name: str) -> None:
    clean = photo(name)
    noisy = with_noise(clean, 10)
    outcome = run("auto_filter", noisy, budget_ms=30_000)
    predicted = {row["step"]: row["predicted_psnr"] for row in outcome.details["candidates"]}
    assert predicted["denoise"] == pytest.approx(psnr(outcome.image / 255, clean), abs=1.0)
    assert outcome.details["psnr_as_it_is"] == pytest.approx(psnr(noisy / 255, clean), abs=0.7)
    assert outcome.details["chosen"] == {"step": "denoise", "params": {}}


def test_auto_filter_takes_out_impulses_first() -> None:
    clean = photo("nyc")
    struck = to_uint8(clean)
    dice = np.random.default_rng(1).random(struck.shape[:2])
    struck[dice < 0.02], struck[dice > 0.98] = 0, 255
    outcome = run("auto_filter", struck)
    assert outcome.details["chosen"]["step"] == "remove_salt_pepper"
    assert psnr(outcome.image / 255, clean) > psnr(struck / 255, clean) + 10


def test_auto_filter_keeps_its_budget_or_does_nothing() -> None:
    noisy = with_noise(photo("nyc"), 10)
    outcome = run("auto_filter", noisy, budget_ms=10)
    assert outcome.details["chosen"] is None
    assert "budget" in outcome.details["reason"]
    np.testing.assert_array_equal(outcome.image, noisy)
    steps = [run("auto_filter", noisy, budget_ms=ms).details["chosen"]["step"] for ms in (250, 30_000)]
    assert steps[0] != "denoise"
    assert steps[1] == "denoise"


@pytest.mark.parametrize("name", ["city", "nyc"])
def test_auto_filter_knows_that_noise_was_clipped_at_black(name: str) -> None:
    """Held against the mean that clipping left, what takes it back would seem worse than what does not."""
    clean = np.maximum(photo(name) - 0.25, 0) / 2
    noisy = with_noise(clean, 15)
    outcome = run("auto_filter", noisy, budget_ms=30_000)
    fixed = [apply(each.name, noisy, **each.values) for each in candidates(estimate_noise(noisy))]
    assert psnr(outcome.image / 255, clean) >= max(psnr(result / 255, clean) for result in fixed) - 0.1


@pytest.mark.parametrize("channels", [1, 3])
def test_auto_filter_takes_noise_out_of_grey_pictures_of_one_channel_or_of_three_equal_ones(channels: int) -> None:
    clean = photo("nyc")[..., 1]
    noisy = with_noise(clean, 10)
    outcome = run("auto_filter", noisy if channels == 1 else np.repeat(noisy[..., None], channels, axis=2))
    result = outcome.image.reshape(*clean.shape, channels)
    assert psnr(result[..., 0] / 255, clean) > psnr(noisy / 255, clean) + 2
    assert (result == result[..., :1]).all()


def test_auto_filter_leaves_noise_that_a_reduction_will_average() -> None:
    noisy = with_noise(photo("nyc"), 2)
    large, small = (run("auto_filter", noisy, output_scale=scale).details for scale in (1, 0.1))
    assert large["chosen"] is not None
    assert small["psnr_as_it_is"] > large["psnr_as_it_is"] + 10
