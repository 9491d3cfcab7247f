"""What a file's container says, read from its bytes: sizes and frame counts that a library would tell only after it has
allocated the canvas or walked through a hostile number of frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from darkroom.codec.boxes import MAX_BOXES
from darkroom.errors import ImageRejected

_AVIF_META = 1 << 20  # bytes from the beginning within which an AVIF's boxes lie
_MOTION = b"mpvd"
"""The box of a motion photo's video."""

_OUTERMOST = frozenset(
    {b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"mfra", b"free", b"skip", b"wide", b"uuid", b"pdin", _MOTION}
)
C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
C2PA_NOTE = "the C2PA manifest was left out: it vouches for the file as it was"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a container claims: 0 where it does not say. `first` is a file of the first frame alone, if there are more.

    is_cut: whether a page's directory that is claimed is not there.
    """

    width: int = 0
    height: int = 0
    frames: int = 1
    first: bytes | None = None
    is_cut: bool = False


def claim_of(name: str, data: bytes, max_frames: int) -> Claim:
    """The claim of a file in the format `name`. Counting ends at ``max_frames + 1``."""
    match name:
        case "WEBP":
            return _webp(data, max_frames)
        case "GIF":
            return _gif(data, max_frames)
        case "AVIF":
            return _avif(data)
        case "TIFF":
            frames, is_cut = _tiff_pages(data, max_frames)
            return Claim(frames=frames, is_cut=is_cut)
    return Claim()


def _webp(data: bytes, max_frames: int) -> Claim:
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and len(data) >= 30 and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise ImageRejected("broken", "the WebP has no header that can be read")
    frames, at = 0, 12
    while kind == b"VP8X" and at + 8 <= len(data) and frames <= max_frames:
        chunk, length = struct.unpack_from("<4sI", data, at)
        frames += chunk == b"ANMF"
        at += 8 + length + (length & 1)
    return Claim(width, height, max(frames, 1))


def _gif(data: bytes, max_frames: int) -> Claim:
    """Walks the blocks. Also cuts out the first frame, so that what follows costs a decoder nothing."""
    if len(data) < 13:
        raise ImageRejected("truncated", "the GIF ends within its header")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    palette = data[13:at]
    frames, control, first = 0, b"", None
    while at < len(data) and frames <= max_frames:
        match data[at]:
            case 0x21:  # extension
                end = _after_sub_blocks(data, at + 2)
                if data[at + 1 : at + 2] == b"\xf9" and not frames:
                    control = data[at:end]
                at = end
            case 0x2C if at + 10 <= len(data):  # image
                left, top, wide, high, local = struct.unpack_from("<HHHHB", data, at + 1)
                end = _after_sub_blocks(data, at + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0))
                if not frames:
                    # Browsers enlarge the screen to a first frame that is larger; so is it here.
                    width, height = max(width, left + wide), max(height, top + high)
                    if max(width, height) > 0xFFFF:
                        raise ImageRejected(
                            "broken", f"the GIF's first frame ends at {width}x{height} px, past its bound"
                        )
                    screen = data[:6] + struct.pack("<HH", width, height) + data[10:13]
                    first = screen + palette + control + data[at:end] + b";"
                frames += 1
                at = end
            case 0:  # padding that some writers leave
                at += 1
            case _:
                break
    return Claim(width, height, max(frames, 1), first)


def _after_sub_blocks(data: bytes, at: int) -> int:
    """The offset after a series of length-prefixed blocks, the last of them empty; or the end of the file."""
    size = len(data)
    while at < size and (length := data[at]):
        at += length + 1
    return min(at + 1, size)


def _avif(data: bytes) -> Claim:
    """The largest of the sizes that its items have (``ispe``): libavif calls those past its own bound broken."""
    width = height = at = 0
    while 0 <= (at := data.find(b"ispe\0\0\0\0", at + 1, _AVIF_META)) <= len(data) - 16:
        wide, high = struct.unpack_from(">II", data, at + 8)
        if wide * high > width * height:
            width, height = wide, high
    return Claim(width, height)


def _tiff_pages(data: bytes, max_frames: int) -> tuple[int, bool]:
    """The number of image file directories in the chain, of TIFF or BigTIFF, and whether it is cut off. A loop ends the
    chain."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    count_format, offset_format, entry = (order + "Q", order + "Q", 20) if big else (order + "H", order + "I", 12)
    seen: set[int] = set()
    is_cut = False
    try:
        (at,) = struct.unpack_from(offset_format, data, 8 if big else 4)
        while at and at not in seen and len(seen) <= max_frames:
            (count,) = struct.unpack_from(count_format, data, at)
            seen.add(at)
            (at,) = struct.unpack_from(offset_format, data, at + struct.calcsize(count_format) + count * entry)
    except (struct.error, OverflowError):
        is_cut = True  # the pages before count
    return max(len(seen), 1), is_cut


def outermost(data: bytes) -> tuple[list[tuple[bytes, int]], int]:
    """The types of an AVIF's or HEIC's outermost boxes with where their contents begin, and where the last of them ends
    by what it says: past the file's end where that is cut off, before it where what follows is no box.

    Raises `ImageRejected` for more of them than any picture has: decoders take gigabytes for millions.
    """
    found: list[tuple[bytes, int]] = []
    at = 0
    while at + 8 <= len(data):
        if len(found) == MAX_BOXES:
            raise ImageRejected("broken", f"the file has more than {MAX_BOXES:,} boxes")
        length, start, kind = int.from_bytes(data[at : at + 4]), at + 8, data[at + 4 : at + 8]
        known = kind in _OUTERMOST
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        elif length == 0 and known:
            length = len(data) - at
        if length < 8 or not (known or at + length <= len(data)):
            break
        found.append((kind, start))
        at += length
    return found, at


def beside(data: bytes, found: list[tuple[bytes, int]]) -> list[str]:
    """Sentences on what lies in outermost boxes that have no place in a result."""
    sentences = []
    kinds = {kind for kind, _ in found}
    uuids = {data[start : start + 16] for kind, start in found if kind == b"uuid"}
    if C2PA in uuids:
        sentences.append(C2PA_NOTE)
    own = sorted(kind.decode("ascii", "replace") for kind in kinds - _OUTERMOST)
    own += ["uuid"] if uuids - {C2PA} else []
    if own:
        sentences.append(f"the file's own boxes {', '.join(own[:8])} were left out")
    if _MOTION in kinds:
        sentences.append("a video (motion photo) in the file was left out")
    return sentences
