"""The compiled loops against the NumPy code that they stand for: never more than one level of 8 bits apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from darkroom import codec, registry
from darkroom.algorithms.sliding_dct import hard_threshold, wiener
from darkroom.color.conversions import luma, with_luma
from darkroom.estimates import illuminant, noise
from darkroom.estimates.blocks import Blocks, block_means
from darkroom.kernels import compiled, loops
from darkroom.picture import Array, Picture
from darkroom.step import from_float, max_level, to_float
from darkroom.steps import equalize_adaptive, stretch_local
from tests.support.photographs import photo

pytestmark = pytest.mark.kernels

RUNNABLE = compiled.fitting()

CASES: list[tuple[str, dict[str, Any]]] = [
    ("unsharp_mask", {"radius": 1.2, "amount": 0.6, "threshold": 0.01}),
    ("unsharp_mask", {"radius": 7, "amount": 2, "strength": 0.4}),
    ("unsharp_mask", {"radius": 1, "amount": 2, "threshold": 0.02, "halo": 0.1}),
    ("unsharp_mask", {"radius": 3.5, "amount": 4, "halo": 0}),
    ("unsharp_mask", {"radius": 15, "amount": 0.5}),
    ("equalize_adaptive", {"clip_limit": 1.6, "strength": 0.5}),
    ("equalize_adaptive", {"clip_limit": 4, "tiles": 5}),
    ("adjust_color", {"vibrance": 0.45, "saturation": 0.1}),
    ("adjust_color", {"vibrance": 0.9, "spare_greys": 0.7, "hue": 20}),
    ("adjust_color", {"saturation": -0.7, "hue": 77, "spare_skin": 1}),
    ("adjust_color", {"exposure": 0.3, "contrast": 0.15, "vibrance": 0.4, "temperature": 0.2}),
    ("adjust_color", {"saturation": 1, "exposure": -2, "strength": 0.5}),
    ("stretch_nonlinear", {}),
    ("stretch_local", {"amount": 0.5, "spare_skin": 0.9}),
    ("stretch_local", {"amount": 3, "sigma": 0.04}),
    ("stretch_local", {"amount": -0.8, "sigma": 0.5, "strength": 0.6}),
    ("denoise", {"sigma": 10}),
    ("denoise", {"sigma": 25, "chroma": 0, "strength": 0.7}),
]

DTYPES = [np.uint8, np.uint16, np.float32]


def pictures() -> dict[str, Array]:
    random = np.random.default_rng(0)
    return {
        "photograph": photo("flowers", 300),
        "random": random.integers(0, 256, (211, 1100, 3), np.uint8),  # wider than two blocks
        "grey": random.integers(0, 256, (90, 133), np.uint8),
        "tiles": random.integers(0, 256, (159, 78, 3), np.uint8),  # of few pixels
        "pixel": random.integers(0, 256, (1, 1, 3), np.uint8),
        "row": random.integers(0, 256, (1, 40, 3), np.uint8),
        "column": random.integers(0, 256, (70, 1), np.uint8),
        "black": np.zeros((20, 20, 3), np.uint8),
        "white": np.full((20, 20, 3), 255, np.uint8),
    }


def to_dtype(image: Array, dtype: Any) -> Array:
    scale = max_level(np.dtype(dtype)) / 255
    return image if dtype == np.uint8 else (image * np.float64(scale)).astype(dtype)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Chooses a build by name; afterwards it is as before."""

    def chosen(name: str) -> None:
        monkeypatch.setenv("DARKROOM_KERNELS", name)
        compiled.library.cache_clear()

    yield chosen
    compiled.library.cache_clear()


@pytest.fixture(params=RUNNABLE)
def build(request: pytest.FixtureRequest, choose: Any) -> str:
    choose(request.param)
    if not loops.available():
        pytest.skip("not built; 'make kernels' does")
    return str(request.param)


def run(name: str, image: Array, params: dict[str, Any]) -> Array:
    step = registry.get(name)
    return step(image, step.params.parse(params, of=name)).image


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "params"), CASES)
def test_steps_give_the_reference_within_a_level(
    build: str, choose: Any, name: str, params: dict[str, Any], dtype: Any
) -> None:
    images = {kind: to_dtype(image, dtype) for kind, image in pictures().items()}
    compiled = {kind: run(name, image, params) for kind, image in images.items()}
    choose("none")
    assert not loops.available()
    level = max_level(np.dtype(dtype)) / 255
    for kind, image in images.items():
        difference = np.abs(compiled[kind].astype(np.float64) - run(name, image, params))
        assert compiled[kind].dtype == dtype
        assert difference.max() <= level * (1 + 1e-6), kind


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize("step", [2, 4])
def test_blocks_are_shrunk_as_by_numpy(build: str, choose: Any, size: int, step: int) -> None:
    """The coefficients' limits differ across and down, and the planes are no multiple of what is done abreast."""
    random = np.random.default_rng(0)
    planes = random.normal(0.5, 0.2, (2, 3 * size, 7 * size)).astype(np.float32)
    pilot = (planes * np.float32(0.8)).astype(np.float32)
    limits = random.uniform(0.05, 0.4, (2, size, size)).astype(np.float32)
    compiled = hard_threshold(planes, size, step, limits), wiener(planes, pilot, size, step, limits)
    choose("none")
    reference = hard_threshold(planes, size, step, limits), wiener(planes, pilot, size, step, limits)
    np.testing.assert_allclose(compiled, reference, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_samples_are_rounded_as_by_numpy(build: str, choose: Any, dtype: Any) -> None:
    values = np.random.default_rng(0).uniform(-0.2, 1.2, (70, 90, 3)).astype(np.float32)
    values[0] = (np.arange(90, dtype=np.float32)[:, None] + np.float32(0.5)) / np.float32(max_level(np.dtype(dtype)))
    compiled = from_float(values.copy(), np.dtype(dtype))
    choose("none")
    np.testing.assert_array_equal(compiled, from_float(values.copy(), np.dtype(dtype)))


@pytest.mark.parametrize("toe", [0, 0.02])
@pytest.mark.parametrize("dtype", DTYPES)
def test_luma_is_told_and_set_as_by_numpy(build: str, choose: Any, dtype: Any, toe: float) -> None:
    random = np.random.default_rng(0)
    image = random.random((60, 700, 3), np.float32)
    image[:9] = np.array([0, 1, 0.5], np.float32)[:, None, None].repeat(3, axis=0)
    image = from_float(image, np.dtype(dtype))
    wanted = random.random((60, 700), np.float32)
    compiled = luma(image), with_luma(image, wanted, toe)
    choose("none")
    reference = luma(image), with_luma(image, wanted, toe)
    np.testing.assert_allclose(compiled[0], reference[0], atol=1e-6)
    assert compiled[1].dtype == reference[1].dtype == dtype
    np.testing.assert_allclose(compiled[1], reference[1], atol=2e-6 if dtype == np.float32 else 1)
    for each in (compiled[1], reference[1]):
        assert each.min() >= 0
        assert each.max() <= max_level(np.dtype(dtype))


@pytest.mark.parametrize("stride", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 31, 47), (2, 40, 130), (1, 7, 90)])
def test_blocks_are_measured_as_by_numpy(build: str, choose: Any, shape: tuple[int, ...], stride: int) -> None:
    """In its order, with the same means to the last bit; flat blocks hold nothing."""
    tiles = np.random.default_rng(0).normal(100, 20, shape).astype(np.float32)
    tiles[:, :12, :20] = 7.1
    compiled = Blocks.of(tiles, stride)
    choose("none")
    reference = Blocks.of(tiles, stride)
    np.testing.assert_array_equal(compiled.level, reference.level)
    np.testing.assert_allclose(compiled.low, reference.low, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(compiled.high, reference.high, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(block_means(tiles, stride), reference.level, rtol=1e-6)
    every_block = np.arange(len(reference.level))
    of_each = reference.high_energies(every_block)
    np.testing.assert_allclose(of_each.sum(axis=1), compiled.high, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (37, 41), (64, 700)])
def test_planes_of_noise_are_those_of_numpy_to_the_last_bit(
    build: str, choose: Any, shape: tuple[int, int], dtype: Any
) -> None:
    image = from_float(np.random.default_rng(0).random((*shape, 3), np.float32), np.dtype(dtype))
    scale = 255 / max_level(np.dtype(dtype))
    planes = noise.opponent_planes(image, scale)
    halves = [noise._halved(planes, times) for times in (1, 2)]
    choose("none")
    np.testing.assert_array_equal(planes, noise.opponent_planes(image, scale))
    for times, half in zip((1, 2), halves, strict=True):
        np.testing.assert_array_equal(half, noise._halved(planes, times))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("samples", [50, 2_000_000])
def test_levels_are_counted_as_by_numpy(
    build: str, choose: Any, monkeypatch: pytest.MonkeyPatch, dtype: Any, samples: int
) -> None:
    """Of the pixels that are not clipped in all channels, within a frame too, and of other layouts."""
    monkeypatch.setattr(illuminant, "SAMPLES", samples)
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (67, 91, 3)).astype(dtype)
    image[:20, :30] = np.linspace(0.97, 1, 30)[:, None] * np.iinfo(dtype).max  # about the bound
    images = [image, image[3:-5, 7:-2], image[::2, ::-1], np.full_like(image, np.iinfo(dtype).max)]
    compiled = [illuminant._level_counts(each) for each in images]
    assert compiled[0].sum() > 0
    choose("none")
    for each, counts in zip(images, compiled, strict=True):
        np.testing.assert_array_equal(counts, illuminant._level_counts(each))


@pytest.mark.parametrize("name", ["flowers", "city", "nyc", "girl"])
def test_noise_is_told_as_by_numpy(build: str, choose: Any, name: str) -> None:
    """The last one has none."""
    image = photo(name)
    compiled = noise.estimate_noise(image)
    choose("none")
    reference = noise.estimate_noise(image)
    np.testing.assert_allclose(compiled.luminance + compiled.chroma, reference.luminance + reference.chroma, rtol=1e-3)


@pytest.mark.usefixtures("build")
def test_results_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo("dog", 211)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 1)
    alone = [run(name, image, params) for name, params in CASES]
    monkeypatch.setattr(os, "process_cpu_count", lambda: 5)
    monkeypatch.setattr(compiled, "PART_PIXELS", 500)
    for (name, params), expected in zip(CASES, alone, strict=True):
        np.testing.assert_array_equal(run(name, image, params), expected)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 200), (131, 67), (40, 8)])
@pytest.mark.parametrize(("amount", "sigma"), [(0.5, 0.1), (4, 0.02), (-1, 0.3)])
def test_local_contrast_is_raised_as_by_numpy(
    build: str, choose: Any, height: int, width: int, amount: float, sigma: float
) -> None:
    """At every edge too, where the pyramids' levels have an odd side."""
    random = np.random.default_rng(0)
    plane = np.clip(random.normal(0.5, 0.02, (height, width)).cumsum(axis=1) % 1, 0, 1).astype(np.float32)
    compiled = stretch_local.local_laplacian(plane, amount, sigma)
    choose("none")
    np.testing.assert_allclose(compiled, stretch_local.local_laplacian(plane, amount, sigma), atol=2e-5)


@pytest.mark.usefixtures("build")
def test_bins_are_counted_where_they_are_asked_for() -> None:
    image = photo("city", 64)
    bins = loops.luma_bins(image)
    assert np.abs(bins - luma(image.astype(np.float32))).max() <= 0.51
    rows, columns = np.array([3, 3, 60]), np.arange(5, 40)
    expected = np.bincount(bins[np.ix_(rows, columns)].ravel(), minlength=256)
    np.testing.assert_array_equal(loops.count_bins(bins, rows, columns), expected)


@pytest.mark.parametrize("width", [1, 5, 6, 7, 333])
def test_a_jpeg_is_the_same_to_the_last_byte(build: str, choose: Any, width: int) -> None:
    picture = Picture(np.ascontiguousarray(photo("dog", 400)[:9, :width]))
    compiled = codec.encode(picture, "jpeg")
    choose("none")
    assert compiled == codec.encode(picture, "jpeg")


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("dtype", DTYPES)
def test_luma_in_the_middle_between_two_bins_goes_where_numpy_takes_it(dtype: Any) -> None:
    """In a tile of few pixels one of them in another bin is seen; whether products are fused depends on the build."""
    levels = np.stack(np.meshgrid(*(np.arange(c, 256, 3) for c in range(3))), axis=-1).reshape(-1, 3)
    halves = levels[levels @ [299, 587, 114] % 1000 == 500]
    image = to_dtype(halves[None].astype(np.uint8), dtype)
    index = np.rint(equalize_adaptive._exact_luma(to_float(image)) * np.float32(65535))
    np.testing.assert_array_equal(loops.luma_bins(image), (index + 128) // 257)


def test_a_build_is_there_for_every_architecture() -> None:
    machines = {"x86_64": 62, "aarch64": 183}  # ELF's e_machine
    for name in compiled.BUILDS:
        path = compiled.FOLDER / f"kernels-{name}.so"
        if not path.is_file():
            pytest.skip("not built; 'make kernels' does")
        assert int.from_bytes(path.read_bytes()[18:20], "little") == machines[name.partition("-")[0]]


def test_a_build_that_is_not_there_is_done_without(choose: Any) -> None:
    choose("vax")
    assert not loops.available()
    assert run("adjust_color", photo("dog", 32), {"saturation": 0.5}).shape == (32, 32, 3)
