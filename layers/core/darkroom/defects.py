"""What the diagnosis's network answers, by name and in order: for the code that reads it and for its training.

Imports nothing, so that training can take it from here in an environment of its own.
"""

DEFECTS = (
    "underexposed",
    "overexposed",
    "low contrast",
    "colour cast",
    "noise",
    "salt and pepper",
    "blur",
    "motion blur",
    "JPEG artefacts",
    "haze",
    "backlight",
)
"""In the order of the network's answer `presence`; after them comes "fine as it is"."""

STRENGTHS = (
    "exposure_ev",
    "contrast_log2",
    "cast_red_log2",
    "cast_blue_log2",
    "noise_sigma_log2",
    "impulse_share_log2",
    "blur_sigma_log2",
    "motion_length_log2",
    "motion_cos",
    "motion_sin",
    "jpeg_quality",
    "haze",
    "backlight_ev",
)
"""In the order of the network's answer `strength`; names that end in `_log2` are told as their binary logarithm."""
