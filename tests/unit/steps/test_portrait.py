"""Portraits against their references."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data as pictures

from darkroom.algorithms.domain_transform import domain_transform
from darkroom.color.conversions import luma
from darkroom.estimates.skin import skin_likelihood, skin_mask
from darkroom.picture import Array
from darkroom.registry import apply

# Patches of the ColorChecker, sRGB D65 (BabelColor averages): dark and light skin, blue sky, foliage, white.
DARK_SKIN, LIGHT_SKIN, SKY, FOLIAGE, WHITE = (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (243,) * 3


@pytest.fixture(scope="module")
def portrait() -> Array:
    return np.asarray(pictures.astronaut())


def test_skin_is_skin_of_any_tone() -> None:
    def likelihood(*color: int) -> float:
        return float(skin_likelihood(np.full((1, 1, 3), color, np.float32) / 255)[0, 0])

    for tone in (DARK_SKIN, LIGHT_SKIN, (141, 85, 54), (224, 172, 138), (89, 58, 45)):
        assert likelihood(*tone) > 0.5, tone
    for other in (SKY, FOLIAGE, WHITE, (0, 0, 0), (200, 30, 30), (230, 200, 40)):
        assert likelihood(*other) == 0, other


def test_smooth_skin_changes_nothing_outside_the_mask(portrait: Array) -> None:
    for image in (portrait, portrait.astype(np.uint16) * 257, (portrait / 255).astype(np.float32)):
        white = 1 if image.dtype == np.float32 else np.iinfo(image.dtype).max
        mask = skin_mask(image.astype(np.float32) * np.float32(1 / white))
        result = apply("smooth_skin", image, amount=1)
        assert 0.02 < (mask > 0).mean() < 0.5
        np.testing.assert_array_equal(result[mask == 0], image[mask == 0])
        assert (result[mask > 0.9] != image[mask > 0.9]).mean() > 0.3


def test_smooth_skin_evens_blotches_and_keeps_pores() -> None:
    rng = np.random.default_rng(4)
    blotches = cv2.GaussianBlur(rng.normal(0, 1, (120, 120)), (0, 0), 4)
    pores = rng.normal(0, 1, (120, 120))
    pores -= cv2.GaussianBlur(pores, (0, 0), 1)
    blotches, pores = 0.02 * blotches / blotches.std(), 0.01 * pores / pores.std()
    skin = (np.array(LIGHT_SKIN) / 255 + (blotches + pores)[..., None]).astype(np.float32)
    change = luma(apply("smooth_skin", skin, amount=1, pores=1)) - luma(skin)
    inside = (slice(20, -20),) * 2
    result = luma(apply("smooth_skin", skin, amount=1, pores=1)).astype(np.float64)

    def share(pattern: Array, picture: Array) -> float:
        """How much of a pattern a picture holds."""
        p, q = pattern[inside] - pattern[inside].mean(), picture[inside] - picture[inside].mean()
        return float((p * q).sum() / (p * p).sum())

    assert np.abs(change[inside]).max() > 0.01
    assert share(blotches, result) < 0.6
    assert share(pores, result) > 0.8


@pytest.mark.parametrize(
    ("step", "params"),
    [
        ("adjust_color", {"vibrance": 0.6, "exposure": 0.3}),
        ("adjust_color", {"hue": 40.0, "contrast": 0.3}),
        ("stretch_local", {"amount": 1.5}),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_spare_skin_spares_skin_alone(portrait: Array, step: str, params: dict[str, float], dtype: type) -> None:
    white = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image: Array = (portrait / 255 * white).astype(dtype)
    plain = apply("adjust_color", image, exposure=params.get("exposure", 0), contrast=params.get("contrast", 0))
    full, spared = (apply(step, image, spare_skin=share, **params) for share in (0.0, 1.0))
    skin = skin_likelihood(plain.astype(np.float32) / np.float32(white))
    np.testing.assert_array_equal(spared[skin == 0], full[skin == 0])
    np.testing.assert_allclose(spared[skin == 1] / white, plain[skin == 1] / white, atol=1.01 / 255)
    assert np.abs(full[skin == 1] / white - plain[skin == 1] / white).mean() > 0.01


def sequential_transform(image: Array, sigma_space: float, sigma_color: float, iterations: int) -> Array:
    """Gastal and Oliveira 2011, equations 11, 14 and 21, sample by sample in float64."""
    result = image.astype(np.float64)
    for k in range(iterations):
        sigma = sigma_space * 3**0.5 * 2 ** (iterations - k - 1) / (4**iterations - 1) ** 0.5
        feedback = np.exp(-(2**0.5) / sigma)
        for axis in (1, 0):
            lines, guide = (np.swapaxes(a, 0, axis) for a in (result, image.astype(np.float64)))
            power = feedback ** (1 + sigma_space / sigma_color * np.abs(np.diff(guide, axis=0)).sum(axis=2))[..., None]
            for n in range(1, len(lines)):
                lines[n] = (1 - power[n - 1]) * lines[n] + power[n - 1] * lines[n - 1]
            for n in range(len(lines) - 2, -1, -1):
                lines[n] = (1 - power[n]) * lines[n] + power[n] * lines[n + 1]
            result = np.swapaxes(lines, 0, axis)
    return result


def test_domain_transform_is_the_papers() -> None:
    image = np.random.default_rng(1).random((17, 23, 3), np.float32)
    expected = sequential_transform(image, 8, 0.4, 3)
    result = image.copy()
    domain_transform(result, 8, 0.4)
    np.testing.assert_allclose(result, expected, atol=2e-3)


def test_domain_transform_smooths_within_edges() -> None:
    image = np.full((40, 60, 3), 0.2, np.float32)
    image[:, 30:] = 0.8
    image += np.random.default_rng(2).normal(0, 0.02, image.shape).astype(np.float32)
    domain_transform(image, 20, 0.3)
    assert image[:, :28].std() < 0.01
    assert image[:, 30].mean() - image[:, 29].mean() > 0.5


def test_ink_follows_outlines_and_not_noise() -> None:
    y, x = np.mgrid[:400, :400]
    inside = 1 / (1 + np.exp((np.hypot(y - 200, x - 200) - 120) / 0.5))
    noise = np.random.default_rng(1).normal(0, 0.05, inside.shape)
    face = (0.35 + 0.4 * inside + noise).clip(0, 1).astype(np.float32)
    sketch = apply("stylize_avatar", face, style="sketch")
    darkest = [
        min(sketch[int(200 + r * np.sin(angle)), int(200 + r * np.cos(angle))] for r in range(114, 134))
        for angle in np.linspace(0, 2 * np.pi, 720, endpoint=False)
    ]
    assert np.mean(np.array(darkest) < 0.65) > 0.85
    assert (sketch[:60] < 0.6).mean() < 0.03


def test_cartoon_is_flatter_than_the_photo_and_sketch_is_mostly_paper(portrait: Array) -> None:
    def roughness(image: Array) -> float:
        return float(np.median(np.abs(cv2.Laplacian(luma(image.astype(np.float32)), cv2.CV_32F))))

    for style in ("cartoon", "flat"):
        assert roughness(apply("stylize_avatar", portrait, style=style)) < 0.6 * roughness(portrait)
    sketch = apply("stylize_avatar", portrait, style="sketch")
    np.testing.assert_array_equal(sketch[..., 0], sketch[..., 1])
    assert 0.5 < (sketch > 170).mean() < 0.98
    assert (sketch < 80).mean() > 0.01
