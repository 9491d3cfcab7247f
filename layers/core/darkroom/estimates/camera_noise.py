"""How much noise a camera left in a picture, looked for in every tone, and how sure it is that it is noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darkroom.estimates.blocks import HIGH, Blocks
from darkroom.picture import Array

TONES = 6
"""Parts of a picture by lightness, of equally many blocks: noise depends on the light, and texture is seldom in all."""

LEAST_BLOCKS = 30
"""Blocks that a tone must have at every octave."""

QUIET_SHARE, LEAST_QUIET = 0.04, 12

SEEN_IN_ALL, SEEN_IN_FEW = 0.35, 0.65
"""Spread of the energies of a tone's blocks (log of the median's deviation over the quietest's) at which all of it may
be noise, and at which it is texture: noise is everywhere, texture in places."""

GREY, COLORED = 0.4, 0.9
"""Coarsest chroma over fine luminance, in the weaker of the two chroma axes: texture has one colour, light and dark;
noise has all, and noise reduction leaves the coarse of it."""

WHITE, GROWN = 1.3, 2.0
"""Growth of luminance from the finest octave to the next where demosaicing and JPEG took the finest away. White noise
does not grow, and needs no evidence: it stands in the finest octave, where photographs have nothing."""

FINE, FINEST = 4.5, 3.0
"""Levels in the finest octave at which what grows beyond is texture (grass, gravel, hair, at the size of a web page),
and up to which it may be noise of which demosaicing and JPEG left little there."""

STEEP, LEVEL = 4.5, 3.0
"""Growth from there to the next octave: of detail, and at most of noise."""

DOUBTFUL, SURE = 0.2, 0.4
"""Mean evidence of all tones."""

SLIGHT, VISIBLE = 2.5, 4.5
"""Levels of noise below which it is left to the finest octave, for grain that soft is in most good photographs."""

UNEVEN = (6.0, 4.0)
"""Times that a tone's noise may be above that of the quietest: beyond, it is texture."""

LOUD = (32.0, 22.0)
"""Levels of noise that no camera leaves, and that few do."""

JPEG_TOOK = (1.4, 1.15)
"""What the finest two octaves of luminance have over that of quiet blocks, from which JPEG took most."""

JPEG_TOOK_OF_CHROMA = (1.3, 1.3, 1.1, 1.1)

GROWTH = (1.6, 1.25)
"""Times that luminance may grow from octave 1 to 2 and from 2 to 3 (cameras: 1.5 to 1.7 and 1.1 to 1.3)."""

UNREDUCED = 1.3
"""Growth of luminance from octave 1 to 2, at least, of noise at the size that demosaicing gave it. In a reduced picture
it was averaged, and in one of white noise it never grew."""

CHROMA_GROWTH, CHROMA_SHARE = 2.5, 1.2
"""Times that the coarsest chroma may exceed the next finer one, and luminance."""


@dataclass(frozen=True, slots=True)
class Octave:
    """Noise by tone at one octave of spatial frequency: TONES x channels standard deviations, and luminance's spread
    in each tone (see `SEEN_IN_ALL`)."""

    sigmas: Array
    spread: Array


@dataclass(frozen=True, slots=True)
class CameraNoise:
    """evidence: 0–1, that what is there is a camera's noise. visible: 0–1, that it is more than the grain of good
    photographs. luminance, chroma: standard deviations by octave, finest first."""

    evidence: float
    visible: float
    luminance: Array
    chroma: Array

    @property
    def unreduced(self) -> bool:
        """Whether it is as coarse as a camera leaves it at full size."""
        return bool(self.luminance[2] >= UNREDUCED * self.luminance[1])


def octave_by_tone(channels: list[Blocks], usable: Array) -> Octave | None:
    """Measure the blocks of one octave, of luminance and chroma, at these indices. None if they are too few."""
    if len(usable) < TONES * LEAST_BLOCKS:
        return None
    sigmas = np.empty((TONES, len(channels)))
    spread = np.empty(TONES)
    of_luminance = channels[0].high / np.float32(HIGH)
    tones = np.array_split(usable[np.argsort(channels[0].level[usable], kind="stable")], TONES)
    for channel, blocks in enumerate(channels):
        quiet = [_quietest(blocks.low, members) for members in tones]
        ends = np.cumsum([len(members) for members in quiet])[:-1]
        for tone, energies in enumerate(np.split(blocks.high_energies(np.concatenate(quiet)), ends)):
            variance = np.median(energies.mean(axis=0))
            sigmas[tone, channel] = np.sqrt(variance)
            if channel == 0:
                usual = np.median(of_luminance[tones[tone]])
                spread[tone] = np.log((usual + 1e-3) / (variance + 1e-3)) / 2
    return Octave(sigmas, spread)


def _quietest(low: Array, members: Array) -> Array:
    """Of these blocks, those with the least energy at low frequencies."""
    count = max(round(QUIET_SHARE * len(members)), LEAST_QUIET)
    return np.asarray(members[np.argpartition(low[members], count - 1)[:count]])


def camera_noise(octaves: list[Octave | None]) -> CameraNoise:
    """What four octaves of a picture (luminance and two chroma axes) tell of a camera's noise.

    As in estimates of a noise level function (Liu et al., "Automatic Estimation and Removal of Noise from a Single
    Image", 2008), the quietest blocks of each tone are taken for those without a picture. Whether they are is judged
    tone by tone, by four traits that texture seldom has all at once, and noise that went through demosaicing, noise
    reduction and JPEG has: see the constants.
    """
    first, second, third, last = octaves
    if first is None or second is None or third is None or second.sigmas.shape[1] == 1:
        return CameraNoise(0.0, 0.0, np.zeros(4), np.zeros(4))
    if last is None:  # a small picture, or one that is mostly black or white
        last = Octave(third.sigmas * np.array([GROWTH[1], CHROMA_GROWTH, CHROMA_GROWTH]), third.spread)
    fine, luminance, coarse = (octave.sigmas[:, 0] for octave in (first, second, third))
    likely = (
        _ramp(second.spread, SEEN_IN_FEW, SEEN_IN_ALL)
        * _ramp(last.sigmas[:, 1:].min(axis=1) / (luminance + 0.3), GREY, COLORED)
        * _ramp(luminance / (fine + 0.1), WHITE, GROWN)
        * _ramp(fine, FINE, FINEST)
        * _ramp(coarse / (luminance + 0.1), STEEP, LEVEL)
        * _ramp(luminance / (luminance.min() + 0.1), *UNEVEN)
        * _ramp(luminance, *LOUD)
    )

    def usual(values: Array) -> float:
        return float(np.sqrt(np.average(np.square(values), weights=likely + 1e-9)))

    found = [took * usual(v) for took, v in zip(JPEG_TOOK, (fine, luminance), strict=True)]
    for octave, growth in zip((third, last), GROWTH, strict=True):
        found.append(min(usual(octave.sigmas[:, 0]), growth * found[-1]))
    chroma = [
        took * usual(octave.sigmas[:, 1:].max(axis=1))
        for took, octave in zip(JPEG_TOOK_OF_CHROMA, (first, second, third, last), strict=True)
    ]
    chroma[3] = min(chroma[3], CHROMA_GROWTH * chroma[2], CHROMA_SHARE * found[3])
    evidence = float(_ramp(likely.mean(), DOUBTFUL, SURE))
    visible = float(_ramp(np.float64(found[1]), SLIGHT, VISIBLE))
    return CameraNoise(evidence, visible, np.array(found), np.array(chroma))


def _ramp(values: Array | np.floating, nothing: float, everything: float) -> Array:
    """0 at `nothing`, 1 at `everything`, straight between and held beyond."""
    return np.asarray(np.clip((values - nothing) / (everything - nothing), 0, 1))
