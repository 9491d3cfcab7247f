"""What is done to the photographs: nine kinds of defect at two strengths, and nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = Path(__file__).resolve().parents[3] / "models"
sys.path.append(str(MODELS))  # the spoilers and the split are the diagnosis's own; what trains models is not installed

from diagnosis.photos import load, part_of, photo_paths  # noqa: E402
from diagnosis.stated import MIXED, SINGLE, spoil_photo  # noqa: E402

__all__ = ["CLEAN", "CONDITIONS", "DEFECTS", "Condition", "load", "part_of", "photo_paths"]

CLEAN = "clean"
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
    """defect: one of DEFECTS or CLEAN. title: what is done, with its strength. unrounded: as of `spoil_photo`."""

    defect: str
    title: str
    unrounded: bool = False

    def spoil(self, photo: Any) -> Any:
        """HxWx3 uint8 to the same."""
        spoiler = MIXED[self.title] if self.defect == "mixed" else SINGLE[self.title][1]
        return spoil_photo(photo, spoiler, unrounded=self.unrounded)


CONDITIONS = [
    *(Condition(_NAMES.get(defect, defect), title) for title, (defect, _) in SINGLE.items()),
    *(Condition("mixed", title) for title in MIXED),
]
DEFECTS = [name for name in dict.fromkeys(condition.defect for condition in CONDITIONS) if name != CLEAN]
