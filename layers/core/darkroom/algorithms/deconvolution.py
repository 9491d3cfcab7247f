"""Undoing a known blur: Wiener, Richardson-Lucy and total variation, with what lies beyond the frame left unknown."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from darkroom.picture import Array

DATA_WEIGHT = 0.1
"""How fast the total variation method moves towards the data; from 0.03 to 0.3 it matters little."""

FRAME_PASSES = 3
"""Times that the Wiener filter runs, to find what lies beyond the frame."""


class Blur:
    """Circular convolution with a kernel, on a plane that was padded so that nothing wraps around.

    kernel: odd by odd, float32, sums to 1. shape: of the plane. The padding is what the kernel reaches and a ramp, over
    which the mirrored picture fades into its own blur: so the opposite borders fit together.
    """

    def __init__(self, kernel: Array, shape: tuple[int, ...]) -> None:
        self.pad = max(kernel.shape) + 8
        self._extra = tuple(cv2.getOptimalDFTSize(side + 2 * self.pad) - side - self.pad for side in shape)
        self.shape = tuple(side + self.pad + extra for side, extra in zip(shape, self._extra, strict=True))
        self.inner = tuple(slice(self.pad, self.pad + side) for side in shape)
        padded = np.zeros(self.shape, np.float32)
        rows, columns = kernel.shape
        padded[:rows, :columns] = kernel
        self.transfer = fft(np.roll(padded, (-(rows // 2), -(columns // 2)), (0, 1)))

    @cached_property
    def power(self) -> Array:
        """|H|² of the transfer function."""
        return np.square(self.transfer.real) + np.square(self.transfer.imag)

    @cached_property
    def gradient_power(self) -> Array:
        """|D|² of the differences between neighbours, across and down."""
        down = 2 - 2 * np.cos(2 * np.pi * np.fft.fftfreq(self.shape[0]))[:, None]
        across = 2 - 2 * np.cos(2 * np.pi * np.fft.rfftfreq(self.shape[1]))
        return np.asarray(down + across, np.float32)

    def forward(self, spectrum: Array) -> Array:
        """The blurred plane of a sharp spectrum."""
        return self.inverse(self.transfer * spectrum)

    def inverse(self, spectrum: Array) -> Array:
        return np.fft.irfft2(spectrum, s=self.shape)

    def frame(self, plane: Array) -> Array:
        """The plane with padding around it; see the class."""
        padded = cv2.copyMakeBorder(
            plane, self.pad, self._extra[0], self.pad, self._extra[1], borderType=cv2.BORDER_REFLECT
        )
        ramps = [_ramp(side, self.pad) for side in self.shape]
        inside = ramps[0][:, None] * ramps[1]
        blurred = self.forward(fft(padded))
        blurred += inside * (padded - blurred)
        return blurred


def wiener(plane: Array, kernel: Array, noise: float) -> Array:
    """The Wiener filter H* / (|H|² + N/S), for a picture's spectrum S that falls as 1/f².

    plane: HxW float32; kernel: as of `Blur`; noise: standard deviation in the plane's levels, 0–1. What lies beyond the
    frame is found by filtering `FRAME_PASSES` times, each with the last result's own blur there.

    Source: Gonzalez and Woods, "Digital Image Processing", 2018, section 5.8; S as in Field, "Relations between the
    statistics of natural images and the response properties of cortical cells", 1987.
    """
    blur = Blur(kernel, plane.shape)
    gain = np.conj(blur.transfer) / (blur.power + np.float32(wiener_weight(noise)) * blur.gradient_power)
    framed = blur.frame(plane)
    for _ in range(FRAME_PASSES - 1):
        framed = blur.forward(gain * fft(framed))
        framed[blur.inner] = plane
    return blur.inverse(gain * fft(framed))[blur.inner]


def wiener_weight(noise: float) -> float:
    """N/S in units of |D|², from the noise's standard deviation; fitted on photographs."""
    return max(2e-3, 1.2 * noise)


def total_variation(plane: Array, kernel: Array, noise: float, iterations: int) -> Array:
    """The plane of least total variation whose blur is the given one, as near as the noise allows.

    Minimises ½‖M(Hx − y)‖² + λ TV(x) by the alternating direction method of multipliers; M is 1 within the frame and 0
    beyond it. Arguments as of `wiener`.

    Sources: Rudin, Osher and Fatemi, 1992; Almeida and Figueiredo, "Deconvolving images with unknown boundaries using
    the alternating direction method of multipliers", 2013.
    """
    blur = Blur(kernel, plane.shape)
    weight = np.float32(max(1e-4, 0.09 * noise))
    penalty = 20 * weight
    divisor = penalty * blur.gradient_power + np.float32(DATA_WEIGHT) * blur.power + np.float32(1e-8)
    spectrum = fft(blur.frame(plane))
    spectrum *= np.conj(blur.transfer) / (blur.power + 3 * weight * blur.gradient_power + np.float32(1e-3))
    sharp, blurred = blur.inverse(spectrum), blur.forward(spectrum)
    across_dual, down_dual, data_dual = (np.zeros(blur.shape, np.float32) for _ in range(3))
    for _ in range(iterations):
        across_dual += _difference(sharp, 1)
        down_dual += _difference(sharp, 0)
        length = np.sqrt(np.square(across_dual) + np.square(down_dual))
        keep = np.maximum(length - weight / penalty, 0) / np.maximum(length, np.float32(1e-9))
        across, down = keep * across_dual, keep * down_dual
        across_dual -= across
        down_dual -= down
        blurred += data_dual
        data = blurred.copy()
        data[blur.inner] = (plane + np.float32(DATA_WEIGHT) * blurred[blur.inner]) / np.float32(1 + DATA_WEIGHT)
        data_dual = blurred - data
        divergence = _difference_adjoint(across - across_dual, 1) + _difference_adjoint(down - down_dual, 0)
        spectrum = penalty * fft(divergence)
        spectrum += np.float32(DATA_WEIGHT) * np.conj(blur.transfer) * fft(data - data_dual)
        spectrum /= divisor
        sharp, blurred = blur.inverse(spectrum), blur.forward(spectrum)
    return sharp[blur.inner]


def richardson_lucy(plane: Array, kernel: Array, iterations: int) -> Array:
    """The most likely plane under Poisson noise, by accelerated multiplicative steps. Arguments as of `wiener`.

    Sources: Richardson, 1972; Lucy, 1974; accelerated as in Biggs and Andrews, "Acceleration of iterative image
    restoration algorithms", 1997; beyond the frame by weights as in Bertero and Boccacci, 2005.
    """
    blur = Blur(kernel, plane.shape)
    adjoint = np.conj(blur.transfer)
    seen = np.zeros(blur.shape, np.float32)
    seen[blur.inner] = 1
    weight = np.maximum(blur.inverse(adjoint * fft(seen)), np.float32(0.01))
    tiny = np.float32(1e-4)
    current = np.maximum(blur.frame(plane), tiny)
    previous = step = last_step = None
    for _ in range(iterations):
        predicted = current
        if previous is not None and step is not None and last_step is not None:
            pace = float((step * last_step).sum()) / max(float(np.square(last_step).sum()), 1e-12)
            predicted = np.maximum(current + np.float32(np.clip(pace, 0, 0.95)) * (current - previous), tiny)
        ratio = seen.copy()
        ratio[blur.inner] = plane / np.maximum(blur.forward(fft(predicted))[blur.inner], tiny)
        correction = blur.inverse(adjoint * fft(np.where(seen > 0, ratio, 0))) / weight
        following = np.maximum(predicted * np.where(weight > np.float32(0.02), correction, 1), tiny)
        previous, current = current, following
        last_step, step = step, following - predicted
    return current[blur.inner]


def fft(plane: Array) -> Array:
    return np.fft.rfft2(plane)


def _ramp(side: int, pad: int) -> Array:
    weights = np.ones(side, np.float32)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(pad) + 0.5) / pad)
    weights[:pad], weights[-pad:] = rise, rise[::-1]
    return weights


def _difference(plane: Array, axis: int) -> Array:
    return np.roll(plane, -1, axis) - plane


def _difference_adjoint(plane: Array, axis: int) -> Array:
    return np.roll(plane, 1, axis) - plane
