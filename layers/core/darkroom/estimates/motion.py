"""Blur by motion along a line: its kernel, and finding its length and angle in a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darkroom.picture import Array

BLOCK = 256
MAX_BLOCKS = 64
"""Blocks of 256x256 px, evenly spread, whose spectra are averaged: at most 4 MP, whatever the picture's size."""

MIN_LENGTH = 4.0
MAX_LENGTH = 64.0
"""Lengths, in px, that can be found. Shorter ones do not stand out of what pictures are like without any motion."""

MIN_CORRELATION = 0.5
"""Of the picture's log spectrum with that of a line, to believe it. Sharp photographs stay below 0.45 from 4 px on."""

CANDIDATES = 8
FLOOR = 0.02
"""Added to a line's power, since noise and the blocks' window fill the zeros of a real spectrum."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A line of `length` px, `angle` degrees counter-clockwise from the x axis, and how well it explains a picture."""

    length: float
    angle: float
    correlation: float

    @property
    def found(self) -> bool:
        return self.correlation >= MIN_CORRELATION and self.length >= MIN_LENGTH


def line_kernel(length: float, angle: float) -> Array:
    """The kernel of motion along a line, float32, odd by odd, sum 1; bilinear, for any length of at least 1 px."""
    half = max(1, math.ceil(length / 2))
    count = 16 * math.ceil(length)
    along = ((np.arange(count) + 0.5) / count - 0.5) * length
    x = half + along * math.cos(math.radians(angle))
    y = half - along * math.sin(math.radians(angle))
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = x - left, y - top
    for rows, vertical in ((top, 1 - bottom), (top + 1, bottom)):
        for columns, horizontal in ((left, 1 - right), (left + 1, right)):
            np.add.at(kernel, (rows, columns), vertical * horizontal)
    return (kernel / kernel.sum()).astype(np.float32)


def estimate_motion(luma: Array) -> Motion:
    """Length and angle of the motion that blurred a plane, HxW float32.

    A line's spectrum has zeros at equal distances across it. In the cepstrum, the spectrum of the log spectrum, they
    are a negative peak at the line's two ends (Gennery 1973; Cannon, "Blind deconvolution of spatially invariant image
    blurs with phase", 1976). The log spectrum is averaged over blocks and freed of its mean at each radius, which is
    the picture's own. The deepest peaks are refined by correlating it with the log spectra of lines.
    """
    # Of a small picture, smaller blocks, so that there are several to average.
    size = min(BLOCK, max(2 * min(luma.shape) // 3, BLOCK // 2), *luma.shape)
    if size < 4 * MIN_LENGTH:
        return Motion(0.0, 0.0, 0.0)
    spectrum = _LogSpectrum(np.log(_mean_power(luma, size) + np.finfo(np.float32).tiny))
    longest = min(MAX_LENGTH, size / 4)
    candidates = [
        (length + more, angle + turn)
        for length, angle in _peaks(spectrum.residual, longest)
        for more in (-0.5, 0.0, 0.5)
        for turn in (-2.0, 0.0, 2.0)
    ]
    best = max((spectrum.correlation(*line), *line) for line in candidates)
    for more, turn in ((0.5, 1.5), (0.25, 0.7), (0.12, 0.3)):
        near = [(best[1] + i * more, best[2] + j * turn) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        best = max((spectrum.correlation(*line), *line) for line in near)
    return Motion(min(best[1], MAX_LENGTH), best[2] % 180, best[0])


class _LogSpectrum:
    """A log power spectrum as it differs from its own mean at each radius, up to the Nyquist frequency."""

    def __init__(self, logarithm: Array) -> None:
        size = logarithm.shape[0]
        self._v, self._u = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]
        radius = np.hypot(self._u, self._v)
        self._ring = (radius * size).astype(int).ravel()
        self._per_ring = np.bincount(self._ring)
        self._inside = (radius < 0.5) & (radius > 2 / size)
        self.residual = self._without_trend(logarithm) * (radius <= 0.5)

    def correlation(self, length: float, angle: float) -> float:
        """With the spectrum of a line, from -1 to 1."""
        along = self._u * math.cos(math.radians(angle)) - self._v * math.sin(math.radians(angle))
        line = self._without_trend(np.log(np.sinc(length * along) ** 2 + FLOOR))[self._inside]
        own = self.residual[self._inside]
        line, own = line - line.mean(), own - own.mean()
        # Not a dot product: BLAS spreads it over threads, which takes longer and makes rounding depend on their number.
        scale = math.sqrt(float((line * line).sum() * (own * own).sum()))
        return float((line * own).sum()) / scale if scale > 0 else 0.0

    def _without_trend(self, logarithm: Array) -> Array:
        mean = np.bincount(self._ring, logarithm.ravel()) / np.maximum(self._per_ring, 1)
        return np.asarray(logarithm - mean[self._ring].reshape(logarithm.shape))


def _mean_power(plane: Array, size: int) -> Array:
    window = np.hanning(size)[:, None] * np.hanning(size)
    height, width = plane.shape
    starts = [
        np.linspace(0, side - size, min(math.ceil(2 * side / size) - 1, math.isqrt(MAX_BLOCKS))).astype(int)
        for side in (height, width)
    ]
    power = np.zeros((size, size))
    for top in starts[0]:
        for left in starts[1]:
            block = plane[top : top + size, left : left + size].astype(np.float64)
            power += np.abs(np.fft.fft2((block - block.mean()) * window)) ** 2
    return power / (len(starts[0]) * len(starts[1]))


def _peaks(residual: Array, longest: float) -> list[tuple[float, float]]:
    """Lengths and angles of the deepest points of the cepstrum."""
    size = residual.shape[0]
    cepstrum = np.fft.ifft2(residual).real
    y, x = np.fft.fftfreq(size, 1 / size)[:, None], np.fft.fftfreq(size, 1 / size)[None]
    distance = np.hypot(x, y)
    cepstrum[(distance < MIN_LENGTH - 1) | (distance > longest)] = 0
    deepest = np.argsort(cepstrum, axis=None)[:CANDIDATES]
    rows, columns = np.unravel_index(deepest, cepstrum.shape)
    return [
        (float(distance[row, column]), math.degrees(math.atan2(-y[row, 0], x[0, column])) % 180)
        for row, column in zip(rows, columns, strict=True)
    ]
