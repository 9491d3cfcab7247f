"""Pictures at another size: kernels, linear light and premultiplied alpha, for the steps that resize."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.errors import RecipeInvalid
from darkroom.limits import Limits
from darkroom.picture import Array
from darkroom.step import bands, from_float, max_level, to_float

Kernel = Literal["area", "bilinear", "bicubic", "lanczos"]

MAX_PIXELS = Limits().max_pixels
"""Of a result: what a picture may have when it comes in."""

# In Pillow all of them widen with the reduction, so that nothing aliases; OpenCV's do not.
_PILLOW_KERNELS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resample(
    color: Array, alpha: Array | None, size: tuple[int, int], kernel: Kernel, *, linear_light: bool
) -> tuple[Array, Array | None]:
    """The picture at `size` (width, height in px), stretched to it.

    color: HxW or HxWx3 of any dtype; alpha: HxW of the same dtype or None. Returns both in that dtype. Colour counts by
    its alpha (it is premultiplied in between), so that the colour of transparent pixels does not show at edges.
    linear_light: mix light, as a lens or an eye would, not sRGB's encoded values.

    Takes 20 bytes per pixel of the larger of input and result, at most, besides them.
    """
    result = np.empty((size[1], size[0], *color.shape[2:]), color.dtype)
    planes = resampled_planes(color, alpha, size, kernel, linear_light=linear_light)
    for c, plane in enumerate(planes):
        into = result if color.ndim == 2 else result[..., c]
        for rows, _, _ in bands(plane.shape, 0):
            into[rows] = from_float(linear_to_srgb(plane[rows]) if linear_light else plane[rows], color.dtype)
    return result, resample_alpha(alpha, size, kernel)


def resampled_planes(
    color: Array, alpha: Array | None, size: tuple[int, int], kernel: Kernel, *, linear_light: bool
) -> Iterator[Array]:
    """The channels of the picture at `size` one by one, HxW float32, in linear light if asked; see `resample`."""
    opacity = None
    if alpha is not None and alpha.min() < max_level(alpha.dtype):
        opacity = to_float(alpha)
        # Half a 16-bit level: what is more transparent than that has no colour to speak of.
        divisor = np.maximum(resample_plane(opacity, size, kernel), np.float32(0.5 / 65535))
    for c in range(1 if color.ndim == 2 else 3):
        plane = np.ascontiguousarray(color if color.ndim == 2 else color[..., c])
        plane = srgb_to_linear(plane) if linear_light else to_float(plane)
        if opacity is None:
            yield resample_plane(plane, size, kernel)
        else:
            plane *= opacity
            yield np.clip(resample_plane(plane, size, kernel) / divisor, 0, 1)


def resample_alpha(alpha: Array | None, size: tuple[int, int], kernel: Kernel) -> Array | None:
    """The alpha plane at `size`, in its own dtype."""
    return None if alpha is None else from_float(resample_plane(to_float(alpha), size, kernel), alpha.dtype)


def resample_plane(plane: Array, size: tuple[int, int], kernel: Kernel) -> Array:
    """One plane, HxW float32, at `size` (width, height in px). Values may overshoot by bicubic and lanczos.

    area: the mean of the input over each new pixel's area, exactly (also where that is a part of one pixel).
    bilinear, bicubic (a = -0.5, Keys 1981), lanczos (three lobes): as in Pillow, widened by the factor of a reduction.
    """
    if kernel == "area":
        # OpenCV's area mode is exact if both sides shrink or both grow, so mixed cases go side by side.
        narrowed = (min(size[0], plane.shape[1]), min(size[1], plane.shape[0]))
        for target in (narrowed, size):
            if plane.shape[1::-1] != target:
                plane = cv2.resize(plane, target, interpolation=cv2.INTER_AREA)
        return plane
    resized = Image.fromarray(plane).resize(size, _PILLOW_KERNELS[kernel])
    result = np.empty(size[::-1], np.float32)
    for rows, _, _ in bands(result.shape, 0):  # Pillow hands out pixels by way of two copies
        result[rows] = resized.crop((0, rows.start, size[0], rows.stop))
    return result


def check_pixels(size: tuple[int, int], of: str) -> None:
    """Raise `RecipeInvalid` where a result of `size` (width, height in px) is more than a picture may have."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise RecipeInvalid(
            "too-many-pixels",
            f"step '{of}' would make {width}x{height} = {width * height:,} px; at most {MAX_PIXELS:,} are allowed",
        )
