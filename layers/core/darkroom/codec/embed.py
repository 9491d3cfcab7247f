"""Where a result's texts and packets stand in each format, and which of them a format has no place for."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from darkroom.codec import gain_map, iptc, jpeg
from darkroom.codec.chunks import XMP
from darkroom.codec.formats import SIXTEEN_BIT
from darkroom.picture import Array, Coding, Metadata, Picture

COMMENT = "Comment"
_MOST_COMMENT = 60_000


def omitted(picture: Picture, format: str) -> tuple[str, ...]:
    """Sentences on what of a picture a result in this format does not hold."""
    meta, notes, name = picture.metadata, [], format.upper()
    if picture.alpha is not None and format == "jpeg":
        notes.append("transparency was laid over white: JPEG has none")
    if picture.bit_depth == 16 and format not in SIXTEEN_BIT:
        notes.append(f"16 bits per sample became 8, which is all that is written in {name}")
    if meta.iptc is not None and format in ("webp", "avif"):
        notes.append(f"the IPTC data was left out: {name} has no place for it")
    if lost := gain_map.omitted(picture, format):
        notes.append(lost)
    without = [
        keyword for keyword, _ in meta.text if not (format == "png" or (format == "jpeg" and keyword == COMMENT))
    ]
    if without:
        shown = ", ".join(dict.fromkeys(without))
        notes.append(f"text fields were left out, as {name} has no place for them: {shown:.200}")
    return tuple(notes)


def comment(text: tuple[tuple[str, str], ...]) -> bytes | None:
    """The comment of a JPEG."""
    words = "\n".join(words for keyword, words in text if keyword == COMMENT)
    return words.encode()[:_MOST_COMMENT] if words else None


def jpeg_iptc(records: bytes | None) -> bytes:
    """The segment (APP13) that holds IPTC's records; nothing without any."""
    if not records:
        return b""
    return jpeg.segment(jpeg.APP13, iptc.HEADER + iptc.to_resources(records))


def png_info(meta: Metadata) -> PngInfo:
    """The chunks of a PNG that Pillow writes."""
    info = PngInfo()
    for kind, content in png_chunks(meta):
        info.add(kind, content)
    return info


def png_chunks(meta: Metadata) -> list[tuple[bytes, bytes]]:
    """Text, XMP, and IPTC as ImageMagick and ExifTool write and read it."""
    chunks = [_text(keyword, words) for keyword, words in meta.text]
    if meta.xmp is not None:
        chunks.append((b"iTXt", XMP.encode() + bytes(5) + meta.xmp))
    if meta.iptc is not None:
        resources = iptc.to_resources(meta.iptc)
        digits = resources.hex()
        lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
        words = f"\niptc\n{len(resources):8d}\n{lines}\n"
        chunks.append((b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(words.encode())))
    return chunks


def _text(keyword: str, words: str) -> tuple[bytes, bytes]:
    name = keyword.encode("latin-1", "replace")[:79] or b"Comment"
    try:
        return b"tEXt", name + b"\0" + words.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", name + bytes(5) + words.encode()


def is_bilevel(pixels: Array, coding: Coding) -> bool:
    """Whether a source of single bits is black and white still."""
    return coding.bits == 1 and pixels.ndim == 2 and pixels.dtype == np.uint8 and bool(np.isin(pixels, (0, 255)).all())


def with_few_colors(image: Array, coding: Coding) -> Image.Image | None:
    """A source of a palette or of single bits as such again, exactly; None where the result has more colours.

    image: HxW, HxWx2 (grey, alpha), HxWx3 or HxWx4 of uint8.
    """
    if is_bilevel(image, coding):
        return Image.fromarray(image).convert("1", dither=Image.Dither.NONE)
    if not (coding.palette or coding.bits < 8) or (image.ndim == 2 and coding.bits == 8):
        return None
    channels = 1 if image.ndim == 2 else image.shape[2]
    wide = np.zeros((*image.shape[:2], 4), np.uint8)
    if channels <= 2:
        wide[..., :3] = image.reshape(*image.shape[:2], channels)[..., :1]
    else:
        wide[..., :3] = image[..., :3]
    wide[..., 3] = image[..., -1] if channels in (2, 4) else 255
    codes = wide.view(np.uint32)[..., 0]
    colors, indices = np.unique(codes, return_inverse=True)
    if len(colors) > 256:
        return None
    table = colors.view(np.uint8).reshape(-1, 4)
    result = Image.fromarray(indices.reshape(image.shape[:2]).astype(np.uint8), mode="P")
    result.putpalette(table[:, :3].tobytes(), "RGB")
    if (table[:, 3] < 255).any():
        result.info["transparency"] = table[:, 3].tobytes()
    return result
