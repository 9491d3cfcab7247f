"""What a photo may be given as: a file's bytes, path or open file, an array, a Pillow image, a picture."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.codec.encode import as_picture
from darkroom.errors import ImageRejected
from darkroom.limits import Limits
from darkroom.picture import FLOAT64, Array, Picture
from darkroom.recipe import Recipe

_WRITABLE = {"HSV": "RGB", "YCbCr": "RGB", "RGBX": "RGB", "PA": "RGBA", "RGBa": "RGBA", "La": "LA"}
"""Pillow's modes that no file has, by what they are written as."""

type Source = Array | bytes | Picture | str | os.PathLike[str] | BinaryIO | Image.Image


def to_picture(source: Source, limits: Limits, chosen: Recipe) -> tuple[Picture, int | None]:
    """A photo's picture, and its size in bytes where it was a file.

    Raises `ImageRejected`, and OSError for a path that cannot be read.
    """
    if isinstance(source, Picture):
        return source, None
    if isinstance(source, np.ndarray):
        return _of_array(source), None
    if isinstance(source, Image.Image):
        picture = _decoded(_as_file(source), limits, chosen)
        metadata = replace(picture.metadata, coding=None, source_format=source.format or "")
        return replace(picture, metadata=metadata), None
    data = _read(source, limits)
    return _decoded(data, limits, chosen), len(data)


def _read(source: Any, limits: Limits) -> bytes:
    """A file's bytes, and no more of them than may be."""
    if isinstance(source, str | os.PathLike):
        limits.check_bytes(os.stat(source).st_size)
        return Path(source).read_bytes()
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    data = source.read(limits.max_bytes + 1) if hasattr(source, "read") else None
    if not isinstance(data, bytes):
        raise ImageRejected(
            "not-an-image",
            "a photo is bytes, a path, a file opened for reading bytes, a NumPy array, a Pillow image or a Picture, "
            f"not {type(source).__name__}",
        )
    limits.check_bytes(len(data))
    return data


def _decoded(data: bytes, limits: Limits, chosen: Recipe) -> Picture:
    return codec.decode(
        data,
        limits=limits,
        animation="reject" if chosen.animation == "keep" else "first",
        partial=chosen.partial,
    )


def _as_file(image: Image.Image) -> bytes:
    """A Pillow image as a lossless file, for its profile, its orientation and its palette to count as in any other.

    Raises `ImageRejected` where Pillow has no pixels of it, as of a file that ends early, which it reads only now.
    """
    file = io.BytesIO()
    format_name = "TIFF" if image.mode in ("CMYK", "LAB", "F", "I") else "PNG"
    told: dict[str, Any] = {"icc_profile": image.info.get("icc_profile"), "exif": image.getexif()}
    try:
        writable = image.convert(_WRITABLE[image.mode]) if image.mode in _WRITABLE else image
        writable.save(file, format_name, compress_level=1, **told)
    except (OSError, ValueError) as error:
        raise ImageRejected("broken", f"the Pillow image, {image.mode} of {image.size}: {error}") from None
    return file.getvalue()


def _of_array(array: Array) -> Picture:
    notes: tuple[str, ...] = ()
    if array.dtype == np.float64:
        array, notes = array.astype(np.float32), (FLOAT64,)
    picture = as_picture(array)
    return replace(picture, metadata=replace(picture.metadata, notes=notes))
