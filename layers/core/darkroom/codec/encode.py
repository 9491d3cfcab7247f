"""A picture to bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from darkroom.codec import icc, metadata, png, tiff
from darkroom.codec.color import to_eight_bits
from darkroom.codec.formats import SIXTEEN_BIT, check_output
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.picture import Array, Metadata, Picture
from darkroom.step import BAND_PIXELS

QUALITY = 90

FULL_CHROMA_FROM = 90
"""The JPEG quality from which colour is stored at full resolution (4:4:4); below it at half (4:2:0)."""

MAX_SIDE: Mapping[str, int] = {"jpeg": 65_500, "webp": 16_383, "avif": 32_768}
"""Longest side in px that a format can hold, or its usual library (libjpeg, libwebp, libavif) will write or read."""

_WEBP_METHOD = 4
_AVIF_SPEED = 6
_RELATIVE_COLORIMETRIC = b"\x01"


def encode(picture: Picture, format: str, *, quality: int | None = None) -> bytes:
    """A file of the picture, in "jpeg", "png", "webp", "tiff" or "avif".

    quality: 1–100 for the lossy formats, 90 by default; PNG and TIFF are lossless and ignore it.

    JPEG is progressive (all but noise), has full colour resolution from quality 90, and no alpha: the picture is laid
    over white. PNG and TIFF keep 16 bits; elsewhere 16 bits are rounded to 8. EXIF (never with an orientation) and
    resolution are written as the metadata says (WebP and AVIF have resolution in EXIF alone), and every file is tagged
    with its colour space: the metadata's ICC profile, or sRGB. Equal pictures make equal bytes.

    Raises `RecipeInvalid` for an unknown format or quality, `ImageRejected` for a picture too large for the format.
    """
    check_output(format)
    if quality is None:
        quality = QUALITY
    elif not (isinstance(quality, int) and 1 <= quality <= 100):
        raise RecipeInvalid("bad-quality", f"quality is {quality!r} but must be a whole number of 1 to 100")
    side = max(picture.width, picture.height)
    if side > MAX_SIDE.get(format, side):
        raise ImageRejected(
            "too-large-side",
            f"the picture is {picture.width}x{picture.height} px; {format} holds {MAX_SIDE[format]:,} px a side",
        )
    pixels, alpha = picture.pixels, picture.alpha
    if format not in SIXTEEN_BIT:
        pixels = to_eight_bits(pixels)
        alpha = None if alpha is None else to_eight_bits(alpha)
    match format:
        case "jpeg":
            return _jpeg(pixels, alpha, picture.metadata, quality)
        case "png":
            return _png(pixels, alpha, picture.metadata)
        case "tiff":
            return _tiff(pixels, alpha, picture.metadata)
        case "webp":
            return _webp(pixels, alpha, picture.metadata, quality)
    return _avif(pixels, alpha, picture.metadata, quality)


def _jpeg(pixels: Array, alpha: Array | None, meta: Metadata, quality: int) -> bytes:
    if alpha is not None:
        pixels = over_white(pixels, alpha)
    options = {
        "quality": quality,
        "subsampling": "4:4:4" if quality >= FULL_CHROMA_FROM else "4:2:0",
        "icc_profile": _profile(meta, gray=pixels.ndim == 2),
        "exif": _exif(meta) or b"",
        **({"dpi": meta.dpi} if meta.dpi else {}),
    }
    try:
        return _save(pixels, "JPEG", progressive=True, optimize=True, **options)
    except OSError:
        # Pillow has room for a byte per pixel (two from quality 95), which noise can exceed. Baseline needs none.
        return _save(pixels, "JPEG", **options)


def _png(pixels: Array, alpha: Array | None, meta: Metadata) -> bytes:
    exif = _exif(meta)
    if pixels.dtype == np.uint16:
        block = exif.removeprefix(metadata.PREFIX) if exif else None
        return png.sixteen_bit(pixels, alpha, icc=meta.icc, exif=block, dpi=meta.dpi)
    chunks = PngInfo()
    if meta.icc is None:
        chunks.add(b"sRGB", _RELATIVE_COLORIMETRIC)
    more: dict[str, Any] = {"dpi": meta.dpi} if meta.dpi else {}
    if exif:
        more["exif"] = exif
    return _save(_joined(pixels, alpha, gray=True), "PNG", pnginfo=chunks, icc_profile=meta.icc, **more)


def _tiff(pixels: Array, alpha: Array | None, meta: Metadata) -> bytes:
    if alpha is not None and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)  # few readers know grey with alpha, and fewer in 16 bits
    return tiff.write(
        pixels,
        alpha,
        icc=_profile(meta, gray=pixels.ndim == 2),
        exif=metadata.write(meta.exif, meta.dpi),
    )


def _webp(pixels: Array, alpha: Array | None, meta: Metadata, quality: int) -> bytes:
    # WebP has no grey: what is written is RGB, and so must the profile be.
    return _save(
        _joined(pixels, alpha, gray=False),
        "WEBP",
        quality=quality,
        method=_WEBP_METHOD,
        icc_profile=meta.icc or icc.srgb_profile(),
        exif=_exif(meta, with_dpi=True) or b"",
    )


def _avif(pixels: Array, alpha: Array | None, meta: Metadata, quality: int) -> bytes:
    # Without a profile the file names sRGB by number (CICP).
    return _save(
        _joined(pixels, alpha, gray=False),
        "AVIF",
        quality=quality,
        speed=_AVIF_SPEED,
        subsampling="4:4:4" if quality >= FULL_CHROMA_FROM else "4:2:0",
        icc_profile=meta.icc,
        exif=_exif(meta, with_dpi=True) or b"",
    )


def over_white(pixels: Array, alpha: Array) -> Array:
    """uint8 pixels laid over white by their straight alpha, on encoded values as browsers do; rounded."""
    result = np.empty_like(pixels)
    rows = max(BAND_PIXELS // pixels.shape[1], 1)
    for top in range(0, len(pixels), rows):
        band = pixels[top : top + rows].astype(np.uint32)
        share = alpha[top : top + rows].astype(np.uint32)
        share = share if band.ndim == 2 else share[..., None]
        result[top : top + rows] = (band * share + 255 * (255 - share) + 127) // 255
    return result


def _joined(pixels: Array, alpha: Array | None, *, gray: bool) -> Array:
    """L, LA (both if `gray`), RGB or RGBA in one array."""
    if alpha is None:
        return pixels
    if pixels.ndim == 2 and not gray:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.dstack((pixels, alpha))


def _profile(meta: Metadata, *, gray: bool) -> bytes:
    return meta.icc or (icc.srgb_gray_profile() if gray else icc.srgb_profile())


def _exif(meta: Metadata, *, with_dpi: bool = False) -> bytes | None:
    """The EXIF block with its prefix; None where there is nothing to say (that the container does not say itself)."""
    if meta.exif is None and not (with_dpi and meta.dpi):
        return None
    return metadata.write(meta.exif, meta.dpi).tobytes()


def _save(image: Array, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, format, **options)
    return file.getvalue()
