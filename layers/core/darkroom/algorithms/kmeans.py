"""k-means clustering of weighted points."""

from __future__ import annotations

import math

import numpy as np

from darkroom.picture import Array

STARTS = 6
ITERATIONS = 100
TOLERANCE = 1e-5
"""Share of the inertia under which an iteration's gain ends it."""


def kmeans(points: Array, weights: Array, k: int, seed: int) -> tuple[Array, float]:
    """Centres (KxD float64) and inertia: the weighted sum of squared distances of points to their nearest centre.

    points: NxD float64, at least k of them different; weights: N, positive.

    Lloyd 1982, the best of `STARTS` runs from seedings by greedy k-means++ (Arthur & Vassilvitskii, "k-means++: The
    Advantages of Careful Seeding", 2007), as scikit-learn's KMeans. The same seed gives the same centres.
    """
    rng = np.random.default_rng(seed)
    runs = [_lloyd(points, weights, _seeding(points, weights, k, rng)) for _ in range(STARTS)]
    return min(runs, key=lambda run: run[1])


def squared_distances(points: Array, centers: Array) -> Array:
    """NxK, in the points' dtype, at least 0."""
    distances = points @ (-2 * centers.T)
    distances += np.einsum("ij,ij->i", centers, centers)
    distances += np.einsum("ij,ij->i", points, points)[:, None]
    return np.asarray(np.maximum(distances, 0, out=distances))


def _seeding(points: Array, weights: Array, k: int, rng: np.random.Generator) -> Array:
    """k of the points, each the best of a few drawn with chances that grow with squared distance to those before."""
    trials = 2 + int(math.log(k))
    chosen = [int(rng.choice(len(points), p=weights / weights.sum()))]
    nearest = squared_distances(points, points[chosen])[:, 0]
    while len(chosen) < k:
        chances = weights * nearest
        cumulative = np.cumsum(chances)
        if cumulative[-1] <= 0:
            break  # fewer different points than k
        candidates = np.searchsorted(cumulative, rng.random(trials) * cumulative[-1], side="right")
        candidates = np.minimum(candidates, len(points) - 1)
        distances = np.minimum(nearest[:, None], squared_distances(points, points[candidates]))
        best = int(np.argmin(weights @ distances))
        chosen.append(int(candidates[best]))
        nearest = distances[:, best]
    return points[chosen].copy()


def _lloyd(points: Array, weights: Array, centers: Array) -> tuple[Array, float]:
    inertia = math.inf
    weighted = points * weights[:, None]
    for _ in range(ITERATIONS):
        distances = squared_distances(points, centers)
        labels = np.argmin(distances, axis=1)
        before, inertia = inertia, float(weights @ distances[np.arange(len(points)), labels])
        if before - inertia <= TOLERANCE * inertia:
            break
        mass = np.bincount(labels, weights, minlength=len(centers))
        sums = np.stack([np.bincount(labels, column, minlength=len(centers)) for column in weighted.T], axis=1)
        filled = mass > 0  # an empty cluster's centre stays where it is
        centers[filled] = sums[filled] / mass[filled, None]
    return centers, inertia
