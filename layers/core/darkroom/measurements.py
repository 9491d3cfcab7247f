"""What is measured of a photo before anything is done to it, as a report holds it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]

LEAST_LOWERED = 0.07
"""Stops by which a channel surely was lowered, at least: less is what an album leaves of what one photo tells."""


class LightEvidence(msgspec.Struct, frozen=True):
    """What speaks for the light having a colour, or for the subject having it."""

    red: Annotated[float, Meta(description="log2 of the light's red over green, the median of several estimates")] = 0.0
    blue: Annotated[float, Meta(description="the same of blue over green")] = 0.0
    spread: Annotated[float, Meta(description="how far the estimates lie from that, the median, in stops")] = 0.0
    neutral_highlights: Annotated[Share, Meta(description="of the lighter pixels, those that are grey as they are")] = (
        1.0
    )
    neutral: Annotated[Share, Meta(description="of the pixels, those that are grey once that light is taken out")] = 1.0
    coloured: Annotated[Share, Meta(description="of the pixels, those that are clearly of a colour then")] = 0.0
    opposed: Annotated[
        Share, Meta(description="of the pixels, those that are clearly of the colour opposite to that light's")
    ] = 0.0
    hues: Annotated[
        float,
        Meta(description="how far chroma is from what luma foretells, in levels: the 90th percentile"),
    ] = 0.0
    varied: Annotated[
        float,
        Meta(description="the same as a share of chroma, whose 90th percentile it is, too; 1 in manifests of before"),
    ] = 1.0
    split: Annotated[
        Share,
        Meta(description="how much bluer its darkest and how much yellower its lightest tones are: the less of both"),
    ] = 0.0
    lowered: Annotated[
        tuple[float, float],
        Meta(
            description="by how many stops red and blue surely were lowered after whites were clipped, as a level "
            "tells at which the one ends where the other channels are white; 0 where nothing tells"
        ),
    ] = (0.0, 0.0)


class Measurements(msgspec.Struct, frozen=True):
    """Measured once, on the upright sRGB picture. Encoded (not linear) values in 0–1, unless a name says otherwise."""

    luma_p1: Annotated[float, Meta(description="1st percentile of luma")]
    luma_p50: Annotated[float, Meta(description="median of luma")]
    luma_p99: Annotated[float, Meta(description="99th percentile of luma")]
    white_point: Annotated[
        tuple[float, float, float],
        Meta(description="R, G and B that all but the brightest 0.1 % stay below, without noise"),
    ]
    midtone: Annotated[float, Meta(description="median luma of what is clipped neither way; 0.5 where all is")]
    linear_mean: Annotated[float, Meta(description="mean luminance in linear light")]
    clipped_shadows: Annotated[float, Meta(description="share of pixels")]
    clipped_highlights: Annotated[float, Meta(description="share of pixels")]
    lost_highlights: Annotated[float, Meta(description="share of pixels, of full resolution, white in two channels")]
    saturation: Annotated[float, Meta(description="mean chroma, max(R, G, B) - min(R, G, B)")]
    cast_degrees: Annotated[float, Meta(description="angle between the estimated illuminant and grey, in linear light")]
    illuminant: Annotated[tuple[float, float, float], Meta(description="estimated, normalised to a mean of 1")]
    noise_luma: Annotated[float, Meta(description="standard deviation, in levels of 255")]
    noise_chroma: Annotated[float, Meta(description="the same of the chroma axes")]
    impulses: Annotated[float, Meta(description="share of salt-and-pepper pixels")]
    blur_sigma_px: Annotated[float, Meta(description="of the sharpest edges, as a Gaussian's")]
    colors: Annotated[
        float | None,
        Meta(description="so many equally frequent colours would be as hard to foretell; null in manifests of before"),
    ] = None
    tones: Annotated[
        tuple[float, ...],
        Meta(description="luma, from dark to light, of equal shares of the pixels; none in manifests of before"),
    ] = ()
    white_margin: Annotated[
        Share, Meta(description="of the pixels along its four sides, those that are white; of the side with the fewest")
    ] = 0.0
    light: Annotated[LightEvidence | None, Meta(description="null for grey, and in manifests of before")] = None
    detail: Annotated[
        Share, Meta(description="of the picture, what shows detail: neither sky nor backdrop nor blur")
    ] = 0.0
    camera_noise: Annotated[
        Share, Meta(description="evidence of noise to be seen, as a camera leaves it in a picture that nobody reduced")
    ] = 0.0
    blurred_specks: Annotated[
        Share,
        Meta(description="of the pixels, those that surely are black or white specks that a JPEG has blurred"),
    ] = 0.0
    relief: Annotated[
        float | None,
        Meta(
            description="how far the light of its parts, eight a side, lies from one surface in smooth light, in EV; "
            "null in manifests of before"
        ),
    ] = None
    megapixels: Annotated[float, Meta(description="size, without a frame; 0 in manifests of before")] = 0.0

    @property
    def noise_levels(self) -> float:
        """The stronger of noise in luma and in chroma, in levels of 255."""
        return max(self.noise_luma, self.noise_chroma)

    @property
    def lowered(self) -> tuple[float, float]:
        """By how many stops red and blue surely were lowered; 0 and 0 where nothing tells."""
        told = (self.light or LightEvidence()).lowered
        return told if max(told) >= LEAST_LOWERED else (0.0, 0.0)
