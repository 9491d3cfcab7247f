"""What training takes from the library itself: the very features and names that run in the function."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "core"))

from darkroom.defects import DEFECTS, KINDS, STRENGTHS
from darkroom.diagnosis.features import compute_features
from darkroom.diagnosis.light import CHROMA_BINS, CHROMA_REACH
from darkroom.srgb import cast_degrees, linear_to_srgb_exact, srgb_to_linear_exact

__all__ = [
    "CHROMA_BINS",
    "CHROMA_REACH",
    "DEFECTS",
    "KINDS",
    "STRENGTHS",
    "cast_degrees",
    "compute_features",
    "linear_to_srgb_exact",
    "srgb_to_linear_exact",
]
