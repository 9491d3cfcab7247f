"""How near a picture is to another: PSNR, SSIM and ΔE00."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from darkroom.picture import Array

IDENTICAL_DB = 60.0
"""The PSNR of identical pictures, and the most that any has: one without bound would make every mean infinite."""


def psnr(image: Array, original: Array) -> float:
    """Peak signal-to-noise ratio over all samples of two HxWx3 uint8, dB, at most IDENTICAL_DB."""
    _check(image, original)
    error = float(np.square(np.subtract(image, original, dtype=np.float32)).mean(dtype=np.float64))
    return min(IDENTICAL_DB, 10 * np.log10(255**2 / error)) if error else IDENTICAL_DB


def ssim(image: Array, original: Array) -> float:
    """Mean structural similarity of the luma (BT.601) of two HxWx3 uint8, at least 11x11 px; 1 for identical.

    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity",
    2004: Gaussian window of 11x11 px with a standard deviation of 1.5, K1 = 0.01, K2 = 0.03, windows inside only.
    """
    _check(image, original)
    one, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (image, original))
    mean_one, mean_other = _window(one), _window(other)
    var_one, var_other = _window(one * one) - mean_one**2, _window(other * other) - mean_other**2
    covariance = _window(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    structure = (2 * covariance + c2) / (var_one + var_other + c2)
    return float((structure * (2 * mean_one * mean_other + c1) / (mean_one**2 + mean_other**2 + c1)).mean())


def delta_e(image: Array, original: Array) -> float:
    """Mean colour difference CIEDE2000 of two HxWx3 uint8 in sRGB; 1 is about the least that is seen."""
    _check(image, original)
    one, other = (rgb2lab(picture.astype(np.float32) / 255) for picture in (image, original))
    return float(deltaE_ciede2000(one, other).mean(dtype=np.float64))


def _window(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5)[5:-5, 5:-5], np.float64)


def _check(image: Array, original: Array) -> None:
    for picture in (image, original):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"a picture is HxWx3 uint8, not {picture.dtype} {picture.shape}")
    if image.shape != original.shape:
        raise ValueError(
            f"{image.shape[1]}x{image.shape[0]} px cannot be held against the original's "
            f"{original.shape[1]}x{original.shape[0]} px"
        )
