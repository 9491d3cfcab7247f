"""Colour models as pictures: each channel of each model has its place in 0–1 (see the step `convert_color`).

Two families meet in sRGB: what is computed from encoded R'G'B' (gray, HSV, HLS, YCbCr) and what is computed from
CIE XYZ (XYZ, L*a*b*, LCh, L*u*v*). Within a family nothing passes through sRGB, so colours outside of it survive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import cv2
import numpy as np

from darkroom.color.conversions import (
    LAB_EPSILON,
    LAB_KAPPA,
    WHITE_D65,
    lab_to_xyz,
    linear_to_srgb,
    power,
    rgb_to_xyz,
    srgb_to_linear,
    weighted,
    xyz_to_lab,
    xyz_to_rgb,
)
from darkroom.errors import ImageRejected
from darkroom.picture import Array
from darkroom.srgb import LUMA
from darkroom.step import bands, from_float, max_level, to_float

Space = Literal["rgb", "gray", "hsv", "hls", "ycbcr", "xyz", "lab", "lch", "luv"]

CHANNELS: Mapping[Space, tuple[str, ...]] = {
    "rgb": ("r", "g", "b"),
    "gray": ("gray",),
    "hsv": ("h", "s", "v"),
    "hls": ("h", "l", "s"),
    "ycbcr": ("y", "cb", "cr"),
    "xyz": ("x", "y", "z"),
    "lab": ("l", "a", "b"),
    "lch": ("l", "c", "h"),
    "luv": ("l", "u", "v"),
}
"""The channels of each model, in order."""

CIE_SPACES = frozenset({"xyz", "lab", "lch", "luv"})

GRAY_WEIGHTS = np.array([0.2125, 0.7154, 0.0721], np.float32)
"""The luminance weights of BT.709's primaries, which are sRGB's, as ``skimage.color.rgb2gray`` rounds them."""

# JFIF 1.02 and ITU-T T.871: Y' of BT.601, and B' - Y' and R' - Y' scaled to a range of 1.
_R, _G, _B = LUMA
YCBCR_FROM_RGB = np.array([[_R, _G, _B], [-_R / 1.772, -_G / 1.772, 0.5], [0.5, -_G / 1.402, -_B / 1.402]])
RGB_FROM_YCBCR = np.linalg.inv(YCBCR_FROM_RGB)

LAB_OFFSET = 128.0
"""a* and b* plus this, of 255: one unit is one 8-bit level, and neutral is level 128 (and 128 x 257 in 16 bits)."""

CHROMA_SCALE = 128 * math.sqrt(2)
"""C* at the corner of the range of a* and b*."""

LUV_UNITS = 1.4
"""Units of u* and v* in one 8-bit level: the least, rounded up, with which all of sRGB fits around level 128."""

SMALLEST_V = 0.01
"""v' below that of any real colour: codes that are no colour stay finite."""

_WHITE_SUM = float(WHITE_D65 @ np.array([1, 15, 3]))
WHITE_U, WHITE_V = 4 * float(WHITE_D65[0]) / _WHITE_SUM, 9 * float(WHITE_D65[1]) / _WHITE_SUM


def converted(image: Array, source: Space, target: Space, channel: int | None = None) -> Array:
    """The picture in another model, or one channel of it (HxW), in its own dtype; works in bands.

    image: HxW or HxWx3 of any dtype, in `source`. channel: its place in the target, from 0.
    Raises ImageRejected where the picture's channels do not fit `source`.
    """
    if image.ndim == 2 and source not in ("rgb", "gray"):
        raise ImageRejected("not-color", f"the image has one channel, so it is not in '{source}', which has three")
    if image.ndim == 3 and source == "gray":
        if not (np.array_equal(image[..., 0], image[..., 1]) and np.array_equal(image[..., 0], image[..., 2])):
            raise ImageRejected("not-grey", "the image has three channels that differ, so it is not in 'gray'")
        image = image[..., 0]
    single = channel is not None or len(CHANNELS[target]) == 1
    result = np.empty(image.shape[:2] if single else (*image.shape[:2], 3), image.dtype)
    for rows, _, _ in bands(image.shape, 0):
        band = image[rows]
        if image.ndim == 2 and source == "rgb":
            band = np.repeat(band[..., None], 3, axis=2)
        code = convert(band, source, target)
        if channel is not None and code.ndim == 3:
            code = np.ascontiguousarray(code[..., channel])
        result[rows] = from_float(code, image.dtype)
    return result


def convert(image: Array, source: Space, target: Space) -> Array:
    """A picture of one colour model in another.

    image: HxWx3 (HxW for gray) of ``uint8``, ``uint16`` or float32, encoded in 0–1 as `convert_color` says.
    Returns float32, HxWx3 (HxW for gray), for the same dtype's encoding; values outside 0–1 lie outside of it.
    """
    neutral = neutral_chroma(image.dtype)
    if source in CIE_SPACES:
        xyz = _decode_cie(to_float(image), source)
        if target in CIE_SPACES:
            return _encode_cie(xyz, target)
        rgb = np.minimum(linear_to_srgb(xyz_to_rgb(xyz)), np.float32(1))
    elif source == "rgb" and target in CIE_SPACES:
        return _encode_cie(rgb_to_xyz(srgb_to_linear(image)), target)
    else:
        rgb = np.clip(_decode_rgb(to_float(image), source, neutral), 0, 1)
    if target in CIE_SPACES:
        return _encode_cie(rgb_to_xyz(srgb_to_linear(rgb)), target)
    return _encode_rgb(rgb, target, neutral)


def neutral_chroma(dtype: np.dtype[Any]) -> float:
    """Where Cb and Cr of grey lie in 0–1: at 128 of 255 and 32768 of 65535 as in JFIF, at 0.5 in float32."""
    return 0.5 if dtype.kind == "f" else (max_level(dtype) + 1) / 2 / max_level(dtype)


def _encode_rgb(rgb: Array, target: Space, neutral: float) -> Array:
    match target:
        case "gray":
            return weighted(rgb, GRAY_WEIGHTS)
        case "hsv":
            return _hsv(rgb)
        case "hls":
            return _hls(rgb)
        case "ycbcr":
            offset = np.array([[0], [neutral], [neutral]])
            return np.asarray(cv2.transform(rgb, np.hstack((YCBCR_FROM_RGB, offset))))
        case _:
            return rgb


def _decode_rgb(code: Array, source: Space, neutral: float) -> Array:
    match source:
        case "gray":
            return np.repeat(code[..., None], 3, axis=2)
        case "hsv":
            return _rgb_of_hsv(code)
        case "hls":
            return _rgb_of_hls(code)
        case "ycbcr":
            offset = -RGB_FROM_YCBCR @ np.array([[0], [neutral], [neutral]])
            return np.asarray(cv2.transform(code, np.hstack((RGB_FROM_YCBCR, offset))))
        case _:
            return code


def _encode_cie(xyz: Array, target: Space) -> Array:
    match target:
        case "xyz":
            return np.asarray(xyz / WHITE_D65)
        case "luv":
            luv = _luv(xyz)
            luv[..., 0] /= 100
            luv[..., 1:] = (luv[..., 1:] / np.float32(LUV_UNITS) + np.float32(LAB_OFFSET)) / 255
            return luv
    lab = xyz_to_lab(xyz)
    light, a, b = lab[..., 0] / 100, lab[..., 1], lab[..., 2]
    if target == "lab":
        return np.stack((light, (a + np.float32(LAB_OFFSET)) / 255, (b + np.float32(LAB_OFFSET)) / 255), axis=-1)
    hue = np.arctan2(b, a) * np.float32(0.5 / math.pi)
    return np.stack((light, np.hypot(a, b) / np.float32(CHROMA_SCALE), np.where(hue < 0, hue + 1, hue)), axis=-1)


def _decode_cie(code: Array, source: Space) -> Array:
    light = code[..., 0] * 100
    match source:
        case "xyz":
            return code * WHITE_D65
        case "luv":
            uv = (code[..., 1:] * 255 - np.float32(LAB_OFFSET)) * np.float32(LUV_UNITS)
            return _xyz_of_luv(light, uv[..., 0], uv[..., 1])
        case "lch":
            chroma, hue = code[..., 1] * np.float32(CHROMA_SCALE), code[..., 2] * np.float32(2 * math.pi)
            return lab_to_xyz(np.stack((light, chroma * np.cos(hue), chroma * np.sin(hue)), axis=-1))
    ab = code[..., 1:] * 255 - np.float32(LAB_OFFSET)
    return lab_to_xyz(np.stack((light, ab[..., 0], ab[..., 1]), axis=-1))


def _hue(rgb: Array, largest: Array, spread: Array) -> Array:
    """Hue of HSV and HLS in turns, 0–1 (red at 0, green at 1/3); 0 for greys."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    divisor = np.where(spread == 0, np.float32(1), spread)
    sextant = np.where(
        largest == r,
        (g - b) / divisor,
        np.where(largest == g, 2 + (b - r) / divisor, 4 + (r - g) / divisor),
    )
    hue = np.where(spread == 0, np.float32(0), sextant / 6)
    return np.where(hue < 0, hue + 1, hue)


def _ends(rgb: Array) -> tuple[Array, Array]:
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    return np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)


def _hsv(rgb: Array) -> Array:
    largest, smallest = _ends(rgb)
    spread = largest - smallest
    saturation = spread / np.where(largest == 0, np.float32(1), largest)
    return np.stack((_hue(rgb, largest, spread), saturation, largest), axis=-1)


def _hls(rgb: Array) -> Array:
    largest, smallest = _ends(rgb)
    spread, total = largest - smallest, largest + smallest
    room = np.minimum(total, 2 - total)
    saturation = spread / np.where(room <= 0, np.float32(1), room)
    return np.stack((_hue(rgb, largest, spread), total / 2, saturation), axis=-1)


def _rgb_of_hsv(hsv: Array) -> Array:
    hue, saturation, value = hsv[..., 0] * 6, hsv[..., 1], hsv[..., 2]
    channels = []
    for start in (5, 3, 1):
        k = (start + hue) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.stack(channels, axis=-1)


def _rgb_of_hls(hls: Array) -> Array:
    hue, light, saturation = hls[..., 0] * 12, hls[..., 1], hls[..., 2]
    reach = saturation * np.minimum(light, 1 - light)
    channels = []
    for start in (0, 8, 4):
        k = (start + hue) % 12
        channels.append(light - reach * np.clip(np.minimum(k - 3, 9 - k), -1, 1))
    return np.stack(channels, axis=-1)


def _luv(xyz: Array) -> Array:
    x, y, z = xyz[..., 0], xyz[..., 1], xyz[..., 2]
    ratio = np.maximum(y / WHITE_D65[1], 0)
    light = 116 * power(np.ascontiguousarray(ratio), 1 / 3) - 16
    np.copyto(light, np.float32(LAB_KAPPA) * ratio, where=ratio <= np.float32(LAB_EPSILON))
    total = x + 15 * y + 3 * z
    total = np.where(total <= 0, np.float32(1), total)
    u = 13 * light * (4 * x / total - np.float32(WHITE_U))
    v = 13 * light * (9 * y / total - np.float32(WHITE_V))
    return np.stack((light, u, v), axis=-1)


def _xyz_of_luv(light: Array, u: Array, v: Array) -> Array:
    root = (light + 16) / 116
    y = np.where(light > np.float32(LAB_KAPPA * LAB_EPSILON), root * root * root, light / np.float32(LAB_KAPPA))
    scale = 13 * np.where(light <= 0, np.float32(1), light)
    u_prime = u / scale + np.float32(WHITE_U)
    v_prime = np.maximum(v / scale + np.float32(WHITE_V), np.float32(SMALLEST_V))
    x = y * 9 * u_prime / (4 * v_prime)
    z = y * (12 - 3 * u_prime - 20 * v_prime) / (4 * v_prime)
    return np.asarray(np.maximum(np.stack((x, y, z), axis=-1), 0))
