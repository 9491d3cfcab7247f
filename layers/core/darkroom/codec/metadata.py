"""EXIF and resolution: what of a file's is read, and what of it goes into the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

PREFIX = b"Exif\0\0"

MAX_EXIF = 65_000
"""Bytes. A JPEG's segment takes 65,533 with its prefix; a larger block is cut the same way for all formats."""

# Of the first directory: what people say about a picture. The rest describes how the file was stored, which the result
# does in its own way, or points to a thumbnail of the picture as it was.
_KEPT = frozenset(
    {
        Base.ImageDescription,
        Base.Make,
        Base.Model,
        Base.Software,
        Base.DateTime,
        Base.Artist,
        Base.HostComputer,
        Base.Copyright,
        Base.Rating,
        Base.RatingPercent,
        Base.XPTitle,
        Base.XPComment,
        Base.XPAuthor,
        Base.XPKeywords,
        Base.XPSubject,
    }
)

# Of the EXIF directory: sizes and encodings of the source, and MakerNote, whose offsets break when it is moved.
_DROPPED = frozenset(
    {
        Base.MakerNote,
        Base.ExifImageWidth,
        Base.ExifImageHeight,
        Base.ComponentsConfiguration,
        Base.CompressedBitsPerPixel,
        Base.RelatedSoundFile,
        Base.Gamma,
        IFD.Interop,
    }
)

_SRGB = 1
_INCH, _CENTIMETRE = 2, 3


def read(image: Any) -> Image.Exif:
    """The EXIF of an opened Pillow image: empty where there is none or it cannot be read."""
    try:
        # PNG's own method would decode the picture, in search of chunks behind its pixels.
        exif: Image.Exif = Image.Image.getexif(image)
        len(exif)
        return exif
    except Exception:  # hostile EXIF raises nearly anything; a picture without it is still a picture
        return Image.Exif()


def parse(block: bytes | None) -> Image.Exif:
    """An EXIF block, with or without its prefix: empty where it cannot be read."""
    exif = Image.Exif()
    try:
        exif.load(block or b"")
    except Exception:
        return Image.Exif()
    return exif


def orientation(exif: Image.Exif) -> int:
    """EXIF's orientation, 1–8; 1 where it is missing or makes no sense."""
    value = _get(exif, Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def resolution(name: str, info: Mapping[Any, Any], exif: Image.Exif) -> tuple[float, float] | None:
    """Dots per inch as the container says, else as EXIF says; None where neither does, or it makes no sense.

    `name` is the format: for a JPEG, Pillow fills in 72 where EXIF is silent, so there only JFIF's own word counts.
    """
    stated = info.get("dpi") if name != "JPEG" or info.get("jfif_unit") in (1, 2) else None
    return _sensible(stated) or _sensible(_from_exif(exif))


def _from_exif(exif: Image.Exif) -> tuple[Any, Any] | None:
    scale = {_INCH: 1.0, _CENTIMETRE: 2.54, None: 1.0}.get(_get(exif, Base.ResolutionUnit))
    across, down = _get(exif, Base.XResolution), _get(exif, Base.YResolution)
    try:
        return (float(across) * scale, float(down) * scale) if scale and across and down else None
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _sensible(dpi: Any) -> tuple[float, float] | None:
    """Rounded to 0.1 (PNG counts in whole dots per metre), or None. 1 is what writers put where they know nothing."""
    try:
        across, down = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    if not all(math.isfinite(value) and 1 < value <= 65_535 for value in (across, down)):
        return None
    return round(across, 1), round(down, 1)


def keep(exif: Image.Exif, *, gps: bool) -> tuple[bytes | None, str | None]:
    """The part of a file's EXIF that its result says again, as a TIFF-structured block, and a note on what went wrong.

    Without orientation (the picture is upright), resolution (it has its own place), thumbnail and maker's notes; GPS
    only where asked for. The colour space is set to sRGB. None for a file that has nothing of the kind.
    """
    kept = Image.Exif()
    try:
        kept.update({tag: exif[tag] for tag in _KEPT if tag in exif})
        details = {tag: value for tag, value in exif.get_ifd(IFD.Exif).items() if tag not in _DROPPED}
        if details:
            kept[IFD.Exif] = {**details, Base.ColorSpace: _SRGB}
        if gps and (position := exif.get_ifd(IFD.GPSInfo)):
            kept[IFD.GPSInfo] = dict(position)
        block = kept.tobytes().removeprefix(PREFIX) if len(kept) else None
    except Exception:  # as in `read`
        return None, "the EXIF data is broken and was left out"
    if block and len(block) > MAX_EXIF:
        return None, f"the EXIF data has {len(block):,} bytes and was left out; at most {MAX_EXIF:,} can be kept"
    return block, None


def write(block: bytes | None, dpi: tuple[float, float] | None) -> Image.Exif:
    """The EXIF of a result: a kept block, without orientation, with the resolution. Empty where there is neither."""
    exif = parse(block)
    if Base.Orientation in exif:
        del exif[Base.Orientation]
    if dpi is not None:
        exif[Base.XResolution], exif[Base.YResolution] = dpi
        exif[Base.ResolutionUnit] = _INCH
    return exif


def _get(exif: Image.Exif, tag: int) -> Any:
    try:
        return exif.get(tag)
    except Exception:  # as in `read`
        return None
