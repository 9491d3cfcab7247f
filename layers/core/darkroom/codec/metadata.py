"""What a file carries beside its pixels, and what of it goes into its result: carried, corrected, or told as missing.

Every container is read by its own module; here it becomes one `Baggage`, and that the result's `Metadata`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from darkroom.codec import exif, iptc, xmp
from darkroom.codec.exif import Block

MAX_EXIF = 65_000
"""Bytes. A JPEG's segment takes 65,533 with its prefix; a larger block is cut the same way for all formats."""

MAX_TEXT = 30_000
"""Bytes of all texts together."""

_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x0112, 0x011A, 0x011B, 0x0128
_COLOR_SPACE, _WIDTH, _HEIGHT, _INTEROP_INDEX, _MAKER_NOTE = 0xA001, 0xA002, 0xA003, 1, 0x927C

# Of the first directory: how the file was stored, which the result does in its own way, and what has its own place.
_STORED = frozenset(
    {*range(0x00FE, 0x010E), 0x0111, _ORIENTATION, *range(0x0115, 0x011A), 0x011C, *range(0x0120, 0x0126)}
    | {0x012D, 0x013D, 0x013E, 0x013F, *range(0x0140, 0x0147), 0x014A, 0x014C, *range(0x0150, 0x015B)}
    | {*range(0x0200, 0x0213), 0x0214, 0x02BC, 0x8649, 0x83BB, 0x8773, 0x935C, 0xC44F, 0xCD41}
)
_POSITIONING = 0x0213
_GEO_TIFF = frozenset({33550, 33922, 34264, 34735, 34736, 34737})
# Of the EXIF directory: encodings of the source, and a sound file's name.
_DETAILS = frozenset({0x9102, 0xA004, 0xA500})
_RESOLUTION = frozenset({_X_RESOLUTION, _Y_RESOLUTION, _UNIT})
_SRGB = 1
_CENTIMETRES = {2: 1.0, 3: 2.54}


@dataclass(slots=True)
class Baggage:
    """What a container holds beside pixels, as found.

    exif: a block. tiff: the parsed file where it is a TIFF, whose EXIF lies among its tags.
    dpi: as the container says. text: keyword and text. left_out: sentences on what has no place in any result.
    """

    exif: bytes | None = None
    tiff: Block | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[Any, Any] | None = None
    text: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def block(self) -> Block:
        return self.tiff or exif.parse(self.exif)


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes into the result, and notes on what does not."""

    exif: bytes | None
    xmp: bytes | None
    iptc: bytes | None
    text: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def orientation(block: Block) -> int:
    """EXIF's orientation, 1–8; 1 where it is missing or makes no sense."""
    value = block.number("image", _ORIENTATION)
    return int(value) if value is not None and 1 <= value <= 8 else 1


def resolution(baggage: Baggage) -> tuple[float, float] | None:
    """Dots per inch as the container says, else as EXIF says; None where neither does, or it makes no sense."""
    return _sensible(baggage.dpi) or _sensible(_from_exif(baggage.block))


def _from_exif(block: Block) -> tuple[float, float] | None:
    unit = block.number("image", _UNIT)
    scale = _CENTIMETRES.get(2 if unit is None else int(unit))
    across, down = block.number("image", _X_RESOLUTION), block.number("image", _Y_RESOLUTION)
    return (float(across) * scale, float(down) * scale) if scale and across and down else None


def _sensible(dpi: Any) -> tuple[float, float] | None:
    """Rounded to 0.1 (PNG counts in whole dots per metre), or None. 1 is what writers put where they know nothing."""
    try:
        across, down = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, ZeroDivisionError, IndexError, OverflowError):
        return None
    if not all(math.isfinite(value) and 1 < value <= 65_535 for value in (across, down)):
        return None
    return round(across, 1), round(down, 1)


def carried(baggage: Baggage, *, place: bool) -> Carried:
    """What of a file's baggage its result says again.

    The picture is upright and sRGB, and its sizes are its own: so orientation, thumbnail, words on the encoding and
    pictures within go, and the colour space is corrected. Where the photo was taken goes from all alike, unless `place`
    is to be kept. All other bytes stay as they are.
    """
    notes = list(baggage.left_out)
    places = []
    block, gone = _exif(baggage, place, notes)
    if gone:
        places.append("GPS")
    packet = None
    if baggage.xmp is not None:
        packet, missing = xmp.carried(baggage.xmp, place=place)
        places += ["XMP"] if "place" in missing else []
        if "long" in missing:
            notes.append(
                f"the XMP packet has {len(baggage.xmp):,} bytes and was left out; at most {xmp.MAX_BYTES:,} can be kept"
            )
        elif packet is None:
            notes.append("the XMP packet cannot be read and was left out")
    records = None
    if baggage.iptc is not None:
        records, gone = iptc.carried(baggage.iptc, place=place)
        places += ["IPTC"] if gone else []
        if records is None and not gone:
            notes.append("the IPTC data is broken or too long and was left out")
    if places:
        notes.append(f"the place where it was taken was left out ({', '.join(places)})")
    text: list[tuple[str, str]] = []
    size = 0
    for keyword, words in baggage.text:
        size += len(keyword) + len(words.encode())
        if size > MAX_TEXT:
            notes.append(f"of the text fields only the first {len(text)} were kept; {MAX_TEXT:,} bytes can be")
            break
        text.append((keyword, words))
    return Carried(block, packet, records, tuple(text), tuple(notes))


def _exif(baggage: Baggage, place: bool, notes: list[str]) -> tuple[bytes | None, bool]:
    if baggage.tiff is not None:
        kept, had_place = _of_tiff(baggage.tiff, place, notes)
    elif not baggage.exif:
        return None, False
    else:
        block = exif.editable(baggage.exif)
        if "image" not in block.directories or block.big:
            notes.append("the EXIF data is broken and was left out")
            return None, False
        kept, had_place = _corrected(block, place)
    if kept is not None and len(kept) > MAX_EXIF:
        notes.append(f"the EXIF data has {len(kept):,} bytes and was left out; at most {MAX_EXIF:,} can be kept")
        kept = None
    return kept, had_place and not place


def _corrected(block: Block, place: bool) -> tuple[bytes | None, bool]:
    had_place = _has_place(block)
    block.remove_thumbnail()
    if not place:
        block.remove_directory("gps")
    block.remove("image", _STORED | (set() if place else {exif.GPS} | _GEO_TIFF))
    block.remove("exif", _DETAILS)
    block.set_number("exif", _COLOR_SPACE, _SRGB)
    block.set_bytes("interop", _INTEROP_INDEX, b"R98\0")
    empty = not any(block.directories.values())
    return (None if empty else block.to_bytes()), had_place


def _of_tiff(block: Block, place: bool, notes: list[str]) -> tuple[bytes | None, bool]:
    """The fields of a TIFF that are about the picture. Makers' notes count offsets from where they were: they go."""
    had_place = _has_place(block)
    image = block.fields("image", _STORED | _RESOLUTION | {_POSITIONING, 0x8773} | (set() if place else _GEO_TIFF))
    image = {tag: field for tag, field in image.items() if tag < 0xC612 or tag > 0xC7FF}  # DNG's own
    details = block.fields("exif", _DETAILS | {_MAKER_NOTE})
    if block.entry("exif", _MAKER_NOTE) is not None:
        notes.append("the maker's notes were left out: they hold only where they were written")
    if _COLOR_SPACE in details:
        details[_COLOR_SPACE] = exif.integers(block.order, exif.SHORT, _SRGB)
    gps = block.fields("gps") if place else {}
    if details:  # what EXIF demands of all pictures but TIFFs; the sizes come with the result
        size = exif.integers(block.order, exif.LONG, 0)
        image[_POSITIONING] = exif.integers(block.order, exif.SHORT, 1)
        details |= {_WIDTH: size, _HEIGHT: size}
    total = sum(len(content) for fields in (image, details, gps) for _, _, content in fields.values())
    if total > MAX_EXIF:
        notes.append(f"the EXIF data has {total:,} bytes and was left out; at most {MAX_EXIF:,} can be kept")
        return None, had_place
    return exif.compose(block.order, image, details, gps, {}), had_place


def _has_place(block: Block) -> bool:
    return bool(block.directories.get("gps")) or any(
        entry.tag in _GEO_TIFF for entry in block.directories.get("image", ())
    )


def write(block: bytes | None, dpi: tuple[float, float] | None, width: int, height: int) -> bytes | None:
    """The EXIF of a result: a kept block with the result's size (where it speaks of one) and resolution.

    None where there is neither. Without prefix.
    """
    if block is None and dpi is None:
        return None
    edited = exif.editable(block or exif.empty())
    edited.remove("image", {_ORIENTATION})
    edited.set_number("exif", _WIDTH, width)
    edited.set_number("exif", _HEIGHT, height)
    if dpi is None:
        return edited.to_bytes()
    order = edited.order
    fields = {
        _X_RESOLUTION: exif.rationals(order, dpi[0]),
        _Y_RESOLUTION: exif.rationals(order, dpi[1]),
        _UNIT: exif.integers(order, exif.SHORT, 2),
    }
    if all(edited.set_bytes("image", tag, content) for tag, (_, _, content) in fields.items()):
        return edited.to_bytes()
    return edited.with_fields(fields)
