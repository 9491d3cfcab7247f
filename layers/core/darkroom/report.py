"""The report of a job: what a photo was, what was found and decided, what was done, and why."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from darkroom.defects import DEFECTS
from darkroom.recipe import StepCall

Share = Annotated[float, Meta(ge=0, le=1)]
DefectName = Annotated[str, Meta(extra_json_schema={"enum": list(DEFECTS)})]
Milliseconds = Annotated[int, Meta(ge=0)]


class Measurements(msgspec.Struct, frozen=True):
    """Measured once, on the upright sRGB picture. Encoded (not linear) values in 0–1, unless a name says otherwise."""

    luma_p1: Annotated[float, Meta(description="1st percentile of luma")]
    luma_p50: Annotated[float, Meta(description="median of luma")]
    luma_p99: Annotated[float, Meta(description="99th percentile of luma")]
    white_point: Annotated[
        tuple[float, float, float],
        Meta(description="R, G and B that all but the brightest 0.1 % stay below, without noise"),
    ]
    midtone: Annotated[
        float,
        Meta(description="median luma of what is neither clipped to black nor to white; 0.5 where all is"),
    ]
    linear_mean: Annotated[float, Meta(description="mean luminance in linear light")]
    clipped_shadows: Annotated[float, Meta(description="share of pixels")]
    clipped_highlights: Annotated[float, Meta(description="share of pixels")]
    lost_highlights: Annotated[
        float, Meta(description="share of pixels that are white in at least one channel, in full resolution")
    ]
    saturation: Annotated[float, Meta(description="mean chroma, max(R, G, B) - min(R, G, B)")]
    cast_degrees: Annotated[float, Meta(description="angle between the estimated illuminant and grey, in linear light")]
    illuminant: Annotated[tuple[float, float, float], Meta(description="estimated, normalised to a mean of 1")]
    noise_luma: Annotated[float, Meta(description="standard deviation, in levels of 255")]
    noise_chroma: Annotated[float, Meta(description="the same of the chroma axes")]
    impulses: Annotated[float, Meta(description="share of salt-and-pepper pixels")]
    blur_sigma_px: Annotated[float, Meta(description="of the sharpest edges, as a Gaussian's")]


class Defect(msgspec.Struct, frozen=True):
    """One defect that was looked for."""

    name: DefectName
    probability: Annotated[Share, Meta(description="that it is there, to be seen")]
    present: Annotated[bool, Meta(description="whether that is at least one half")]
    strength: Annotated[float, Meta(description="how strong it would be if it is there, in `unit`")]
    unit: str
    words: Annotated[str, Meta(description="a sentence")]
    helps: Annotated[tuple[str, ...], Meta(description="steps that would help")] = ()
    details: Annotated[dict[str, float], Meta(description="what else was estimated of it")] = {}
    traced: Annotated[
        bool,
        Meta(description="strength and details are not estimated but read from what a gain left in the histogram"),
    ] = False


class Diagnosis(msgspec.Struct, frozen=True):
    """What a photo was looked through for."""

    defects: Annotated[list[Defect], Meta(description="all, present or not; in a job's record the present ones")]
    fine: Annotated[bool, Meta(description="no defect is present, and the photo is fine as it is")]
    fine_probability: Share

    @property
    def present(self) -> list[Defect]:
        """The defects that are there, most certain first."""
        return sorted((defect for defect in self.defects if defect.present), key=lambda defect: -defect.probability)

    def __getitem__(self, name: str) -> Defect:
        return self.defects[DEFECTS.index(name)]


class Decision(msgspec.Struct, frozen=True):
    """A defect that was looked for, and whether something is done about it."""

    defect: DefectName
    chosen: bool
    why: Annotated[str, Meta(description="a sentence")]
    steps: Annotated[list[StepCall], Meta(description="what is done; none where it is not chosen")] = []


class Review(msgspec.Struct, frozen=True):
    """The last look at what was done by itself."""

    share: Annotated[int, Meta(ge=0, le=100, description="percent of the result over the original that was kept")]
    why: Annotated[str, Meta(description="a sentence")]
    diagnosis: Annotated[Diagnosis, Meta(description="of what was kept")]


class StepReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one step did."""

    name: str
    params: Annotated[dict[str, Any], Meta(description="all of them, as the step's schema has them")]
    milliseconds: Milliseconds
    details: Annotated[
        dict[str, Any], Meta(description="what it found or chose itself; a step that answers: that")
    ] = {}


class StageReport(msgspec.Struct, frozen=True):
    """What one invocation of a stage did. The library does all in one, `library`."""

    stage: str
    milliseconds: Milliseconds
    steps: list[StepReport] = []
