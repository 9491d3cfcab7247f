"""How noisy a picture is: blind, by octave of spatial frequency, luminance and chroma apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from darkroom.estimates.blocks import LOW, Blocks, block_means
from darkroom.estimates.camera_noise import CameraNoise, Octave, camera_noise, octave_by_tone
from darkroom.kernels import loops, measuring
from darkroom.picture import Array
from darkroom.step import max_level, split_alpha

OCTAVES = 4
"""Octaves of spatial frequency that are measured, finest first. Sensor noise that went through demosaicing, noise
reduction and JPEG is strongest in the coarser ones; white noise is equal in all."""

FINEST = 0.65
"""Mean frequency of the finest measured octave, in cycles per 2 px."""

TILE = 128
MAX_TILES = 64
"""Tiles of 128x128 px, spread evenly over the picture, in which to measure: at most a megapixel, whatever its size."""

STRIDES = (6, 3, 2, 1)
"""Distance of blocks at each octave."""

QUIET_SHARE, MIN_BLOCKS, MAX_CLIPPED_SHARE = 0.005, 100, 0.02

FLAT_SHARE, MAX_UNEVENNESS = 0.1, 12.0
"""A drawing: this share of blocks is one level throughout, and even the quietest others have this many times more
energy at low frequencies than at high ones (white noise: 1; a camera's JPEG: about 10). It has no noise."""

MAX_GROWTH = 3.5
"""Times that noise may grow from one octave to the next coarser one: demosaicing with JPEG comes near it."""

MAX_GROWTH_GREY = 1.5
"""The same where there is no chroma to tell correlated noise from texture."""

STEADINESS = 1.25
"""Times that this growth may exceed that of the octave before: what begins at once in a coarse octave is picture."""

QUANTISATION = 0.3
"""Standard deviation of rounding to 8 bits, in levels: below it, growth says nothing."""

MAX_CHROMA_RATIO = 1.2
"""Chroma in a coarser octave that exceeds luminance by more, and did not grow out of chroma noise, is picture."""

WHITE, GROWN = 1.3, 1.5
"""Growth of luminance from the finest octave to the next up to which it is white, and from which it is not. White noise
grows in no octave; that of chroma does where JPEG halved chroma, and says nothing of luminance's there."""

TEXTURED, MOST_OF_CHROMA = 6.0, 1.5
"""Times that coarse luminance exceeds chroma where not even the quietest blocks are without texture; there, the times
that the finest luminance may exceed chroma."""

COLORLESS = 0.05
"""Chroma below which a picture of three channels is a grey one."""

TEXTURE_GROWS, CAMERA_GROWS = (1.3, 2.0), (1.1, 1.5)
"""Growth of luminance from the finest octave to the next from which it may be texture, or a camera's noise, and is."""

LEAST = 0.1
"""Levels that both estimates have at least, where they are mixed in ratios."""

OPPONENT = np.array(
    [
        [1 / 3**0.5, 1 / 3**0.5, 1 / 3**0.5],
        [1 / 2**0.5, 0, -1 / 2**0.5],
        [1 / 6**0.5, -2 / 6**0.5, 1 / 6**0.5],
    ],
    np.float32,
)
"""RGB to luminance and two chroma axes. Orthonormal: equal independent noise in R, G and B stays equal in these."""


@dataclass(frozen=True, slots=True)
class NoiseEstimate:
    """Standard deviations of noise, in levels of 255.

    luminance, chroma: per octave of spatial frequency, finest first, on a scale where white noise of standard deviation
    s in each of R, G and B is s in every octave. A picture of one channel has no chroma, one of three equal ones
    has 0. unreduced: how sure it is, in 0–1, that it is a camera's, to be seen, and at the size that demosaicing gave.
    """

    luminance: tuple[float, ...]
    chroma: tuple[float, ...] = ()
    unreduced: float = 0.0

    @property
    def luminance_sigma(self) -> float:
        """Standard deviation of all octaves together; of each of R, G and B where they are equal and independent."""
        return _total(self.luminance)

    @property
    def chroma_sigma(self) -> float:
        """The same of the chroma axes; 0 for grey."""
        return _total(self.chroma)

    @property
    def white_sigma(self) -> float:
        """Standard deviation, in each channel, of the part of it that all octaves have."""
        luminance = min(self.luminance)
        if not self.chroma:
            return luminance
        chroma = min(luminance, max(self.chroma))  # in the finest octaves, JPEG took it away
        return math.sqrt((luminance**2 + 2 * chroma**2) / 3)

    def to_dict(self) -> dict[str, object]:
        """For reports, as JSON types, rounded to hundredths of a level."""
        return {
            "luminance_sigma": round(self.luminance_sigma, 2),
            "chroma_sigma": round(self.chroma_sigma, 2),
            "luminance_octaves": [round(sigma, 2) for sigma in self.luminance],
            "chroma_octaves": [round(sigma, 2) for sigma in self.chroma],
        }

    @classmethod
    def white(cls, sigma: float) -> NoiseEstimate:
        """Noise that is equal in all octaves and channels."""
        return cls((sigma,) * OCTAVES, (sigma,) * OCTAVES)


def estimate_noise(image: Array) -> NoiseEstimate:
    """Estimate the noise of HxW, HxWx3 or HxWx4 (alpha is ignored) of uint8, uint16 or float32.

    In each octave, the blocks with the least energy at low frequencies are those with the least picture in them; what
    they have at high frequencies is noise (Ponomarenko et al., "An automatic approach to lossy compression of AVIRIS
    images", 2007, in the analysis of Colom and Buades, IPOL 2013; by scales as in Lebrun, Colom and Morel, "The Noise
    Clinic", 2015). Blocks that touch black or white are left out, since clipping hides noise.

    Coarse octaves of a photograph have texture everywhere. Chroma, which has little texture, tells how much noise
    really grows from an octave to the next, and bounds luminance. `camera_noise` looks in every tone for what a camera
    left, which is seldom least in the quietest blocks. Time and memory do not grow past 1 MP.
    """
    color, _ = split_alpha(image)
    tiles = _tiles(color)
    white = max_level(color.dtype)
    clipped = _clipped(tiles, white)
    below = tiles.reshape(-1, *tiles.shape[2:])  # one below the other, as one picture
    planes = opponent_planes(below, 255 / white).reshape(-1, *clipped.shape)
    measured: list[Array] = []
    by_tone: list[Octave | None] = []
    for stride in STRIDES:
        found = _measure(planes, clipped, stride)
        if found is None:
            break
        measured.append(found[0])
        by_tone.append(found[1])
        planes, clipped = _halved(planes, 2), _halved(clipped, 1)
    if not measured:
        return NoiseEstimate((0.0,) * OCTAVES, (0.0,) * OCTAVES if color.ndim == 3 else ())
    by_tone += [None] * (OCTAVES - len(measured))
    measured += [measured[-1]] * (OCTAVES - len(measured))
    return _mixed(np.array(measured), camera_noise(by_tone))


def opponent_planes(image: Array, scale: float = 1.0) -> Array:
    """CxHxW float32: luminance and two chroma planes of HxWx3, or the one plane of HxW, of any dtype, times `scale`."""
    if image.ndim == 3 and loops.available():
        return measuring.opponent_planes(np.ascontiguousarray(image), scale, OPPONENT)
    scaled = image.astype(np.float32, copy=False) * np.float32(scale)
    if image.ndim == 2:
        return scaled[None]
    planes = np.zeros((3, *image.shape[:2]), np.float32)
    for channel, weights in enumerate(OPPONENT.T):
        apart = np.ascontiguousarray(scaled[..., channel])
        for plane, weight in zip(planes, weights, strict=True):
            plane += apart * weight
    return planes


def _total(octaves: tuple[float, ...]) -> float:
    """Each octave has three quarters of the frequencies that the finer ones left; the coarsest has all that is left."""
    if not octaves:
        return 0.0
    shares = [0.75 * 0.25**k for k in range(len(octaves) - 1)]
    shares.append(1 - sum(shares))
    return float(np.sqrt(sum(share * sigma**2 for share, sigma in zip(shares, octaves, strict=True))))


def _tiles(image: Array) -> Array:
    """Up to MAX_TILES tiles of one size, evenly spread, TxHxW or TxHxWx3; the whole picture where it is small."""
    height, width = image.shape[:2]
    if height * width <= TILE * TILE * MAX_TILES:
        return image[None]
    rows, columns = height // TILE, width // TILE
    if rows == 0 or columns == 0:  # a long strip
        side = TILE * TILE * MAX_TILES // min(height, width)
        return image[None, :side, :side]
    grid = [(r, c) for r in range(rows) for c in range(columns)]
    chosen = np.linspace(0, len(grid) - 1, min(MAX_TILES, len(grid))).round().astype(int)
    return np.stack([image[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE] for r, c in (grid[k] for k in chosen)])


def _clipped(tiles: Array, white: float) -> Array:
    """TxHxW: 1 where a channel is black or white."""
    mask: Array = (tiles == 0) | (tiles == white)
    return (mask if tiles.ndim == 3 else mask[..., 0] | mask[..., 1] | mask[..., 2]).astype(np.float32)


def _halved(planes: Array, times: int) -> Array:
    """...xHxW of means of 2x2 pixels, multiplied."""
    if loops.available():
        return measuring.halve_planes(planes, times / 4)
    height, width = planes.shape[-2] // 2 * 2, planes.shape[-1] // 2 * 2
    even = planes[..., :height, :width]
    return (even[..., ::2, ::2] + even[..., 1::2, ::2] + even[..., ::2, 1::2] + even[..., 1::2, 1::2]) / 4 * times


def _measure(planes: Array, clipped: Array, stride: int) -> tuple[Array, Octave | None] | None:
    """Standard deviation of the noise in the finest octave of each channel (CxTxHxW), of the quietest blocks of all and
    of those of each tone; None if the picture is too small."""
    clipped_share = block_means(clipped, stride)
    if len(clipped_share) < MIN_BLOCKS:
        return None
    usable = np.flatnonzero(clipped_share <= MAX_CLIPPED_SHARE)
    if len(usable) < MIN_BLOCKS:
        usable = np.argsort(clipped_share, kind="stable")[:MIN_BLOCKS]
    sigmas: list[np.floating] = []
    channels: list[Blocks] = []
    for plane in planes:
        blocks = Blocks.of(plane, stride)
        quietest = usable[_quietest(blocks.low[usable])]
        variance = np.median(blocks.high_energies(quietest).mean(axis=0))
        if not channels and _is_drawn(blocks, variance, np.median(blocks.low[quietest])):
            return np.zeros(len(planes)), None
        sigmas.append(np.sqrt(variance))
        channels.append(blocks)
    return np.array(sigmas, np.float64), octave_by_tone(channels, usable)


def _is_drawn(blocks: Blocks, variance: np.floating, low_energy: np.floating) -> bool:
    """Whether blocks of one level are many, and the quietest, of these energies, no noise; see `FLAT_SHARE`."""
    return bool(low_energy / LOW > MAX_UNEVENNESS * variance) and blocks.flat_share() > FLAT_SHARE


def _quietest(low_energy: Array) -> Array:
    """Indices of the blocks that have the least energy at low frequencies: a share of them, and not too few."""
    count = min(max(int(QUIET_SHARE * len(low_energy)), MIN_BLOCKS), len(low_energy))
    return np.argpartition(low_energy, count - 1)[:count]


def _bounded(measured: Array) -> NoiseEstimate:
    """Octaves x channels as measured -> the estimate, without what is texture (see `estimate_noise`)."""
    luminance = measured[:, 0].copy()
    chroma = measured[:, 1:]
    if chroma.shape[1] == 0:
        for octave in range(1, OCTAVES):
            luminance[octave] = min(luminance[octave], luminance[octave - 1] * MAX_GROWTH_GREY)
        return NoiseEstimate(tuple(luminance.tolist()))
    least = chroma.min(axis=1)
    if chroma.max() < COLORLESS:
        return _bounded(measured[:, :1])
    growth = ((chroma[1:] + QUANTISATION) / (chroma[:-1] + QUANTISATION)).min(axis=1).clip(1, MAX_GROWTH)
    together = np.sqrt(np.square(chroma).mean(axis=1))
    if luminance[2] > TEXTURED * (least[2] + QUANTISATION):
        luminance[0] = min(luminance[0], MOST_OF_CHROMA * least[1])
    white = float(np.interp((luminance[1] + LEAST) / (luminance[0] + LEAST), (WHITE, GROWN), (1, 0)))
    luminance = (1 - white) * luminance + white * np.minimum(luminance, luminance[0])
    for octave in range(1, OCTAVES):
        if octave > 1:
            growth[octave - 1] = min(growth[octave - 1], growth[octave - 2] * STEADINESS)
        luminance[octave] = min(luminance[octave], luminance[octave - 1] * growth[octave - 1])
        bound = max(together[octave - 1], luminance[octave] * MAX_CHROMA_RATIO)
        together[octave] = min(together[octave], bound)
    return NoiseEstimate(tuple(luminance.tolist()), tuple(together.tolist()))


def _mixed(measured: Array, camera: CameraNoise) -> NoiseEstimate:
    """The quietest blocks' noise and a camera's, by the evidence for the latter.

    Without it, what grows from octave to octave is texture, and the quietest blocks are not without (`TEXTURE_GROWS`);
    with it, and where it is to be seen, the camera's noise counts.
    """
    quietest = _bounded(measured)
    growth = (quietest.luminance[1] + LEAST) / (quietest.luminance[0] + LEAST)
    if not quietest.chroma:  # grain that went through JPEG grows once, where JPEG took the finest
        growth = min(growth, (measured[2, 0] + LEAST) / (measured[1, 0] + LEAST))
    noise_of_quietest = max(camera.evidence, float(np.interp(growth, TEXTURE_GROWS, (1, 0))))
    share = camera.evidence * camera.visible * float(np.interp(growth, CAMERA_GROWS, (0, 1)))

    def mixed(one: tuple[float, ...], other: Array) -> tuple[float, ...]:
        result = np.multiply(one, noise_of_quietest)
        if share > 0 and one:
            result = (result + LEAST) ** (1 - share) * (other + LEAST) ** share - LEAST
        return tuple(result.tolist())

    luminance, chroma = mixed(quietest.luminance, camera.luminance), mixed(quietest.chroma, camera.chroma)
    if not chroma and measured.shape[1] > 1:
        chroma = (0.0,) * OCTAVES
    return NoiseEstimate(luminance, chroma, share * camera.unreduced)
