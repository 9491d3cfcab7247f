"""What can be measured of a photo before anything is done to it: exposure, cast, noise, impulses, sharpness."""

from __future__ import annotations

import cv2
import numpy as np
from msgspec.structs import replace

from darkroom.algorithms import light_map
from darkroom.algorithms.frame import without_frame
from darkroom.color.conversions import luma, srgb_to_linear
from darkroom.estimates.cast import cast_evidence
from darkroom.estimates.ceilings import lowered_stops
from darkroom.estimates.illuminant import estimate_illuminant
from darkroom.estimates.noise import estimate_noise
from darkroom.estimates.specks import blurred_specks
from darkroom.measurements import Measurements
from darkroom.picture import Array, Picture
from darkroom.srgb import cast_degrees, highest, lowest
from darkroom.step import to_float

THUMBNAIL_PX = 512
"""Longest side of what exposure and colour are measured on."""

HALVED_PX = 4 * THUMBNAIL_PX
"""Longest side of what all reduced copies are made of."""

STRIP_ROWS = 16
"""Rows of them that are made at once."""

SAMPLED_PX = 1024
"""Longest side of a sample of single pixels."""

WHITE_POINT_PX = 256
"""Longest side of what the white point is read from: reduced so far, noise no longer feigns highlights."""

WHITE_POINT_PERCENTILE = 99.9

BLOCK_PX, FEWEST_BLOCKS_PX = 8, 64
"""Side of JPEG's blocks, in whose means neither its ringing nor noise is left; and the longest side, at least, of what
is made of such means."""

EVEN_PERCENTILE, EVEN, RINGING = 99.5, 1.5 / 255, 11 / 255
"""The brightest is an even surface, as white things are and what was clipped, where this percentile of the blocks is as
bright as the white point's, within so much; and by how much noise and ringing reach higher at most."""

TILE_PX = 256
MAX_TILES = 16
"""Detail is measured in full resolution, on this many tiles spread over the picture."""

LIGHT_PX = 128
"""Longest side of what tells whether a tint is the light's, and what stands on white."""

TONES = 32
"""Equal shares of the pixels whose luma is told."""

MARGIN = 0.04
"""Of the longer side: how deep the margin is that tells what stands on white."""

WHITE = 235 / 255
"""Level that all channels of white paper reach."""

UNREDUCED_BLUR_PX, EDGELESS = 0.45, 0.1
"""Blur of the sharpest edges of a picture at the size that its camera gave it, at least, for demosaicing leaves none
sharper; and the share of detail below which there is no edge to tell it by."""

CELL_PX, DETAIL = 8, 0.03
"""Squares of so many px of the thumbnail show detail from this deviation of luma."""

PARTS = 8
"""Parts of a picture along each side, whose light tells whether it shows more than one surface."""

CLIP = 1.5 / 255
"""Encoded values within this of black or white count as clipped."""


def measure(picture: Picture) -> Measurements:
    """All measurements of a picture within its frame.

    Their cost hardly grows with its size: all but the thumbnail look at samples.
    """
    whole = picture.shown()
    shown = without_frame(whole)
    coarse = halved(shown)
    small, least = thumbnail(coarse), thumbnail(coarse, LIGHT_PX)
    brightness = luma(small)
    ordered = np.sort(brightness, axis=None)  # by vector code: faster than percentiles of what has no order
    p1, p50, p99 = (float(p) for p in np.percentile(ordered, (1, 50, 99)))
    unclipped = ordered[(ordered > CLIP) & (ordered < 1 - CLIP)]
    color = small.ndim == 3
    illuminant = estimate_illuminant(shown) if color else np.ones(3)
    noise = estimate_noise(shown)
    tiles = sample_tiles(shown)
    blur, detail = min(blur_sigma(tile) for tile in tiles), detailed(brightness)
    unreduced = blur >= UNREDUCED_BLUR_PX or detail < EDGELESS
    return Measurements(
        luma_p1=p1,
        luma_p50=p50,
        luma_p99=p99,
        white_point=white_point(coarse),
        midtone=float(np.median(unclipped)) if unclipped.size else 0.5,
        linear_mean=float(srgb_to_linear(brightness).mean()),
        clipped_shadows=float((brightness <= CLIP).mean()),
        clipped_highlights=float((brightness >= 1 - CLIP).mean()),
        lost_highlights=lost_highlights(shown),
        saturation=float((highest(small) - lowest(small)).mean()) if color else 0.0,
        cast_degrees=float(cast_degrees(illuminant)),
        illuminant=tuple(float(c) for c in illuminant / illuminant.mean()),  # type: ignore[arg-type]
        noise_luma=float(noise.luminance_sigma),
        noise_chroma=float(noise.chroma_sigma),
        impulses=float(np.mean([impulse_share(tile) for tile in tiles])),
        blur_sigma_px=blur,
        colors=effective_colors(whole),
        tones=tones(ordered),
        white_margin=white_margin(least if shown is whole else halved(whole)),
        light=replace(cast_evidence(least), lowered=lowered_stops(shown)) if color else None,
        detail=detail,
        camera_noise=noise.unreduced if unreduced else 0.0,
        blurred_specks=blurred_specks(tiles).density,
        relief=relief(least),
        megapixels=shown.shape[0] * shown.shape[1] / 1e6,
    )


def tones(brightness: Array) -> tuple[float, ...]:
    """The luma in the middle of each of `TONES` equal shares of the pixels, from the darkest."""
    return tuple(np.round(np.percentile(brightness, (np.arange(TONES) + 0.5) * 100 / TONES), 4).tolist())


def detailed(brightness: Array) -> float:
    """The share of a thumbnail's luma (HxW) that shows detail; 0 for what is smaller than a cell."""
    rows, columns = (side // CELL_PX for side in brightness.shape)
    if not rows * columns:
        return 0.0
    cells = brightness[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    return float((cells.std(axis=(1, 3)) > DETAIL).mean())


def relief(pixels: Array) -> float:
    """How far the light of a picture's parts lies from one surface in smooth light, in EV.

    The standard deviation of its binary logarithm about a quadratic surface. A swatch, a gradient, and what is
    patterned alike everywhere have next to none, dark or light; 0 for what has fewer pixels than parts along a side.
    """
    if min(pixels.shape[:2]) < PARTS:
        return 0.0
    light = srgb_to_linear(luma(pixels))
    parts = cv2.resize(light, (PARTS, PARTS), interpolation=cv2.INTER_AREA).ravel().astype(np.float64)
    stops = np.log2(parts + max(0.02 * parts.mean(), 1e-6))
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : PARTS * 1j, -1 : 1 : PARTS * 1j])
    surface = np.stack((np.ones_like(x), x, y, x * x, x * y, y * y), axis=1)
    return float((stops - surface @ np.linalg.lstsq(surface, stops)[0]).std())


def white_margin(pixels: Array) -> float:
    """The share of the pixels along a side of a picture, its frame included, that are white: the least of four."""
    small = thumbnail(pixels, LIGHT_PX)
    depth = max(round(MARGIN * max(small.shape[:2])), 1)
    white = (small if small.ndim == 2 else small.min(axis=2)) >= WHITE
    return float(min(side.mean() for side in (white[:depth], white[-depth:], white[:, :depth], white[:, -depth:])))


def white_point(pixels: Array) -> tuple[float, float, float]:
    """The level of R, G and B that all but the brightest stay below; three equal ones for grey.

    Where the brightest is an even surface, it is that surface's: noise and a JPEG's ringing reach higher than it is.
    """
    levels = np.percentile(thumbnail(pixels, WHITE_POINT_PX), WHITE_POINT_PERCENTILE, axis=(0, 1))
    blocks = thumbnail(pixels, int(np.clip(max(pixels.shape[:2]) // BLOCK_PX, FEWEST_BLOCKS_PX, WHITE_POINT_PX)))
    below, brightest = np.percentile(blocks, (EVEN_PERCENTILE, WHITE_POINT_PERCENTILE), axis=(0, 1))
    even = (brightest - below <= EVEN) & (levels - brightest <= RINGING)
    levels = np.where(even, np.minimum(brightest, levels), levels)
    red, green, blue = np.broadcast_to(levels, 3).tolist()
    return red, green, blue


def lost_highlights(pixels: Array) -> float:
    """The share of pixels that are white in at least two channels, of a sample of the full resolution.

    Too much light takes one channel after the other; a strong colour, or light of one, stays with the first.
    """
    stride = max(round(max(pixels.shape[:2]) / SAMPLED_PX), 1)
    sample = pixels[::stride, ::stride]
    white = to_float(sample) >= 1 - CLIP
    return float((white if sample.ndim == 2 else np.count_nonzero(white, axis=2) >= 2).mean())


def effective_colors(pixels: Array) -> float:
    """Two to the entropy of the colours, in bits, of a sample of single pixels, each channel in 256 levels.

    1 for a picture of one colour, 2 for one of two that are equally frequent, as many as it has pixels at most.
    """
    stride = max(round(max(pixels.shape[:2]) / SAMPLED_PX), 1)
    sample = pixels[::stride, ::stride]
    levels = (sample if sample.dtype == np.uint8 else np.rint(to_float(sample) * 255)).astype(np.uint32)
    codes = levels if levels.ndim == 2 else levels[..., 0] << 16 | levels[..., 1] << 8 | levels[..., 2]
    shares = np.unique(codes, return_counts=True)[1] / codes.size
    return float(2 ** -(shares * np.log2(shares)).sum())


def thumbnail(pixels: Array, longest: int = THUMBNAIL_PX) -> Array:
    """float32 in 0–1, area-averaged to at most `longest` px on its longest side."""
    return light_map.small(pixels, longest)


def halved(pixels: Array) -> Array:
    """Area-averaged, by half and half, to at most `HALVED_PX` on its longest side: seven times as fast as by any other
    factor. Each half is an eighth of a level lighter, by OpenCV's rounding."""
    (height, width), times = pixels.shape[:2], 0
    while max(height, width) > HALVED_PX and min(height, width) > 1:
        height, width, times = height // 2, width // 2, times + 1
    if not times:
        return pixels
    result = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)
    for top in range(0, height, STRIP_ROWS):  # what is halved again is still in the cache
        strip = pixels[top << times : min(top + STRIP_ROWS, height) << times]
        for _ in range(times):
            size = (strip.shape[1] // 2, strip.shape[0] // 2)
            strip = cv2.resize(strip[:, : 2 * size[0]], size, interpolation=cv2.INTER_AREA)
        result[top : top + STRIP_ROWS] = strip
    return result


def sample_tiles(pixels: Array) -> list[Array]:
    """Up to `MAX_TILES` full-resolution tiles, float32 luma, evenly spread."""
    height, width = pixels.shape[:2]
    side = round(MAX_TILES**0.5)
    tops = np.unique(np.linspace(0, max(height - TILE_PX, 0), side).astype(int))
    lefts = np.unique(np.linspace(0, max(width - TILE_PX, 0), side).astype(int))
    return [luma(to_float(pixels[top : top + TILE_PX, left : left + TILE_PX])) for top in tops for left in lefts]


def impulse_share(tile: Array) -> float:
    """Share of pixels that are near black or white and far from all that surrounds them (HxW float32).

    A pixel counts where it is the extreme of its 3×3 window, nearly clipped, and at least 0.2 from the median of its
    5×5 window.
    """
    median = cv2.medianBlur(tile, 5)
    extreme = (tile <= 4 / 255) | (tile >= 251 / 255)
    return float((extreme & (np.abs(tile - median) > 0.2)).mean())


def blur_sigma(tile: Array) -> float:
    """Standard deviation, in px, of the blur at a tile's strongest edges (HxW float32); 9 where there is no edge.

    Zhuo & Sim, "Defocus map estimation from a single image", Pattern Recognition 2011: blurring once more by a known
    sigma0 lowers the gradient at an edge by ``R = sqrt((sigma² + sigma0²) / sigma²)``.
    """
    sigma0 = 1.0
    operator = 0.5  # variance, in px², that the gradient's own kernel adds to an edge
    gradient = _gradient(tile)
    again = _gradient(cv2.GaussianBlur(tile, (0, 0), sigma0, borderType=cv2.BORDER_REFLECT))
    threshold = max(float(np.percentile(gradient, 98)), 0.04)
    edges = (gradient >= threshold) & (gradient > again * 1.01)
    if edges.sum() < 16:
        return 9.0
    ratio = float(np.median(gradient[edges] / again[edges]))
    variance = sigma0**2 / (ratio**2 - 1) - operator
    return float(min(np.sqrt(max(variance, 0)), 9.0))


def _gradient(image: Array) -> Array:
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.magnitude(dx, dy))
