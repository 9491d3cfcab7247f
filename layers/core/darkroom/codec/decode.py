"""Bytes to a picture."""

from __future__ import annotations

from typing import Literal

import numpy as np

from darkroom.codec import color, metadata, pixels
from darkroom.codec.containers import check_whole
from darkroom.codec.header import Header, open_source
from darkroom.errors import ImageRejected
from darkroom.limits import Limits
from darkroom.picture import Array, Metadata, Picture

_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})


def decode(
    data: bytes,
    *,
    limits: Limits | None = None,
    keep_gps: bool = False,
    animation: Literal["first", "reject"] = "first",
) -> Picture:
    """The picture in a file: sRGB, upright, alpha apart, uint8, or uint16 where the source has more than 8 bits.

    Reads JPEG (grey, colour, CMYK), PNG, WebP, TIFF, BMP, GIF, HEIC and AVIF. Of an animation or a file of several
    pages the first picture is taken (of HEIC the primary one), and a note says so; with ``animation="reject"`` an
    animation is rejected. 10-bit AVIF and 16-bit CMYK come out in 8 bits, with a note. PNG's gAMA and cHRM are ignored,
    as browsers and cameras agree on sRGB where no ICC profile speaks.

    The metadata's `exif` has neither orientation nor (unless `keep_gps`) GPS; `icc` is None, as the pixels are sRGB.

    Raises `ImageRejected` for whatever is wrong with the file, among it any truncation; limits apply before any pixel
    is decoded.
    """
    source = open_source(data, limits or Limits())
    header = source.header
    if animation == "reject" and header.frames > 1 and header.format in _ANIMATED:
        raise ImageRejected("animated", f"the {header.format} is an animation of {header.frames} frames")
    check_whole(header.format, data)
    raster = pixels.load(source)
    _check_size(raster.pixels, header)
    # TIFF's are turned as they are loaded, and HEIF's by the file's own instructions.
    turn = 1 if header.format in ("TIFF", "HEIF") else header.orientation
    rgb, color_notes = color.to_srgb(raster.pixels, raster.model, source.profile)
    exif, exif_note = metadata.keep(source.exif, gps=keep_gps)
    notes = (*_frame_notes(header), *raster.notes, *color_notes, *((exif_note,) if exif_note else ()))
    return Picture(
        upright(rgb, turn),
        None if raster.alpha is None else upright(raster.alpha, turn),
        Metadata(exif=exif, dpi=_upright_dpi(header), source_format=header.format, notes=notes),
    )


def upright(image: Array, orientation: int) -> Array:
    """An image stored with EXIF's orientation (1–8), turned and mirrored to stand upright. C-contiguous."""
    match orientation:
        case 2:
            image = image[:, ::-1]
        case 3:
            image = image[::-1, ::-1]
        case 4:
            image = image[::-1]
        case 5:
            image = image.swapaxes(0, 1)
        case 6:
            image = image[::-1].swapaxes(0, 1)
        case 7:
            image = image[::-1, ::-1].swapaxes(0, 1)
        case 8:
            image = image[:, ::-1].swapaxes(0, 1)
    return np.ascontiguousarray(image)


def _check_size(image: Array, header: Header) -> None:
    """Decoders may find a size other than the header's; the limits were applied to the header's."""
    height, width = image.shape[:2]
    if sorted((width, height)) != sorted((header.width, header.height)):
        raise ImageRejected(
            "broken", f"the {header.format} claims {header.width}x{header.height} px but holds {width}x{height}"
        )


def _frame_notes(header: Header) -> tuple[str, ...]:
    if header.frames == 1:
        return ()
    if header.format in _ANIMATED:
        return (f"first of {header.frames} frames",)
    return (f"{'primary' if header.format == 'HEIF' else 'first'} of {header.frames} pages",)


def _upright_dpi(header: Header) -> tuple[float, float] | None:
    if header.dpi is None or header.orientation < 5:
        return header.dpi
    return header.dpi[1], header.dpi[0]
