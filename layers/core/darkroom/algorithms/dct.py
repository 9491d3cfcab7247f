"""The discrete cosine transform of blocks, by NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from darkroom.picture import Array


def dct_matrix(size: int, dtype: type[np.floating[Any]] = np.float32) -> Array:
    """The orthonormal DCT-II of `size` points, computed in float64; rows are frequencies."""
    frequency, x = np.mgrid[0:size, 0:size]
    matrix = np.sqrt(2 / size) * np.cos(np.pi * frequency * (x + 0.5) / size)
    matrix[0] /= np.sqrt(2)
    return np.ascontiguousarray(matrix, dtype)
