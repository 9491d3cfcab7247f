"""Pictures to test on, that lie in `tests/photos` and `tests/pngsuite` with their licences."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom.picture import Array

FOLDER = Path(__file__).parents[1] / "photos"
PNGSUITE = Path(__file__).parents[1] / "pngsuite"
"""All kinds of PNG, with their licence; those whose names begin with x are broken."""

SIDE = 416
"""Width and height of each photograph, px."""

NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.webp")))
"""All of them."""

FEW = ("city", "girl", "guitar", "nyc")
"""Four for what takes long: by night, of a person, indoors, of roofs below a clouded sky."""

TEXTURES = ("flowers", "grass", "sand")
"""Fine texture nearly from edge to edge, which no estimate tells from noise."""


@cache
def photo(name: str, side: int = SIDE) -> Array:
    """The middle `side` x `side` px of a photograph: uint8, HxWx3 RGB, read only. No larger than it is."""
    if side > SIDE:
        raise ValueError(f"the photographs are {SIDE} px wide and high: {side} px would be framed in black")
    start = (SIDE - side) // 2
    with Image.open(FOLDER / f"{name}.webp") as file:
        pixels = np.array(file.convert("RGB").crop((start, start, start + side, start + side)))
    pixels.flags.writeable = False
    return pixels


def as_jpeg(image: Array, quality: int = 92, subsampling: int = -1) -> Array:
    """A picture saved as a JPEG and read again. subsampling: as Pillow has it; 2 is 4:2:0, as is -1 in colour."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


def photos(side: int = SIDE) -> list[Array]:
    """The middles of all photographs, in the order of `NAMES`."""
    return [photo(name, side) for name in NAMES]
