"""What of a picture can be judged at all: that of a photo, not that of a page, a pattern or a night."""

from __future__ import annotations

from collections.abc import Mapping

from darkroom.measurements import Measurements
from darkroom.report import Defect, Diagnosis
from darkroom.srgb import srgb_to_linear_exact

LEAST_COLORS = 12.0
"""With fewer colours (`Measurements.colors`) a picture was drawn, or shows too little to judge a photo by: nothing is
done to it. Photographs of few tones have more: grey ones flattened to a fifth some 13, those in colour
hundreds."""

SURELY = 0.5
"""Probability from which a picture is taken for one of a kind."""

HARDLY_A_PHOTO = 0.25
"""Probability of a photo below which a picture is taken for what it rather is, though nothing is sure."""

EVEN, SURELY_A_PHOTO = 0.1, 0.9
"""`Measurements.relief` below which a dark picture is taken for one surface, and probability of a photo from which not.
Brick, sand, cloth and gradients have at most 0.09 and 0.7; five of 600 photographs have less than 0.12, and 0.99. Of
haze and contrast it tells nothing: a veil takes relief away."""

NOISY_LEVELS = 12.0
"""Noise, told, with more of which there is no detail left that deblurring could bring back."""

LITTLE_LIGHT_LEVELS = 5.0
"""Noise, told and measured, from which a photo was taken in too little light: nobody leaves so much in a picture whose
light and colours are as they are to be."""

LIGHTEST_NIGHT, LIGHTEST_BLACK_OF_NIGHT = 0.35, 0.2
"""Mean luma; and luma of the darkest hundredth."""

TONED = 0.03
"""`LightEvidence.split` from which somebody toned a picture: snapshots reach half of it."""

TONED_BY_HAND = "its shadows and its lights are toned against each other, as by hand"
TONES = ("haze", "low contrast", "colour cast", "finish")

NOISY, NOISY_PART = 0.5, 0.15
"""`Measurements.camera_noise` from which a photo is noisy, whatever its diagnosis, which learned from reduced ones; and
from which so small a picture is a noisy part of one: a small photo was reduced, and its noise with it."""

SMALLEST_PHOTO = 0.7
"""Megapixels: hardly a camera that leaves such noise takes smaller photos."""

SURELY_DARK, SHOWN_DARK = 0.9, 0.12
"""Probability from which too little light is sure; and change of mean luma that is shown to be missing, from which a
small noisy picture with both is judged as a whole one: no part of a rightly exposed photo has both."""

NOTHING_LIGHT_EV = 0.9
"""How far below white all of a photo lies in which nothing is light: about a stop, as a JPEG's ringing and noise make
the lightest seem lighter."""

LIGHT = ("underexposed", "backlight", "haze", "low contrast", "colour cast", "overexposed")
DETAIL = ("noise", "blur", "motion blur")

OF_THE_WHOLE = (*LIGHT, "blur", "motion blur", "finish")
"""What of a part of a photo is not judged: black, white and grey may lie beside it, and at full size all is soft."""

UNJUDGED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "drawing": ((*LIGHT, *DETAIL, "salt and pepper", "JPEG artefacts"), "it looks drawn, not photographed"),
    "document": ((*LIGHT, *DETAIL, "salt and pepper"), "it looks like a page"),
    "texture": ((*LIGHT, *DETAIL), "one even surface tells nothing of it"),
    "night": (LIGHT[1:], "it looks dark on purpose"),
}
"""Kind of picture -> what is not judged in it, and why. A night's exposure is, by what it shows, but more strictly."""

FLAT_KINDS, PHOTOGRAPHED_COLORS = ("drawing", "texture"), 800.0
"""Kinds whose light is judged where that is certain, if they have so many colours: a photo has more even in the dark,
whatever it seems to be, and what has fewer was drawn as dark as it is."""


def unjudged(name: str, diagnosis: Diagnosis, measurements: Measurements, *, certain: bool = False) -> str | None:
    """Why a defect, or the finish, is not judged in this picture; None where it is.

    certain: whether more than its diagnosis tells of the defect, so that it is judged in what is drawn, too.
    """
    if _few_colors(measurements):
        return "the picture has too few colours to be judged as a photo"
    if name in OF_THE_WHOLE and is_part(diagnosis, measurements):
        return "it looks like a part of a larger photo, which tells nothing of this"
    if name == "noise" and noisy(measurements):
        return None
    if name == "colour cast" and _glows(diagnosis, measurements) and not diagnosis[name].traced:
        return "its light seems to have the colour that it should have"
    if name in TONES and toned(measurements) and (name == "finish" or not diagnosis[name].traced):
        return TONED_BY_HAND
    if name == "underexposed" and _even(diagnosis, measurements):
        return UNJUDGED["texture"][1]
    kind = kind_of(diagnosis, measurements)
    if certain and kind in FLAT_KINDS and (measurements.colors or 0) >= PHOTOGRAPHED_COLORS:
        return None
    others, why = UNJUDGED.get(kind, ((), ""))
    return why if name in others or (why and name == "finish") else None


def toned(measurements: Measurements) -> bool:
    """Whether somebody gave the picture its tones: what is flat, faded or dark in it is meant to be."""
    return measurements.light is not None and measurements.light.split >= TONED


def meant(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a photo's light seems to have its colour by will: by night, on a stage, at dusk."""
    kind = kind_of(diagnosis, measurements)
    glows = kind == "photo" and _glows(diagnosis, measurements)
    return not (_few_colors(measurements) or is_part(diagnosis, measurements)) and (kind == "night" or glows)


def noisy(measurements: Measurements) -> bool:
    """Whether what was measured is surely a camera's noise, which no drawing and no surface has."""
    return measurements.camera_noise >= (NOISY_PART if _small(measurements) else NOISY)


def is_part(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a picture is cut out of a larger photo: as noisy and as soft as at full size, and small."""
    dark = diagnosis["underexposed"].probability >= SURELY_DARK and diagnosis.brighter >= SHOWN_DARK
    return _small(measurements) and noisy(measurements) and not dark


def nothing_light(measurements: Measurements) -> bool:
    """Whether all of a picture lies far below white."""
    return float(srgb_to_linear_exact(max(measurements.white_point))) <= 2**-NOTHING_LIGHT_EV


def surely_dark(defect: Defect, measurements: Measurements) -> bool:
    """Whether a defect is too little light, sure, and nothing is light."""
    return defect.name == "underexposed" and defect.probability >= SURELY_DARK and nothing_light(measurements)


def _small(measurements: Measurements) -> bool:
    return 0 < measurements.megapixels < SMALLEST_PHOTO


def too_noisy(diagnosis: Diagnosis) -> bool:
    """Whether noise left no detail that deblurring could bring back."""
    return diagnosis["noise"].present and diagnosis["noise"].strength > NOISY_LEVELS


def in_little_light(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a photo is so noisy that hardly any light reached the sensor."""
    noise = diagnosis["noise"]
    return noise.present and min(noise.strength, measurements.noise_levels) >= LITTLE_LIGHT_LEVELS


def _glows(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    return diagnosis.glow >= SURELY and not in_little_light(diagnosis, measurements)


def _even(diagnosis: Diagnosis, measurements: Measurements) -> bool:
    """Whether a picture shows one surface, evenly patterned or in smooth light, and nothing else to judge it by."""
    even = measurements.relief is not None and measurements.relief < EVEN
    return even and diagnosis.scene.get("photo", 1.0) < SURELY_A_PHOTO


def _few_colors(measurements: Measurements) -> bool:
    return measurements.colors is not None and measurements.colors < LEAST_COLORS


def kind_of(diagnosis: Diagnosis, measurements: Measurements) -> str:
    """The kind of picture that it is taken for: a photo, unless it surely is another, or hardly one.

    What is light is no night, nor is what has nothing dark in it.
    """
    scene = max(diagnosis.scene, key=lambda each: diagnosis.scene[each], default="photo")
    if diagnosis.scene.get(scene, 0.0) < SURELY and diagnosis.scene.get("photo", 1.0) >= HARDLY_A_PHOTO:
        return "photo"
    light = bool(measurements.tones) and sum(measurements.tones) / len(measurements.tones) > LIGHTEST_NIGHT
    light |= measurements.luma_p1 > LIGHTEST_BLACK_OF_NIGHT
    return "photo" if scene == "night" and light else scene
