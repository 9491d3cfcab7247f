"""Printed characters, from the free fonts that come with Matplotlib, framed as MNIST's digits are."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from digits.normalise import crop, frame
from PIL import Image, ImageDraw, ImageFont

FACES = ("DejaVuSans*", "DejaVuSerif*", "STIXGeneral*", "cmr10", "cmss10", "cmtt10", "cmb10")
DISPLAY_FACES = ("DejaVuSansDisplay", "DejaVuSerifDisplay")  # hold symbols only
SIZE_PX = 96


def glyphs(characters: str) -> tuple[np.ndarray, np.ndarray]:
    """Each of `characters` in every face: images uint8 N×28×28, and each one's index in `characters`."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    paths = sorted({path for face in FACES for path in folder.glob(f"{face}.ttf") if path.stem not in DISPLAY_FACES})
    images = []
    for path in paths:
        font = ImageFont.truetype(path, SIZE_PX)
        images += [_glyph(character, font) for character in characters]
    return np.array(images, np.uint8), np.tile(np.arange(len(characters)), len(paths))


def _glyph(character: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    canvas = Image.new("L", (2 * SIZE_PX, 2 * SIZE_PX))
    ImageDraw.Draw(canvas).text((SIZE_PX // 2, SIZE_PX // 4), character, fill=255, font=font)
    return frame(crop(np.asarray(canvas) / 255))
