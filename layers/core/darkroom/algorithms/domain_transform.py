"""Edge-preserving smoothing in linear time: the domain transform's recursive filter."""

from __future__ import annotations

import math

import cv2
import numpy as np

from darkroom.picture import Array

STRIP = 256
"""Lines filtered at a time: a strip stays in a core's cache."""


def domain_transform(image: Array, sigma_space: float, sigma_color: float, iterations: int = 3) -> None:
    """Smooth HxWx3 float32 in 0–1 in place, within surfaces and not across edges.

    sigma_space: px. sigma_color: over difference of colour, 0–1. Takes a strip's memory, and the same time at any
    sigma.

    Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video Processing", 2011, the recursive filter
    (section 4.2): each pass runs forth and back along all lines at once, with the feedback ``a ** d`` between
    neighbours at distance ``d = 1 + sigma_space / sigma_color |difference|`` (summed over channels). The distances are
    those of the picture as given.
    """
    ratio = sigma_space / sigma_color
    across, down = _distances(image, 1, ratio), _distances(image, 0, ratio)
    for k in range(iterations):
        # Equation 14: each iteration's share, so that together they have the variance asked for.
        sigma = sigma_space * math.sqrt(3) * 2 ** (iterations - k - 1) / math.sqrt(4**iterations - 1)
        logarithm = np.float32(-math.sqrt(2) / sigma)
        for first in range(0, image.shape[0], STRIP):
            lines = slice(first, first + STRIP)
            strip = np.ascontiguousarray(image[lines].transpose(1, 0, 2))
            _run(strip, cv2.exp(np.ascontiguousarray(across[lines].T, np.float32) * logarithm))
            image[lines] = strip.transpose(1, 0, 2)
        for first in range(0, image.shape[1], STRIP):
            lines = slice(first, first + STRIP)
            strip = np.ascontiguousarray(image[:, lines])
            _run(strip, cv2.exp(np.ascontiguousarray(down[:, lines], np.float32) * logarithm))
            image[:, lines] = strip


def _distances(image: Array, axis: int, ratio: float) -> Array:
    """Distance of each pixel from the one before it along an axis; half precision, which is plenty and half as much."""
    distances = np.ones(image.shape[:2], np.float16)
    for first in range(0, image.shape[0], STRIP):
        if axis == 1:
            difference = np.abs(np.diff(image[first : first + STRIP], axis=1)).sum(axis=2)
            distances[first : first + STRIP, 1:] += np.minimum(ratio * difference, 6e4).astype(np.float16)
        else:
            difference = np.abs(np.diff(image[first : first + STRIP + 1], axis=0)).sum(axis=2)
            end = first + 1 + len(difference)
            distances[first + 1 : end] += np.minimum(ratio * difference, 6e4).astype(np.float16)
    return distances


def _run(strip: Array, feedback: Array) -> None:
    """The recursion along the first axis of NxLx3, forth and back, in place; feedback NxL."""
    weights = np.repeat(feedback[..., None], 3, axis=2).reshape(len(strip), -1)
    flat = strip.reshape(len(strip), -1)
    difference = np.empty_like(flat[0])
    for n in range(1, len(flat)):
        np.subtract(flat[n - 1], flat[n], out=difference)
        difference *= weights[n]
        flat[n] += difference
    for n in range(len(flat) - 2, -1, -1):
        np.subtract(flat[n + 1], flat[n], out=difference)
        difference *= weights[n + 1]
        flat[n] += difference
