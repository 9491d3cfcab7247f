"""What is done to the photographs: nine kinds of defect at two strengths, and nothing; and how they are then saved."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

MODELS = Path(__file__).resolve().parents[3] / "models"
sys.path.append(str(MODELS))  # the spoilers and the split are the diagnosis's own; what trains models is not installed

from diagnosis.photos import load, part_of, photo_paths  # noqa: E402
from diagnosis.stated import MIXED, SINGLE, compressed, spoil_photo  # noqa: E402

__all__ = [
    "CLEAN",
    "CONDITIONS",
    "DEFECTS",
    "SAVED",
    "SAVED_WORDS",
    "Condition",
    "Saved",
    "load",
    "part_of",
    "photo_paths",
]

CLEAN = "clean"
Saved = Literal["jpeg", "png", "light"]
SAVED: tuple[Saved, ...] = get_args(Saved)
JPEG_QUALITY = 92
SAVED_WORDS: dict[Saved, str] = {"jpeg": f"JPEG {JPEG_QUALITY}", "png": "8-bit PNG", "light": "light"}
_NAMES = {
    "underexposed": "dark",
    "overexposed": "over",
    "low contrast": "flat",
    "colour cast": "cast",
    "salt and pepper": "salt-and-pepper",
    "JPEG artefacts": "JPEG",
    "": CLEAN,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """defect: one of DEFECTS or CLEAN. title: what is done, with its strength.

    saved: as JPEG of JPEG_QUALITY, as nearly every photo is that somebody sends; as 8-bit PNG; or as PNG, but spoiled
    as light that was never rounded before (`spoil_photo`).
    """

    defect: str
    title: str
    saved: Saved = "jpeg"

    def spoil(self, photo: Any) -> Any:
        """HxWx3 uint8 to the same."""
        spoiler = MIXED[self.title] if self.defect == "mixed" else SINGLE[self.title][1]
        spoiled = spoil_photo(photo, spoiler, unrounded=self.saved == "light")
        return compressed(spoiled, JPEG_QUALITY) if self.saved == "jpeg" else spoiled


CONDITIONS = [
    *(Condition(_NAMES.get(defect, defect), title) for title, (defect, _) in SINGLE.items()),
    *(Condition("mixed", title) for title in MIXED),
]
DEFECTS = [name for name in dict.fromkeys(condition.defect for condition in CONDITIONS) if name != CLEAN]
