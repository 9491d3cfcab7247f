"""Mean and covariance of a picture's colours, and linear maps of colours made from them."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.picture import Array
from darkroom.step import bands, from_float, to_float

SMALLEST_VARIANCE = 1e-6
"""About that of rounding to 8 bits (1/255)² / 12: directions of colour in which a picture varies less hold nothing but
rounding, and are not stretched as if there were more."""


def mean_and_covariance(image: Array) -> tuple[Array, Array]:
    """Mean (3) and covariance (3x3) of a picture's channels in 0–1, float64; of length 1 for HxW. Works in bands."""
    count = 1 if image.ndim == 2 else 3
    total, products = np.zeros(count), np.zeros((count, count))
    origin = to_float(image[:1, :1]).reshape(-1).astype(np.float64)  # sums stay small about a colour of the picture
    for rows, _, _ in bands(image.shape, 0):
        colors = to_float(image[rows]).reshape(-1, count) - origin
        total += colors.sum(axis=0)
        products += colors.T @ colors
    pixels = image.shape[0] * image.shape[1]
    mean = total / pixels
    return mean + origin, products / pixels - np.outer(mean, mean)


def symmetric_power(matrix: Array, exponent: float, floor: float = 0.0) -> Array:
    """A power of a symmetric positive semidefinite matrix, its eigenvalues raised to at least `floor` first."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, floor) ** exponent) @ vectors.T)


def map_colors(image: Array, matrix: Array, offset: Array) -> Array:
    """``matrix @ color + offset`` for every pixel (HxW or HxWx3), of encoded values in 0–1, clipped, in its dtype."""
    result = np.empty_like(image)
    affine = np.column_stack((matrix, offset))
    for rows, _, _ in bands(image.shape, 0):
        mapped = np.asarray(cv2.transform(to_float(image[rows]), affine))
        result[rows] = from_float(mapped.reshape(image[rows].shape), image.dtype)
    return result
