"""What a file says about its picture before any pixel is decoded."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from darkroom.codec import metadata
from darkroom.codec.containers import claim_of, png_chunks
from darkroom.codec.formats import identify, unsupported
from darkroom.codec.icc import describe, nclx_profile
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
    "AVIF": AvifImageFile,
}

MAX_TILE_PIXELS = 1 << 24
"""The usual tile has 2¹⁶."""

_TILE_WIDTH, _TILE_LENGTH = 322, 323
_DNG_VERSION, _SUBFILE_TYPE, _SUB_IFDS, _BITS_PER_SAMPLE = 50706, 254, 330, 258


@dataclass(frozen=True, slots=True)
class Header:
    """What a file holds.

    format: Pillow's name ("JPEG", "HEIF", …).
    width, height: px, upright: as the decoded picture will have them.
    frames: frames of an animation, or pages; 1 for a single picture.
    mode: Pillow's mode of the stored pixels ("RGB", "P", "CMYK", …).
    bit_depth: bits per sample as stored, 1 to 16.
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
    """A file that was opened, with nothing decoded. `reopen` opens it once more, for a second way of reading it."""

    header: Header
    image: Any
    profile: bytes | None
    exif: Image.Exif
    reopen: Callable[[], Any]


def read_header(data: bytes, limits: Limits | None = None) -> Header:
    """The header of a file. Raises `ImageRejected` for what is no accepted picture or is past a limit."""
    return open_source(data, limits or Limits()).header


@contextmanager
def rejecting(name: str) -> Iterator[None]:
    """Turns whatever a library raises about a file's content into `ImageRejected`.

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
        raise ImageRejected("broken", f"the {name} is broken: {text or type(error).__name__:.200}") from error


def open_source(data: bytes, limits: Limits) -> Source:
    """Open a file and apply all limits, decoding nothing."""
    limits.check_bytes(len(data))
    name = identify(data)
    claim = claim_of(name, data, limits.max_frames)
    limits.check_picture(claim.width, claim.height, claim.frames)
    source = _open_heif(data) if name == "HEIF" else _open_pillow(name, claim.first or data, claim.frames)
    header = source.header
    if not (header.width > 0 and header.height > 0):
        raise ImageRejected("broken", f"the {name} claims a size of {header.width}x{header.height} px")
    limits.check_picture(header.width, header.height, header.frames)
    return source


def _open_pillow(name: str, data: bytes, frames: int) -> Source:
    def reopen() -> ImageFile:
        return _PLUGINS[name](io.BytesIO(data))

    with rejecting(name):
        image = reopen()
        if name == "TIFF":
            _refuse_raw(image)
            _refuse_huge_tiles(image)
        elif name != "GIF":  # cut down to its first frame
            frames = max(frames, getattr(image, "n_frames", 1))
        if name == "PNG" and "exif" not in image.info:
            image.info["exif"] = _late_exif(data)
        exif = metadata.read(image)
        orientation = metadata.orientation(exif)
        width, height = image.size
        if orientation >= 5 and name != "TIFF":  # Pillow has turned a TIFF's size already
            width, height = height, width
        profile = image.info.get("icc_profile") or None
        if profile is None and name == "AVIF":
            profile = _cicp_profile(data)
        header = Header(
            format=name,
            width=width,
            height=height,
            frames=frames,
            mode=image.mode,
            bit_depth=_bit_depth(name, data, image),
            has_alpha=bool(image.has_transparency_data),
            icc=describe(profile),
            orientation=orientation,
            dpi=metadata.resolution(name, image.info, exif),
        )
    return Source(header, image, profile, exif, reopen)


def _open_heif(data: bytes) -> Source:
    # The file itself, not its EXIF, says how a HEIF picture is turned, and libheif has obeyed when it hands it over.
    from pi_heif import HeifFile

    def reopen() -> Any:
        file = HeifFile(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        return file, file[file.primary_index]

    with rejecting("HEIF"):
        file, image = reopen()
        exif = metadata.parse(image.info.get("exif"))
        profile = image.info.get("icc_profile") or nclx_profile(image.info.get("nclx_profile"))
        header = Header(
            format="HEIF",
            width=image.size[0],
            height=image.size[1],
            frames=len(file),
            mode=image.mode,
            bit_depth=image.info["bit_depth"],
            has_alpha=image.has_alpha,
            icc=describe(profile),
            orientation=1,
            dpi=metadata.resolution("HEIF", image.info, exif),
        )
    return Source(header, image, profile, exif, lambda: reopen()[1])


def _late_exif(data: bytes) -> bytes | None:
    """The EXIF chunk of a PNG wherever it stands; Pillow finds one behind the pixels by decoding them."""
    try:
        return next((data[start : start + length] for kind, start, length in png_chunks(data) if kind == b"eXIf"), None)
    except ImageRejected:
        return None  # cut off before it came


def _refuse_raw(image: Any) -> None:
    """Raw files of many cameras are TIFFs whose first page is a thumbnail: not the picture that was meant."""
    tags = image.tag_v2
    if _DNG_VERSION in tags or (tags.get(_SUBFILE_TYPE, 0) & 1 and _SUB_IFDS in tags):
        raise unsupported("the file is a camera's raw file")


def _refuse_huge_tiles(image: Any) -> None:
    """A tile is decoded as a whole, however little of it the picture uses."""
    sides = image.tag_v2.get(_TILE_WIDTH, 0), image.tag_v2.get(_TILE_LENGTH, 0)
    if sides[0] * sides[1] > MAX_TILE_PIXELS:
        raise ImageRejected(
            "too-many-pixels",
            f"the TIFF has tiles of {sides[0]}x{sides[1]} px; at most {MAX_TILE_PIXELS:,} px are allowed",
        )


def _bit_depth(name: str, data: bytes, image: Any) -> int:
    match name:
        case "PNG":
            return data[24]
        case "TIFF":
            return int(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))[0])
        case "AVIF":
            # Byte 2 of the AV1 configuration: tier, high bit depth, twelve bits, … (AV1-ISOBMFF 2.3.3).
            at = data.find(b"av1C")
            flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
            return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
        case "BMP" | "GIF" if image.mode == "1":
            return 1
    return 8


def _cicp_profile(data: bytes) -> bytes | None:
    """The profile for the colour primaries that an AVIF's ``colr`` box names by number; Pillow does not tell them."""
    at = data.find(b"colrnclx")
    if not 0 <= at <= len(data) - 14:
        return None
    return nclx_profile(
        {
            "color_primaries": int.from_bytes(data[at + 8 : at + 10]),
            "transfer_characteristics": int.from_bytes(data[at + 10 : at + 12]),
        }
    )
