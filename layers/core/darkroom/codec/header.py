"""What a file says about its picture before any pixel is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from darkroom.codec import bmp, contents, cut, isolated, metadata, tiff_layout
from darkroom.codec.containers import claim_of
from darkroom.codec.contents import Contents
from darkroom.codec.formats import damaged, identify, unsupported
from darkroom.codec.icc import describe
from darkroom.errors import DarkroomError, ImageRejected
from darkroom.limits import Limits

# Opened by their classes rather than by Image.open: only these formats can be reached, and Pillow's process-wide
# MAX_IMAGE_PIXELS neither warns nor rejects in front of the caller's own limits.
_PLUGINS: Mapping[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
}

_UNREAD_FRAMES: Mapping[int, str] = {
    **dict.fromkeys((0xC3, 0xCB), "coded without loss (T.81, annex H)"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical (T.81, annex J)"),
}
_TELLS_DPI = frozenset({"BMP"})  # by Pillow; of the others the container is read here


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds.

    format: Pillow's name ("JPEG", "HEIF", …).
    width, height: px, upright: as the decoded picture will have them.
    frames: frames of an animation, or pages; 1 for a single picture.
    mode: Pillow's mode of the stored pixels ("RGB", "P", "CMYK", …).
    bit_depth: bits per sample as stored, 1 to 16 (more, of which 16 are kept, count as 16).
    has_alpha: whether there is transparency of any kind.
    icc: the description of the embedded ICC profile ("Display P3"), or None where there is none.
    orientation: how it is stored, by EXIF's numbers 1–8; 1 is upright.
    dpi: resolution in dots per inch, or None where the file does not say.
    """

    format: str
    width: int
    height: int
    frames: int
    mode: str
    bit_depth: int
    has_alpha: bool
    icc: str | None
    orientation: int
    dpi: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was opened, with nothing decoded. image: what its opener says of it, or has open."""

    header: Header
    image: Any
    contents: Contents

    def reopen(self) -> ImageFile:
        """The file of a format that Pillow opens once more, as its contents have it now."""
        return _by_pillow(self.header.format, self.contents)


def _by_pillow(name: str, parts: Contents) -> ImageFile:
    return _PLUGINS[name](io.BytesIO(parts.essence))


def read_header(data: bytes, limits: Limits | None = None) -> Header:
    """The header of a file. Raises `ImageRejected` for what is no accepted picture or is past a limit."""
    return open_source(data, limits or Limits()).header


@contextmanager
def rejecting(name: str) -> Iterator[None]:
    """Turns whatever a library raises about a file's content into `ImageRejected`, in words that help who sent it; the
    library's own are the cause.

    Decoders raise nearly anything about hostile bytes (struct.error, KeyError, MemoryError for a size that makes no
    sense, …): so all of it is caught, and only calls into them stand in this block.
    """
    try:
        yield
    except DarkroomError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageRejected("too-many-pixels", f"the {name} is too large: {error}") from error
    except Exception as error:
        text = str(error)
        if "unknown pixel mode" in text:
            raise unsupported(f"the {name} stores samples in a way (such as floating point)") from error
        if "truncated" in text.lower() or isinstance(error, EOFError):
            raise ImageRejected("truncated", f"the {name} ends before its last pixel") from error
        raise damaged(name) from error


def open_source(data: bytes, limits: Limits) -> Source:
    """Open a file and apply all limits, decoding nothing."""
    limits.check_bytes(len(data))
    name = identify(data)
    claim = claim_of(name, data, limits.max_frames)
    limits.check_picture(claim.width, claim.height, claim.frames)
    parts = contents.of(name, data)
    if name == "GIF":
        parts.essence = claim.first or data
    if claim.is_cut:
        parts.notes.append(f"the {name} ends within or before its last page")
    with cut.told(name, data, parts):
        source = _opened(name, data, parts, claim.frames)
    header = source.header
    if not (header.width > 0 and header.height > 0):
        raise ImageRejected("broken", f"the {name} claims a size of {header.width}x{header.height} px")
    limits.check_picture(header.width, header.height, header.frames)
    return source


def _opened(name: str, data: bytes, parts: Contents, frames: int) -> Source:
    if name in ("HEIF", "AVIF"):
        return _open_isolated(name, parts, frames)
    if name == "BMP" and (bitmap := bmp.parse(data)):
        parts.baggage.dpi = bitmap.dpi
        has_alpha = bitmap.mode == "RGBA"
        header = _header(name, parts, bitmap.size, 1, bitmap.mode, bitmap.bit_depth, has_alpha=has_alpha)
        return Source(header, bitmap, parts)
    if name == "TIFF":
        layout = tiff_layout.parse(parts.parsed)
        if layout.is_plain:
            size, depth = (layout.width, layout.height), min(layout.bits, 16)
            header = _header(name, parts, size, frames, layout.mode, depth, has_alpha=layout.alpha is not None)
            return Source(header, layout, parts)
    return _open_pillow(name, parts, frames)


def _header(
    name: str,
    parts: Contents,
    stored: tuple[int, int],
    frames: int,
    mode: str,
    bit_depth: int,
    *,
    has_alpha: bool,
) -> Header:
    """stored: width and height before the picture is turned by its orientation."""
    width, height = stored if parts.orientation < 5 else stored[::-1]
    return Header(
        format=name,
        width=width,
        height=height,
        frames=frames,
        mode=mode,
        bit_depth=bit_depth,
        has_alpha=has_alpha,
        icc=describe(parts.profile),
        orientation=parts.orientation,
        dpi=metadata.resolution(parts.baggage),
    )


def _open_pillow(name: str, parts: Contents, frames: int) -> Source:
    with rejecting(name):
        if name == "JPEG" and parts.parsed.precision not in (0, 8):
            raise unsupported(
                f"the JPEG has {parts.parsed.precision} bits per sample: send it with 8, or as TIFF or PNG"
            )
        if name == "JPEG" and parts.parsed.frame in _UNREAD_FRAMES:
            raise unsupported(
                f"the JPEG is {_UNREAD_FRAMES[parts.parsed.frame]}: send it as an ordinary one, or as PNG"
            )
        image = _by_pillow(name, parts)
        if name == "PNG":
            frames = parts.parsed.frames
        elif name == "JPEG":
            frames = parts.parsed.pictures
        elif name not in ("GIF", "TIFF"):  # counted before, or given their first frame alone
            frames = max(frames, getattr(image, "n_frames", 1))
        if name in _TELLS_DPI:
            parts.baggage.dpi = image.info.get("dpi")
        size = image.size
        if name == "TIFF" and parts.orientation >= 5:  # Pillow has turned its size already
            size = size[::-1]
        depth = _bit_depth(name, parts.essence, image)
        header = _header(name, parts, size, frames, image.mode, depth, has_alpha=bool(image.has_transparency_data))
    return Source(header, image, parts)


def _open_isolated(name: str, parts: Contents, frames: int) -> Source:
    image = isolated.open_file(name, parts.essence)
    size = image.size
    if name == "HEIF":  # libheif has obeyed the file's own instructions when it hands a picture over
        parts.orientation = 1
    else:
        left, top, right, bottom = parts.parsed.clean_box(*size)
        size = right - left, bottom - top
    frames = max(frames, image.frames)
    header = _header(name, parts, size, frames, image.mode, image.bit_depth, has_alpha=image.has_alpha)
    return Source(header, image, parts)


def _bit_depth(name: str, data: bytes, image: Any) -> int:
    match name:
        case "PNG":
            return data[24]
        case "BMP" | "GIF" | "TIFF" if image.mode == "1":
            return 1
    return 8
