"""Lines that follow a picture: its edges' direction, and filters across and along it."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.picture import Array

ACROSS = 4
"""Samples to each side across an edge: the wider Gaussian's reach in steps of half its deviation."""

ALONG = 4
"""Steps to each side along an edge."""


class EdgeFlow:
    """The direction of edges at every pixel of a plane (HxW float32), smoothed over `sigma` px.

    The structure tensor's: its larger eigenvector lies across edges, the smaller along them (Kyprianidis and Döllner,
    "Image Abstraction by Structure Adaptive Filtering", 2008, after Kang, Lee and Chui, "Coherent Line Drawing",
    2007). Where nothing has a direction it is arbitrary.
    """

    def __init__(self, plane: Array, sigma: float) -> None:
        gx = cv2.Sobel(plane, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REFLECT)
        gy = cv2.Sobel(plane, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REFLECT)
        xx, xy, yy = (
            cv2.GaussianBlur(product, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            for product in (gx * gx, gx * gy, gy * gy)
        )
        across = np.arctan2(2 * xy, xx - yy) / 2
        self._cos, self._sin = np.cos(across), np.sin(across)
        height, width = plane.shape
        self._x, self._y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))

    def difference_across(self, plane: Array, narrow: float, wide: float, weight: float) -> Array:
        """A Gaussian of `narrow` px across the edges less `weight` times one of `wide` px."""
        spacing = wide / 2
        offsets = np.arange(-ACROSS, ACROSS + 1) * spacing
        first, second = (np.exp(-np.square(offsets / sigma) / 2) for sigma in (narrow, wide))
        weights = first / first.sum() - weight * second / second.sum()
        result = np.zeros_like(plane)
        for offset, factor in zip(offsets.astype(np.float32), weights.astype(np.float32), strict=True):
            result += factor * _sample(plane, self._x + offset * self._cos, self._y + offset * self._sin)
        return result

    def mean_along(self, plane: Array, sigma: float) -> Array:
        """The Gaussian mean of `sigma` px along the edges, which are followed as they bend."""
        spacing = np.float32(sigma / 2)
        total, result = 1.0, plane.copy()
        for sign in (1, -1):
            x, y = self._x, self._y
            dx, dy = -sign * self._sin, sign * self._cos
            for k in range(1, ALONG + 1):
                x, y = x + spacing * dx, y + spacing * dy
                factor = float(np.exp(-np.square(k / 2) / 2))
                result += np.float32(factor) * _sample(plane, x, y)
                total += factor
                # The direction has no sign: what turns back is taken the other way round.
                cos, sin = _sample(self._cos, x, y, cv2.INTER_NEAREST), _sample(self._sin, x, y, cv2.INTER_NEAREST)
                forwards = np.where(cos * dy - sin * dx < 0, np.float32(-1), np.float32(1))
                dx, dy = -forwards * sin, forwards * cos
        return np.asarray(result / np.float32(total))


def _sample(plane: Array, x: Array, y: Array, interpolation: int = cv2.INTER_LINEAR) -> Array:
    return cv2.remap(plane, x, y, interpolation, borderMode=cv2.BORDER_REFLECT)
