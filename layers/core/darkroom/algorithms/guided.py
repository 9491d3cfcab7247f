"""The guided filter (He, Sun and Tang, "Guided Image Filtering", 2010 and 2013), for steps to build on."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from darkroom.picture import Array


def box_mean(image: Array, radius: int) -> Array:
    """The mean of the (2 radius + 1)² px window around each sample, float32, HxW or HxWxC.

    Takes the same time at any radius. Beyond the edge the picture is mirrored about its border pixels' outer side.
    """
    size = 2 * radius + 1
    return cv2.blur(image, (size, size), borderType=cv2.BORDER_REFLECT)


def guided(image: Array, guide: Array, radius: int, epsilon: float, subsample: int = 1) -> Array:
    """Smooth `image` along the edges of `guide`: in every window the result is a linear function of the guide.

    image: HxW or HxWxC, float32, any range (a mask, a depth map, the picture itself); filtered channel by channel.
    guide: HxW or HxWx3, float32 in 0–1. A colour guide keeps edges between colours of one lightness, at about three
        times the cost.
    radius: of the window in px. The cost does not depend on it. A result's sample depends on 2 `radius` px around it.
    epsilon: variance of the guide (its levels being 0–1) below which a window is smoothed rather than kept; above 0.
    subsample: the linear functions are found at 1/`subsample` of the resolution (He and Sun, "Fast Guided Filter",
        2015): that much less time and memory for smooth images and radii of several times `subsample`.

    Takes up to 20 bytes per pixel besides its result for a grey guide and 60 for a colour one, divided by `subsample`²,
    plus 8 where `subsample` is not 1. A step that filters whole photos passes them in bands or subsamples.
    """
    along = GuidedFilter(guide, radius, epsilon, subsample)
    if image is guide and image.ndim == 3:
        return along.guide_itself()
    if image.ndim == 2:
        return along(image)
    result = np.empty_like(image)
    for c in range(image.shape[2]):
        result[..., c] = along(image[..., c])
    return result


class GuidedFilter:
    """A guide with its windows' statistics, to filter several planes along it; see `guided` for the parameters."""

    def __init__(self, guide: Array, radius: int, epsilon: float, subsample: int = 1) -> None:
        self._guide = _planes(guide)
        self._low_size = tuple(max(1, round(side / subsample)) for side in guide.shape[1::-1])
        self._radius = max(1, round(radius / subsample))
        self._low = [self._shrink(plane) for plane in self._guide]
        self._means = [box_mean(plane, self._radius) for plane in self._low]
        self._epsilon = epsilon
        self._variances = _Factors(
            [[self._covariance(i, j, epsilon) for j in range(i + 1)] for i in range(len(self._low))]
        )

    def __call__(self, plane: Array) -> Array:
        """One plane (HxW, float32, of the guide's size), filtered."""
        low = self._shrink(plane)
        offset = box_mean(low, self._radius)
        covariances = [
            box_mean(guide * low, self._radius) - mean * offset
            for guide, mean in zip(self._low, self._means, strict=True)
        ]
        slopes = self._variances.solve(covariances)
        offset -= sum_of_products(slopes, self._means)
        result = self._mean_of_windows(offset)
        result += sum_of_products([self._mean_of_windows(slope) for slope in slopes], self._guide)
        return result

    def guide_itself(self) -> Array:
        """The colour guide filtered along itself, HxWx3: the same as plane by plane, in half the time.

        The slopes are Σ (Σ + εI)⁻¹ = I − ε (Σ + εI)⁻¹ for all channels together, a symmetric matrix.
        """
        slopes = self._variances.inverse()
        for i in range(3):
            for j in range(i + 1):
                slopes[i][j] *= np.float32(-self._epsilon)
            slopes[i][i] += 1
        rows = [[slopes[max(i, j)][min(i, j)] for j in range(3)] for i in range(3)]
        offsets = [mean - sum_of_products(row, self._means) for mean, row in zip(self._means, rows, strict=True)]
        smooth = {id(slope): self._mean_of_windows(slope) for row in slopes for slope in row}
        result = np.empty((*self._guide[0].shape, 3), np.float32)
        for i, offset in enumerate(offsets):
            plane = sum_of_products([smooth[id(slope)] for slope in rows[i]], self._guide)
            np.add(plane, self._mean_of_windows(offset), out=result[..., i])
        return result

    def _covariance(self, i: int, j: int, epsilon: float) -> Array:
        covariance = box_mean(self._low[i] * self._low[j], self._radius)
        covariance -= self._means[i] * self._means[j]
        if i == j:
            # Rounding may leave a flat window's variance slightly below zero.
            np.maximum(covariance, 0, out=covariance)
            covariance += np.float32(epsilon)
        return covariance

    def _shrink(self, plane: Array) -> Array:
        if plane.shape[1::-1] == self._low_size:
            return plane
        return cv2.resize(plane, self._low_size, interpolation=cv2.INTER_AREA)

    def _mean_of_windows(self, plane: Array) -> Array:
        """A pixel lies in many windows, and takes the mean of their linear functions (2013, equation 8)."""
        mean = box_mean(plane, self._radius)
        size = self._guide[0].shape[1::-1]
        return mean if self._low_size == size else cv2.resize(mean, size, interpolation=cv2.INTER_LINEAR)


def sum_of_products(a: Sequence[Array], b: Sequence[Array]) -> Array:
    """The dot product of two short vectors of planes."""
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total += x * y
    return total


def _planes(image: Array) -> list[Array]:
    if image.ndim == 2:
        return [image]
    return [np.ascontiguousarray(image[..., c]) for c in range(image.shape[2])]


class _Factors:
    """A positive definite 1x1 or 3x3 matrix of planes, given its lower triangle, as L D Lᵀ with ones on L's diagonal.

    Not cofactors: the channels of a nearly grey picture are so alike that cofactors in float32 are mere noise.
    """

    def __init__(self, lower: list[list[Array]]) -> None:
        self._d = [lower[0][0]]
        if len(lower) == 3:
            (d0,), (a10, a11), (a20, a21, a22) = lower
            l10, l20 = a10 / d0, a20 / d0
            d1 = a11 - l10 * a10
            rest = a21 - l20 * a10
            l21 = rest / d1
            self._d = [d0, d1, a22 - l20 * a20 - l21 * rest]
            self._l = l10, l20, l21

    def solve(self, b: list[Array]) -> list[Array]:
        """x of A x = b."""
        if len(self._d) == 1:
            return [b[0] / self._d[0]]
        (d0, d1, d2), (l10, l20, l21) = self._d, self._l
        y1 = b[1] - l10 * b[0]
        y2 = b[2] - l20 * b[0] - l21 * y1
        x2 = y2 / d2
        x1 = y1 / d1 - l21 * x2
        return [b[0] / d0 - l10 * x1 - l20 * x2, x1, x2]

    def inverse(self) -> list[list[Array]]:
        """The lower triangle of the inverse of the 3x3 matrix."""
        (d0, d1, d2), (l10, l20, l21) = self._d, self._l
        m20 = l10 * l21 - l20
        i22, i20, i21 = 1 / d2, m20 / d2, -l21 / d2
        i10 = -l10 / d1 - l21 * i20
        i11 = 1 / d1 - l21 * i21
        i00 = 1 / d0 - l10 * i10 - l20 * i20
        return [[i00], [i10, i11], [i20, i21, i22]]
