"""Removal of noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import cv2
import msgspec
import numpy as np

from darkroom.algorithms.clipping import level_of_mean
from darkroom.algorithms.sliding_dct import hard_threshold, wiener
from darkroom.color.tone import nearest_level
from darkroom.estimates.noise import FINEST, OPPONENT, NoiseEstimate, estimate_noise, opponent_planes
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, step

COARSE_BLOCK, COARSE_STEP = 16, 4
FINE_BLOCK, FINE_STEP = 8, 2
"""Blocks of the two passes, px: large ones see coarse noise, small ones ring less around edges."""

THRESHOLD = 2.7
"""Standard deviations of noise up to which a coefficient is taken for noise (Yu and Sapiro use 3, BM3D 2.7)."""

HALO = 2 * COARSE_BLOCK
"""Rows that a result depends on, each way: a block of both passes."""


class Denoise(Params, frozen=True):
    sigma: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=100)] | None,
        param("noise of each channel, taken for white; estimated if absent", unit="levels of 255"),
    ] = None
    luminance: Annotated[float, param("factor on the noise that is removed from luminance", ge=0, le=3)] = 1.0
    chroma: Annotated[float, param("factor on the noise that is removed from chroma", ge=0, le=3)] = 1.0
    strength: Strength = 1.0

    neutral = {"sigma": 0.0}
    example = {"sigma": 10.0}
    scene = "noisy"

    def is_neutral(self) -> bool:
        return super().is_neutral() or (self.luminance == 0 and self.chroma == 0)


def _noise(image: Array, params: Denoise) -> Analysed:
    estimate = estimate_noise(image) if params.sigma is None else NoiseEstimate.white(params.sigma)
    return Analysed(estimate, {"noise": estimate.to_dict()} if params.sigma is None else {})


@step("denoise", stage="filter", params=Denoise, halo=HALO, analyse=_noise)
def denoise(image: Array, params: Denoise, analysis: NoiseEstimate) -> Array:
    """Removal of noise.

    The noise is estimated from the picture, by octave of spatial frequency and for luminance and chroma apart (see
    `darkroom.estimates.noise`), unless `sigma` states it; in levels of 255 for every dtype. Luminance is
    (R+G+B)/sqrt(3), chroma the two axes orthogonal to it. `luminance` and `chroma` scale what is removed; 0 leaves
    that part as it is.

    Two passes over the cosine transform of overlapping blocks: what does not stand out of the noise is removed from
    16x16 px blocks; with that as the pilot, 8x8 px blocks are Wiener filtered. Overlapping blocks are averaged,
    weighted by how little noise each has left. Works on the encoded values, where noise is most nearly even.

    White noise that was clipped at black and white lightens black and darkens white: the mean of what is left over is
    not the picture. Of each result the level is taken whose clipped noise has it as its mean. Only of noise that is in
    all octaves is known that it is as it was when it was clipped.

    Sources: Yu and Sapiro, "DCT Image Denoising: a Simple and Effective Image Denoising Algorithm", IPOL 2011; the
    Wiener pass and weights of Dabov et al., "Image Denoising by Sparse 3-D Transform-Domain Collaborative Filtering",
    2007; noise by frequency as in Lebrun, Colom and Morel, "The Noise Clinic", IPOL 2015; means of
    clipped noise as in Foi, "Clipped noisy images: Heteroskedastic modeling and practical denoising", 2009.
    """
    removed = replace(
        analysis,
        luminance=tuple(sigma * params.luminance for sigma in analysis.luminance),
        chroma=tuple(sigma * params.chroma for sigma in analysis.chroma) if image.ndim == 3 else (),
    )
    profiles = np.stack([removed.luminance] + [removed.chroma] * 2 * (image.ndim == 3)) / 255
    active = np.flatnonzero(profiles.any(axis=1))
    if active.size == 0:
        return image
    height, width = image.shape[:2]
    around = ((HALO, HALO + -height % COARSE_BLOCK), (HALO, HALO + -width % COARSE_BLOCK), (0, 0))
    planes = opponent_planes(np.pad(image, around[: image.ndim], mode="symmetric"))
    planes[active] = _two_passes(planes[active], profiles[active])
    inner = planes[:, HALO : HALO + height, HALO : HALO + width]
    result = inner[0].copy() if image.ndim == 2 else cv2.transform(np.moveaxis(inner, 0, 2), OPPONENT.T)
    _unclip(result, removed.white_sigma / 255)
    return result


def _unclip(image: Array, sigma: float) -> None:
    """Replace, in place, the mean of clipped noise of `sigma` by the level that it was added to."""
    if sigma == 0:
        return
    change = level_of_mean(sigma)
    for row in image:
        row += nearest_level(change, row)


def _two_passes(planes: Array, profiles: Array) -> Array:
    coarse = np.stack([_by_frequency(profile, COARSE_BLOCK) for profile in profiles])
    fine = np.stack([_by_frequency(profile, FINE_BLOCK) for profile in profiles])
    pilot = hard_threshold(planes, COARSE_BLOCK, COARSE_STEP, np.float32(THRESHOLD) * coarse)
    return wiener(planes, pilot, FINE_BLOCK, FINE_STEP, fine)


def _by_frequency(octaves: Array, block: int) -> Array:
    """The noise of each coefficient of a block of the DCT, out of that of each octave, finest first."""
    index = np.arange(block)
    frequency = (index[:, None] + index) / (2 * block)
    octave = np.log2(FINEST / np.maximum(frequency, 1e-3))
    return np.interp(octave, np.arange(len(octaves)), octaves).astype(np.float32)
