"""Digits written with a pen, as strokes: a scene for the pages, and for tests that shall know what is written."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from darkroom.picture import Array

# Each digit's strokes as points (x, y) in its height, y downwards; curves run through them (Catmull and Rom, 1974).
STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0.36, 0.02), (0.12, 0.2), (0.05, 0.6), (0.22, 0.97), (0.48, 0.9), (0.6, 0.5), (0.5, 0.1), (0.3, 0.03)]],
    "1": [[(0.02, 0.22), (0.2, 0.02), (0.19, 0.5), (0.17, 1.0)]],
    "2": [
        [(0.05, 0.22), (0.25, 0.01), (0.5, 0.16), (0.42, 0.5), (0.02, 0.96)],
        [(0.02, 0.96), (0.3, 0.9), (0.6, 0.97)],
    ],
    "3": [
        [(0.06, 0.1), (0.3, 0.0), (0.5, 0.18), (0.38, 0.42), (0.2, 0.48)],
        [(0.2, 0.48), (0.5, 0.55), (0.55, 0.8), (0.3, 1.0), (0.02, 0.9)],
    ],
    "4": [[(0.2, 0.0), (0.12, 0.3), (0.04, 0.58), (0.35, 0.58), (0.62, 0.55)], [(0.45, 0.2), (0.44, 0.6), (0.4, 1.0)]],
    "5": [[(0.12, 0.04), (0.1, 0.25), (0.08, 0.44), (0.35, 0.42), (0.52, 0.68), (0.35, 0.98), (0.02, 0.92)]],
    "6": [[(0.45, 0.02), (0.18, 0.3), (0.05, 0.7), (0.22, 1.0), (0.48, 0.85), (0.4, 0.6), (0.2, 0.62), (0.08, 0.75)]],
    "7": [[(0.02, 0.06), (0.3, 0.04), (0.56, 0.03)], [(0.56, 0.03), (0.4, 0.4), (0.24, 1.0)]],
    "8": [
        [
            (0.46, 0.1),
            (0.22, 0.02),
            (0.14, 0.25),
            (0.4, 0.5),
            (0.48, 0.85),
            (0.24, 1.0),
            (0.08, 0.8),
            (0.32, 0.48),
            (0.5, 0.2),
            (0.44, 0.08),
        ]
    ],
    "9": [[(0.5, 0.14), (0.28, 0.02), (0.08, 0.22), (0.2, 0.45), (0.44, 0.36), (0.5, 0.12), (0.46, 0.6), (0.4, 1.0)]],
}
FIVE_S_BAR = [(0.12, 0.04), (0.34, 0.03), (0.56, 0.0)]
SPACING = 0.3
"""Gap between digits, in their height."""

OVERSAMPLING = 3


def write(
    text: str, height: int, *, pen: float = 0.1, slant: float = 0.1, margin: float = 0.8, broken: bool = False
) -> Array:
    """float32 HxW in 0–1, 1 is ink: lines of digits `height` px tall, with a round pen `pen` heights wide.

    slant: sideways shift of the top, in heights. margin: empty paper around, in heights. broken: a 5's bar stands off.
    """
    lines = text.split("\n")
    tall = height * OVERSAMPLING
    places = [_places(line) for line in lines]
    width = max(end for _, end in places) + 2 * margin + abs(slant)
    size = (round(width * tall), round((1.6 * len(lines) - 0.6 + 2 * margin) * tall))
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    for row, (digits, _) in enumerate(places):
        for digit, left in digits:
            strokes = STROKES[digit]
            if digit == "5":
                strokes = [*strokes, [(x + 0.03, y - 0.14) if broken else (x, y) for x, y in FIVE_S_BAR]]
            for stroke in strokes:
                points = _curve(np.array(stroke))
                points[:, 0] += margin + left + slant * (1 - points[:, 1])
                points[:, 1] += margin + 1.6 * row
                _trace(draw, points * tall, pen * tall)
    shrunk = canvas.resize((size[0] // OVERSAMPLING, size[1] // OVERSAMPLING), Image.Resampling.BOX)
    return np.asarray(shrunk, np.float32) / 255


def on_paper(ink: Array, paper: tuple[int, int, int], color: tuple[int, int, int], seed: int = 7) -> Array:
    """uint8 HxWx3: ink (float32 HxW, 1 is ink) on paper (sRGB), under light that falls off to the right, with noise."""
    tones = (
        np.array(paper, np.float32) * (1 - ink[..., np.newaxis]) + np.array(color, np.float32) * ink[..., np.newaxis]
    )
    light = np.linspace(1, 0.7, ink.shape[1], dtype=np.float32)[:, np.newaxis]
    noise = np.random.default_rng(seed).normal(0, 3, (*ink.shape, 1))
    return np.clip(tones * light + noise, 0, 255).astype(np.uint8)


def _places(line: str) -> tuple[list[tuple[str, float]], float]:
    """Each digit of a line with its left end, and where the line ends."""
    placed, left = [], 0.0
    for digit in line:
        points = [point for stroke in STROKES[digit] for point in stroke]
        placed.append((digit, left))
        left += max(x for x, _ in points) + SPACING
    return placed, left - SPACING


def _curve(points: Array) -> Array:
    """Nx2 points close together on the curve through the given ones."""
    padded = np.vstack((2 * points[0] - points[1], points, 2 * points[-1] - points[-2]))
    t = np.linspace(0, 1, 24)[:, np.newaxis]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append((2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3) / 2)
    return np.vstack(parts)


def _trace(draw: ImageDraw.ImageDraw, points: Array, width: float) -> None:
    for x, y in points:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    draw.line([(float(x), float(y)) for x, y in points], fill=255, width=round(width))
