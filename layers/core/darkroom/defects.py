"""What may be wrong with a photo: all that is known of each defect, in one table.

Of the standard library alone, so that training can take it from here in an environment of its own. What is done about a
defect, and in which order, stands in `darkroom.auto`; from which strength on one can be seen, in its training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PRESENT = 0.5
"""Probability from which a defect counts as present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One defect.

    name: as people and programs are told it. reads: the network's strengths that its strength is read from.
    unit, low, high, digits: of that strength; sign: -1 where the network tells it the other way round.
    words: a sentence about one that is there, of its strength `{0}` and its details; absent: about one that is not.
    helps: steps that would help. treated_from: the probability from which it is treated: more than `PRESENT` where the
        treatment does more harm to a photo that has not got the defect than good to one that has.
    rivals: defects that it looks like, or whose treatments undo its own: only one of them is treated.
    shown_by: defects whose treatment lets it be seen and did not make it.
    full_scale: where less is worse, the strength of a photo that has none of it.
    traced: the first strength of `reads` may be known for certain, from what a gain left in the histogram.
    """

    name: str
    reads: tuple[str, ...]
    unit: str
    low: float
    high: float
    digits: int
    words: str
    helps: tuple[str, ...]
    sign: int = 1
    absent: str = "no {name} to speak of"
    treated_from: float = PRESENT
    rivals: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()
    full_scale: float | None = None
    traced: bool = False


ROUGH = ("noise", "salt and pepper", "JPEG artefacts")
"""What hides that a photo is soft."""

VEILING = ("underexposed", "backlight", "haze", "low contrast")
"""What hides that a photo is coarse."""

_TABLE = (
    Kind(
        name="underexposed",
        reads=("exposure_ev",),
        unit="EV",
        low=0,
        high=6,
        digits=2,
        sign=-1,
        words="underexposed by about {0:.1f} EV",
        absent="not {name}",
        helps=("adjust_color", "lift_shadows"),
        treated_from=0.65,
        rivals=("overexposed", "backlight"),
    ),
    Kind(
        name="overexposed",
        reads=("exposure_ev",),
        unit="EV",
        low=0,
        high=4,
        digits=2,
        words="overexposed by about {0:.1f} EV",
        absent="not {name}",
        helps=("stretch_nonlinear",),
        treated_from=0.75,
        rivals=("underexposed", "backlight"),
        traced=True,
    ),
    Kind(
        name="low contrast",
        reads=("contrast_log2",),
        unit="of full contrast",
        low=0.05,
        high=1,
        digits=2,
        words="flat: about {0:.0%} of full contrast",
        helps=("stretch_histogram",),
        treated_from=0.75,
        rivals=("haze",),
        full_scale=1,
    ),
    Kind(
        name="colour cast",
        reads=("cast_red_log2", "cast_blue_log2"),
        unit="°",
        low=0,
        high=90,
        digits=1,
        words="a cast towards {tint}: the light is about {0:.0f}° from grey",
        helps=("white_balance",),
        treated_from=0.7,
        traced=True,
    ),
    Kind(
        name="noise",
        reads=("noise_sigma_log2",),
        unit="levels",
        low=0,
        high=100,
        digits=1,
        words="noise of about {0:.0f} levels",
        helps=("denoise",),
        shown_by=VEILING,
    ),
    Kind(
        name="salt and pepper",
        reads=("impulse_share_log2",),
        unit="of the pixels",
        low=0,
        high=1,
        digits=4,
        words="about {0:.1%} of the pixels are black or white specks",
        helps=("remove_salt_pepper",),
        treated_from=0.97,
    ),
    Kind(
        name="blur",
        reads=("blur_sigma_log2",),
        unit="px",
        low=0,
        high=9,
        digits=2,
        words="blurred by about {0:.1f} px",
        helps=("deblur",),
        treated_from=0.75,
        rivals=("motion blur",),
        shown_by=ROUGH,
    ),
    Kind(
        name="motion blur",
        reads=("motion_length_log2", "motion_cos", "motion_sin"),
        unit="px",
        low=1,
        high=128,
        digits=1,
        words="blurred by motion along about {0:.0f} px at {angle_degrees:.0f}°",
        helps=("deblur_motion",),
        treated_from=0.9,
        rivals=("blur",),
        shown_by=ROUGH,
    ),
    Kind(
        name="JPEG artefacts",
        reads=("jpeg_quality",),
        unit="quality",
        low=1,
        high=100,
        digits=0,
        words="JPEG artefacts, as of quality {0:.0f}",
        helps=("reduce_jpeg_artifacts",),
        shown_by=VEILING,
        full_scale=100,
    ),
    Kind(
        name="haze",
        reads=("haze",),
        unit="of the light",
        low=0,
        high=1,
        digits=2,
        words="haze: about {0:.0%} of the light is veil",
        helps=("dehaze",),
        treated_from=0.75,
        rivals=("low contrast",),
    ),
    Kind(
        name="backlight",
        reads=("backlight_ev",),
        unit="EV",
        low=0,
        high=6,
        digits=2,
        words="backlight: the subject is about {0:.1f} EV darker than what is behind it",
        helps=("lift_shadows",),
        treated_from=0.75,
        rivals=("underexposed", "overexposed"),
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _TABLE}
"""By name, in the order of the network's answer `presence`; after them comes "fine as it is"."""

DEFECTS = tuple(KINDS)

STRENGTHS = tuple(dict.fromkeys(name for kind in _TABLE for name in kind.reads))
"""In the order of the network's answer `strength`; names that end in `_log2` are told as their binary logarithm."""

SCENES = ("photo", "drawing", "document", "texture", "night")
"""Kinds of picture, in the order of the network's answer `scene`. drawing: also a screen or a diagram; texture: one
even surface, a swatch, a gradient; night: also a stage or a low key: a picture that is dark on purpose."""
