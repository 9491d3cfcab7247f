"""Handwritten digits: a hundred of MNIST's test images, which lie in `tests/digits` with their licence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from darkroom.picture import Array

FOLDER = Path(__file__).parents[1] / "digits"
SIDE = 28
"""Width and height of each image, px."""


def digits() -> tuple[Array, str]:
    """The images, white on black, uint8 100x28x28, and what they say."""
    with Image.open(FOLDER / "mnist.png") as file:
        sheet = np.asarray(file.convert("L"))
    images = sheet.reshape(10, SIDE, 10, SIDE).swapaxes(1, 2).reshape(100, SIDE, SIDE)
    return images, "".join((FOLDER / "mnist.txt").read_text().split())


def sheet(images: Array, columns: int) -> Array:
    """Images NxHxW as one picture, `columns` of them to a row."""
    count, height, width = images.shape
    rows = count // columns
    return np.ascontiguousarray(
        images.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    )
