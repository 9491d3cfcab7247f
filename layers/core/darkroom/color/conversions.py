"""Colour spaces that several steps share: sRGB and linear light, luminance and luma, CIE Lab, Oklab.

Arrays are float32, HxW or HxWx3 in the order R, G, B, unless a function says otherwise. Nothing here changes its input.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

from darkroom.kernels import loops
from darkroom.picture import Array
from darkroom.srgb import LUMA_WEIGHTS, LUMINANCE, LUMINANCE_WEIGHTS, srgb_to_linear_exact
from darkroom.step import bands, from_float, max_level, to_float

XYZ_FROM_RGB = np.array([[0.412453, 0.357580, 0.180423], LUMINANCE, [0.019334, 0.119193, 0.950227]])
"""Linear RGB with BT.709's primaries and D65 to CIE 1931 XYZ, white at Y = 1."""

RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)

WHITE_D65 = np.array([0.95047, 1.0, 1.08883], np.float32)
"""XYZ of D65 for the 2° observer (CIE 15)."""

LAB_EPSILON = 216 / 24389
LAB_KAPPA = 24389 / 27
"""The exact constants of CIE 15:2004 where L* passes from its linear part to the cube root; not 0.008856 and 903.3."""

# Björn Ottosson, "A perceptual color space for image processing", 2020 (matrices of the 2021-01-25 revision).
OKLAB_LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB_FROM_ROOTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
RGB_FROM_OKLAB_LMS = np.linalg.inv(OKLAB_LMS_FROM_RGB)
ROOTS_FROM_OKLAB = np.linalg.inv(OKLAB_FROM_ROOTS)


def srgb_to_linear(image: Array) -> Array:
    """Linear light, float32, from sRGB-encoded values (IEC 61966-2-1, the decoding function).

    image: any shape; ``uint8`` or ``uint16`` (through a table of every level) or float32, at least 0 (computed, within
    1e-6; values above 1 continue the curve).
    """
    if image.dtype != np.float32:
        return apply_table(image, linear_levels(image.dtype))
    linear = power((image + np.float32(0.055)) * np.float32(1 / 1.055), 2.4)
    np.copyto(linear, image * np.float32(1 / 12.92), where=image <= np.float32(0.04045))
    return linear


def linear_to_srgb(linear: Array) -> Array:
    """sRGB-encoded values from linear light (IEC 61966-2-1, the encoding function).

    linear: float32 of any shape, within 1e-6; below 0 counts as 0, values above 1 continue the curve.
    """
    linear = np.maximum(linear, np.float32(0))
    encoded = power(linear, 1 / 2.4)
    encoded *= np.float32(1.055)
    encoded -= np.float32(0.055)
    np.copyto(encoded, linear * np.float32(12.92), where=linear <= np.float32(0.0031308))
    return encoded


@cache
def linear_levels(dtype: np.dtype[Any]) -> Array:
    """Linear light of every level of ``uint8`` or ``uint16``: a read-only float32 table."""
    levels = np.linspace(0, 1, int(max_level(dtype)) + 1)
    table = srgb_to_linear_exact(levels).astype(np.float32)
    table.flags.writeable = False
    return table


def apply_table(image: Array, table: Array) -> Array:
    """``table[image]`` for ``uint8`` or ``uint16`` images of any shape and one value a level: several times faster."""
    return np.asarray(cv2.LUT(image.reshape(image.shape[0], -1), table)).reshape(image.shape)


def power(base: Array, exponent: float) -> Array:
    """``base ** exponent`` for float32 at least 0, within 2e-7 relative.

    NumPy's own is as fast only on processors with AVX-512, which AWS Lambda does not promise.
    """
    return np.asarray(cv2.pow(base, exponent)).reshape(base.shape)


def luma(image: Array) -> Array:
    """Y' of BT.601, HxW float32, of encoded values (HxWx3 of any dtype); a grey picture (HxW) is its own luma."""
    if image.dtype.kind == "f":
        return image if image.ndim == 2 else weighted(image, LUMA_WEIGHTS)
    if image.ndim == 3 and image.flags.c_contiguous and loops.available():
        return loops.take_lumas(image)
    result = np.empty(image.shape[:2], np.float32)
    for rows, _, _ in bands(image.shape, 0):
        result[rows] = luma(to_float(image[rows]))
    return result


def luminance(linear: Array) -> Array:
    """Y of BT.709, HxW float32, of linear light (HxWx3); a grey picture (HxW) is its own luminance."""
    return linear if linear.ndim == 2 else weighted(linear, LUMINANCE_WEIGHTS)


def weighted(image: Array, weights: Array) -> Array:
    """The weighted sum of three channels: HxWx3 and 3 weights to HxW."""
    return np.asarray(cv2.transform(image, weights.reshape(1, 3)))


def with_luma(image: Array, new_luma: Array, toe: float = 0) -> Array:
    """The same colours at another luma, none of them clipped.

    image: HxWx3 (or HxW, which simply becomes the new luma) of any dtype. new_luma: HxW in 0–1. Returns the same shape
        and dtype.
    toe: luma below which lightening no longer multiplies colour along with light, so that the colour noise of deep
        shadows does not become blotches; 0 for none.

    With Y' the old luma and v the new one, ``out = v + s (in - Y')``: the luma is v exactly, and because differences of
    channels keep their proportions, so does the hue (of HSI, HSL and HSV). The scale s is v / Y', which multiplies
    all channels alike and so keeps saturation too; where that would push the largest channel past 1, s is what brings
    it to 1, and the colour pales just as much as the gamut asks for. With a toe t, s is at most (v + t) / (Y' + t).

    Nikolova & Steidl, "Fast hue and range preserving histogram specification", IEEE TIP 23(9), 2014, with luma for
    intensity.
    """
    if image.ndim == 2:
        return new_luma if image.dtype.kind == "f" else from_float(new_luma.copy(), image.dtype)
    contiguous = image.flags.c_contiguous and new_luma.flags.c_contiguous
    if contiguous and loops.available() and new_luma.dtype == np.float32 and image.dtype != np.float64:
        return loops.set_lumas(image, new_luma, toe)
    if image.dtype.kind != "f":
        levels = np.empty_like(image)
        for rows, _, _ in bands(image.shape, 0):
            levels[rows] = from_float(with_luma(to_float(image[rows]), new_luma[rows], toe), image.dtype)
        return levels
    old = luma(image)
    largest = np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])
    tiny = np.float32(1e-6)
    scale = np.minimum(new_luma / np.maximum(old, tiny), (1 - new_luma) / np.maximum(largest - old, tiny))
    if toe:
        scale = np.minimum(scale, (new_luma + np.float32(toe)) / (old + np.float32(toe)))
    result: Array = image * scale[..., None]
    result += (new_luma - scale * old)[..., None]
    return np.clip(result, 0, 1, out=result)  # of what rounding adds: a step rejects a float beyond white


def fit_gamut(linear: Array) -> Array:
    """Linear RGB brought into 0–1 by mixing each colour with the grey of its own luminance, as little as it takes.

    linear: HxWx3, any finite values. Y of BT.709 stays as it is (clipped to 0–1) and so does the dominant wavelength;
    clipping channel by channel would change both.
    """
    y = np.clip(luminance(linear), 0, 1)
    channels = linear[..., 0], linear[..., 1], linear[..., 2]
    largest = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    smallest = np.minimum(np.minimum(channels[0], channels[1]), channels[2])
    tiny = np.float32(1e-6)
    keep = np.minimum((1 - y) / np.maximum(largest - y, tiny), y / np.maximum(y - smallest, tiny))
    keep = np.minimum(keep, 1, out=keep)
    result: Array = linear * keep[..., None]
    result += (y - keep * y)[..., None]
    return np.clip(result, 0, 1, out=result)


def rgb_to_xyz(linear: Array) -> Array:
    """CIE 1931 XYZ (D65, 2°, white at Y = 1) of linear RGB, HxWx3."""
    return np.asarray(cv2.transform(linear, XYZ_FROM_RGB))


def xyz_to_rgb(xyz: Array) -> Array:
    """Linear RGB of XYZ, HxWx3; may leave 0–1."""
    return np.asarray(cv2.transform(xyz, RGB_FROM_XYZ))


def xyz_to_lab(xyz: Array) -> Array:
    """CIE 1976 L*a*b* (D65, 2°) of XYZ, HxWx3: L* in 0–100, a* and b* about -128 to 127 (CIE 15)."""
    ratio = np.maximum(xyz / WHITE_D65, 0)
    f = power(ratio, 1 / 3)
    np.copyto(f, (np.float32(LAB_KAPPA) * ratio + 16) / 116, where=ratio <= np.float32(LAB_EPSILON))
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def lab_to_xyz(lab: Array) -> Array:
    """XYZ of CIE 1976 L*a*b* (D65, 2°), HxWx3: the inverse of `xyz_to_lab`."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack((y + lab[..., 1] / 500, y, y - lab[..., 2] / 200), axis=-1)
    cubes = f * f * f
    linear = (116 * f - 16) / np.float32(LAB_KAPPA)
    return np.maximum(np.where(cubes > np.float32(LAB_EPSILON), cubes, linear), 0) * WHITE_D65


def rgb_to_lab(image: Array) -> Array:
    """L*a*b* of sRGB-encoded values in 0–1, HxWx3. Reference: ``skimage.color.rgb2lab``."""
    return xyz_to_lab(rgb_to_xyz(srgb_to_linear(image)))


def lab_to_rgb(lab: Array) -> Array:
    """sRGB-encoded values of L*a*b*, HxWx3, at least 0; above 1 where the colour lies outside of sRGB."""
    return linear_to_srgb(xyz_to_rgb(lab_to_xyz(lab)))


def linear_to_oklab(linear: Array) -> Array:
    """Oklab of linear RGB at least 0, HxWx3: L in 0–1, a and b about -0.4 to 0.4 (Ottosson 2020)."""
    lms = np.asarray(cv2.transform(linear, OKLAB_LMS_FROM_RGB))
    return np.asarray(cv2.transform(power(np.maximum(lms, 0), 1 / 3), OKLAB_FROM_ROOTS))


def oklab_to_linear(oklab: Array) -> Array:
    """Linear RGB of Oklab, HxWx3: the inverse of `linear_to_oklab`; leaves 0–1 where the colour is outside of sRGB."""
    roots = np.asarray(cv2.transform(oklab, ROOTS_FROM_OKLAB))
    return np.asarray(cv2.transform(roots * roots * roots, RGB_FROM_OKLAB_LMS))
