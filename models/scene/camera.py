"""Photographs as a camera would have taken them badly: from the good photo back to light, and through a camera again.

Back: a random inverse of tone curve and colour matrix (Brooks et al., "Unprocessing Images for Learned Raw Denoising",
2019), with the highlights that the photo's own curve compressed. Forth: exposure and white balance in the camera's own
colours, a sensor that clips, shot and read noise by ISO, correlated as demosaicing and noise reduction leave it, then
another colour matrix, tone curve, saturation, sharpening, scale, and JPEG once or twice. Several mild faults at once
are the usual case; no fault but another style is one of them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scene.library import linear_to_srgb_exact, srgb_to_linear_exact
from scipy import ndimage

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, slots=True)
class Faults:
    """exposure_ev: too much (negative: too little). red, blue: log2 of the light's red and blue over green, in the
    camera's colours. electrons: at white, fewer with higher ISO."""

    exposure_ev: float
    red: float
    blue: float
    electrons: float


def photograph(photo: np.ndarray, faults: Faults, rng: np.random.Generator) -> np.ndarray:
    """HxWx3 uint8 taken again."""
    encoded = np.clip(photo + rng.uniform(-0.5, 0.5, photo.shape), 0, 255).astype(np.float32) / 255
    scene = to_scene(encoded, rng)
    matrix = np.eye(3) + rng.normal(0, 0.1, (3, 3))
    matrix = (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)
    colors = np.maximum(scene @ np.linalg.inv(matrix).T, 0)
    light = np.exp2(np.array([faults.red, 0, faults.blue], np.float32))
    colors = colors * (light / (LUMINANCE @ light) * np.float32(2**faults.exposure_ev))
    noise = _sensor_noise(colors, faults.electrons, rng)
    after = matrix + rng.normal(0, 0.015, (3, 3)).astype(np.float32)
    after /= after.sum(axis=1, keepdims=True)
    style = _style(rng)
    taken = _develop(np.clip(np.minimum(colors, 1) + noise, 0, 1) @ after.T, style)
    return _file(taken, rng)


def to_scene(encoded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light of a scene that may have given this photo: its tone curve undone in part, its highlights spread."""
    share = np.float32(rng.uniform(-0.15, 0.8))
    undone = 0.5 - np.sin(np.arcsin(np.clip(1 - 2 * encoded, -1, 1)) / 3)
    light = srgb_to_linear_exact(np.clip(encoded + share * (undone - encoded), 0, 1)).astype(np.float32)
    if rng.random() < 0.7:
        bright = np.clip((encoded.max(axis=2, keepdims=True) - 0.7) / 0.3, 0, 1)
        light = light * np.exp2(np.float32(rng.uniform(0, 2.5)) * bright * bright)
    return light.astype(np.float32)


def _sensor_noise(colors: np.ndarray, electrons: float, rng: np.random.Generator) -> np.ndarray:
    """Shot and read noise, stronger where white balance multiplies, and smoothed as demosaicing and reduction do."""
    balance = np.array([rng.uniform(1.3, 2.3), 1, rng.uniform(1.3, 2.3)], np.float32)
    read = rng.uniform(2, 8)
    deviation = np.sqrt(np.maximum(colors, 0) / balance * electrons + read**2) / electrons * balance
    noise = deviation.astype(np.float32) * rng.standard_normal(colors.shape, np.float32)
    width = rng.uniform(0.35, 0.75)
    noise = ndimage.gaussian_filter(noise, (width, width, 0), truncate=3) * np.float32(1 + width)
    grey = noise @ LUMINANCE
    chroma = noise - grey[..., None]
    strong = rng.uniform(0, 1)
    smooth, coarse = rng.uniform(0.5, 1.6), rng.uniform(0.6, 3.0)
    grey = grey + np.float32(strong * 0.8) * (ndimage.gaussian_filter(grey, smooth, truncate=3) - grey)
    wide = ndimage.gaussian_filter(chroma, (coarse, coarse, 0), truncate=3)
    return np.asarray(grey[..., None] + chroma + np.float32(strong) * (wide - chroma), np.float32)


@dataclass(frozen=True, slots=True)
class _Style:
    gamma: float
    contrast: float
    flare: float
    fade: float
    saturation: float
    sharpness: float
    radius: float


def _style(rng: np.random.Generator) -> _Style:
    return _Style(
        gamma=float(np.exp(rng.normal(0, 0.12))),
        contrast=float(rng.uniform(-0.5, 0.7)),
        flare=float(max(rng.normal(-0.02, 0.03), 0)),
        fade=float(max(rng.normal(-0.03, 0.05), 0)),
        saturation=float(rng.normal(0.95, 0.14)),
        sharpness=float(max(rng.normal(0.2, 0.4), 0)),
        radius=float(rng.uniform(0.6, 1.3)),
    )


def _develop(light: np.ndarray, style: _Style) -> np.ndarray:
    """Linear RGB to encoded values by a tone curve, with saturation and sharpening."""
    encoded = linear_to_srgb_exact(np.clip(light, 0, 1)).astype(np.float32) ** np.float32(style.gamma)
    curve = encoded * encoded * (3 - 2 * encoded)
    encoded = encoded + np.float32(style.contrast) * (curve - encoded)
    encoded = np.float32(style.flare) + encoded * np.float32(1 - style.flare - style.fade)
    grey = encoded @ np.array([0.299, 0.587, 0.114], np.float32)
    encoded = grey[..., None] + np.float32(style.saturation) * (encoded - grey[..., None])
    if style.sharpness > 0:
        sharp = grey - ndimage.gaussian_filter(grey, style.radius, truncate=3)
        encoded = encoded + (np.float32(style.sharpness) * sharp)[..., None]
    return np.asarray(np.clip(encoded, 0, 1))


def _file(encoded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    image = Image.fromarray(np.rint(encoded * 255).astype(np.uint8))
    if rng.random() < 0.25:
        image = compress(image, int(rng.integers(75, 98)), rng)
    if rng.random() < 0.4:
        scale = rng.uniform(0.55, 0.95)
        size = (max(round(image.width * scale), 64), max(round(image.height * scale), 64))
        image = image.resize(size, Image.Resampling.LANCZOS if rng.random() < 0.6 else Image.Resampling.BICUBIC)
    quality = 100 if rng.random() < 0.1 else int(rng.integers(72, 98))
    return np.asarray(compress(image, quality, rng) if quality < 100 else image)


def compress(image: Image.Image, quality: int, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling=int(rng.choice((0, 2, 2))))
    return Image.open(file).convert("RGB")
