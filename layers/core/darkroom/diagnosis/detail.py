"""Detail as the diagnosis sees it, in full resolution: noise, impulses, blur, motion. NumPy alone."""

from __future__ import annotations

from functools import cache

import numpy as np

from darkroom.diagnosis.jpeg import dct_blocks, jpeg_features, whole_blocks
from darkroom.picture import Array
from darkroom.srgb import highest, lowest

OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
OPPONENT /= np.linalg.norm(OPPONENT, axis=1, keepdims=True)
"""RGB to luminance and two chroma axes; orthonormal, so that white noise is as strong in each."""

OCTAVES = 3
QUIET = (0.01, 0.05, 0.2)
QUANTILES = (1, 5, 25, 50, 75)
WHITE, BLACK = 251, 4
STANDING_OUT = (20, 60)
"""By how many levels an impulse must stand out from all but one of its four neighbours."""

RADII, SECTORS, BANDS, DISTANCES = 24, 12, 6, 14
LONGEST_PX = 48


def detail_features(tiles: Array) -> Array:
    """F numbers from full-resolution tiles, T×S×S×3 float32 in levels of 255."""
    planes = np.stack([np.moveaxis(tile @ OPPONENT.T, 2, 0) for tile in tiles])
    luminance = planes[:, 0] / np.float32(3**0.5)
    return np.concatenate(
        (
            _noise(planes, tiles),
            _impulses(tiles),
            _edges(luminance),
            _spectrum(luminance),
            jpeg_features(tiles),
        )
    )


def _noise(planes: Array, tiles: Array) -> Array:
    """Log2 of the standard deviation at high frequencies, an octave and channel, over blocks that are not clipped.

    Of the blocks with the least energy at low frequencies (Ponomarenko et al. 2007), and quantiles over all. Not an
    estimate, as `estimates.noise` makes for steps that act on it: what is texture the network learns, from these.
    """
    clipped = ((lowest(tiles) <= 1) | (highest(tiles) >= 254)).astype(np.float32)
    found = []
    for octave in range(OCTAVES):
        if octave:
            planes, clipped = _halve(planes) * 2, _halve(clipped)
        usable = whole_blocks(clipped).mean(axis=1) <= 0.05
        for channel in range(3):
            coefficients = dct_blocks(planes[:, channel])
            if usable.sum() >= 8:
                coefficients = coefficients[usable]
            high, low = np.square(coefficients[:, _high()]), np.square(coefficients[:, _low()]).sum(axis=1)
            order = np.argsort(low, kind="stable")
            for share in QUIET:
                quietest = order[: max(int(share * len(order)), 4)]
                found.append(np.median(high[quietest].mean(axis=0)))
            found.extend(np.percentile(high.mean(axis=1), QUANTILES))
    return np.log2(np.sqrt(np.array(found)) + 0.1)


@cache
def _high() -> Array:
    i, j = np.divmod(np.arange(64), 8)
    return np.flatnonzero(i + j > 8)


@cache
def _low() -> Array:
    i, j = np.divmod(np.arange(64), 8)
    return np.flatnonzero((i + j > 0) & (i + j <= 8))


def _halve(planes: Array) -> Array:
    halved: Array = planes[..., ::2, ::2] + planes[..., 1::2, ::2] + planes[..., ::2, 1::2] + planes[..., 1::2, 1::2]
    return halved / 4


def _impulses(tiles: Array) -> Array:
    """Log10 of shares of samples that are black or white and stand out from all but one of their neighbours."""
    levels = np.rint(tiles).astype(np.uint8)
    middle = levels[:, 1:-1, 1:-1]
    a, b, c, d = levels[:, :-2, 1:-1], levels[:, 2:, 1:-1], levels[:, 1:-1, :-2], levels[:, 1:-1, 2:]
    high, low = (np.maximum(a, b), np.maximum(c, d)), (np.minimum(a, b), np.minimum(c, d))
    second_highest = np.maximum(np.minimum(*high), np.maximum(*low))
    second_lowest = np.minimum(np.maximum(*low), np.minimum(*high))
    shares = []
    for standing in STANDING_OUT:
        for lone in (
            (middle >= WHITE) & (second_highest <= WHITE - standing),
            (middle <= BLACK) & (second_lowest >= BLACK + standing),
        ):
            shares += [lone.mean(), (lone[..., 0] & lone[..., 1] & lone[..., 2]).mean()]
    shares += [(levels == 255).mean(), (levels == 0).mean()]
    return np.log10(np.array(shares) + 1e-5)


def _edges(luminance: Array) -> Array:
    """Log2 of high percentiles of the gradient, fine and after two blurs, and what the blurs took off."""
    found = []
    plane = luminance
    for _ in range(3):
        across = np.abs(plane[:, ::3, 1:] - plane[:, ::3, :-1])
        down = np.abs(plane[:, 1:, ::3] - plane[:, :-1, ::3])
        values = np.concatenate((across.ravel(), down.ravel()))
        values.sort()  # by vector code: faster than percentiles of what has no order
        found.append(np.log2(np.percentile(values, (50, 90, 98, 99.7)) + 0.1))
        plane = _blur_121(plane)
    return np.concatenate([*found, found[0] - found[1], found[1] - found[2]])


def _blur_121(plane: Array) -> Array:
    plane = (plane[:, :-2] + 2 * plane[:, 1:-1] + plane[:, 2:]) / 4
    blurred: Array = (plane[:, :, :-2] + 2 * plane[:, :, 1:-1] + plane[:, :, 2:]) / 4
    return blurred


def _spectrum(luminance: Array) -> Array:
    """The power spectrum: by radius, of the mean and of the sharpest tiles; by direction; and its cepstrum.

    Blur lowers it with the radius; motion along a line lowers it in one direction, and leaves a negative peak in the
    cepstrum at the line's length and angle (Gennery 1973; Cannon 1976).
    """
    size = luminance.shape[1]
    window = (np.hanning(size)[:, None] * np.hanning(size)).astype(np.float32)
    centred = (luminance - luminance.mean(axis=(1, 2), keepdims=True)) * window
    power = np.square(np.abs(np.fft.rfft2(centred))) / np.square(window).sum()
    ring, sector, band = _polar(size)
    profiles = np.stack([np.bincount(ring, p.ravel(), RADII + 1)[:RADII] for p in power])
    profiles = np.log2(profiles / np.bincount(ring, minlength=RADII + 1)[:RADII] + 1e-2)
    mean = np.log2(np.exp2(profiles).mean(axis=0))
    fall = profiles[:, [3, 6, 10, 14, 18]] - profiles[:, [6, 10, 14, 18, 22]]
    sharpest = np.percentile(fall, (0, 25, 50, 100), axis=0)

    logarithm = np.log2(power.mean(axis=0) + 1e-2)
    count = np.bincount(ring, minlength=RADII + 1)
    trend = np.bincount(ring, logarithm.ravel(), RADII + 1) / np.maximum(count, 1)
    residual = logarithm - trend[ring].reshape(logarithm.shape)
    residual[ring.reshape(residual.shape) == RADII] = 0
    cells = sector * BANDS + band
    inside = cells >= 0
    number = SECTORS * BANDS
    by_direction = np.bincount(cells[inside], residual.ravel()[inside], number)
    by_direction /= np.maximum(np.bincount(cells[inside], minlength=number), 1)
    return np.concatenate((mean, sharpest.ravel(), by_direction, _cepstrum(residual, size)))


@cache
def _polar(size: int) -> tuple[Array, Array, Array]:
    """Ring, sector and band of every frequency of a real spectrum, flat; ring RADII is beyond Nyquist, -1 is unused."""
    v, u = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    radius, angle = np.hypot(u, v), np.arctan2(-v, u) % np.pi
    ring = np.minimum((radius * 2 * RADII).astype(int), RADII)
    sector = (angle / np.pi * SECTORS).astype(int) % SECTORS
    band = (radius * 2 * BANDS).astype(int)
    unused = (radius < 2 / size) | (band >= BANDS)
    sector, band = np.where(unused, -BANDS, sector), np.where(unused, 0, band)
    return ring.ravel(), sector.ravel(), band.ravel()


def _cepstrum(residual: Array, size: int) -> Array:
    """The deepest point in each cell of angle and distance, over the deviation of all."""
    cepstrum = np.fft.irfft2(residual, (size, size))
    cell = _cepstrum_cells(size)
    deepest = np.zeros(SECTORS * DISTANCES)
    inside = cell >= 0
    values = cepstrum.ravel()[inside]
    np.minimum.at(deepest, cell[inside], values)
    return deepest / (values.std() + 1e-6)


@cache
def _cepstrum_cells(size: int) -> Array:
    y, x = np.fft.fftfreq(size, 1 / size)[:, None], np.fft.fftfreq(size, 1 / size)[None]
    distance, angle = np.hypot(x, y), np.arctan2(-y, x) % np.pi
    step = np.log(np.maximum(distance, 1) / 2.5) / np.log(LONGEST_PX / 2.5) * DISTANCES
    sector = ((angle / np.pi + 0.5 / SECTORS) * SECTORS).astype(int) % SECTORS
    cell = sector * DISTANCES + step.astype(int)
    return np.where((step >= 0) & (step < DISTANCES) & (distance >= 2.5), cell, -1).ravel()
