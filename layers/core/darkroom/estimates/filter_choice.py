"""Which filter suits a noisy picture best: what each would cost, and how near each would come to the clean picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from darkroom import registry
from darkroom.algorithms.clipping import deviation_left, level_of_mean
from darkroom.color.tone import nearest_level
from darkroom.estimates.noise import FINEST, OPPONENT, NoiseEstimate
from darkroom.params import Params
from darkroom.picture import Array
from darkroom.step import Step, to_float

SAMPLE_SIDE = 128
SAMPLES = 6
"""Pieces of 128x128 px, evenly spread over the picture, on which filters are tried: 0.1 MP, whatever its size."""

PROBE = 0.1
"""Of the noise's deviation: how strongly a picture is disturbed to see how a filter answers."""

AROUND = (5, 5)
"""Pixels whose mean tells how much of the noise was clipped."""

MEASURING_MS = 150.0
"""Of estimating noise and impulses, besides the trials."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A step, by name, with parameters. ms_per_megapixel: of RGB, on one core of x86-64; grey takes a third of it."""

    name: str
    values: Mapping[str, Any]
    ms_per_megapixel: float

    @property
    def step(self) -> Step:
        """The filter, from the registry."""
        return registry.get(self.name)

    @property
    def params(self) -> Params:
        """Its parameters."""
        return self.step.params.parse(self.values, of=self.name)

    def cost_ms(self, shape: tuple[int, ...]) -> float:
        """Predicted time for HxW or HxWx3."""
        return self.ms_per_megapixel * math.prod(shape) / 3e6

    def run(self, sample: Array, noise: NoiseEstimate) -> Array:
        """The filter on float32."""
        more = {"analysis": noise} if self.name == "denoise" else {}
        return np.asarray(self.step.function(sample, self.params, **more))


def candidates(noise: NoiseEstimate) -> list[Candidate]:
    """All that are tried, cheapest kinds first. Deviations of levels follow the noise, as the papers advise."""
    sigma = noise.luminance_sigma / 255
    sizes = [Candidate("gaussian_blur", {"sigma": size}, 25.0) for size in (0.5, 0.8, 1.2, 2.0)]
    sizes += [Candidate("median_blur", {"size": 3}, 6.0), Candidate("median_blur", {"size": 5}, 20.0)]
    for radius, factor in ((1, 2.0), (2, 1.0), (2, 2.0), (4, 1.0), (4, 2.0)):
        values = {"radius": radius, "sigma_color": round(min(factor * sigma, 1.0), 4), "guide": "luminance"}
        sizes.append(Candidate("guided_filter", values, 60.0))
    for space, factor, cost in ((1.0, 3.0, 30.0), (1.5, 3.0, 45.0), (3.0, 2.0, 115.0)):
        values = {"sigma_space": space, "sigma_color": round(min(factor * sigma, 1.0), 4)}
        sizes.append(Candidate("bilateral_filter", values, cost))
    sizes.append(Candidate("denoise", {}, 900.0))
    return sizes


def trial_ms(candidate: Candidate, samples: list[Array]) -> float:
    """Predicted time of `squared_errors` for one candidate."""
    return 2 * sum(candidate.cost_ms(sample.shape) for sample in samples)


def take_samples(image: Array) -> list[Array]:
    """Pieces of HxW or HxWx3 of any dtype; the whole picture where it is small."""
    height, width = image.shape[:2]
    if height * width <= SAMPLES * SAMPLE_SIDE**2:
        return [image]
    rows = [0] if height <= SAMPLE_SIDE else [(height - SAMPLE_SIDE) // 4, 3 * (height - SAMPLE_SIDE) // 4]
    columns = np.linspace(0, max(width - SAMPLE_SIDE, 0), SAMPLES // len(rows)).astype(int)
    return [image[top : top + SAMPLE_SIDE, left : left + SAMPLE_SIDE] for top in rows for left in columns]


def squared_errors(
    samples: list[Array], noise: NoiseEstimate, tried: list[Candidate], output_scale: float
) -> tuple[float, list[float]]:
    """Mean squared error against the clean picture, which is unknown: of the samples as they are, and of each filter.

    Stein's unbiased risk estimate, its divergence found by a random probe: Ramani, Blu and Unser, "Monte-Carlo SURE: a
    black-box optimization of regularization parameters for general denoising algorithms", 2008; for noise that is not
    white, the probe has the noise's spectrum. Near black and white clipping leaves less of it, about a mean that is not
    the picture's: a filter is held against the level that the noise was added to. Errors count as they are seen at
    `output_scale` (1: pixel by pixel; less: after a reduction, which averages noise).
    """
    rng = np.random.default_rng(0)
    pixels = 0
    as_it_is = 0.0
    totals = [0.0] * len(tried)
    sigma, white = noise.luminance_sigma / 255, noise.white_sigma / 255
    left = deviation_left(sigma) if sigma else None
    change = level_of_mean(white) if white else None
    for sample in samples:
        given = to_float(sample)
        around = cv2.blur(given, AROUND, borderType=cv2.BORDER_REFLECT)
        probe = noise_like(noise, given.shape, rng)
        if left is not None:
            probe *= nearest_level(left, around)
        bias = np.zeros_like(given) if change is None else nearest_level(change, around)
        seen_probe, seen_bias = _seen(probe, output_scale), _seen(bias, output_scale)
        power = float(np.square(seen_probe).sum())
        pixels += seen_probe.size
        as_it_is += power + float(np.square(seen_bias).sum())
        for index, candidate in enumerate(tried):
            result = candidate.run(given, noise)
            answer = _seen(candidate.run(given + np.float32(PROBE) * probe, noise) - result, output_scale)
            residual = float(np.square(_seen(result - given - bias, output_scale)).sum())
            totals[index] += residual - power + 2 * float((seen_probe * answer).sum()) / PROBE
    return as_it_is / pixels, [total / pixels for total in totals]


def noise_like(noise: NoiseEstimate, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Random noise of the estimated spectrum, float32 in levels of 0–1, HxW or HxWx3."""
    frequency = np.abs(np.fft.fftfreq(shape[0]))[:, None] + np.fft.rfftfreq(shape[1])
    octave = np.log2(FINEST / np.maximum(frequency, 1e-3))
    planes = []
    for octaves in (noise.luminance, noise.chroma, noise.chroma)[: 1 if len(shape) == 2 else 3]:
        profile = np.interp(octave, np.arange(len(octaves)), octaves) / 255
        white = np.fft.rfft2(rng.standard_normal(shape[:2]))
        planes.append(np.fft.irfft2(profile * white, s=shape[:2]).astype(np.float32))
    return planes[0] if len(shape) == 2 else np.tensordot(np.stack(planes), OPPONENT, axes=(0, 0))


def _seen(image: Array, scale: float) -> Array:
    if scale == 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
