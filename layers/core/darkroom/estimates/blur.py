"""How soft a picture is: the Gaussian blur, the scene's spectrum and the noise, from the power at each frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom.color.conversions import luma
from darkroom.estimates.noise import estimate_noise
from darkroom.picture import Array
from darkroom.step import to_float

TILE = 128
MAX_TILES = 100

LOWEST, HIGHEST = 0.02, 0.48
"""Cycles per pixel between which the spectrum is read."""

MIN_OVER_NOISE = 3.0
"""A frequency counts where the picture has this many times the noise's power."""

USUAL_FALL = 2.4
FALL_WEIGHT = 1.5
"""Power of scenes falls about as frequency ** -2.4 (van der Schaaf and van Hateren, 1996, found 1.9 to 2.6)."""

OWN_VARIANCE = 0.14
"""px²: the blur that a sharp photograph has by itself (lens, pixel, demosaicing), as this model reads it; the median of
230 photographs."""

LUMA_OF_NOISE = 0.67
"""Noise of luma over that of each of R, G and B where they are independent: the length of BT.601's weights."""

ROUNDING = 0.29 / 255

QUANTISATION = (2.0, 33.0)
"""Steps of luma's quantisation in a good JPEG (libjpeg's quality 92), in levels: this, and this times f² more."""

ERROR_OF_ZEROED = 0.1
"""Share of the error of rounding to such a step that deblurring meets, where most coefficients became 0: an error is
then what little was there. Of 27 photographs blurred by 1 to 3 px, the median is 0.14 at quality 92, 0.07 at 97."""

MOST_WITHOUT = 1.9
"""Times that power below the quantisation may be above what the fit expects there: above, it is the quantisation's. Of
those photographs it is at most 1.5 times as much without a JPEG, sharp or blurred by up to 1.5 px, and where sharp with
one; blurred by 1 to 2 px and saved with quality 92, the median is 4, and 2 with 97."""


@dataclass(frozen=True, slots=True)
class BlurModel:
    """sigma: of the blur beyond a sharp photo's own, px. Power at frequency f: ``exp(log_power) * f ** -fall`` of the
    scene and `noise` of the noise, levels being 0–1. quantised: whether JPEG's quantisation is in it, too."""

    sigma: float
    log_power: float
    fall: float
    noise: float
    quantised: bool = False

    def noise_at(self, frequency_squared: Array) -> Array:
        """Power of the noise, and of the errors of quantisation, at squared frequencies (cycles per px)."""
        if not self.quantised:
            return np.full_like(frequency_squared, self.noise)
        return np.float32(self.noise) + np.float32(ERROR_OF_ZEROED) * _quantisation(frequency_squared)

    def inverse(self, frequency_squared: Array, sigma: float) -> Array:
        """The Wiener filter's gain at squared frequencies (cycles per px) for a Gaussian blur of `sigma` px."""
        square = np.maximum(frequency_squared, 1e-5)
        blur = np.exp(-2 * np.pi**2 * sigma**2 * square)
        scene = np.exp(self.log_power - 4 * np.pi**2 * OWN_VARIANCE * square) * square ** (-self.fall / 2)
        gain = blur * scene / (blur**2 * scene + 2 * self.noise_at(square))
        return np.where(frequency_squared == 0, 1, gain).astype(np.float32)


def model_blur(image: Array) -> BlurModel | None:
    """Fit blur, scene and noise to a picture (HxW or HxWx3, any dtype); None if there is too little of it to tell.

    The logarithm of the radially averaged power spectrum is ``log_power - fall log f - 4 pi² sigma² f²`` as far as it
    is above the noise: a linear least-squares fit, with a prior on `fall`. Of a JPEG, only what is above its
    quantisation counts: below, the errors hide how far the spectrum fell. Tiles are averaged by power, so the sharpest
    parts decide, not a blurred background. At most 1.6 MP are looked at.
    """
    estimate = estimate_noise(image)
    sigma = estimate.luminance[0] / 255 * (LUMA_OF_NOISE if image.ndim == 3 else 1)
    noise = sigma**2 + (ROUNDING * LUMA_OF_NOISE) ** 2
    spectrum = _radial_spectrum(image)
    if spectrum is None:
        return None
    frequency, power = spectrum
    signal = power - noise
    read = (frequency >= LOWEST) & (frequency <= HIGHEST)
    above = read & (signal > MIN_OVER_NOISE * noise)
    quantised = read & (signal > MIN_OVER_NOISE * np.maximum(noise, _quantisation(frequency**2)))
    fit = _fit(frequency[quantised], signal[quantised])
    if fit is None:
        return None
    log_power, fall, variance = fit
    expected = np.exp(log_power - 4 * np.pi**2 * variance * frequency**2) * frequency**-fall
    below = read & ~quantised & (expected > MIN_OVER_NOISE * noise)
    found = bool((signal[below] > MOST_WITHOUT * expected[below]).any())
    if not found:
        log_power, fall, variance = _fit(frequency[above], signal[above]) or fit
    return BlurModel(float(max(variance - OWN_VARIANCE, 0) ** 0.5), log_power, max(fall, 0), noise, found)


def _fit(frequency: Array, signal: Array) -> tuple[float, float, float] | None:
    """log_power, fall and sigma² of the power at each frequency; None of too few."""
    if len(frequency) < 6:
        return None
    terms = np.stack((np.ones_like(frequency), -np.log(frequency), -4 * np.pi**2 * frequency**2), axis=1)
    terms = np.vstack((terms, (0, FALL_WEIGHT, 0)))
    values = np.append(np.log(signal), FALL_WEIGHT * USUAL_FALL)
    log_power, fall, variance = np.linalg.lstsq(terms, values)[0]
    return float(log_power), float(fall), float(variance)


def _quantisation(frequency_squared: Array) -> Array:
    """Power of the errors of rounding to the steps of `QUANTISATION`."""
    least, more = QUANTISATION
    return np.asarray(np.square((least + more * frequency_squared) / 255) / 12, frequency_squared.dtype)


def _radial_spectrum(image: Array) -> tuple[Array, Array] | None:
    """Frequencies (cycles per px) and mean power of luma around each circle; None for a picture under one tile."""
    height, width = image.shape[:2]
    if min(height, width) < TILE:
        return None
    rows = np.unique(np.linspace(0, height - TILE, min(2 * height // TILE, int(MAX_TILES**0.5))).astype(int))
    columns = np.unique(np.linspace(0, width - TILE, min(2 * width // TILE, int(MAX_TILES**0.5))).astype(int))
    window = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
    total = np.zeros((TILE, TILE // 2 + 1))
    for top in rows:
        for left in columns:
            tile = luma(to_float(image[top : top + TILE, left : left + TILE]))
            total += np.square(np.abs(np.fft.rfft2((tile - tile.mean()) * window)))
    total /= len(rows) * len(columns) * np.square(window).sum()
    radius = np.rint(np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)) * TILE).astype(int)
    power = np.bincount(radius.ravel(), total.ravel()) / np.bincount(radius.ravel())
    rings = np.arange(2, TILE // 2 + 1)
    return rings / TILE, power[rings]
