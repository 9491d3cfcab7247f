"""Photos of handwriting made from MNIST's digits: paper, uneven light, perspective, noise, JPEG; one digit or a row."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

INKS = ((20, 20, 24), (25, 35, 120), (60, 60, 65), (120, 20, 30), (15, 70, 40), (95, 95, 100))
"""sRGB: black, blue, dark grey, red, green, pencil."""

CHALK = ((240, 240, 235), (250, 235, 150), (200, 220, 250))
BOARDS = ((35, 60, 50), (30, 30, 34), (30, 40, 75), (60, 40, 35))
MEGAPIXELS = (0.3, 12.0)
HEIGHTS_PX = (40.0, 1500.0)


@dataclass(frozen=True, slots=True)
class Photo:
    """image: uint8 HxWx3; text: what is written in it; height_px: the digits' height."""

    image: np.ndarray
    text: str
    height_px: float


def photograph(digits: np.ndarray, labels: np.ndarray, rng: np.random.Generator, most_pixels: float = 12e6) -> Photo:
    """One photo of `digits` (uint8 N×28×28, white on black) written in a row."""
    size = np.exp(rng.uniform(np.log(MEGAPIXELS[0] * 1e6), np.log(min(MEGAPIXELS[1] * 1e6, most_pixels))))
    aspect = np.exp(rng.uniform(np.log(0.7), np.log(1.5)))
    width, height = int(np.sqrt(size * aspect)), int(np.sqrt(size / aspect))
    count = len(digits)
    gap = rng.uniform(0.15, 0.5)
    most = min(HEIGHTS_PX[1], 0.6 * height, 0.8 * width / ((0.8 + gap) * count))
    tall = float(np.exp(rng.uniform(np.log(min(HEIGHTS_PX[0], most)), np.log(most))))
    ink = _row(digits, tall, gap, rng, (height, width))
    light_on_dark = rng.random() < 0.3
    ink_color = np.array((CHALK if light_on_dark else INKS)[rng.integers(len(CHALK if light_on_dark else INKS))], float)
    paper = (
        np.array(BOARDS[rng.integers(len(BOARDS))], float)
        if light_on_dark
        else rng.uniform(175, 252) + rng.uniform(-14, 6, 3)
    )
    scene = _paper(paper, height, width, rng, ruled=not light_on_dark and rng.random() < 0.25, tall=tall)
    strength = (ink * rng.uniform(0.8, 1.0))[..., np.newaxis]
    scene = scene * (1 - strength) + ink_color.astype(np.float32) * strength
    scene *= _light(height, width, rng)[..., np.newaxis]
    noise = rng.uniform(0.5, 6)
    scene += rng.standard_normal((height, width, 1), np.float32) * np.float32(noise)
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    blur = rng.uniform(0, 0.02) * tall
    if rng.random() < 0.5 and blur > 0.3:
        image = image.filter(ImageFilter.GaussianBlur(min(blur, 12)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(50, 96)))
    text = "".join(str(label) for label in labels)
    return Photo(np.asarray(Image.open(file).convert("RGB")), text, tall)


def _row(digits: np.ndarray, tall: float, gap: float, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """float32 HxW in 0–1: the digits in perspective somewhere on an empty page, `gap` between them (in heights)."""
    height, width = shape
    turn = np.deg2rad(rng.uniform(-10, 10))
    extents = [np.flatnonzero(digit.any(axis=0))[[0, -1]] + np.array([0, 1]) for digit in digits]
    widths = np.array([(right - left) / 20 for left, right in extents]) * tall
    starts = np.cumsum(widths + gap * tall) - widths - gap * tall
    long = float(starts[-1] + widths[-1])
    half_w = (long * abs(np.cos(turn)) + tall * abs(np.sin(turn))) / 2 + 0.35 * tall
    half_h = (long * abs(np.sin(turn)) + tall * abs(np.cos(turn))) / 2 + 0.35 * tall
    center = np.array([_between(half_w, width, rng), _between(half_h, height, rng)])
    axis = np.array([np.cos(turn), np.sin(turn)])
    page = np.zeros(shape, np.float32)
    for digit, (left, right), start, wide in zip(digits, extents, starts, widths, strict=True):
        off_center = ((left + right) / 2 - 14) / 20 * tall
        along = start + wide / 2 - long / 2 - off_center
        middle = center + axis * along + rng.uniform(-0.03, 0.03, 2) * tall
        scale = tall * 28 / 20 * rng.uniform(0.95, 1.05)
        _place(page, digit, middle, scale, turn + np.deg2rad(rng.uniform(-3, 3)), rng)
    return page


def _place(
    page: np.ndarray, digit: np.ndarray, middle: np.ndarray, scale: float, turn: float, rng: np.random.Generator
) -> None:
    """Add one digit, turned and in slight perspective; its edges as sharp as a pen's."""
    side = int(scale * 1.3) + 2
    left, top = int(middle[0] - side / 2), int(middle[1] - side / 2)
    crisp = _crisp(digit)
    k = len(crisp) / scale
    cos, sin = np.cos(turn) * k, np.sin(turn) * k
    ox, oy = middle[0] - left, middle[1] - top
    g, h = rng.uniform(-0.12, 0.12, 2) / scale
    c = len(crisp) / 2
    # From the page to the digit; the numerators' constants keep its centre in the middle.
    a = np.array([[cos + c * g, sin + c * h, 0.0], [-sin + c * g, cos + c * h, 0.0], [g, h, 1.0]])
    a[:2, 2] = c - a[:2, :2] @ (ox, oy)
    a[2, 2] = 1 - (g * ox + h * oy)
    a /= a[2, 2]
    shown = Image.fromarray(crisp).transform(
        (side, side), Image.Transform.PERSPECTIVE, tuple(a.ravel()[:8]), Image.Resampling.BILINEAR
    )
    if k > 1:  # minified: average first
        small = Image.fromarray(crisp).resize((max(round(scale), 8),) * 2, Image.Resampling.BOX)
        b = a.copy()
        b[:2] *= small.size[0] / len(crisp)
        shown = small.transform(
            (side, side), Image.Transform.PERSPECTIVE, tuple(b.ravel()[:8]), Image.Resampling.BILINEAR
        )
    values = np.asarray(shown, np.float32) / 255
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + side, page.shape[0]), min(left + side, page.shape[1])
    view = page[y0:y1, x0:x1]
    np.maximum(view, values[y0 - top : y1 - top, x0 - left : x1 - left], out=view)


def _crisp(digit: np.ndarray) -> np.ndarray:
    """A digit enlarged to 448×448 with sharp edges."""
    large = np.asarray(
        Image.fromarray(digit).resize((448, 448), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(5)),
        np.float32,
    )
    return np.clip((large - 90) * 4, 0, 255).astype(np.uint8)


def _between(half: float, length: int, rng: np.random.Generator) -> float:
    return float(rng.uniform(half, length - half)) if length > 2 * half else length / 2


def _paper(
    color: np.ndarray, height: int, width: int, rng: np.random.Generator, ruled: bool, tall: float
) -> np.ndarray:
    """float32 HxWx3, levels: a tone with fibres and stains, ruled with faint lines or not."""
    coarse = rng.normal(0, 1, (height // 40 + 2, width // 40 + 2)).astype(np.float32)
    fine = rng.normal(0, 1, (height // 3 + 2, width // 3 + 2)).astype(np.float32)
    texture = sum(
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)) * np.float32(sigma)
        for plane, sigma in ((coarse, rng.uniform(0, 3)), (fine, rng.uniform(0, 4)))
    )
    page = color.astype(np.float32) + np.asarray(texture, np.float32)[..., np.newaxis]
    if ruled:
        step, thick = max(int(tall * rng.uniform(0.8, 1.8)), 12), max(int(tall * 0.015), 1)
        for y in range(int(rng.integers(step)), height, step):
            page[y : y + thick] *= np.array([0.9, 0.93, 0.97], np.float32)
    return page


def _light(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """float32 HxW: the light falls off to one side and the corners."""
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, np.newaxis], np.linspace(-1, 1, width, dtype=np.float32)
    turn, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    return (
        np.float32(0.85)
        + np.float32(fall) * (np.float32(np.cos(turn)) * x + np.float32(np.sin(turn)) * y) / 2
        - np.float32(rng.uniform(0, 0.1)) * (x * x + y * y)
    )
