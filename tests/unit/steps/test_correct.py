"""Colour correction by histograms, known colours, statistics, frequencies, clusters and components."""

from __future__ import annotations

from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
import skimage.color
from PIL import Image
from scipy import fft
from skimage import exposure
from skimage.filters import rank
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from darkroom import apply
from darkroom.color.conversions import linear_to_srgb, luma, rgb_to_lab, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.picture import Array
from darkroom.registry import get
from darkroom.step import to_float
from tests.support.photographs import SIDE, photo


def gray_photo(name: str = "path") -> Array:
    return np.asarray(Image.fromarray(photo(name)).convert("L"))


def muted(name: str = "path") -> Array:
    """A photograph in mid-tones, float32, so that nothing clips."""
    return photo(name).astype(np.float32) / 255 * np.float32(0.4) + np.float32(0.3)


def details(name: str, image: Array, **params: Any) -> dict[str, Any]:
    step = get(name)
    return step(image, step.params.parse(params, of=name)).details


# --- equalize_global --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["path", "nyc", "flowers"])
def test_global_equalisation(name: str) -> None:
    gray = gray_photo(name)
    expected = exposure.equalize_hist(gray)
    np.testing.assert_array_equal(apply("equalize_global", gray), np.rint(expected * 255))
    deep = gray.astype(np.uint16) * 251
    expected = exposure.equalize_hist(deep)
    np.testing.assert_allclose(apply("equalize_global", deep), expected * 65535, atol=1)
    smooth = luma(to_float(photo(name)))
    np.testing.assert_allclose(apply("equalize_global", smooth), exposure.equalize_hist(smooth, 65536), atol=2e-3)


def test_global_equalisation_of_colour_is_that_of_luminance() -> None:
    image = to_float(photo("path"))
    result = apply("equalize_global", image)
    share = np.sort(luma(result).ravel())
    assert np.abs(share - np.linspace(0, 1, share.size)).max() < 0.01
    before, after = skimage.color.rgb2hsv(image), skimage.color.rgb2hsv(result)
    colored = (before[..., 1] > 0.1) & (after[..., 1] > 0.1)
    difference = np.abs(before[..., 0] - after[..., 0])[colored]
    assert np.minimum(difference, 1 - difference).max() < 1e-3


# --- equalize_local ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [1, 4, 40, 500])
def test_local_equalisation_window_for_window(radius: int) -> None:
    gray = gray_photo()[40:170, 100:300]
    square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    np.testing.assert_array_equal(apply("equalize_local", gray, radius=radius), rank.equalize(gray, square))


def test_local_equalisation_across_tiles() -> None:
    gray = np.ascontiguousarray(np.tile(gray_photo("sand"), (2, 1))[:500, :450])
    np.testing.assert_array_equal(
        apply("equalize_local", gray, radius=20), rank.equalize(gray, np.ones((41, 41), np.uint8))
    )


def test_local_equalisation_keeps_gradation_between_bins() -> None:
    """A ramp finer than the bins stays a ramp, and levels of 8 bits give the same in 16 bits and float32."""
    ramp = np.repeat(np.linspace(0.4, 0.42, 300, dtype=np.float32)[None], 40, axis=0)
    result = apply("equalize_local", ramp, radius=150)[20]
    assert len(np.unique(np.rint(result * 65535))) > 200
    gray = gray_photo()[:90, :80]
    shares = apply("equalize_local", gray.astype(np.float32) / np.float32(255), radius=9)
    np.testing.assert_array_equal(np.floor(shares * 255 + 1e-4), apply("equalize_local", gray, radius=9))


# --- adjust_distribution ----------------------------------------------------------------------------------------------


def test_distribution_of_a_reference() -> None:
    image, reference = photo("path"), photo("flowers")
    expected = exposure.match_histograms(image.astype(np.uint8), reference, channel_axis=2)
    result = apply("adjust_distribution", image, reference=reference)
    assert np.abs(result.astype(int) - expected).max() <= 1
    gray, other = gray_photo(), gray_photo("flowers")
    expected = exposure.match_histograms(gray, other)
    np.testing.assert_allclose(apply("adjust_distribution", gray, reference=other), expected, atol=0.5)
    smooth, other = luma(to_float(photo("path"))), luma(to_float(photo("flowers")))
    expected = exposure.match_histograms(smooth, other)
    error = np.abs(apply("adjust_distribution", smooth, reference=other) - expected)
    assert error.mean() < 1e-4  # counted in 65536 bins
    assert error.max() < 0.01


def target_share(target: str, level: Array) -> Array:
    match target:
        case "uniform":
            return level
        case "gaussian":
            return np.array([0.5 * (1 + erf((value - 0.5) / (0.15 * sqrt(2)))) for value in level])
        case "rayleigh":
            return np.asarray(1 - np.exp(-((level / 0.25) ** 2) / 2))
    raise AssertionError(target)


@pytest.mark.parametrize("target", ["uniform", "gaussian", "rayleigh"])
def test_stated_distributions(target: str) -> None:
    """The result's distribution is the target's within 1 %, of luminance, on photographs without blown areas."""
    levels = np.linspace(0, 1, 256)
    for name in ("path", "reflect", "flowers"):
        image = to_float(photo(name))
        result = np.sort(luma(apply("adjust_distribution", image, target=target)).ravel())
        share = np.searchsorted(result, levels, side="right") / result.size
        assert np.abs(share - target_share(target, levels)).max() <= 0.01


def test_distribution_by_luminance_of_a_reference_of_another_kind() -> None:
    image, reference = to_float(photo("path")), gray_photo("flowers")
    result = np.sort(luma(apply("adjust_distribution", image, reference=reference, channels="luminance")).ravel())
    wanted = np.sort(reference.ravel()) / 255
    assert np.abs(result - wanted).mean() < 0.005
    assert apply("adjust_distribution", gray_photo(), reference=photo("flowers")).shape == gray_photo().shape


# --- correct_spectrum_active ------------------------------------------------------------------------------------------

CAMERA = np.array([[0.72, 0.22, 0.06], [0.14, 0.70, 0.10], [0.03, 0.24, 0.62]])
RNG = np.random.default_rng(11)
CHART = 0.05 + 0.85 * RNG.random((24, 3))  # linear light


def encoded(linear: Array) -> Array:
    return linear_to_srgb(linear.astype(np.float32))


def delta_e(a: Array, b: Array) -> Array:
    """CIEDE2000 of encoded float32 pictures."""
    return np.asarray(skimage.color.deltaE_ciede2000(skimage.color.rgb2lab(a), skimage.color.rgb2lab(b)))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["linear", "root_polynomial", "root_polynomial_3"])
def test_a_cameras_matrix_is_undone(method: str) -> None:
    truth = to_float(photo("path"))
    seen = encoded(srgb_to_linear(truth) @ CAMERA.T.astype(np.float32))
    samples, targets = encoded(CHART @ CAMERA.T).tolist(), encoded(CHART).tolist()
    result = apply("correct_spectrum_active", seen, samples=samples, targets=targets, method=method)
    assert delta_e(seen, truth).mean() > 3
    assert delta_e(result, truth).max() <= 1
    in_levels = np.rint(seen * 255).astype(np.uint8)
    result = apply("correct_spectrum_active", in_levels, samples=samples, targets=targets, method=method)
    assert np.percentile(delta_e(to_float(result), truth), 99) <= 3
    assert delta_e(to_float(result), truth).mean() <= 1


@pytest.mark.parametrize("method", ["linear", "root_polynomial", "root_polynomial_3"])
def test_half_the_light_gives_half_the_result(method: str) -> None:
    """Exposure invariance (Finlayson 2015), with a map that no matrix fits."""
    bent = np.stack((CHART[:, 0] ** 0.9 * CHART[:, 1] ** 0.1, CHART[:, 1], np.sqrt(CHART[:, 1] * CHART[:, 2])), axis=1)
    values = {"samples": encoded(CHART).tolist(), "targets": encoded(bent).tolist(), "method": method}
    light = srgb_to_linear(to_float(photo("path"))) * np.float32(0.5)
    full, half = (apply("correct_spectrum_active", encoded(light * scale), **values) for scale in (1.0, 0.5))
    inside = full.max(axis=-1) < 1
    np.testing.assert_allclose(srgb_to_linear(half)[inside], srgb_to_linear(full)[inside] / 2, atol=1e-5)


def test_root_polynomials_fit_what_a_matrix_cannot() -> None:
    bent = np.stack((CHART[:, 0], np.sqrt(CHART[:, 0] * CHART[:, 1]), CHART[:, 2]), axis=1)
    values = {"samples": encoded(CHART).tolist(), "targets": encoded(bent).tolist()}
    errors = {
        method: details("correct_spectrum_active", photo("path"), **values, method=method)["error"]
        for method in ("linear", "root_polynomial", "root_polynomial_3")
    }
    assert errors["root_polynomial"] < 1e-3 < 0.01 < errors["linear"]
    assert errors["root_polynomial_3"] < 1e-3


def test_corresponding_pictures() -> None:
    truth = to_float(photo("flowers"))
    seen = encoded(srgb_to_linear(truth) @ CAMERA.T.astype(np.float32))
    assert delta_e(apply("correct_spectrum_active", seen, target_image=truth), truth).max() <= 1
    other = to_float(photo("path"))
    other_seen = encoded(srgb_to_linear(other) @ CAMERA.T.astype(np.float32))
    result = apply("correct_spectrum_active", seen, target_image=other, sample_image=other_seen)
    assert delta_e(result, truth).max() <= 1


def test_what_samples_leave_open_stays() -> None:
    """Greys alone say nothing of colours that are their opposite."""
    greys = [[v, v, v] for v in (0.2, 0.4, 0.6, 0.8)]
    image = to_float(photo("path"))
    same = apply("correct_spectrum_active", image, samples=greys, targets=greys)
    np.testing.assert_allclose(same, image, atol=1e-5)


def test_known_colours_are_asked_for_by_name() -> None:
    for values, match in (
        ({}, "'target_image'"),
        ({"samples": [[0, 0, 0]] * 3}, "'targets' has 0"),
        ({"samples": [[0, 0, 0]] * 3, "targets": [[0, 0, 0]] * 3, "method": "root_polynomial"}, "at least 6"),
        ({"samples": [[0, 0]] * 3, "targets": [[0, 0, 0]] * 3}, "'samples'"),
        ({"target_image": gray_photo()}, "'target_image'"),
    ):
        with pytest.raises(RecipeInvalid, match=match):
            apply("correct_spectrum_active", photo("path"), **values)


# --- correct_spectrum_passive -----------------------------------------------------------------------------------------


def statistics(image: Array) -> tuple[Array, Array]:
    colors = to_float(image).reshape(-1, 3).astype(float)
    return colors.mean(axis=0), np.cov(colors.T, bias=True)


def test_mean_and_covariance_become_the_references() -> None:
    image, reference = muted("path"), muted("flowers")
    mean, covariance = statistics(apply("correct_spectrum_passive", image, reference=reference))
    wanted_mean, wanted_covariance = statistics(reference)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-4)
    np.testing.assert_allclose(covariance, wanted_covariance, atol=1e-4)
    stated = apply("correct_spectrum_passive", image, mean=wanted_mean.tolist(), covariance=wanted_covariance.tolist())
    np.testing.assert_allclose(stated, apply("correct_spectrum_passive", image, reference=reference), atol=1e-5)


def test_mean_and_covariance_of_whole_photographs() -> None:
    """Black and white clip here."""
    for image, reference in ((photo("path"), photo("flowers")), (photo("city"), photo("reflect"))):
        mean, covariance = statistics(apply("correct_spectrum_passive", image, reference=reference))
        wanted_mean, wanted_covariance = statistics(reference)
        np.testing.assert_allclose(mean, wanted_mean, atol=0.002)
        np.testing.assert_allclose(covariance, wanted_covariance, atol=0.002)


def test_the_map_is_symmetric_and_undone_by_its_reverse() -> None:
    """What makes it Monge and Kantorovich's among all maps with the same covariance."""
    image, reference = muted("path"), muted("flowers")
    there = np.array(
        get("correct_spectrum_passive")(
            image, get("correct_spectrum_passive").params(), {"reference": reference}
        ).details["matrix"]
    )
    np.testing.assert_allclose(there, there.T, atol=1e-3)
    assert np.linalg.eigvalsh(there).min() > 0
    back = apply(
        "correct_spectrum_passive", apply("correct_spectrum_passive", image, reference=reference), reference=image
    )
    np.testing.assert_allclose(back, image, atol=1e-3)


def test_statistics_are_asked_for_by_name() -> None:
    with pytest.raises(RecipeInvalid, match="'reference'"):
        apply("correct_spectrum_passive", photo("path"))
    with pytest.raises(RecipeInvalid, match="'reference'"):
        apply("adjust_distribution", photo("path"), target="reference")
    for covariance, match in (
        ([[0.1, 0.2, 0], [0, 0.1, 0], [0, 0, 0.1]], "symmetric"),
        ([[0.1, 0.2, 0], [0.2, 0.1, 0], [0, 0, 0.1]], "eigenvalue"),
        ([[0.1, 0, 0]], "3 entries"),
    ):
        with pytest.raises(RecipeInvalid, match=match):
            apply("correct_spectrum_passive", photo("path"), mean=[0.5] * 3, covariance=covariance)


# --- correct_fourier --------------------------------------------------------------------------------------------------


def opponents(image: Array) -> Array:
    return image[..., [0, 2]] - luma(image)[..., None]


def tinted(image: Array) -> Array:
    """A cast that runs from left to right and a little downwards, over everything."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    slope = 0.2 * (x / (width - 1) - 0.5) + 0.06 * (y / (height - 1) - 0.5)
    return image + slope[..., None].astype(np.float32) * np.array([1, 0, -1], np.float32)


def test_a_cast_gradient_is_removed() -> None:
    gray = np.repeat(muted()[..., 1:2], 3, axis=2)  # no colour of its own
    corrected = apply("correct_fourier", tinted(gray))
    assert np.abs(opponents(tinted(gray))).max() > 0.09
    assert np.abs(opponents(corrected)).max() < 1e-3
    for name in ("path", "flowers"):  # photographs: the same with the cast as without it
        clean, spoiled = (apply("correct_fourier", image) for image in (muted(name), tinted(muted(name))))
        np.testing.assert_allclose(spoiled - luma(spoiled)[..., None], clean - luma(clean)[..., None], atol=1e-3)


def test_a_curved_cast_is_removed() -> None:
    gray = np.repeat(muted()[..., 1:2], 3, axis=2)
    x = np.linspace(0, np.pi, gray.shape[1])
    cast = (0.1 * np.cos(x) + 0.05 * np.sin(x))[None, :, None].astype(np.float32) * np.array([1, 0, -1], np.float32)
    corrected = apply("correct_fourier", gray + cast, keep_mean=False, cutoff=2)
    assert np.std(opponents(corrected)) < 0.1 * np.std(opponents(gray + cast))


@pytest.mark.parametrize("name", ["nyc", "reflect", "flowers"])
def test_luminance_phase_and_detail_stay(name: str) -> None:
    image = muted(name)
    corrected = apply("correct_fourier", image)
    np.testing.assert_allclose(luma(corrected), luma(image), atol=1e-5)
    before, after = (fft.dctn(opponents(each), axes=(0, 1), norm="ortho") for each in (image, corrected))
    height, width = image.shape[:2]
    frequency = np.hypot(np.arange(height)[:, None] / 2, np.arange(width)[None] * height / width / 2)
    high = frequency > 8
    energy = np.sum(before[high] ** 2, axis=0)
    assert np.all(np.sum((after - before)[high] ** 2, axis=0) <= 0.01**2 * energy)


def test_the_transform_is_scipys() -> None:
    """Without a plane in it, what is removed is the low end of SciPy's cosine transform."""
    rng = np.random.default_rng(2)
    noise = 0.5 + 0.1 * rng.standard_normal((24, 40, 3)).astype(np.float32)
    y, x = np.mgrid[0:24, 0:40]
    ramps = np.stack(((y / 24 - y.mean() / 24).ravel(), (x / 40 - x.mean() / 40).ravel()), axis=1)
    planes = opponents(noise).reshape(-1, 2)
    weights = np.linalg.lstsq(ramps, planes - planes.mean(axis=0), rcond=None)[0]
    level = (planes - ramps @ weights).reshape(24, 40, 2)
    coefficients = fft.dctn(level, axes=(0, 1), norm="ortho")
    frequency = np.hypot(np.arange(24)[:, None] / 2 * 40 / 24, np.arange(40)[None] / 2)
    coefficients *= 1 - 0.5 ** (frequency[..., None] / 2) ** 4
    expected = fft.idctn(coefficients, axes=(0, 1), norm="ortho")
    result = opponents(apply("correct_fourier", noise, cutoff=2, keep_mean=False))
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_coloured_light_leaves_black_black() -> None:
    x = np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)
    gray = np.repeat(to_float(photo("path"))[..., 1:2], 3, axis=2) * np.float32(0.7)
    lit = gray * (1 + 0.5 * x[None, :, None] * np.array([1, 0, -1], np.float32))
    corrected = apply("correct_fourier", lit, model="light")
    assert np.std(opponents(corrected)) < 0.1 * np.std(opponents(lit))
    black = gray.max(axis=-1) == 0
    assert np.all(corrected[black] == 0)


# --- cluster_colors ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "k"), [("path", 4), ("flowers", 8), ("reflect", 16)])
def test_inertia_is_that_of_scikit_learn(name: str, k: int) -> None:
    image = np.ascontiguousarray(photo(name)[::4, ::4])
    lab = rgb_to_lab(image).reshape(-1, 3).astype(float)
    reference = KMeans(k, n_init=3, random_state=0).fit(lab).inertia_
    palette = get("cluster_colors").analyse(image, get("cluster_colors").params(k=k)).value  # type: ignore[misc]
    distances = np.sum((lab[:, None] - palette.centers[None]) ** 2, axis=-1)
    assert distances.min(axis=1).sum() <= 1.02 * reference
    assert len(np.unique(apply("cluster_colors", image, k=k).reshape(-1, 3), axis=0)) == k


def test_the_seed_decides_and_the_palette_is_told() -> None:
    image = photo("flowers")
    found = details("cluster_colors", image, k=5, seed=4)
    assert found == details("cluster_colors", image, k=5, seed=4)
    assert len(found["colors"]) == 5
    assert sum(found["shares"]) == pytest.approx(1, abs=1e-3)
    assert found["shares"] == sorted(found["shares"], reverse=True)


def test_pictures_of_few_colours_stay() -> None:
    flags = np.zeros((12, 15, 3), np.uint8)
    flags[:, :5], flags[:, 5:10], flags[:, 10:] = (200, 30, 40), (250, 250, 245), (20, 40, 150)
    for k in (3, 8):
        np.testing.assert_array_equal(apply("cluster_colors", flags, k=k), flags)
    assert len(np.unique(apply("cluster_colors", flags, k=2).reshape(-1, 3), axis=0)) == 2


def test_harmonising_keeps_lightness_and_gathers_hues() -> None:
    image = to_float(photo("flowers"))
    result = apply("cluster_colors", image, k=3, mode="harmonise")
    before, after = rgb_to_lab(image), rgb_to_lab(result)
    inside = (result > 0.01).all(axis=-1) & (result < 0.99).all(axis=-1)
    np.testing.assert_allclose(after[inside][:, 0], before[inside][:, 0], atol=0.05)
    assert np.linalg.det(np.cov(after[..., 1:].reshape(-1, 2).T)) < np.linalg.det(
        np.cov(before[..., 1:].reshape(-1, 2).T)
    )


# --- correct_pca ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("components", [1, 2])
def test_leading_components(components: int) -> None:
    image = muted("flowers")
    colors = image.reshape(-1, 3).astype(float)
    pca = PCA(components).fit(colors)
    expected = pca.inverse_transform(pca.transform(colors)).reshape(image.shape)
    result = apply("correct_pca", image, mode="keep", components=components)
    np.testing.assert_allclose(result, expected, atol=1e-4)
    found = details("correct_pca", image, mode="keep", components=components)
    np.testing.assert_allclose(found["explained"][:components], pca.explained_variance_ratio_, atol=1e-3)
    assert np.abs(np.sum(np.array(found["axes"])[:components] * pca.components_, axis=1)) == pytest.approx(1, abs=1e-3)


def test_decorrelation_keeps_mean_and_deviation_of_each_channel() -> None:
    # Uncorrelated noise beside the photograph's lightness: no component below 8-bit rounding.
    image = muted("flowers") * np.float32(0.4) + np.float32(0.3)
    image += np.random.default_rng(1).normal(0, 0.01, image.shape).astype(np.float32)
    result = apply("correct_pca", image)
    mean, covariance = statistics(result)
    wanted_mean, wanted_covariance = statistics(image)
    np.testing.assert_allclose(mean, wanted_mean, atol=2e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), np.sqrt(np.diag(wanted_covariance)), rtol=0.02)
    deviations = np.sqrt(np.diag(covariance))
    assert np.abs(covariance / np.outer(deviations, deviations) - np.eye(3)).max() < 0.02
    wanted_deviations = np.sqrt(np.diag(wanted_covariance))
    assert (wanted_covariance / np.outer(wanted_deviations, wanted_deviations)).min() > 0.3
