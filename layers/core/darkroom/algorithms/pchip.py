"""Monotone cubic interpolation."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array


class Pchip:
    """The piecewise cubic Hermite curve through points that never overshoots them.

    x: increasing, y: any, both 1-D float64 of the same length, at least 2. Where the points rise the curve rises, and
    its extremes are the points'. Outside the points it stays at the nearest one's value.

    Fritsch and Butland, "A method for constructing local monotone piecewise cubic interpolants", 1984; the ends as in
    Moler, "Numerical Computing with MATLAB", 2004. Reference, within the points:
    ``scipy.interpolate.PchipInterpolator``.
    """

    def __init__(self, x: Array, y: Array) -> None:
        self._x, self._y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        self._step = np.diff(self._x)
        self._secant = np.diff(self._y) / self._step
        self._slope = self._slopes()

    def __call__(self, at: Array) -> Array:
        """Values at `at` (any shape), of its dtype."""
        position = np.clip(at, self._x[0], self._x[-1]).astype(np.float64)
        i = np.clip(np.searchsorted(self._x, position, side="right") - 1, 0, len(self._step) - 1)
        t = (position - self._x[i]) / self._step[i]
        rise = self._slope[i] * self._step[i]
        bend = 3 * self._secant[i] * self._step[i] - 2 * rise - self._slope[i + 1] * self._step[i]
        twist = rise + self._slope[i + 1] * self._step[i] - 2 * self._secant[i] * self._step[i]
        return (self._y[i] + t * (rise + t * (bend + t * twist))).astype(at.dtype)

    def _slopes(self) -> Array:
        step, secant = self._step, self._secant
        if len(step) == 1:
            return np.repeat(secant, 2)
        slopes = np.zeros(len(step) + 1)
        before, after = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
        turning = secant[:-1] * secant[1:] <= 0  # an extreme or a flat: level there
        left, right = np.where(turning, 1, secant[:-1]), np.where(turning, 1, secant[1:])
        slopes[1:-1] = np.where(turning, 0, (before + after) / (before / left + after / right))
        slopes[0] = _end_slope(step[0], step[1], secant[0], secant[1])
        slopes[-1] = _end_slope(step[-1], step[-2], secant[-1], secant[-2])
        return slopes


def _end_slope(step: float, next_step: float, secant: float, next_secant: float) -> float:
    """A parabola's slope at an end, held so that the curve neither turns nor overshoots."""
    slope = ((2 * step + next_step) * secant - step * next_secant) / (step + next_step)
    if slope * secant <= 0:
        return 0.0
    if secant * next_secant <= 0 and abs(slope) > 3 * abs(secant):
        return 3 * secant
    return slope
