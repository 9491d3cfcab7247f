"""Sharpening by derivatives against the published kernels, applied by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from darkroom import apply
from darkroom.algorithms import deriche
from darkroom.color.conversions import luma
from darkroom.picture import Array
from tests.support.photographs import photo as photograph

OPERATORS = ("sobel", "scharr", "robinson", "deriche", "laplacian")
GRAY = (0.4 + 0.2 * np.random.default_rng(5).random((61, 47))).astype(np.float32)  # mid-tones: nothing clips

# As published: weights on the pixels to the north-west … south-east.
SOBEL = [[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]]
SCHARR = [[[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]], [[-3, -10, -3], [0, 0, 0], [3, 10, 3]]]
ROBINSON = [
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
    [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    [[0, -1, -2], [1, 0, -1], [2, 1, 0]],
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
]


def twice(plane: Array, kernels: list[list[list[int]]]) -> Array:
    total = np.zeros(plane.shape)
    for kernel in kernels:
        total += ndimage.convolve(ndimage.convolve(plane, np.array(kernel, float)), np.array(kernel, float))
    return total


def test_laplacian() -> None:
    expected = GRAY - 0.25 * ndimage.laplace(GRAY.astype(float), mode="reflect")
    np.testing.assert_allclose(apply("sharpen_gradient", GRAY, operator="laplacian", amount=0.25), expected, atol=1e-6)


@pytest.mark.parametrize(("operator", "kernels"), [("sobel", SOBEL), ("scharr", SCHARR), ("robinson", ROBINSON)])
def test_kernels_applied_twice(operator: str, kernels: list[list[list[int]]]) -> None:
    y, x = np.mgrid[-10:11, -10:11].astype(float)
    scale = 2 / twice((x * x + y * y) / 2, kernels)[10, 10]  # the Laplacian of a paraboloid
    expected = GRAY - 0.5 * scale * twice(GRAY.astype(float), kernels)
    result = apply("sharpen_gradient", GRAY, operator=operator, amount=0.5)
    np.testing.assert_allclose(result[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 0.3, 1.0, 2.5, 5.0])
def test_deriche_is_its_kernels_without_end(alpha: float) -> None:
    """The recursion against the same kernels written out, to where they vanish."""
    n = np.arange(-400, 401)
    decay = np.exp(-alpha * np.abs(n))
    a = (1 - np.exp(-alpha)) ** 2 / (1 + 2 * alpha * np.exp(-alpha) - np.exp(-2 * alpha))  # Deriche 1990
    smooth = a * (1 + alpha * np.abs(n)) * decay
    k = (1 - np.exp(-2 * alpha)) / (2 * alpha * np.exp(-alpha))  # Deriche 1990: no answer to a constant
    bend = (1 - k * alpha * np.abs(n)) * decay
    bend /= np.sum(bend * n * n / 2)
    assert smooth.sum() == pytest.approx(1)
    assert bend.sum() == pytest.approx(0, abs=1e-9)

    def along(plane: Array, kernel: Array, axis: int) -> Array:
        return ndimage.convolve1d(plane, kernel, axis, mode="nearest")

    exact = GRAY.astype(float)
    laplacian = along(along(exact, bend, 0), smooth, 1) + along(along(exact, smooth, 0), bend, 1)
    np.testing.assert_allclose(deriche.laplacian(GRAY, alpha), laplacian, atol=1e-6)
    sharp = apply("sharpen_gradient", GRAY, operator="deriche", alpha=alpha, amount=0.2)
    np.testing.assert_allclose(sharp, GRAY - 0.2 * 4 / alpha**2 * laplacian, atol=2e-5)


@pytest.mark.parametrize("operator", OPERATORS)
def test_ramps_and_flat_areas_stay_and_edges_steepen(operator: str) -> None:
    ramp = np.repeat(np.linspace(0.1, 0.9, 160, dtype=np.float32)[None], 160, axis=0)
    sharp = apply("sharpen_gradient", ramp, operator=operator)
    np.testing.assert_allclose(sharp[:, 30:-30], ramp[:, 30:-30], atol=1e-5)
    edge = ndimage.gaussian_filter1d(np.where(np.arange(80) < 40, 0.3, 0.7), 2.0)
    edge = np.repeat(edge[None], 20, axis=0).astype(np.float32)
    sharp = apply("sharpen_gradient", edge, operator=operator)
    assert np.diff(sharp[10]).max() > 1.1 * np.diff(edge[10]).max()


@pytest.mark.parametrize("operator", OPERATORS)
def test_colour_stays_on_a_photograph(operator: str) -> None:
    photo = photograph("flowers").astype(np.float32) / 255 * 0.5 + 0.25
    sharp = apply("sharpen_gradient", photo, operator=operator, amount=0.25)
    inside = (sharp > 0).all(axis=-1) & (sharp < 1).all(axis=-1)
    before, after = photo - luma(photo)[..., None], sharp - luma(sharp)[..., None]
    np.testing.assert_allclose(after[inside], before[inside], atol=1e-5)
    assert np.abs(np.diff(luma(sharp))).mean() > np.abs(np.diff(luma(photo))).mean()
