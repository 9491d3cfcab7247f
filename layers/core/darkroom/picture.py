"""What a picture is inside darkroom."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FLOAT64 = "the array's float64 was taken as float32"
"""What is told of such an array: in the report where there is one, else by a warning."""

BLEED_PX = 8
"""How far colours reach into what is hidden, so that no step sees an edge where a picture's visible part ends."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How the file stored its picture, so that the result may be stored alike.

    size: bytes of the file. pixels: how many it stores.
    lossless: whether no bit is lost in it. bits: per sample. palette: whether it stores a table of colours.
    tables: a JPEG's quantization tables by component, 64 numbers each, row by row; none of other formats.
    subsampling: a JPEG's ("4:2:0"), "" where it has an unusual one, and of other formats.
    """

    size: int = 0
    pixels: int = 0
    lossless: bool = True
    bits: int = 8
    palette: bool = False
    tables: tuple[tuple[int, ...], ...] = ()
    subsampling: str = ""


@dataclass(frozen=True, slots=True)
class GainMap:
    """How much lighter a picture is on a display of high dynamic range (ISO 21496-1, Ultra HDR, Apple's HDR).

    jpeg: the map as a file of its own, upright as the picture is, with its own parameters and nothing else.
    look: the means of a grid of cells of the picture that it belongs to: as many ``uint8`` RGB values as
        `columns` x `rows`. A picture that looks otherwise has another tone, or shows something else.
    """

    jpeg: bytes
    look: bytes
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file said about its picture and what the result should say again.

    icc: the ICC profile that the pixels are in, to embed in the result; None means sRGB, untagged.
    exif: a TIFF-structured EXIF block without orientation (and without GPS unless it was kept); None for none.
    xmp, iptc: an XMP packet, and IPTC's records (IIM), corrected alike; None for none.
    text: keyword and words of text fields (PNG's, JPEG's and GIF's comments).
    coding: how the file stored its picture; None if it never was a file.
    gain_map: which JPEGs made of it keep as long as they look alike (see `darkroom.codec.gain_map`).
    dpi: horizontal and vertical resolution in dots per inch; None where the file did not say.
    source_format: Pillow's name of the format it came in ("JPEG", "HEIF", …), "" if it never was a file.
    notes: sentences about what decoding changed ("converted from Display P3", "first of 12 frames"), for the manifest.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    source_format: str = ""
    notes: tuple[str, ...] = ()
    xmp: bytes | None = None
    iptc: bytes | None = None
    text: tuple[tuple[str, str], ...] = ()
    coding: Coding | None = None
    gain_map: GainMap | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels in sRGB, upright, with alpha apart.

    pixels: HxW (grey) or HxWx3 (RGB), ``uint8`` or ``uint16``.
    alpha: HxW of the same dtype, straight (not premultiplied), or None.
    """

    pixels: Array
    alpha: Array | None = None
    metadata: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if dtype not in (np.uint8, np.uint16) or not (
            self.pixels.ndim == 2 or (self.pixels.ndim == 3 and shape[2] == 3)
        ):
            raise ValueError(f"pixels must be HxW or HxWx3 of uint8 or uint16, not {shape} of {dtype}")
        if self.alpha is not None and (self.alpha.shape != shape[:2] or self.alpha.dtype != dtype):
            raise ValueError(f"alpha must be {shape[:2]} of {dtype}, not {self.alpha.shape} of {self.alpha.dtype}")

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def megapixels(self) -> float:
        """Size in MP (10⁶ pixels)."""
        return self.width * self.height / 1e6

    @property
    def bit_depth(self) -> int:
        return 16 if self.pixels.dtype == np.uint16 else 8

    def as_array(self) -> Array:
        """Pixels and alpha in one array: HxW, HxWx3 or HxWx4 (grey with alpha becomes RGBA)."""
        if self.alpha is None:
            return self.pixels
        rgb = np.repeat(self.pixels[..., None], 3, axis=2) if self.pixels.ndim == 2 else self.pixels
        return np.dstack((rgb, self.alpha))

    @classmethod
    def from_array(cls, image: Array, metadata: Metadata | None = None) -> Self:
        """A picture from HxW, HxWx3 or HxWx4 of ``uint8`` or ``uint16``."""
        metadata = metadata or Metadata()
        if image.ndim == 3 and image.shape[2] == 4:
            return cls(np.ascontiguousarray(image[..., :3]), np.ascontiguousarray(image[..., 3]), metadata)
        return cls(image, None, metadata)

    def with_pixels(self, pixels: Array, alpha: Array | None = None) -> Self:
        """The same picture with other pixels (and alpha, if they changed size)."""
        return replace(self, pixels=pixels, alpha=self.alpha if alpha is None else alpha)

    def with_metadata(self, **changed: Any) -> Self:
        """The same picture with other members of its metadata."""
        return replace(self, metadata=replace(self.metadata, **changed))

    def shown(self) -> Array:
        """The pixels as they count in measuring: as `as_shown` of pixels and alpha."""
        return as_shown(self.pixels, self.alpha)


def as_shown(pixels: Array, alpha: Array | None) -> Array:
    """HxW or HxWx3 in which each pixel counts for as much as it shows: for measuring, not for looking at.

    Of half-transparent pixels the share that they show, by ordered dithering, and all of the most opaque ones stay; the
    others are filled as by `fill_hidden`.
    """
    if alpha is None:
        return pixels
    most = float(alpha.max())
    places = np.arange(16)[:, None] * 5 + np.arange(alpha.shape[1]) * 7
    seen = np.empty(alpha.shape, np.bool_)
    for row, least in enumerate((places % 16) * (most / 16)):
        seen[row::16] = alpha[row::16] > least
    return fill_hidden(pixels, seen, bleed_px=0)


def fill_hidden(pixels: Array, seen: Array, bleed_px: int = BLEED_PX) -> Array:
    """HxW or HxWx3 with what is not seen (HxW, bool) covered by what is: its pixels in their order, over and over.

    So every share, mean and percentile of the whole is that of the visible part, but that its edge is continued for
    `bleed_px`. Nothing of the hidden colours is left; where nothing is seen, all is black.
    """
    if seen.all():
        return pixels
    filled = np.zeros_like(pixels)
    if not seen.any():
        return filled
    visible = pixels[seen]
    filled[seen] = visible
    hidden = ~seen
    filled[hidden] = visible[np.arange(np.count_nonzero(hidden)) % len(visible)]
    reached = seen.copy()
    back, forth = slice(None, -1), slice(1, None)
    for _ in range(bleed_px):
        for to, source in ((forth, back), (back, forth)):
            for where, whence in (((to,), (source,)), ((slice(None), to), (slice(None), source))):
                fresh = reached[whence] & ~reached[where]
                filled[where][fresh] = filled[whence][fresh]
                reached[where] |= fresh
    return filled


def same_pixels(one: Picture, other: Picture) -> bool:
    """Whether two pictures are alike, bit by bit."""
    if one is other:
        return True
    return np.array_equal(one.pixels, other.pixels) and (
        one.alpha is other.alpha
        or (one.alpha is not None and other.alpha is not None and np.array_equal(one.alpha, other.alpha))
    )


def without_float64(array: Array) -> Array:
    """The array; one of ``float64``, as most of SciPy makes them, as ``float32``, of which a warning tells the
    caller's caller."""
    if not (isinstance(array, np.ndarray) and array.dtype == np.float64):
        return array
    warnings.warn(FLOAT64, stacklevel=3)
    return array.astype(np.float32)
