"""The last hand on a picture: blended with the original, encoded once, and described."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace
from PIL import Image

from darkroom import codec, sidecar
from darkroom.codec import xmp
from darkroom.picture import Array, Picture
from darkroom.report import File, Report
from darkroom.srgb import LUMA_WEIGHTS
from darkroom.step import from_float, max_level, to_float

BAND_ROWS = 256


def blend(original: Picture, enhanced: Picture, percent: int) -> Picture:
    """`percent` of the enhanced picture over the original, in encoded values; 100 is the enhanced picture itself.

    Where a step changed the size, or colour became grey, the original is brought to the enhanced picture's form first.
    """
    if percent == 100:
        return enhanced
    below = _like(original.pixels, enhanced.pixels)
    result = np.empty_like(enhanced.pixels)
    share = np.float32(percent / 100)
    for top in range(0, enhanced.height, BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        base = to_float(below[rows])
        result[rows] = from_float(base + share * (to_float(enhanced.pixels[rows]) - base), result.dtype)
    return enhanced.with_pixels(result)


def _like(pixels: Array, model: Array) -> Array:
    """`pixels` as wide, as high and with as many channels as `model`."""
    if pixels.ndim == 3 and model.ndim == 2:
        pixels = np.rint(pixels @ LUMA_WEIGHTS).astype(pixels.dtype)
    height, width = model.shape[:2]
    if pixels.shape[:2] != (height, width):
        shrinks = pixels.shape[0] * pixels.shape[1] > height * width
        method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
        planes = [
            np.asarray(Image.fromarray(plane.astype(np.float32)).resize((width, height), method))
            for plane in (pixels[..., None] if pixels.ndim == 2 else pixels).transpose(2, 0, 1)
        ]
        resized = np.stack([np.clip(np.rint(plane), 0, max_level(pixels.dtype)) for plane in planes], axis=2)
        pixels = resized.astype(pixels.dtype) if pixels.ndim == 3 else resized[..., 0].astype(pixels.dtype)
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim < model.ndim else pixels


def write(
    told: Report, picture: Picture, format_name: str, source: bytes | None, *, keep_gps: bool = False
) -> tuple[bytes, Report]:
    """The file of a result, and the report with what became of it.

    source: the source's own bytes where no pixel is another one and no quality was asked for; None else. They are the
    result where they can be (see `codec.untouched`).
    """
    own = None if source is None else codec.untouched(source, format_name, keep_gps=keep_gps)
    unwritten: tuple[str, ...] = ()  # why there is no sidecar inside
    if told.sidecar is not None and told.sidecar.where == "inside":
        picture, unwritten = (picture, (_OWN,)) if own else _with_sidecar(picture, told)
    if own is None:
        body = codec.encode(picture, format_name, quality=told.quality, progressive=told.progressive)
        notes = (*told.notes, *unwritten, *codec.omitted(picture, format_name))
    else:
        body, notes = own[0], (*own[1], *unwritten)
    result = File(
        width=picture.width,
        height=picture.height,
        bit_depth=16 if picture.bit_depth == 16 and format_name in codec.SIXTEEN_BIT else 8,
        bytes=len(body),
        format=format_name,
        untouched=own is not None,
    )
    return body, replace(told, notes=notes, result=result, sidecar=None if unwritten else told.sidecar)


_OWN = "no sidecar was written into the file, which is the source's own"


def _with_sidecar(picture: Picture, told: Report) -> tuple[Picture, tuple[str, ...]]:
    """The picture with the decisions in its XMP packet, and a note where there is no place for them."""
    before = picture.metadata.xmp
    packet = sidecar.packet(told) if before is None else sidecar.within(before, told)
    if packet is None or len(packet) > xmp.MAX_BYTES:
        return picture, (f"no sidecar was written into the file: with it the XMP passes {xmp.MAX_BYTES:,} bytes",)
    return picture.with_metadata(xmp=packet), ()
