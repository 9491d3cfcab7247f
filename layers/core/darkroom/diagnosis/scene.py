"""What tells a picture's kind, and how bright it should be: its tones, and how it is made of levels. NumPy alone."""

from __future__ import annotations

import numpy as np

from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS, highest, linear_to_srgb_exact, lowest, srgb_to_linear_exact

PERCENTILES = (1, 5, 25, 50, 75, 95, 99, 99.8)
BLACK, WHITE = 0.03, 0.98

LEVELLED = 0.42
"""Mean luma, encoded, to which a picture is brought before it is asked what it shows."""

MOST_EV = 9.0
WHITEST = 99.9
BLOCK = 8
HARD, SOFT = 40, 1.5
"""Levels of 255 from which a step between neighbours is a drawn edge, and up to which it is none."""


def levelled(picture: Array) -> Array:
    """HxWx3 float32 in 0-1, encoded, at the exposure that gives it a usual brightness, its highlights rolled off.

    So that what is seen in it hardly depends on its exposure.
    """
    light = srgb_to_linear_exact(picture.astype(np.float32))
    white = float(np.percentile(highest(light), WHITEST))
    low, high = -MOST_EV, MOST_EV
    sample = light[::4, ::4]
    for _ in range(16):
        ev = (low + high) / 2
        mean = float((linear_to_srgb_exact(exposed(sample, ev, white)) @ LUMA_WEIGHTS).mean())
        low, high = (ev, high) if mean < LEVELLED else (low, ev)
    return np.asarray(linear_to_srgb_exact(exposed(light, (low + high) / 2, white)), np.float32)


def exposed(light: Array, ev: float, white: float) -> Array:
    """Linear light at another exposure; what passes white, up to the level `white` of before, rolls off towards it.

    Reinhard et al., "Photographic Tone Reproduction for Digital Images", 2002, eq. 4.
    """
    more = light * np.float32(2**ev)
    burn = max(white * 2**ev, 1.0)
    return np.asarray(np.clip(more * (1 + more / np.float32(burn * burn)) / (1 + more), 0, 1))


def scene_numbers(small: Array, tiles: Array) -> Array:
    """F numbers. small: the small copy, HxWx3 float32 in 0-1, encoded; tiles: at full resolution, levels of 255."""
    return np.concatenate((_tones(small), _made_of(tiles))).astype(np.float32)


def _tones(small: Array) -> Array:
    """How light and how colourful it is, and how much lies at the ends."""
    luma = small @ LUMA_WEIGHTS
    top, bottom = highest(small), lowest(small)
    chroma = top - bottom
    deep = np.log2(srgb_to_linear_exact(luma) + 2e-3)
    ends = [(top < BLACK).mean(), (top > WHITE).mean(), (bottom > WHITE).mean(), (luma > 0.6).mean()]
    colors = [chroma.mean(), *np.percentile(chroma, (50, 95))]
    return np.array([*np.percentile(luma, PERCENTILES), luma.mean(), deep.mean(), deep.std(), *ends, *colors])


def _made_of(tiles: Array) -> Array:
    """Whether its levels are those of a sensor or drawn: equal neighbours, flat blocks, few levels, hard edges."""
    levels = np.rint(tiles).astype(np.int16)
    across = highest(np.abs(np.diff(levels, axis=2)))
    count, size = levels.shape[0], levels.shape[1] // BLOCK * BLOCK
    blocks = levels[:, :size, :size].reshape(count, size // BLOCK, BLOCK, size // BLOCK, BLOCK, 3)
    spread = highest(
        blocks.max(axis=2).max(axis=3) - blocks.min(axis=2).min(axis=3)
    )  # six times as fast as both at once
    packed = (levels[..., 0].astype(np.int64) << 16) + (levels[..., 1].astype(np.int64) << 8) + levels[..., 2]
    shares = np.unique(packed[:, ::2, ::2], return_counts=True)[1] / packed[:, ::2, ::2].size
    colors = -(shares * np.log2(shares)).sum()
    shares = np.bincount(levels[..., 1].ravel(), minlength=256) / levels[..., 1].size
    most = np.sort(shares)[::-1]
    steps = across[across > SOFT]
    return np.array(
        [
            (across == 0).mean(),
            (across <= SOFT).mean(),
            (across >= HARD).mean(),
            (steps >= HARD).mean() if steps.size else 0.0,
            (spread == 0).mean(),
            (spread <= 2).mean(),
            (spread <= 5).mean(),
            colors,
            (shares > 0).mean(),
            most[0],
            most[:3].sum(),
            most[:10].sum(),
            np.log2(spread.mean() + 0.5),
        ]
    )
