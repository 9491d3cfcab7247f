"""What is not a digit, framed as digits are: pieces of photographs, scribbles, letters, pairs of digits, plain shapes.

Everything here is uint8 N×28×28, white ink on black.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from digits.normalise import FRAME, crop, frame
from digits.printed import glyphs
from PIL import Image, ImageDraw
from scipy import ndimage

# Letters and signs that nobody would read as a digit: no O, I, l, S, Z, B, b, G, g, q and their like.
LETTERS = "AEFHKMNRTVWXadefhkmnrtuvwxy&@#%$?+=*<>"

BACKGROUND_SHARES = (1 / 4, 1 / 12, 1 / 30)
"""Scales of the background that a candidate must stand out from, in shares of the photo's shorter side."""

MIN_SIDE_PX = 12
MAX_ASPECT = 1.6
MIN_CONTRAST = 0.08
CANDIDATES_PER_MASK = 60


def photo_candidates(photo: np.ndarray) -> np.ndarray:
    """Whatever in a photograph (grey HxW in 0–1) a search for ink would find: connected marks, light or dark.

    The marks are those that differ from their surroundings by more than Otsu's threshold of the difference; each
    comes alone on black, as a careful search hands it over, and every second one also with what lies around it.
    """
    found = []
    for light in (photo, 1 - photo):
        for share in BACKGROUND_SHARES:
            difference = light - ndimage.gaussian_filter(light, share * min(photo.shape))
            np.clip(difference, 0, None, out=difference)
            labels, _ = ndimage.label(difference > max(_otsu(difference), MIN_CONTRAST), np.ones((3, 3)))
            boxes = [box for box in enumerate(ndimage.find_objects(labels), 1) if _digit_sized(box[1], photo.shape)]
            boxes.sort(key=lambda box: -(box[1][0].stop - box[1][0].start))
            for index, (label, box) in enumerate(boxes[:CANDIDATES_PER_MASK]):
                ink = difference[box]
                mark = labels[box] == label
                ink = ink / np.quantile(ink[mark], 0.9)
                found.append(frame(np.where(ndimage.binary_dilation(mark), ink, 0)))
                if index % 2:
                    found.append(frame(ink))
    return np.array(found, np.uint8).reshape(-1, FRAME, FRAME)


def photo_windows(photo: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Square windows anywhere in a photograph, stretched to full contrast, light or dark."""
    windows = np.empty((count, FRAME, FRAME), np.uint8)
    for index in range(count):
        side = int(np.exp(rng.uniform(np.log(FRAME), np.log(min(photo.shape)))))
        top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape)
        window = photo[top : top + side, left : left + side]
        low, high = np.quantile(window, (0.02, 0.98))
        window = np.clip((window - low) / max(high - low, 1 / 32), 0, 1)
        window = (255 * (window if rng.random() < 0.5 else 1 - window)).astype(np.uint8)
        windows[index] = np.asarray(Image.fromarray(window).resize((FRAME, FRAME), Image.Resampling.BOX))
    return windows


def scribbles(rng: np.random.Generator, count: int) -> np.ndarray:
    """Two to five random strokes (cubic Bézier curves) of one pen."""

    def draw(canvas: ImageDraw.ImageDraw) -> None:
        width = int(rng.integers(5, 14))
        times = np.linspace(0, 1, 24)[:, np.newaxis]
        for _ in range(rng.integers(2, 6)):
            p0, p1, p2, p3 = rng.uniform(10, 118, (4, 2))
            curve = (1 - times) ** 3 * p0 + 3 * (1 - times) ** 2 * times * p1 + 3 * (1 - times) * times**2 * p2
            canvas.line([tuple(p) for p in curve + times**3 * p3], fill=255, width=width, joint="curve")

    return _drawn(draw, count)


def shapes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Filled boxes, discs and wedges, grids of lines, dots."""

    def draw(canvas: ImageDraw.ImageDraw) -> None:
        kind = rng.integers(0, 4)
        if kind == 0:
            x, y = rng.uniform(10, 50, 2)
            box = (x, y, x + rng.uniform(45, 70), y + rng.uniform(30, 70))
            (canvas.rectangle if rng.random() < 0.5 else canvas.ellipse)(box, fill=255)
        elif kind == 1:
            canvas.polygon([tuple(p) for p in rng.uniform(10, 118, (int(rng.integers(3, 6)), 2))], fill=255)
        elif kind == 2:
            step, width = int(rng.integers(14, 34)), int(rng.integers(2, 8))
            for at in range(10, 119, step):
                canvas.line((at, 10, at, 118), fill=255, width=width)
                if rng.random() < 0.7:
                    canvas.line((10, at, 118, at), fill=255, width=width)
        else:
            radius = rng.uniform(3, 12)
            for x, y in rng.uniform(15, 113, (int(rng.integers(3, 12)), 2)):
                canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

    return _drawn(draw, count)


def blanks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Nothing: even paper of any grey, shaded, with noise."""
    level = rng.uniform(0, 1, (count, 1, 1)) ** 3
    slope = rng.uniform(-0.3, 0.3, (count, 2, 1))
    across = np.linspace(-1, 1, FRAME)
    shading = slope[:, :1] * across + (slope[:, 1:] * across).transpose(0, 2, 1)
    noise = rng.normal(0, 1, (count, FRAME, FRAME)) * rng.uniform(0, 0.3, (count, 1, 1))
    return (255 * np.clip(level + shading * rng.uniform(0, 1, (count, 1, 1)) + noise, 0, 1)).astype(np.uint8)


def pairs(digits: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Two digits written together, side by side or one above the other (`digits`: uint8 N×28×28)."""
    result = np.empty((count, FRAME, FRAME), np.uint8)
    for index in range(count):
        one, two = (crop(digits[i] / 255) for i in rng.integers(0, len(digits), 2))
        if rng.random() < 0.2:
            one, two = one.T, two.T
            result[index] = frame(_side_by_side(one, two, rng).T)
        else:
            result[index] = frame(_side_by_side(one, two, rng))
    return result


def letters() -> np.ndarray:
    """`LETTERS` in every printed face."""
    return glyphs(LETTERS)[0]


def from_photos(photos: Iterable[np.ndarray], rng: np.random.Generator, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """All candidates of the photographs, and `windows` windows from each."""
    photos = list(photos)
    return (
        np.concatenate([photo_candidates(photo) for photo in photos]),
        np.concatenate([photo_windows(photo, rng, windows) for photo in photos]),
    )


def _side_by_side(one: np.ndarray, two: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    overlap = int(rng.integers(-3, 3))
    height = max(len(one), len(two))
    joined = np.zeros((height, one.shape[1] + two.shape[1] + max(-overlap, 0)), np.float64)
    joined[: len(one), : one.shape[1]] = one
    start = max(joined.shape[1] - two.shape[1] - max(overlap, 0), 0)
    view = joined[height - len(two) :, start : start + two.shape[1]]
    np.maximum(view, two, out=view)
    return crop(joined)


def _drawn(draw: Callable[[ImageDraw.ImageDraw], None], count: int) -> np.ndarray:
    result = np.empty((count, FRAME, FRAME), np.uint8)
    for index in range(count):
        image = Image.new("L", (128, 128))
        draw(ImageDraw.Draw(image))
        result[index] = frame(crop(np.asarray(image) / 255))
    return result


def _digit_sized(box: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    height, width = (side.stop - side.start for side in box)
    return MIN_SIDE_PX <= height <= 0.9 * shape[0] and width <= MAX_ASPECT * height


def _otsu(values: np.ndarray) -> float:
    """The threshold that best parts the values (0–1) in two (Otsu, 1979)."""
    histogram, edges = np.histogram(values, 128, (0, 1))
    weight = np.cumsum(histogram)
    mean = np.cumsum(histogram * edges[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean[-1] * weight / weight[-1] - mean) ** 2 / (weight * (weight[-1] - weight))
    return float(edges[1:][np.nanargmax(np.where(np.isfinite(between), between, 0))])
