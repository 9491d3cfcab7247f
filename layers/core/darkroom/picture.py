"""What a picture is inside darkroom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file said about its picture and what the result should say again.

    icc: the ICC profile that the pixels are in, to embed in the result; None means sRGB, untagged.
    exif: a TIFF-structured EXIF block without orientation (and without GPS unless it was kept); None for none.
    dpi: horizontal and vertical resolution in dots per inch; None where the file did not say.
    source_format: Pillow's name of the format it came in ("JPEG", "HEIF", …), "" if it never was a file.
    notes: sentences about what decoding changed ("converted from Display P3", "first of 12 frames"), for the manifest.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    source_format: str = ""
    notes: tuple[str, ...] = ()


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
