"""The nearest call of OpenCV, scikit-image or SciPy to each step: what its speed is held against.

Nearest in work, not in result: most do less (one dtype, no guard of hue, halo or gamut). A step without a near call is
not listed. Each gets an RGB picture of ``uint8`` and the step's parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from darkroom.picture import Array

Peer = Callable[[Array, Any], object]


def _on_luma(change: Callable[[Array], Array]) -> Peer:
    def peer(image: Array, _: Any) -> object:
        ycc = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
        ycc[..., 0] = change(np.ascontiguousarray(ycc[..., 0]))
        return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)

    return peer


def _gray(image: Array) -> Array:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _unsharp(image: Array, p: Any) -> object:
    return cv2.addWeighted(image, 1 + p.amount, cv2.GaussianBlur(image, (0, 0), p.radius), -p.amount, 0)


def _sobel(image: Array, _: Any) -> object:
    return [cv2.Sobel(image, cv2.CV_16S, dx, 1 - dx) for dx in (0, 1)]


def _richardson_lucy(image: Array, p: Any) -> object:
    from skimage.restoration import richardson_lucy

    psf = np.eye(int(p.length or 7))
    return [richardson_lucy(channel, psf / psf.sum(), 30) for channel in np.moveaxis(image / np.float32(255), 2, 0)]


def _wiener(image: Array, _: Any) -> object:
    from skimage.restoration import wiener

    psf = cv2.getGaussianKernel(9, 1.5) @ cv2.getGaussianKernel(9, 1.5).T
    return [wiener(channel, psf, 0.01) for channel in np.moveaxis(image / np.float32(255), 2, 0)]


def _fourier(image: Array, _: Any) -> object:
    import scipy.fft

    planes = np.moveaxis(image.astype(np.float32), 2, 0)
    return [scipy.fft.irfft2(scipy.fft.rfft2(plane), plane.shape) for plane in planes]


def _grey_world(image: Array, _: Any) -> object:
    means = np.array(cv2.mean(image)[:3])
    return cv2.transform(image, np.diag(means.mean() / means))


def _rank_equalize(image: Array, p: Any) -> object:
    from skimage.filters import rank

    side = 2 * p.radius + 1
    return rank.equalize(_gray(image), np.ones((side, side), np.uint8))


def _match_histograms(image: Array, _: Any) -> object:
    from skimage.exposure import match_histograms

    return match_histograms(image, image[: len(image) // 2], channel_axis=2)


def _pca(image: Array, _: Any) -> object:
    pixels = image.reshape(-1, 3).astype(np.float32)
    mean, vectors = cv2.PCACompute(pixels, None)  # type: ignore[call-overload]
    return cv2.PCABackProject(cv2.PCAProject(pixels, mean, vectors), mean, vectors)


def _kmeans(image: Array, p: Any) -> object:
    stop = (cv2.TERM_CRITERIA_COUNT, 10, 0)
    return cv2.kmeans(image.reshape(-1, 3).astype(np.float32), p.k, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]


def _hsv(image: Array, _: Any) -> object:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 1] = cv2.convertScaleAbs(hsv[..., 1], None, 1.2)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def _rescale_intensity(image: Array, p: Any) -> object:
    from skimage.exposure import rescale_intensity

    return rescale_intensity(image, tuple(np.percentile(image, (p.low, p.high))))


def _sauvola(image: Array, p: Any) -> object:
    from skimage.filters import threshold_sauvola

    gray = _gray(image)
    return gray > threshold_sauvola(gray, p.window)


def _statistics(image: Array, _: Any) -> object:
    gray = _gray(image).astype(np.float32)
    return cv2.GaussianBlur(gray, (0, 0), 16), cv2.GaussianBlur(gray * gray, (0, 0), 16)


def _inpaint(image: Array, _: Any) -> object:
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[:, :: max(mask.shape[1] // 4, 1)] = 255
    return cv2.inpaint(image, mask, 4, cv2.INPAINT_TELEA)


TABLE = np.arange(255, -1, -1, dtype=np.uint8)

PEERS: dict[str, tuple[str, Peer]] = {
    "convert_color": ("cv2.cvtColor", lambda i, p: cv2.cvtColor(i, cv2.COLOR_RGB2LAB)),
    "extract_channel": ("cv2.cvtColor", lambda i, p: cv2.cvtColor(i, cv2.COLOR_RGB2LAB)[..., 0].copy()),
    "unsharp_mask": ("cv2.GaussianBlur, addWeighted", _unsharp),
    "sharpen_gradient": ("cv2.Sobel, both ways", _sobel),
    "gaussian_blur": ("cv2.GaussianBlur", lambda i, p: cv2.GaussianBlur(i, (0, 0), p.sigma)),
    "mean_blur": ("cv2.blur", lambda i, p: cv2.blur(i, (p.size, p.size))),
    "median_blur": ("cv2.medianBlur", lambda i, p: cv2.medianBlur(i, p.size)),
    "bilateral_filter": (
        "cv2.bilateralFilter",
        lambda i, p: cv2.bilateralFilter(i, 13, 3 * 255 * p.sigma_color, p.sigma_space),
    ),
    "remove_salt_pepper": ("cv2.medianBlur, 3 px", lambda i, p: cv2.medianBlur(i, 3)),
    "denoise": ("cv2.fastNlMeans…Colored", lambda i, p: cv2.fastNlMeansDenoisingColored(i, None, 10, 10)),
    "deblur_motion": ("skimage richardson_lucy", _richardson_lucy),
    "guided_filter": ("cv2.edgePreservingFilter", lambda i, p: cv2.edgePreservingFilter(i, flags=1, sigma_s=10)),
    "convolve": ("cv2.filter2D", lambda i, p: cv2.filter2D(i, -1, np.array(p.kernel))),
    "antialias": ("cv2.GaussianBlur", lambda i, p: cv2.GaussianBlur(i, (0, 0), p.factor / 2)),
    "resize": (
        "cv2.resize, INTER_AREA",
        lambda i, p: cv2.resize(i, (p.width, p.width * i.shape[0] // i.shape[1]), interpolation=cv2.INTER_AREA),
    ),
    "super_resolution": (
        "cv2.resize, INTER_CUBIC",
        lambda i, p: cv2.resize(i, None, fx=p.scale, fy=p.scale, interpolation=cv2.INTER_CUBIC),
    ),
    "white_balance": ("cv2.mean, transform", _grey_world),
    "equalize_global": ("cv2.equalizeHist on Y'", _on_luma(cv2.equalizeHist)),
    "equalize_local": ("skimage rank.equalize", _rank_equalize),
    "equalize_adaptive": ("cv2 CLAHE on Y'", _on_luma(lambda y: cv2.createCLAHE(2.0, (8, 8)).apply(y))),
    "adjust_distribution": ("skimage match_histograms", _match_histograms),
    "correct_spectrum_active": ("cv2.transform", lambda i, p: cv2.transform(i, np.eye(3))),
    "correct_spectrum_passive": ("cv2.transform", lambda i, p: cv2.transform(i, np.eye(3))),
    "correct_fourier": ("scipy.fft.rfft2, irfft2", _fourier),
    "correct_pca": ("cv2.PCACompute, project", _pca),
    "cluster_colors": ("cv2.kmeans, 10 rounds", _kmeans),
    "adjust_color": ("cv2.cvtColor, HSV and back", _hsv),
    "stretch_histogram": ("skimage rescale_intensity", _rescale_intensity),
    "enhance_histogram": ("cv2.equalizeHist on Y'", _on_luma(cv2.equalizeHist)),
    "stretch_linear": ("cv2.convertScaleAbs", lambda i, p: cv2.convertScaleAbs(i, None, 1.25, -25)),
    "stretch_nonlinear": ("cv2.LUT on Y'", _on_luma(lambda y: cv2.LUT(y, TABLE))),
    "stretch_local": ("cv2.detailEnhance", lambda i, p: cv2.detailEnhance(i)),
    "gamma": ("cv2.LUT", lambda i, p: cv2.LUT(i, TABLE)),
    "normalize_luminance": ("cv2.meanStdDev, LUT on Y'", _on_luma(lambda y: cv2.meanStdDev(y) and cv2.LUT(y, TABLE))),
    "normalize_local_response": ("cv2.GaussianBlur, twice", _statistics),
    "dilate_local": ("cv2.dilate", lambda i, p: cv2.dilate(i, np.ones((p.size, p.size), np.uint8))),
    "threshold_adaptive": ("skimage threshold_sauvola", _sauvola),
    "inpaint": ("cv2.inpaint", _inpaint),
    "deblur": ("skimage wiener", _wiener),
    "smooth_skin": ("cv2.bilateralFilter", lambda i, p: cv2.bilateralFilter(i, 9, 75, 75)),
    "stylize_avatar": ("cv2.stylization", lambda i, p: cv2.stylization(i)),
    "fit_display": (
        "cv2.resize, INTER_AREA",
        lambda i, p: cv2.resize(i, (1920, 1440), interpolation=cv2.INTER_AREA),
    ),
}
