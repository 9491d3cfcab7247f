"""What is measured of a photo: the record alone, for those who read it without measuring.

`darkroom.estimates.measure` fills it.
"""

from __future__ import annotations

import msgspec


class Measurements(msgspec.Struct, frozen=True):
    """Measured once, on the upright sRGB picture. Encoded (not linear) values in 0–1, unless a name says otherwise."""

    luma_p1: float
    luma_p50: float
    luma_p99: float
    white_point: tuple[float, float, float]  # R, G and B that all but the brightest 0.1 % stay below, without noise
    midtone: float  # median luma of what is neither clipped to black nor to white; 0.5 where all is
    linear_mean: float  # mean luminance in linear light
    clipped_shadows: float  # share of pixels
    clipped_highlights: float  # share of pixels
    lost_highlights: float  # share of pixels that are white in at least one channel, in full resolution
    saturation: float  # mean chroma, max(R,G,B) - min(R,G,B)
    cast_degrees: float  # angle between the estimated illuminant and grey, in linear light
    illuminant: tuple[float, float, float]  # estimated, normalised to a mean of 1
    noise_luma: float  # standard deviation, in levels of 255
    noise_chroma: float  # the same of the chroma axes
    impulses: float  # share of salt-and-pepper pixels
    blur_sigma_px: float  # of the sharpest edges, as a Gaussian's
