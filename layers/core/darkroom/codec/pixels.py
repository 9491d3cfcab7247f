"""From an opened file to arrays: the one place where pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL.ImageFile import ImageFile

from darkroom.codec import bmp, color, isolated, tiff_layout, tiff_samples
from darkroom.codec.formats import unsupported
from darkroom.codec.header import Source, rejecting
from darkroom.picture import Array

_MODELS = {tiff_layout.RGB: "rgb", tiff_layout.CMYK: "cmyk", tiff_layout.CIELAB: "lab", tiff_layout.ICCLAB: "lab"}


@dataclass(frozen=True, slots=True)
class Raster:
    """Decoded pixels, not colour managed.

    pixels: HxW ("gray"), HxWx3 ("rgb", or "lab" with 0 of a* and b* in the middle) or HxWx4 ("cmyk", uint8, 0 is no
        ink) of uint8 or uint16, full range.
    alpha: HxW of the same dtype, straight, or None. turned: whether they are upright already, whatever the
        header says of how they are stored.
    """

    pixels: Array
    model: str
    alpha: Array | None = None
    notes: tuple[str, ...] = ()
    turned: bool = False


def load(source: Source) -> Raster:
    """Decode the first (for HEIF: the primary) picture. Raises `ImageRejected`."""
    name, decoded = source.header.format, source.contents.pixels
    if decoded is not None:
        return Raster(decoded, "gray" if decoded.ndim == 2 else "rgb")
    with rejecting(name):
        if name in ("HEIF", "AVIF"):
            return _of_items(source)
        if isinstance(source.image, bmp.Bitmap):
            pixels, alpha = bmp.load(source.image, source.contents.essence)
            return Raster(pixels, "rgb", alpha)
        if isinstance(source.image, tiff_layout.Layout):
            return _of_tiff(source.image, source.contents.essence)
        image: ImageFile = source.image
        if source.header.bit_depth == 16 and image.mode in ("RGB", "RGBA"):
            return _sixteen_bit(source)
        image.load()
        if image.mode.startswith("I;16"):
            pixels = np.asarray(image).astype(np.uint16)
            return Raster(pixels, "gray", _alpha_of(pixels, image.info.get("transparency")))
        raster = _eight_bit(image, source)
        return replace(raster, turned=True) if name == "TIFF" else raster


def _of_tiff(layout: tiff_layout.Layout, data: bytes) -> Raster:
    samples, notes = tiff_samples.load(layout, data)
    more = layout.samples - layout.colors - (layout.alpha is not None)
    if more > 0:
        notes = (*notes, f"channels of the TIFF besides its colours and alpha were left out: {more}")
    alpha = None if layout.alpha is None else np.ascontiguousarray(samples[..., layout.alpha])
    if layout.palette is not None:
        table = np.zeros((256, 3), np.uint8)
        table[: len(layout.palette)] = layout.palette[:256]
        return Raster(table[samples[..., 0]], "rgb", alpha, notes)
    pixels = np.ascontiguousarray(samples[..., 0] if layout.colors == 1 else samples[..., : layout.colors])
    model = _MODELS.get(layout.photometric, "gray")
    if model == "cmyk" and pixels.dtype == np.uint16:
        pixels, alpha = color.to_eight_bits(pixels), None if alpha is None else color.to_eight_bits(alpha)
        notes = (*notes, "16-bit CMYK decoded to 8 bits")
    if alpha is not None and layout.is_premultiplied and model in ("gray", "rgb"):
        pixels = _straight(pixels, alpha)
    return Raster(pixels, model, alpha, notes)


def _eight_bit(image: Any, source: Source) -> Raster:
    if image.mode in ("1", "YCbCr", "RGBX", "RGBa", "La", "PA") or image.mode == "P":
        direct = {"1": "L", "YCbCr": "RGB", "RGBX": "RGB", "La": "LA"}
        transparent = image.mode != "1" and image.has_transparency_data
        key = image.info.get("transparency") if image.mode == "1" else None
        image = image.convert(direct.get(image.mode) or ("RGBA" if transparent else "RGB"))
        image.info.pop("transparency", None)
        if key is not None:
            image.info["transparency"] = key
    array = np.asarray(image)
    match image.mode:
        case "LA" | "RGBA":
            colors = array[..., 0] if image.mode == "LA" else array[..., :3]
            model = "gray" if image.mode == "LA" else "rgb"
            return Raster(np.ascontiguousarray(colors), model, np.ascontiguousarray(array[..., -1]))
        case "L" | "RGB":
            model = "gray" if image.mode == "L" else "rgb"
            key = image.info.get("transparency")
            if key is not None and image.mode == "L" and source.header.bit_depth in (2, 4):
                key *= 255 // (2**source.header.bit_depth - 1)  # Pillow scales the samples, but not their key
            return Raster(array, model, _alpha_of(array, key))
        case "CMYK":
            if source.header.format == "JPEG" and "adobe" not in image.info:
                array = 255 - array  # Pillow inverts all CMYK JPEGs, though only Adobe's are stored inverted
            return Raster(array, "cmyk")
    raise unsupported(f"the {source.header.format} has samples of another kind ({image.mode})")


def _alpha_of(pixels: Array, key: Any) -> Array | None:
    """The alpha of a picture in which one grey level or colour is transparent, or None without such a key."""
    if not isinstance(key, (int, tuple)):
        return None
    matches = pixels == np.array(key, dtype=np.int64)
    if pixels.ndim == 3:
        matches = matches.all(axis=2)
    return np.where(matches, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def _sixteen_bit(source: Source) -> Raster:
    """Pixels of a PNG of several 16-bit channels, which Pillow has no mode for.

    Its unpackers take the high byte of each sample, at the place that the byte order named in the raw mode gives. So
    the file is decoded twice, the second time with the other order named, which yields the low bytes. Grey with alpha
    is had at once, as the four bytes of an 8-bit RGBA.
    """
    image = source.image
    if image.tile and image.tile[0].args == "LA;16B":
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        image.load()
        samples = np.asarray(image).view(">u2").astype(np.uint16)
        return Raster(np.ascontiguousarray(samples[..., 0]), "gray", np.ascontiguousarray(samples[..., 1]))
    low: Any = source.reopen()
    low.tile = [tile._replace(args=tile.args.replace(";16B", ";16L")) for tile in low.tile]
    image.load()
    low.load()
    pixels = np.asarray(image).astype(np.uint16)
    pixels <<= 8
    pixels |= np.asarray(low)
    if image.mode == "RGB":
        return Raster(pixels, "rgb", _alpha_of(pixels, image.info.get("transparency")))
    return Raster(np.ascontiguousarray(pixels[..., :3]), "rgb", np.ascontiguousarray(pixels[..., 3]))


def _of_items(source: Source) -> Raster:
    name = source.header.format
    array, found = isolated.load(name, source.contents.essence)
    mode, _, depth = found.partition(";")
    notes: tuple[str, ...] = ()
    if name == "AVIF":
        left, top, right, bottom = source.contents.parsed.clean_box(array.shape[1], array.shape[0])
        array = np.ascontiguousarray(array[top:bottom, left:right])
        if not depth and source.header.bit_depth > 8:
            notes = (f"{source.header.bit_depth}-bit AVIF decoded to 8 bits: Pillow's libavif was not found",)
    if depth:
        array = color.full_range(array, int(depth.rstrip("L")), np.uint16)
    if array.ndim == 2:
        return Raster(array, "gray", None, notes)
    colors = np.ascontiguousarray(array[..., 0] if mode[0] == "L" else array[..., :3])
    model = "gray" if mode[0] == "L" else "rgb"
    if mode[-1] not in "Aa":
        return Raster(colors, model, None, notes)
    alpha = np.ascontiguousarray(array[..., -1])
    return Raster(_straight(colors, alpha) if mode[-1] == "a" else colors, model, alpha, notes)


def _straight(colors: Array, alpha: Array) -> Array:
    """Premultiplied colour to straight; transparent pixels are black."""
    white = np.iinfo(colors.dtype).max
    divisor = alpha if colors.ndim == 2 else alpha[..., None]
    scaled = (colors.astype(np.uint64) * white + divisor // 2) // np.maximum(divisor, 1)
    return np.asarray(np.minimum(scaled, white).astype(colors.dtype))


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
