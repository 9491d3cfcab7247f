"""Similar colours gathered by k-means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np

from darkroom.algorithms.kmeans import kmeans, squared_distances
from darkroom.color.conversions import fit_gamut, lab_to_rgb, lab_to_xyz, linear_to_srgb, rgb_to_lab, xyz_to_rgb
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, bands, from_float, step, to_float

CELL_BITS = 5
"""The colours that are clustered are the means of cells of 32 x 32 x 32 over R, G and B, by their number of pixels."""

CHUNK = 1 << 18
"""Distances of pixels to centres that are held at once: they stay in the cache."""

NOTHING = np.empty((0, 0), np.float32)
"""For the matrix that OpenCV's product may add."""


class ClusterColors(Params, frozen=True):
    k: Annotated[int, param("number of clusters", ge=1, le=64)] = 8
    mode: Annotated[
        Literal["quantise", "harmonise"],
        param("quantise: only the clusters' colours; harmonise: draw hue and chroma to them and keep lightness"),
    ] = "quantise"
    seed: Annotated[int, param("of the random starts; the same seed gives the same clusters", ge=0)] = 0
    strength: Strength = 1.0

    scene = "flower"


@dataclass(frozen=True, slots=True)
class Palette:
    """centers: KxL*a*b*, float32. variance: mean squared distance to the nearest centre, in Lab units."""

    centers: Array
    variance: float


def find_palette(image: Array, params: ClusterColors) -> Analysed:
    """The k colours around which those of the picture gather, the most frequent first."""
    points, counts = color_cells(image)
    centers, inertia = kmeans(points, counts, min(params.k, len(points)), params.seed)
    shares = np.bincount(np.argmin(squared_distances(points, centers), axis=1), counts, minlength=len(centers))
    order = np.argsort(-shares, kind="stable")
    centers = centers[order].astype(np.float32)
    rgb = from_float(lab_to_rgb(centers[None])[0], np.dtype(np.uint8))
    found = {
        "colors": ["#" + bytes(color).hex() for color in rgb],
        "shares": (shares[order] / counts.sum()).round(4).tolist(),
        "mean_distance": round(float(np.sqrt(inertia / counts.sum())), 2),
    }
    return Analysed(Palette(centers, inertia / counts.sum()), found)


@step(
    "cluster_colors",
    stage="correct_color",
    params=ClusterColors,
    on="native",
    analyse=find_palette,
    discontinuous="a colour between two clusters falls to either by a rounding",
)
def cluster_colors(image: Array, params: ClusterColors, analysis: Palette) -> Array:
    """Similar colours gathered by k-means.

    The picture's colours are clustered in CIE L*a*b* (1976), where distances are about those that are seen, each
    counted as often as it occurs: k-means (Lloyd 1982) from greedy k-means++ seedings (Arthur & Vassilvitskii 2007).

    - quantise: each pixel takes the colour of the nearest centre: a picture of `k` colours.
    - harmonise: each pixel's a* and b* become the mean of the centres', weighted by ``exp(-d² / 2 s²)`` with d its
      distance to each and s² the mean squared distance of all pixels to theirs; L* stays. There are no borders, so
      gradation stays smooth. Colours outside of sRGB pale at their own luminance.

    Colours are counted in cells of eight 8-bit levels and clustered by the cells' means; the manifest has the palette.
    Reference: scikit-learn's KMeans on all pixels' L*a*b*, inertia within 2 %.
    """
    result = np.empty_like(image)
    limit = max(CHUNK // len(analysis.centers), 1)
    for rows, _, _ in bands(image.shape, 0):
        band = to_float(image[rows])
        rgb = (band if band.ndim == 3 else np.repeat(band[..., None], 3, axis=2)).reshape(-1, 3)
        mapped = np.concatenate(
            [_gathered(rgb[start : start + limit], analysis, params.mode) for start in range(0, len(rgb), limit)]
        )
        mapped = mapped.reshape(*band.shape[:2], 3)
        result[rows] = from_float(mapped if band.ndim == 3 else mapped[..., 1], image.dtype)
    return result


def color_cells(image: Array) -> tuple[Array, Array]:
    """Mean L*a*b* (Nx3 float64) and number of pixels of each cell of colours that the picture has.

    Colours are rounded to 8 bits first, so that a picture has the same cells in every dtype.
    """
    cells = 1 << 3 * CELL_BITS
    counts, sums = np.zeros(cells), np.zeros((cells, 3))
    shift = 8 - CELL_BITS
    for rows, _, _ in bands(image.shape, 0):
        band = image[rows]
        levels = band if band.dtype == np.uint8 else from_float(to_float(band), np.dtype(np.uint8))
        if levels.ndim == 2:
            levels = np.repeat(levels[..., None], 3, axis=2)
        high = (levels >> shift).astype(np.intp)
        cell = ((high[..., 0] << 2 * CELL_BITS) | (high[..., 1] << CELL_BITS) | high[..., 2]).reshape(-1)
        counts += np.bincount(cell, minlength=cells)
        lab = rgb_to_lab(levels)
        for channel in range(3):
            sums[:, channel] += np.bincount(cell, lab[..., channel].reshape(-1), minlength=cells)
    filled = counts > 0
    return sums[filled] / counts[filled, None], counts[filled]


def _gathered(rgb: Array, palette: Palette, mode: Literal["quantise", "harmonise"]) -> Array:
    """Nx3 encoded RGB, float32, in and out."""
    lab = rgb_to_lab(rgb[None])[0]
    # K x N: what runs over the centres then runs over long rows. Less the pixel's own |lab|², alike for all centres.
    # OpenCV's product: thousands of small ones each woke BLAS's threads for longer than the work itself.
    distances: Array = np.asarray(cv2.gemm(palette.centers, lab, -2, NOTHING, 0, flags=cv2.GEMM_2_T))
    distances += np.sum(palette.centers**2, axis=1)[:, None]
    if mode == "quantise":
        return np.asarray(lab_to_rgb(palette.centers[None])[0][_smallest(distances)])
    distances -= distances.min(axis=0)
    distances *= np.float32(-0.5 / max(palette.variance, 1e-3))
    weights = np.exp(distances, out=distances)
    gathered = np.asarray(
        cv2.gemm(np.ascontiguousarray(palette.centers[:, 1:]), weights, 1, NOTHING, 0, flags=cv2.GEMM_1_T)
    )
    lab[:, 1:] = (gathered / weights.sum(axis=0)).T
    return linear_to_srgb(fit_gamut(xyz_to_rgb(lab_to_xyz(lab[None])))[0])


def _smallest(rows: Array) -> Array:
    """The row of each column's smallest entry: ``argmin(axis=0)``, several times faster for few long rows."""
    least, place = rows[0].copy(), np.zeros(rows.shape[1], np.uint8)
    for row in range(1, len(rows)):
        np.copyto(place, row, where=rows[row] < least)
        np.minimum(least, rows[row], out=least)
    return place
