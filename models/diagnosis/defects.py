"""Photographs spoiled on purpose, in the order in which light, lens, sensor and file would do it.

Linear light: haze, backlight, exposure, the light's colour; the lens: blur and motion; the encoding: flat contrast; the
sensor: noise and dead samples; the file: JPEG. How strong each defect is stands beside the picture.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field

import numpy as np
from diagnosis.library import DEFECTS, KINDS, STRENGTHS, cast_degrees, linear_to_srgb_exact, srgb_to_linear_exact
from PIL import Image
from scipy import ndimage

# From which strength on a defect may be seen, and from which on it is plain, in the unit of its strength. In between a
# photo is neither an example of the defect nor of its absence.
VISIBLE = {
    "underexposed": (0.4, 0.9),  # EV lost
    "overexposed": (0.25, 0.6),  # EV too much
    "low contrast": (0.15, 0.35),  # 1 - factor
    "colour cast": (2.0, 5.0),  # degrees between the light and grey
    "noise": (2.0, 5.0),  # levels
    "salt and pepper": (0.0005, 0.004),  # share of samples
    "blur": (0.5, 0.9),  # px
    "motion blur": (2.0, 5.0),  # px
    "JPEG artefacts": (15, 40),  # 100 - quality
    "haze": (0.12, 0.3),  # share of the light that is veil
    "backlight": (0.7, 1.3),  # EV
}
HARD = {"colour cast": 2.0, "overexposed": 1.7, "underexposed": 1.3, "backlight": 1.6, "noise": 1.3, "blur": 1.2}


@dataclass(slots=True)
class Truth:
    """What was done. amounts: strength by defect as in VISIBLE; strengths: by the names in STRENGTHS, no logarithms."""

    amounts: dict[str, float] = field(default_factory=dict)
    strengths: dict[str, float] = field(default_factory=dict)

    def presence(self) -> np.ndarray:
        """1 for plainly visible, 0 for invisible or absent, between them where it is in doubt; one a defect."""
        found = []
        for name in DEFECTS:
            low, high = VISIBLE[name]
            found.append(np.clip((self.amounts.get(name, 0.0) - low) / (high - low), 0, 1))
        return np.array(found, np.float32)

    def targets(self) -> np.ndarray:
        """One a strength, NaN where there is nothing to estimate."""
        told = [self.strengths.get(name.removesuffix("_log2"), np.nan) for name in STRENGTHS]
        return np.array(told, np.float32)


def choose(rng: np.random.Generator, *, favour_hard: bool) -> set[str]:
    """None (1 in 6), one, or several defects that go together; at times the three of a photo taken in poor light.

    favour_hard: whether those that are hard to tell, as in `HARD`, are chosen more often than others.
    """
    draw = rng.random()
    if draw < 1 / 6:
        return set()
    if draw > 0.97:
        return {"underexposed", "colour cast", "noise"}
    count = 1 if draw < 0.66 else int(rng.integers(2, 5))
    chosen: set[str] = set()
    weights = np.array([HARD.get(name, 1.0) for name in DEFECTS])
    order = (
        rng.choice(DEFECTS, len(DEFECTS), replace=False, p=weights / weights.sum())
        if favour_hard
        else rng.permutation(DEFECTS)
    )
    for name in order:
        if len(chosen) < count and not chosen.intersection(KINDS[name].rivals):
            chosen.add(str(name))
    return chosen


def spoil(photo: np.ndarray, chosen: set[str], rng: np.random.Generator) -> tuple[np.ndarray, Truth]:
    """Spoil HxWx3 uint8 by the chosen defects, each at a random strength: HxWx3 uint8 and the truth.

    Half of the photos are taken as light that was never rounded, as a sensor sees it: their levels have no gaps.
    """
    neutral = {"contrast": 1.0, "cast_red": 1.0, "cast_blue": 1.0}
    truth = Truth(strengths={"exposure_ev": 0.0, "haze": 0.0, "backlight_ev": 0.0, **neutral})
    levels = photo.astype(np.float32)
    if rng.random() < 0.5:
        levels = np.clip(levels + rng.uniform(-0.5, 0.5, levels.shape).astype(np.float32), 0, 255)
    light = srgb_to_linear_exact(levels / 255).astype(np.float32)
    for name, operation in LIGHT.items():
        if name in chosen:
            light = operation(light, rng, truth)
    encoded = linear_to_srgb_exact(np.clip(light, 0, 1)).astype(np.float32)
    if "low contrast" in chosen:
        encoded = _flatten(encoded, rng, truth)
    if "noise" in chosen or ("underexposed" in chosen and rng.random() < 0.5):
        encoded = _noise(encoded, rng, truth, shot="noise" not in chosen)
    elif rng.random() < 0.2:
        encoded = _grain(encoded, rng)
    if "salt and pepper" in chosen:
        encoded = _impulses(encoded, rng, truth)
    spoiled = np.rint(np.clip(encoded, 0, 1) * 255).astype(np.uint8)
    if "JPEG artefacts" in chosen:
        return _jpeg(spoiled, int(rng.integers(5, 93)), rng, truth), truth
    return (_jpeg(spoiled, int(rng.integers(86, 99)), rng, truth) if rng.random() < 0.25 else spoiled), truth


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def _smooth_field(shape: tuple[int, ...], rng: np.random.Generator, cells: int) -> np.ndarray:
    """HxW, smooth, 0–1."""
    coarse = Image.fromarray((rng.random((cells, cells)) * 255).astype(np.uint8))
    field_ = np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)
    return (field_ - field_.min()) / max(float(np.ptp(field_)), 1.0)


def _haze(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """Koschmieder's law, with depth that grows towards the top of the frame as it mostly does."""
    height, width = light.shape[:2]
    slope = np.linspace(1, 0, height, dtype=np.float32)[:, None] * rng.uniform(0, 1)
    depth = 0.4 + slope + rng.uniform(0, 0.6) * _smooth_field((height, width), rng, 4)
    transmission = np.exp(-depth / depth.mean() * _log_uniform(rng, 0.12, 1.6))[..., None].astype(np.float32)
    air = np.float32(rng.uniform(0.65, 1.0)) * (1 + rng.normal(0, 0.025, 3)).astype(np.float32)
    amount = float(1 - transmission.mean())
    truth.amounts["haze"] = truth.strengths["haze"] = amount
    return light * transmission + air * (1 - transmission)


def _backlight(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """A subject (an ellipse, or all below a horizon) in shadow before a background that is too bright."""
    height, width = light.shape[:2]
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    wobble = 0.35 * (_smooth_field((height, width), rng, 6) - 0.5)
    if rng.random() < 0.7:
        a, b = rng.uniform(0.18, 0.38), rng.uniform(0.25, 0.5)
        distance = np.hypot((x - rng.uniform(0.3, 0.7)) / a, (y - rng.uniform(0.45, 0.8)) / b) - 1 + wobble
    else:
        distance = 3 * (rng.uniform(0.3, 0.6) - y) + wobble
    shadow = 1 / (1 + np.exp(np.clip(distance / rng.uniform(0.03, 0.15), -30, 30)))
    dark, bright = rng.uniform(0.4, 2.6), rng.uniform(0, 1.2)
    truth.amounts["backlight"] = truth.strengths["backlight_ev"] = float(dark + bright)
    return light * np.exp2(bright - (dark + bright) * shadow)[..., None].astype(np.float32)


def _underexpose(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    ev = float(rng.uniform(0.2, 3.5))
    truth.amounts["underexposed"], truth.strengths["exposure_ev"] = ev, -ev
    return light * np.float32(2**-ev)


def _overexpose(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    ev = float(rng.uniform(0.1, 2.0))
    truth.amounts["overexposed"] = truth.strengths["exposure_ev"] = ev
    return light * np.float32(2**ev)


def _cast(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """Gains of a wrong white balance: along the colours of daylight and tungsten, or in any direction."""
    size = rng.uniform(0.05, 0.5)
    if rng.random() < 0.5:
        side = rng.choice((-1, 1))
        gains = np.array([1 + side * size, 1 + rng.normal(0, 0.04), 1 - side * size])
    else:
        gains = 1 + size * rng.uniform(-1, 1, 3)
    gains = np.maximum(gains, 0.3).astype(np.float32)
    truth.amounts["colour cast"] = cast_degrees(gains)
    truth.strengths["cast_red"] = float(gains[0] / gains[1])
    truth.strengths["cast_blue"] = float(gains[2] / gains[1])
    return light * gains


def _blur(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """Gaussian, in linear light as lenses do, or in encoded values as editors do."""
    sigma = _log_uniform(rng, 0.35, 4)
    truth.amounts["blur"] = truth.strengths["blur_sigma"] = sigma
    if rng.random() < 0.5:
        return ndimage.gaussian_filter(light, (sigma, sigma, 0), mode="nearest", truncate=3)
    encoded = linear_to_srgb_exact(np.clip(light, 0, 1))
    blurred = ndimage.gaussian_filter(encoded, (sigma, sigma, 0), mode="nearest", truncate=3)
    return srgb_to_linear_exact(blurred).astype(np.float32)


def _move(light: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    length, angle = _log_uniform(rng, 2, 30), float(rng.uniform(0, 180))
    truth.amounts["motion blur"] = truth.strengths["motion_length"] = length
    truth.strengths["motion_cos"] = math.cos(math.radians(2 * angle))
    truth.strengths["motion_sin"] = math.sin(math.radians(2 * angle))
    kernel = line_kernel(length, angle)
    reach = kernel.shape[0] // 2
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    size = [n + 2 * reach for n in padded.shape[:2]]
    transfer = np.fft.rfft2(kernel, size)[..., None]
    moved = np.fft.irfft2(np.fft.rfft2(padded, size, axes=(0, 1)) * transfer, size, axes=(0, 1))
    start = 2 * reach
    return moved[start : start + light.shape[0], start : start + light.shape[1]].astype(np.float32)


def line_kernel(length: float, angle: float) -> np.ndarray:
    """Motion along a line of `length` px, `angle` degrees counter-clockwise from the x axis; odd by odd, sum 1."""
    half = max(1, math.ceil(length / 2))
    along = (np.arange(16 * math.ceil(length)) + 0.5) / (16 * math.ceil(length)) - 0.5
    x = half + along * length * math.cos(math.radians(angle))
    y = half - along * length * math.sin(math.radians(angle))
    edges = np.arange(2 * half + 2) - 0.5
    kernel = np.histogram2d(y, x, (edges, edges))[0]
    return kernel / kernel.sum()


def _flatten(encoded: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    factor = float(rng.uniform(0.2, 0.95))
    truth.amounts["low contrast"], truth.strengths["contrast"] = 1 - factor, factor
    middle = np.float32(0.5 + (rng.normal(0, 0.06) if rng.random() < 0.4 else 0))
    return middle + (encoded - middle) * np.float32(factor)


def _noise(encoded: np.ndarray, rng: np.random.Generator, truth: Truth, *, shot: bool) -> np.ndarray:
    """White noise in the file, or shot and read noise in linear light, here and there blurred as demosaicing does.

    Its strength is what it is where it was not clipped, in levels of 255.
    """
    sigma = _log_uniform(rng, 1, 45) / 255
    kind = rng.random()
    if shot or kind < 0.35:
        light = srgb_to_linear_exact(np.clip(encoded, 0, 1)).astype(np.float32)
        electrons = _log_uniform(rng, 150, 20_000)  # at white
        read = rng.uniform(1, 6)
        deviation = np.sqrt(light * electrons + read**2) / electrons
        noisy = linear_to_srgb_exact(np.clip(light + deviation * rng.standard_normal(light.shape, np.float32), 0, 1))
    else:
        noise = rng.standard_normal(encoded.shape, np.float32)
        if kind > 0.8:  # correlated, as demosaicing, scaling and noise reduction leave it; at times on two scales
            width = rng.uniform(0.4, 1.2)
            blurred = ndimage.gaussian_filter(noise, (width, width, 0))
            noise = blurred / blurred.std() + np.float32(rng.choice((0, 0, 0.5))) * noise
            noise /= noise.std()
        if rng.random() < 0.1:  # the same in all channels, as film's grain
            noise = np.repeat(noise[..., :1], 3, axis=2)
        noisy = np.clip(encoded + noise * np.float32(sigma), 0, 1)
    open_ = (noisy > 0.02) & (noisy < 0.98) & (encoded > 0.06) & (encoded < 0.94)
    difference = (noisy - encoded)[open_] if open_.mean() > 0.02 else noisy - encoded
    measured = float(np.sqrt(np.square(difference).mean()) * 255)
    truth.amounts["noise"] = truth.strengths["noise_sigma"] = measured
    return noisy.astype(np.float32)


def _impulses(encoded: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """Dead samples, black or white, a pixel or a channel at a time."""
    share = _log_uniform(rng, 0.0005, 0.2)
    truth.amounts["salt and pepper"] = truth.strengths["impulse_share"] = share
    shape = encoded.shape[:2] + ((1,) if rng.random() < 0.6 else (3,))
    draw, salt = rng.random(shape, np.float32), rng.uniform(0.3, 0.7)
    return np.where(draw < share * salt, 1, np.where(draw < share, 0, encoded)).astype(np.float32)


def _grain(encoded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The noise of any camera, too weak to be seen."""
    noise = rng.standard_normal(encoded.shape, np.float32)
    if rng.random() < 0.5:
        noise = ndimage.gaussian_filter(noise, (0.6, 0.6, 0)) * 2
    return encoded + noise * np.float32(rng.uniform(0.3, 1.8) / 255)


def _jpeg(spoiled: np.ndarray, quality: int, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    truth.amounts["JPEG artefacts"], truth.strengths["jpeg_quality"] = 100 - quality, quality
    file = io.BytesIO()
    Image.fromarray(spoiled).save(file, "JPEG", quality=quality, subsampling=int(rng.choice((0, 2, 2))))
    compressed = np.asarray(Image.open(file).convert("RGB"))
    if rng.random() < 0.2:  # cut after it was compressed: the grid begins elsewhere
        top, left = rng.integers(0, 8, 2)
        compressed = compressed[top:, left:]
    return compressed


LIGHT = {
    "haze": _haze,
    "backlight": _backlight,
    "underexposed": _underexpose,
    "overexposed": _overexpose,
    "colour cast": _cast,
    "blur": _blur,
    "motion blur": _move,
}
