"""Pictures that were never photographed, or that show nothing to judge exposure and colour by: drawn at random.

Each painter gives HxWx3 uint8. They are examples of "fine as it is", and of the kinds of picture that are not a photo.
"""

from __future__ import annotations

import colorsys
import string
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Painter = Callable[[np.random.Generator], np.ndarray]
Color = tuple[int, int, int]


def size_of(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height."""
    return int(rng.integers(224, 481)), int(rng.integers(224, 481))


def color(rng: np.random.Generator, value: tuple[float, float], saturation: tuple[float, float] = (0, 1)) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return round(red * 255), round(green * 255), round(blue * 255)


@cache
def fonts() -> list[Path]:
    return sorted(Path(mpl.get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf"))


def font(rng: np.random.Generator, low: int, high: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts()[rng.integers(len(fonts()))], int(rng.integers(low, high)))


def words(rng: np.random.Generator, count: int) -> str:
    letters = string.ascii_letters + string.digits + ".,:;()=<>-"
    return " ".join("".join(rng.choice(list(letters), rng.integers(1, 10))) for _ in range(count))


def theme(rng: np.random.Generator) -> tuple[Color, list[Color]]:
    """A background and what is written on it: dark on light or light on dark, grey or of a colour."""
    if rng.random() < 0.5:
        return color(rng, (0.82, 1), (0, 0.3)), [color(rng, (0, 0.6)) for _ in range(4)]
    return color(rng, (0, 0.3), (0, 0.9)), [color(rng, (0.5, 1)) for _ in range(4)]


def screen(rng: np.random.Generator) -> np.ndarray:
    """Windows with text, icons and buttons."""
    back, inks = theme(rng)
    image = Image.new("RGB", size_of(rng), back)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1" if rng.random() < 0.3 else "L"
    for _ in range(rng.integers(0, 6)):
        x, y, w, h = (int(v) for v in rng.integers(0, 320, 4))
        fill = color(rng, (0, 1), (0, 0.6)) if rng.random() < 0.6 else None
        draw.rectangle((x, y, x + w, y + h), fill=fill, outline=inks[0])
    face, y, indent = font(rng, 8, 20), int(rng.integers(0, 30)), int(rng.integers(4, 60))
    while y < image.height:
        x = indent + int(rng.integers(0, 4)) * 16
        for _ in range(rng.integers(0, 6)):
            word = words(rng, int(rng.integers(1, 3)))
            draw.text((x, y), word, inks[rng.integers(len(inks))], font=face)
            x += round(draw.textlength(word + " ", font=face))
        y += round(face.size * 1.35)
    for _ in range(rng.integers(0, 8)):
        x, y, r = (int(v) for v in (*rng.integers(0, 400, 2), rng.integers(4, 20)))
        draw.ellipse((x, y, x + r, y + r), fill=inks[rng.integers(len(inks))])
    return np.asarray(image)


def chart(rng: np.random.Generator) -> np.ndarray:
    """Axes with points, lines or bars."""
    back, inks = theme(rng)
    image = Image.new("RGB", size_of(rng), back)
    draw = ImageDraw.Draw(image)
    width, height = image.size
    left, bottom = int(rng.integers(20, 50)), height - int(rng.integers(20, 50))
    draw.line((left, 10, left, bottom, width - 10, bottom), inks[0])
    face = font(rng, 8, 14)
    for number in range(rng.integers(2, 9)):
        x, y = left + number * 40, bottom - number * 40
        draw.text((x, bottom + 3), f"{number * 5}", inks[0], font=face)
        draw.text((2, y), f"{number}", inks[0], font=face)
        if rng.random() < 0.5:
            draw.line((left, y, width, y), color(rng, (0.4, 0.8), (0, 0.1)))
    kind, ink = rng.integers(3), inks[1:]
    for series in range(rng.integers(1, 4)):
        points = np.column_stack((np.sort(rng.integers(left, width, 80)), rng.normal(height / 2, height / 6, 80)))
        fill, thick = ink[series % len(ink)], int(rng.integers(1, 4))
        if kind == 0:
            for x, y in rng.normal((width / 2, height / 2), width / 6, (int(rng.integers(50, 900)), 2)):
                draw.ellipse((round(x), round(y), round(x) + thick - 1, round(y) + thick - 1), fill=fill)
        elif kind == 1:
            draw.line([tuple(p) for p in points.tolist()], fill, thick)
        else:
            for x, y in points[::8].tolist():
                draw.rectangle((round(x), round(min(y, bottom)), round(x) + 12, bottom), fill=fill)
    return np.asarray(image)


def shapes(rng: np.random.Generator) -> np.ndarray:
    """Line art, logos, maps: flat colours and hard or soft borders."""
    image = Image.new("RGB", size_of(rng), color(rng, (0, 1)))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(3, 40)):
        corners = [tuple(int(v) for v in p) for p in rng.integers(-50, 500, (int(rng.integers(2, 7)), 2))]
        fill = color(rng, (0, 1))
        if len(corners) == 2:
            draw.line(corners, fill, int(rng.integers(1, 12)))
        elif rng.random() < 0.3:
            x, y = corners[0]
            draw.ellipse((x, y, x + int(rng.integers(5, 200)), y + int(rng.integers(5, 200))), fill=fill)
        else:
            draw.polygon(corners, fill=fill)
    if rng.random() < 0.4:
        return np.asarray(image.resize(size_of(rng), Image.Resampling.LANCZOS))
    if rng.random() < 0.3:
        small = image.resize((40, 40), Image.Resampling.NEAREST)
        return np.asarray(small.resize((320, 320), Image.Resampling.NEAREST))
    return np.asarray(image)


def waves(rng: np.random.Generator) -> np.ndarray:
    """Abstract wallpaper: soft gradients between a few colours, and edges."""
    width, height = size_of(rng)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    t = np.zeros((height, width))
    for _ in range(rng.integers(1, 5)):
        a, b, p = rng.uniform(-6, 6, 3)
        t += np.sin(a * x + b * y + p)
    if rng.random() < 0.5:
        steps = rng.integers(3, 12)
        t = np.floor(t * steps) / steps
    t = (t - t.min()) / max(np.ptp(t), 1e-6)
    stops = np.array([color(rng, (0, 1)) for _ in range(rng.integers(2, 5))], float)
    place = np.linspace(0, 1, len(stops))
    return np.rint(np.stack([np.interp(t, place, stops[:, c]) for c in range(3)], -1)).astype(np.uint8)


def page(rng: np.random.Generator) -> np.ndarray:
    """A printed or written page, scanned or photographed, on white or coloured paper."""
    width, height = size_of(rng)
    paper = color(rng, (0.75, 1), (0, 0.45))
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    face, ink, y = font(rng, 7, 18), color(rng, (0, 0.35), (0, 0.8)), int(rng.integers(5, 40))
    while y < height - 10:
        if rng.random() < 0.9:
            draw.text((int(rng.integers(10, 24)), y), words(rng, 14), ink, font=face)
        y += round(face.size * rng.uniform(1.2, 1.6))
    if rng.random() < 0.3:
        for line in range(0, height, int(rng.integers(10, 30))):
            draw.line((0, line, width, line), color(rng, (0.5, 0.8)))
    pixels = np.asarray(image, np.float32)
    if rng.random() < 0.6:  # photographed
        light = ndimage.zoom(rng.uniform(0.8, 1.0, (3, 3)), (height / 3, width / 3), order=1)[..., None]
        pixels = ndimage.gaussian_filter(pixels, (0.6, 0.6, 0)) * light[:height, :width] + rng.normal(
            0, 2, pixels.shape
        )
    return np.asarray(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))


def texture(rng: np.random.Generator) -> np.ndarray:
    """One even surface: grain of one or several scales about one colour, at times of bricks, boards or weave."""
    width, height = size_of(rng)
    base = np.array(color(rng, (0.06, 0.97), (0, 0.8)), np.float32)
    field = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(1, 4)):
        sigma = np.exp(rng.uniform(np.log(0.4), np.log(20)))
        grain = ndimage.gaussian_filter(rng.standard_normal((height, width)), (sigma, sigma * rng.uniform(0.3, 3)))
        field += rng.uniform(0.2, 1) * grain / (grain.std() + 1e-6)
    if rng.random() < 0.5:
        h, w = (int(v) for v in rng.integers(12, 80, 2))
        rows = np.arange(height) // h
        across = (np.arange(width)[None] + (rows[:, None] % 2) * (w // 2)) % w
        joint = ((np.arange(height) % h < 3)[:, None] | (across < 3)).astype(np.float32)
        field = field - rng.uniform(-3, 3) * ndimage.gaussian_filter(joint, 0.8)
    depth = rng.uniform(0.01, 0.3)
    tint = 1 + rng.normal(0, 0.15, 3)
    pixels = base * np.exp(depth * field)[..., None] ** tint
    return np.asarray(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))


def swatch(rng: np.random.Generator) -> np.ndarray:
    """One colour, a gradient between two, or a few fields."""
    width, height = size_of(rng)
    fields = np.array([color(rng, (0, 1)) for _ in range(2 if rng.random() < 0.5 else rng.integers(1, 7))], np.float32)
    if len(fields) == 2:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        t = np.clip((x * np.cos(angle) + y * np.sin(angle)) / 2 + 0.5, 0, 1)[..., None]
        pixels = fields[0] + t * (fields[1] - fields[0])
    else:
        pixels = np.repeat(fields[np.arange(width) * len(fields) // width][None], height, axis=0)
    pixels = pixels + rng.normal(0, rng.choice((0, 0, 1, 3)), pixels.shape)
    return np.asarray(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))


def night(rng: np.random.Generator) -> np.ndarray:
    """A dark sky with stars, lamps far away, or fireworks."""
    width, height = size_of(rng)
    top, low = (np.array(color(rng, (0, 0.12), (0, 0.9)), np.float32) for _ in range(2))
    light = top + np.linspace(0, 1, height)[:, None, None] ** 2 * (low - top) * np.ones((1, width, 1))
    if rng.random() < 0.5:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        band = np.exp(-(((y - rng.uniform(-1, 1) * x - rng.uniform(-0.5, 0.5)) / rng.uniform(0.1, 0.5)) ** 2))
        cloud = ndimage.gaussian_filter(rng.random((height, width)), 12)
        light = light + (band * cloud / cloud.max())[..., None] * np.array(
            color(rng, (0.05, 0.3), (0, 0.5)), np.float32
        )
    spots = np.zeros((height, width, 3), np.float32)
    for _ in range(rng.integers(5, 1500) if rng.random() < 0.6 else rng.integers(3, 40)):
        y, x = rng.integers(height), rng.integers(width)
        spots[y, x] += np.array(color(rng, (0.3, 1), (0, 0.6)), np.float32) * rng.uniform(0.2, 1.5)
    sigma = rng.uniform(0, 2.5)
    spots = ndimage.gaussian_filter(spots, (sigma, sigma, 0)) * (1 + 4 * sigma * sigma)
    pixels = light + spots + rng.normal(0, rng.uniform(0, 3), light.shape)
    return np.asarray(np.rint(np.clip(pixels, 0, 255)).astype(np.uint8))


def stage(rng: np.random.Generator) -> np.ndarray:
    """Black, with figures in coloured beams or by candle light."""
    width, height = size_of(rng)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = np.full((height, width, 3), rng.uniform(0, 12), np.float32)
    for _ in range(rng.integers(1, 5)):
        across, spread = (
            rng.uniform(0, 1) + y * rng.uniform(-0.6, 0.6),
            rng.uniform(0.02, 0.12) + y * rng.uniform(0, 0.2),
        )
        beam = np.exp(-(((x - across) / spread) ** 2)) * rng.uniform(0.1, 0.9)
        if rng.random() < 0.5:
            beam = np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / rng.uniform(0.005, 0.1)) * rng.uniform(
                0.2, 1
            )
        light += beam[..., None].astype(np.float32) * np.array(color(rng, (0.3, 1), (0.1, 1)), np.float32)
    for _ in range(rng.integers(0, 6)):
        a, b, r = rng.random(), rng.uniform(0.4, 1), rng.uniform(0.04, 0.15)
        figure = ((x - a) / r) ** 2 + ((y - b) / (r * rng.uniform(1, 4))) ** 2 < 1
        light = np.where(figure[..., None], light * rng.uniform(0.1, 1.6), light)
    light = ndimage.gaussian_filter(light, (1, 1, 0)) + rng.normal(0, rng.uniform(0, 4), light.shape)
    return np.asarray(np.rint(np.clip(light, 0, 255)).astype(np.uint8))


PAINTERS: tuple[tuple[str, Painter], ...] = (
    ("drawing", screen),
    ("drawing", chart),
    ("drawing", shapes),
    ("drawing", waves),
    ("document", page),
    ("texture", texture),
    ("texture", texture),
    ("texture", swatch),
    ("night", night),
    ("night", stage),
)
"""The kind of picture that each paints."""
