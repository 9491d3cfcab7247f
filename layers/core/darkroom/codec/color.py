"""Colour management: whatever a file's numbers mean, they become sRGB."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

from darkroom.codec import cicp, icc
from darkroom.codec.cicp import Space
from darkroom.codec.icc import Profile, ProfileError
from darkroom.picture import Array
from darkroom.step import BAND_PIXELS

_SPACES = {"gray": ("GRAY", "RGB"), "rgb": ("RGB",), "cmyk": ("CMYK",)}
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(
    pixels: Array, model: str, profile: bytes | None, space: Space | None = None
) -> tuple[Array, tuple[str, ...]]:
    """Pixels in sRGB, and notes on what was done.

    pixels: HxW ("gray"), HxWx3 ("rgb", or "lab": CIE L*a*b* with 0 of a* and b* at 128 or 32768) or HxWx4 ("cmyk", 0 is
        no ink) of uint8 or uint16 (cmyk: uint8 alone).
    profile: the file's ICC profile.
    space: what the file says of its colours otherwise; heard where there is no profile, or one that is broken or of
        another colour model. Without either, grey and RGB are taken for sRGB and CMYK is converted by
        ``(1 - ink)(1 - black)``.

    Relative colorimetric with black point compensation; a profile that holds only a perceptual table gives that.
    Grey curves are tables of every level. Colour of 8 bits goes through LittleCMS; 16 bits stay 16 with profiles of
    matrix and curves (in float32 arithmetic), and with profiles of tables are reduced to 8, which the note says.
    """
    if model == "lab":  # needs no profile: its numbers are colours by themselves
        return _lab_to_srgb(pixels), ("converted from CIE L*a*b* to sRGB",)
    if profile is None:
        return _without_profile(pixels, model, space)
    try:
        parsed = icc.parse(profile)
        if parsed.space not in _SPACES[model]:
            raise ProfileError(f"it is for {parsed.space}, the picture is {model}")
        numbers = parsed.code_points()
        if numbers is not None and numbers[1] in (cicp.PQ, cicp.HLG) and model != "cmyk":
            # Tables of such profiles squeeze all of the range into sRGB's, each in its own way.
            return _without_profile(pixels, model, cicp.of_code_points(*numbers)[0])
        if parsed.is_srgb():
            return pixels, ()
        return _convert(pixels, parsed, profile)
    except (ProfileError, ImageCms.PyCMSError, OSError, ValueError) as error:
        ignored = f"the ICC profile was ignored: {error}"
    pixels, notes = _without_profile(pixels, model, space)
    return pixels, (ignored, *notes)


def _without_profile(pixels: Array, model: str, space: Space | None) -> tuple[Array, tuple[str, ...]]:
    if model == "cmyk":
        return _cmyk_by_formula(pixels)
    if space is None:
        return pixels, ()
    note = f"converted from {space.name} to sRGB"
    if space.hdr:
        note = f"high dynamic range {note}, white at {cicp.REFERENCE_WHITE:.0f} cd/m² (BT.2408)"
    return _space_to_srgb(pixels, space), (note,)


def _space_to_srgb(pixels: Array, space: Space) -> Array:
    """Curve, matrix, the display's function and the roll-off of high dynamic range, sRGB's curve; in bands."""
    white = np.iinfo(pixels.dtype).max
    encoded = np.linspace(0, 1, white + 1)
    if not space.full_range:
        encoded = np.clip((encoded * 255 - 16) / 219, 0, None)
    curve = space.curve(encoded if space.hdr else np.clip(encoded, 0, 1)).astype(np.float32)
    matrix, weights = space.to_srgb_matrix().T.astype(np.float32), space.luminance().astype(np.float32)
    result = np.empty_like(pixels)
    for rows in _bands(pixels):
        band = pixels[rows]
        light = curve[band if band.ndim == 3 else np.repeat(band[..., None], 3, axis=2)]
        if space.hdr == "hlg":
            light = cicp.displayed(light, weights)
        if space.hdr:
            light = cicp.rolled_off(light)
        light = np.clip(light @ matrix, 0, 1)
        encoded = np.rint(icc.linear_to_srgb(light) * np.float32(white)).astype(pixels.dtype)
        result[rows] = encoded if band.ndim == 3 else encoded[..., 1]
    return result


def _lab_to_srgb(pixels: Array) -> Array:
    """L*a*b* relative to D50, as TIFF and ICC have it, in bands; a* and b* of 16 bits count 256ths."""
    white = np.iinfo(pixels.dtype).max
    middle = (white + 1) // 2
    matrix = np.linalg.inv(icc.SRGB_COLORANTS) @ np.diag(icc.SRGB_COLORANTS.sum(axis=1))
    matrix = matrix.T.astype(np.float32)
    result = np.empty_like(pixels)
    for rows in _bands(pixels):
        band = pixels[rows].astype(np.float32)
        lightness = band[..., 0] * np.float32(100 / white)
        a, b = ((band[..., place] - middle) * np.float32(128 / middle) for place in (1, 2))
        y = (lightness + 16) / 116
        roots = np.stack((y + a / 500, y, y - b / 200), axis=-1)
        light = np.where(roots > 6 / 29, roots**3, (roots - np.float32(4 / 29)) * np.float32(108 / 841))
        encoded = icc.linear_to_srgb(np.clip(light @ matrix, 0, 1))
        result[rows] = np.rint(encoded * np.float32(white)).astype(pixels.dtype)
    return result


def _convert(pixels: Array, profile: Profile, data: bytes) -> tuple[Array, tuple[str, ...]]:
    note = f"converted from {profile.description or 'an unnamed profile'} to sRGB"
    if profile.is_gray_curve:
        return _gray_to_srgb(pixels, profile), (note,)
    if pixels.dtype == np.uint16:
        if profile.is_matrix:
            return _matrix_to_srgb(pixels, profile), (note,)
        pixels = to_eight_bits(pixels)
        note += ", in 8 bits because the profile is made of tables"
    return _by_lcms(pixels, profile, data), (note,)


def _gray_to_srgb(pixels: Array, profile: Profile) -> Array:
    white = np.iinfo(pixels.dtype).max
    encoded = icc.linear_to_srgb(profile.curves(white + 1)[0])
    return np.asarray(np.rint(np.clip(encoded, 0, 1) * white).astype(pixels.dtype)[pixels])


def _matrix_to_srgb(pixels: Array, profile: Profile) -> Array:
    """Curve, matrix, clip to the gamut, sRGB's curve; in bands, so that floats stay few. Grey counts as R = G = B."""
    curves = [curve.astype(np.float32) for curve in profile.curves(65536)]
    matrix = np.linalg.inv(icc.SRGB_COLORANTS) @ profile.colorants()
    matrix /= matrix.sum(axis=1, keepdims=True)  # white is white, whatever the profiles' roundings
    matrix = matrix.T.astype(np.float32)
    result = np.empty_like(pixels)
    for rows in _bands(pixels):
        band = pixels[rows]
        channels = [band] * 3 if band.ndim == 2 else [band[..., i] for i in range(3)]
        linear = np.stack([curve[channel] for curve, channel in zip(curves, channels, strict=True)], axis=-1) @ matrix
        encoded = np.rint(icc.linear_to_srgb(np.clip(linear, 0, 1, out=linear)) * np.float32(65535)).astype(np.uint16)
        result[rows] = encoded if band.ndim == 3 else encoded[..., 1]
    return result


def _by_lcms(pixels: Array, profile: Profile, data: bytes) -> Array:
    mode = _MODES[profile.space]
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(data)),
        ImageCms.ImageCmsProfile(io.BytesIO(icc.srgb_profile())),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    gray = pixels.ndim == 2
    result = np.empty(pixels.shape if gray else (*pixels.shape[:2], 3), dtype=np.uint8)
    for rows in _bands(pixels):
        band = Image.fromarray(pixels[rows], mode="CMYK" if mode == "CMYK" else None)
        converted = transform.apply(band if band.mode == mode else band.convert(mode))
        result[rows] = np.asarray(converted)[..., 1] if gray else np.asarray(converted)
    return result


def _cmyk_by_formula(pixels: Array) -> tuple[Array, tuple[str, ...]]:
    result = np.empty((*pixels.shape[:2], 3), dtype=np.uint8)
    for rows in _bands(pixels):
        paper = (255 - pixels[rows]).astype(np.uint32)
        result[rows] = (paper[..., :3] * paper[..., 3:] + 127) // 255
    return result, ("converted from CMYK without a profile: colours are approximate",)


def full_range(samples: Array, bits: int, dtype: type[np.uint8 | np.uint16]) -> Array:
    """Samples of so many bits (at most 16) in all levels of a type: white is its white, exactly rounded.

    What lies past their own white counts as that.
    """
    white, most = np.iinfo(dtype).max, (1 << bits) - 1
    if most == white == np.iinfo(samples.dtype).max:
        return samples.astype(dtype)
    table = ((np.arange(most + 1, dtype=np.uint64) * white + most // 2) // most).astype(dtype)
    return np.asarray(table.take(samples, mode="clip"))


def to_eight_bits(pixels: Array) -> Array:
    """16 bits to 8, rounded to the nearest level (65535 is 255)."""
    if pixels.dtype == np.uint8:
        return pixels
    result = np.empty(pixels.shape, dtype=np.uint8)
    for rows in _bands(pixels):
        result[rows] = (pixels[rows].astype(np.uint32) + 128) // 257
    return result


def _bands(pixels: Array) -> Iterator[slice]:
    height, width = pixels.shape[:2]
    rows = max(BAND_PIXELS // width, 1)
    for top in range(0, height, rows):
        yield slice(top, top + rows)
