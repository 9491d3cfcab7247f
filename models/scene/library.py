"""What training takes from the library itself: the very features and names that run in the function."""

from diagnosis.library import cast_degrees, linear_to_srgb_exact, srgb_to_linear_exact

from darkroom.defects import SCENES
from darkroom.diagnosis.features import Views, scene_inputs
from darkroom.srgb import LUMA_WEIGHTS

__all__ = [
    "LUMA_WEIGHTS",
    "SCENES",
    "Views",
    "cast_degrees",
    "linear_to_srgb_exact",
    "scene_inputs",
    "srgb_to_linear_exact",
]
