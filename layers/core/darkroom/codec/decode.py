"""Bytes to a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PIL.ImageFile import ImageFile

from darkroom.codec import coding, color, cut, gain_map, mapped_items, metadata, pixels, whole
from darkroom.codec.contents import Contents
from darkroom.codec.header import Header, open_source
from darkroom.errors import ImageRejected
from darkroom.limits import Limits
from darkroom.picture import Array, GainMap, Metadata, Picture

_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})


def decode(
    data: bytes | bytearray | memoryview,
    *,
    limits: Limits | None = None,
    keep_gps: bool = False,
    animation: Literal["first", "reject"] = "first",
    partial: Literal["reject", "accept"] = "reject",
) -> Picture:
    """The picture in a file: sRGB, upright, alpha apart, uint8, or uint16 where the source has more than 8 bits.

    Reads JPEG (grey, colour, CMYK), PNG, WebP, TIFF (CMYK and L*a*b* too), BMP, GIF, HEIC and AVIF. Of an animation or
    a file of several pages the first picture is taken (of HEIC the primary one), and a note says so; with
    ``animation="reject"`` an animation is rejected. 16-bit CMYK comes out in 8 bits, floating point (0 to 1) in 16,
    with a note. Colour is what the file says it is: by ICC profile, code points (PNG's cICP, ``colr`` of AVIF and HEIC,
    or AVIF's bitstream), gAMA and cHRM, or EXIF; high dynamic range (PQ, HLG) is shown with reference white as white,
    and lighter light goes to white.

    The metadata's `exif`, `xmp` and `iptc` have neither orientation nor (unless `keep_gps`) where the photo was taken;
    `icc` is None, as the pixels are sRGB. What cannot be carried into a result is told in the notes.

    Raises `ImageRejected` for whatever is wrong with the file, among it missing pixels, unless they are accepted as far
    as they go (``partial="accept"``; JPEG, PNG, and BMP and TIFF that are not packed); limits apply before any pixel is
    decoded.
    """
    data = _as_bytes(data)
    source = open_source(data, limits or Limits())
    header = source.header
    if animation == "reject" and header.frames > 1 and header.format in _ANIMATED:
        raise ImageRejected("animated", f"the {header.format} is an animation of {header.frames} frames")
    parts = source.contents
    essence = parts.essence
    damage = whole.check(header.format, data, parts, partial=partial == "accept")
    if parts.essence is not essence and isinstance(source.image, ImageFile):
        source = replace(source, image=source.reopen())
    with cut.told(header.format, data, parts):
        try:
            raster = pixels.load(source)
        except ImageRejected:
            if not (mended := whole.mended(header.format, parts)):
                raise
            damage = (*damage, mended)
            raster = pixels.load(replace(source, image=source.reopen()))
    _check_size(raster.pixels, header)
    turn = 1 if raster.turned else header.orientation
    rgb, color_notes = color.to_srgb(raster.pixels, raster.model, parts.profile, parts.space)
    carried = metadata.carried(parts.baggage, place=keep_gps)
    stood = pixels.upright(rgb, turn)
    gain, why = _gain_map(header.format, parts, stood, turn)
    return Picture(
        stood,
        None if raster.alpha is None else pixels.upright(raster.alpha, turn),
        Metadata(
            exif=carried.exif,
            xmp=carried.xmp,
            iptc=carried.iptc,
            text=carried.text,
            coding=coding.of(source, len(data)),
            dpi=_upright_dpi(header),
            source_format=header.format,
            gain_map=gain,
            notes=(*_frame_notes(header), *damage, *parts.notes, *raster.notes, *color_notes, *carried.notes, *why),
        ),
    )


def _as_bytes(data: object) -> bytes:
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise ImageRejected(
        "not-an-image",
        f"a file's bytes are decoded, not {type(data).__name__}; darkroom.enhance takes paths and open files, too",
    )


def _gain_map(name: str, parts: Contents, pixels: Array, turn: int) -> tuple[GainMap | None, tuple[str, ...]]:
    """The picture's gain map, or why it goes."""
    data = parts.gain_map
    if parts.has_mapped_item:
        if parts.is_hdr:
            return None, ("the gain map (HDR) was left out: it holds for the picture of high dynamic range",)
        data = mapped_items.as_jpeg(name, parts.parsed)
        if not data:
            return None, gain_map.BROKEN
    return gain_map.of(data, pixels, turn, srgb=parts.is_srgb) if data else (None, ())


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
