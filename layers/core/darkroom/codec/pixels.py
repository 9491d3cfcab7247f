"""From an opened file to arrays: the one place where pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL.ImageFile import ImageFile

from darkroom.codec import bmp, heif
from darkroom.codec.formats import unsupported
from darkroom.codec.header import Source, rejecting
from darkroom.picture import Array

_PHOTOMETRIC, _PLANAR = 262, 284
_WHITE_IS_ZERO, _SEPARATE = 0, 2


@dataclass(frozen=True, slots=True)
class Raster:
    """Decoded pixels, as stored: neither turned nor colour managed.

    pixels: HxW ("gray"), HxWx3 ("rgb") or HxWx4 ("cmyk", uint8, 0 is no ink) of uint8 or uint16, full range.
    alpha: HxW of the same dtype, straight, or None.
    """

    pixels: Array
    model: str
    alpha: Array | None = None
    notes: tuple[str, ...] = ()


def load(source: Source) -> Raster:
    """Decode the first (for HEIF: the primary) picture. Raises `ImageRejected`."""
    name = source.header.format
    with rejecting(name):
        if name == "HEIF":
            return _from_heif(source.image)
        if isinstance(source.image, bmp.Bitmap):
            pixels, alpha = bmp.load(source.image)
            return Raster(pixels, "rgb", alpha)
        image: ImageFile = source.image
        if source.header.bit_depth == 16 and image.mode in ("RGB", "RGBA", "CMYK"):
            return _sixteen_bit(source)
        image.load()
        if image.mode.startswith("I;16"):
            return _gray_sixteen_bit(image, source.header.bit_depth)
        return _eight_bit(image, source)


def _eight_bit(image: Any, source: Source) -> Raster:
    notes: tuple[str, ...] = ()
    if source.header.format == "AVIF" and source.header.bit_depth > 8:
        notes = (f"{source.header.bit_depth}-bit AVIF decoded to 8 bits",)
    if image.mode in ("1", "YCbCr", "RGBX", "RGBa", "La", "PA") or image.mode == "P":
        direct = {"1": "L", "YCbCr": "RGB", "RGBX": "RGB", "La": "LA"}
        transparent = image.mode != "1" and image.has_transparency_data
        key = image.info.get("transparency") if image.mode == "1" else None
        image = image.convert(direct.get(image.mode) or ("RGBA" if transparent else "RGB"))
        image.info.pop("transparency", None)
        if key is not None:
            image.info["transparency"] = key
    array = np.asarray(image)
    if source.header.format == "AVIF":
        array = _of_avif(array, source)
    match image.mode:
        case "LA" | "RGBA":
            color = array[..., 0] if image.mode == "LA" else array[..., :3]
            model = "gray" if image.mode == "LA" else "rgb"
            return Raster(np.ascontiguousarray(color), model, np.ascontiguousarray(array[..., -1]), notes)
        case "L" | "RGB":
            model = "gray" if image.mode == "L" else "rgb"
            key = image.info.get("transparency")
            if key is not None and image.mode == "L" and source.header.bit_depth in (2, 4):
                key *= 255 // (2**source.header.bit_depth - 1)  # Pillow scales the samples, but not their key
            return Raster(array, model, _alpha_of(array, key), notes)
        case "CMYK":
            if source.header.format == "JPEG" and "adobe" not in image.info:
                array = 255 - array  # Pillow inverts all CMYK JPEGs, though only Adobe's are stored inverted
            return Raster(array, "cmyk", None, notes)
    kind = {"F": "floating point", "I": "signed or 32-bit integers", "LAB": "CIE L*a*b*"}.get(image.mode, image.mode)
    raise unsupported(f"the {source.header.format} has samples of another kind ({kind})")


def _of_avif(array: Array, source: Source) -> Array:
    """The clean aperture; and grey of limited range, which Pillow hands over as it is stored."""
    parts = source.contents
    height, width = array.shape[:2]
    left, top, right, bottom = heif.clean_box(parts, width, height)
    array = array[top:bottom, left:right]
    if source.image.mode in ("L", "LA") and parts.code_points is not None and not parts.code_points[3]:
        table = np.rint((np.arange(256) - 16).clip(0, 219) * (255 / 219)).astype(np.uint8)
        gray = table[array if array.ndim == 2 else array[..., 0]]
        array = gray if array.ndim == 2 else np.dstack((gray, array[..., 1]))
    return np.ascontiguousarray(array)


def _alpha_of(pixels: Array, key: Any) -> Array | None:
    """The alpha of a picture in which one grey level or colour is transparent, or None without such a key."""
    if not isinstance(key, (int, tuple)):
        return None
    matches = pixels == np.array(key, dtype=np.int64)
    if pixels.ndim == 3:
        matches = matches.all(axis=2)
    return np.where(matches, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def _gray_sixteen_bit(image: Any, bit_depth: int) -> Raster:
    pixels = np.asarray(image).astype(np.uint16)
    if bit_depth < 16:
        pixels = _to_full_range(pixels, bit_depth)
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        pixels = np.uint16(65535) - pixels
    return Raster(pixels, "gray", _alpha_of(pixels, image.info.get("transparency")))


def _sixteen_bit(source: Source) -> Raster:
    """Pixels of several 16-bit channels, which Pillow has no mode for.

    Its unpackers take the high byte of each sample, at the place that the byte order named in the raw mode gives. So
    the file is decoded twice, the second time with the other order named, which yields the low bytes. Grey with alpha
    (PNG) is had at once, as the four bytes of an 8-bit RGBA.
    """
    image = source.image
    if source.header.format == "PNG" and image.tile and image.tile[0].args == "LA;16B":
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        image.load()
        samples = np.asarray(image).view(">u2").astype(np.uint16)
        return Raster(np.ascontiguousarray(samples[..., 0]), "gray", np.ascontiguousarray(samples[..., 1]))
    tags = getattr(image, "tag_v2", {})
    if tags.get(_PLANAR) == _SEPARATE:
        raise unsupported("the TIFF has 16-bit samples in separate planes")
    premultiplied = _rewrite(image, "RGBa;", "RGBA;")
    if image.mode == "CMYK":
        image.load()
        return Raster(np.asarray(image), "cmyk", None, ("16-bit CMYK decoded to 8 bits",))
    low = source.reopen()
    _rewrite(low, "RGBa;", "RGBA;")
    for order in "BLN":
        if _rewrite(low, f";16{order}", ";16L" if order == "B" else ";16B"):
            break
    image.load()
    low.load()
    pixels = np.asarray(image).astype(np.uint16)
    pixels <<= 8
    pixels |= np.asarray(low)
    if image.mode == "RGB":
        return Raster(pixels, "rgb", _alpha_of(pixels, image.info.get("transparency")))
    color, alpha = np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    return Raster(_straight(color, alpha) if premultiplied else color, "rgb", alpha)


def _rewrite(image: Any, old: str, new: str) -> bool:
    """Replace a part of the raw mode of all tiles; whether there was something to replace."""
    before = image.tile
    image.tile = [
        tile._replace(
            args=tile.args.replace(old, new)
            if isinstance(tile.args, str)
            else (tile.args[0].replace(old, new), *tile.args[1:])
        )
        for tile in before
    ]
    return bool(image.tile != before)


def _from_heif(image: Any) -> Raster:
    array = heif.load(image)
    mode, _, depth = image.mode.partition(";")
    if depth:
        array = _to_full_range(array, int(depth.rstrip("L")))
    if array.ndim == 2:
        return Raster(array, "gray")
    color = np.ascontiguousarray(array[..., 0] if mode[0] == "L" else array[..., :3])
    model = "gray" if mode[0] == "L" else "rgb"
    if mode[-1] not in "Aa":
        return Raster(color, model)
    alpha = np.ascontiguousarray(array[..., -1])
    return Raster(_straight(color, alpha) if mode[-1] == "a" else color, model, alpha)


def _to_full_range(samples: Array, bits: int) -> Array:
    """Samples of 9 to 16 bits to uint16, white to 65535, exactly rounded."""
    if bits == 16:
        return samples.astype(np.uint16)
    white = (1 << bits) - 1
    table = ((np.arange(1 << 16, dtype=np.uint64).clip(0, white) * 65535 + white // 2) // white).astype(np.uint16)
    return np.asarray(table[samples])


def _straight(color: Array, alpha: Array) -> Array:
    """Premultiplied colour to straight; transparent pixels are black."""
    white = np.iinfo(color.dtype).max
    divisor = alpha if color.ndim == 2 else alpha[..., None]
    scaled = (color.astype(np.uint64) * white + divisor // 2) // np.maximum(divisor, 1)
    return np.asarray(np.minimum(scaled, white).astype(color.dtype))
