"""A picture to bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from darkroom.codec import coding, embed, exif, gain_map, icc, metadata, png, tiff
from darkroom.codec.color import to_eight_bits
from darkroom.codec.formats import SIXTEEN_BIT, check_output, usual
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.kernels import loops
from darkroom.picture import Array, Coding, Metadata, Picture, without_float64
from darkroom.step import BAND_PIXELS, check_array, from_float

QUALITY = 90

FULL_CHROMA_FROM = 90
"""The quality from which colour is stored at full resolution (4:4:4), and below it at half (4:2:0)."""

MAX_SIDE: Mapping[str, int] = {"jpeg": 65_500, "webp": 16_383, "avif": 32_768}
"""Longest side in px that a format can hold, or its usual library (libjpeg, libwebp, libavif) will write or read."""

_WEBP_METHOD = 4
_AVIF_SPEED = 6
_RELATIVE_COLORIMETRIC = b"\x01"


def encode(picture: Picture | Array, format: str, *, quality: int | None = None, progressive: bool = False) -> bytes:
    """A file of the picture, in "jpeg", "png", "webp", "tiff" or "avif" ("JPG" and ".tif" are understood).

    picture: a `Picture`, or an array HxW, HxWx3 or HxWx4 of ``uint8``, ``uint16``, or ``float32`` in 0–1, which is
        written with 16 bits where the format has them. ``float64`` is taken as ``float32``, with a warning.

    quality: 1–100 for the lossy formats; PNG and TIFF are lossless and ignore it (but a TIFF of one that JPEG or WebP
        packed, of 8 bits and without alpha, is packed by JPEG again, as coarsely as its source). None follows the
        source: a JPEG made of a JPEG has its quantization tables (a little coarser from `coding.WANTED` times its bytes
        per pixel on) and subsampling, a WebP of a lossless WebP is lossless, and no lossy result has more than
        `coding.MOST` times the bytes per pixel that a lossy source had, if that can be. Otherwise it is 90.

        A JPEG made of one has its subsampling at any quality, any other by `FULL_CHROMA_FROM`.

    progressive: whether a JPEG appears coarse first and has tables of its own (all but noise). A baseline one, with the
        standard's tables, holds the same pixels in a few more bytes, and is written in a fraction of the time.

    JPEG has no alpha: the picture is laid over white. PNG and TIFF keep 16 bits,
    and the palette or single bit that the source had if no more colours are there; elsewhere 16 bits are rounded to 8.
    EXIF (never with an orientation), XMP, IPTC, text and resolution are written as the metadata says, where the format
    has a place for them (see `omitted`), and every file is tagged with its colour space: the metadata's ICC profile,
    or sRGB. Equal pictures make equal bytes.

    Raises `RecipeInvalid` for an unknown format or quality, `ImageRejected` for a picture too large for the format.
    """
    format = usual(format)
    check_output(format)
    if not isinstance(picture, Picture):
        picture = as_picture(without_float64(picture))
    if quality is not None and not (isinstance(quality, int) and 1 <= quality <= 100):
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
            if picture.metadata.gain_map is None or gain_map.omitted(picture, format):
                return _jpeg(pixels, alpha, picture.metadata, quality, progressive)
            meta = replace(picture.metadata, xmp=gain_map.packet(picture.metadata))
            return gain_map.joined(_jpeg(pixels, alpha, meta, quality, progressive), picture.metadata.gain_map)
        case "png":
            return _png(pixels, alpha, picture.metadata)
        case "tiff":
            return _tiff(pixels, alpha, picture.metadata)
        case "webp":
            return _webp(pixels, alpha, picture.metadata, quality)
    return _avif(pixels, alpha, picture.metadata, quality)


def as_picture(array: Array) -> Picture:
    """The picture of an array; one of ``float32`` gets ``uint16``. Raises `ImageRejected`, see `check_array`."""
    check_array(array)
    return Picture.from_array(from_float(array.copy(), np.dtype(np.uint16)) if array.dtype == np.float32 else array)


def _jpeg(pixels: Array, alpha: Array | None, meta: Metadata, quality: int | None, progressive: bool) -> bytes:
    if alpha is not None:
        pixels = over_white(pixels, alpha)
    options: dict[str, Any] = {
        "icc_profile": _profile(meta, gray=pixels.ndim == 2),
        "exif": _exif(meta, pixels) or b"",
        "xmp": meta.xmp or b"",
        "extra": embed.jpeg_iptc(meta.iptc),
        "comment": embed.comment(meta.text) or b"",
        **({"dpi": meta.dpi} if meta.dpi else {}),
    }

    def write(setting: dict[str, Any]) -> bytes:
        if setting["optimize"]:
            # Pillow has room for a byte per pixel (two from quality 95), which noise can exceed. Usual codes need none.
            with suppress(OSError):
                return _save(pixels, "JPEG", progressive=progressive, **setting, **options)
        return _save(pixels, "JPEG", **{**setting, "optimize": False}, **options)

    settings = _jpeg_settings(meta.coding, quality)
    tried = [({**setting, "optimize": True}, most) for setting, most in settings]
    if not progressive:  # codes of its own take a second pass: only where it would be larger than its source
        tried.insert(0, ({**settings[0][0], "optimize": False}, coding.AS_LARGE))
    return coding.fitted(write, tried, _share(meta, pixels, quality))


def _jpeg_settings(source: Coding | None, quality: int | None) -> list[tuple[dict[str, Any], float]]:
    """From fine to coarse, each as long as the result has more than so many times the source's bytes per pixel."""
    sampling = source.subsampling if source is not None else ""
    if quality is None and source is not None and source.tables and sampling:
        return [
            ({"qtables": coding.scaled(source.tables, factor), "subsampling": sampling}, most)
            for factor, most in coding.FACTORS
        ]
    return [
        ({"quality": value, "subsampling": sampling or _subsampling(value)}, most)
        for value, most in _qualities(quality)
    ]


def _png(pixels: Array, alpha: Array | None, meta: Metadata) -> bytes:
    block = _exif(meta, pixels)
    if pixels.dtype == np.uint16:
        more = embed.png_chunks(meta)
        block = block.removeprefix(exif.PREFIX) if block else None
        return png.sixteen_bit(pixels, alpha, icc=meta.icc, exif=block, dpi=meta.dpi, more=more)
    chunks = embed.png_info(meta)
    if meta.icc is None:
        chunks.add(b"sRGB", _RELATIVE_COLORIMETRIC)
    options: dict[str, Any] = {"pnginfo": chunks, "icc_profile": meta.icc, **({"dpi": meta.dpi} if meta.dpi else {})}
    if block:
        options["exif"] = block
    joined = _joined(pixels, alpha, gray=True)
    image = embed.with_few_colors(joined, meta.coding) if meta.coding else None
    if image is not None:
        return _write(image, "PNG", **options)
    return _save(joined, "PNG", **options)


def _tiff(pixels: Array, alpha: Array | None, meta: Metadata) -> bytes:
    if alpha is not None and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)  # few readers know grey with alpha, and fewer in 16 bits
    height, width = pixels.shape[:2]
    source = meta.coding
    options: dict[str, Any] = {
        "icc": _profile(meta, gray=pixels.ndim == 2),
        "block": metadata.write(meta.exif, meta.dpi, width, height),
        "xmp": meta.xmp,
        "iptc": meta.iptc,
    }
    lossy = meta.source_format == "TIFF" and source is not None and not source.lossless
    if lossy and alpha is None and pixels.dtype == np.uint8 and max(width, height) <= MAX_SIDE["jpeg"]:

        def packed(setting: dict[str, Any]) -> bytes:
            body = _save(pixels, "JPEG", optimize=True, **setting)
            return tiff.write(pixels, None, jpeg=body, sampling=coding.SAMPLING[setting["subsampling"]], **options)

        return coding.fitted(packed, _jpeg_settings(source, None), _share(meta, pixels, None))
    bilevel = alpha is None and source is not None and embed.is_bilevel(pixels, source)
    return tiff.write(pixels, alpha, bilevel=bilevel, **options)


def _webp(pixels: Array, alpha: Array | None, meta: Metadata, quality: int | None) -> bytes:
    # WebP has no grey: what is written is RGB, and so must the profile be.
    joined = _joined(pixels, alpha, gray=False)
    options: dict[str, Any] = {
        "method": _WEBP_METHOD,
        "icc_profile": meta.icc or icc.srgb_profile(),
        "exif": _exif(meta, pixels, with_dpi=True) or b"",
        "xmp": meta.xmp or b"",
    }
    if quality is None and meta.source_format == "WEBP" and meta.coding is not None and meta.coding.lossless:
        return _save(joined, "WEBP", lossless=True, **options)
    write = lambda value: _save(joined, "WEBP", quality=value, **options)  # noqa: E731
    return coding.fitted(write, _qualities(quality), _share(meta, pixels, quality))


def _avif(pixels: Array, alpha: Array | None, meta: Metadata, quality: int | None) -> bytes:
    # Without a profile the file names sRGB by number (CICP).
    joined = _joined(pixels, alpha, gray=False)
    options: dict[str, Any] = {
        "speed": _AVIF_SPEED,
        "icc_profile": meta.icc,
        "exif": _exif(meta, pixels, with_dpi=True) or b"",
        "xmp": meta.xmp or b"",
    }
    write = lambda value: _save(joined, "AVIF", quality=value, subsampling=_subsampling(value), **options)  # noqa: E731
    return coding.fitted(write, _qualities(quality), _share(meta, pixels, quality))


def _qualities(quality: int | None) -> list[tuple[int, float]]:
    """What was asked for; else the usual one, and coarser ones for sources that were stored more coarsely."""
    values = [quality] if quality is not None else [QUALITY, 80, 70, coding.LEAST_QUALITY]
    return [(value, coding.MOST) for value in values]


def _share(meta: Metadata, pixels: Array, quality: int | None) -> float | None:
    return coding.share(meta, pixels.shape[0] * pixels.shape[1]) if quality is None else None


def _subsampling(quality: int) -> str:
    return "4:4:4" if quality >= FULL_CHROMA_FROM else "4:2:0"


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


def _exif(meta: Metadata, pixels: Array, *, with_dpi: bool = False) -> bytes | None:
    """The EXIF block with its prefix; None where there is nothing to say (that the container does not say itself)."""
    if meta.exif is None and not (with_dpi and meta.dpi):
        return None
    height, width = pixels.shape[:2]
    block = metadata.write(meta.exif, meta.dpi, width, height)
    return None if block is None else exif.PREFIX + block


def _save(image: Array, format: str, **options: Any) -> bytes:
    image = np.ascontiguousarray(image)
    if format == "JPEG" and image.ndim == 3 and loops.available():
        # Pillow keeps four bytes a pixel: of an array that has them it needs no copy, in small pages of its own.
        size = image.shape[1], image.shape[0]
        return _write(Image.frombuffer("RGBX", size, loops.widen_pixels(image), "raw", "RGBX", 0, 1), format, **options)
    return _write(Image.fromarray(image), format, **options)


def _write(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()
