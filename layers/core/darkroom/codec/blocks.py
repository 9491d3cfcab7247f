"""WebP and GIF as containers: what stands beside the pixels in their chunks and extensions.

Sources: WebP Container Specification; GIF89a, with the application extensions of Adobe (XMP) and the ICC.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_CHUNKS = 20_000
WEBP_KNOWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"C2PA"})
_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_VP8X_PIXELS = 0x12
"""Flags of alpha and animation, which tell of pixels."""

SAYS_EXIF = 0x08
"""The flag that the file has EXIF."""

_TRAILER = 0x3B
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_MOST = 1 << 20
_BLOCKS = 200_000


def riff(data: bytes, *, cut_off: bool = False) -> dict[bytes, bytes]:
    """The first chunk of each kind in a WebP: its content, as far as 4 MiB of it. cut_off: the one within which the
    file ends too, as far as it goes."""
    found: dict[bytes, bytes] = {}
    at, end = 12, min(len(data), int.from_bytes(data[4:8], "little") + 8)
    for _ in range(MAX_CHUNKS):
        if at + 8 > end:
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if cut_off or at + 8 + length <= len(data):
            found.setdefault(kind, data[at + 8 : at + 8 + min(length, 4 * _MOST)])
        at += 8 + length + (length & 1)
    return found


def webp_pixels(data: bytes) -> bytes | None:
    """A WebP of the chunks that its pixels need, and that are there as a whole; None where pixels are missing."""
    parts, whole, at = [], False, 12
    for _ in range(MAX_CHUNKS):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 > len(data) or at + 8 + length > len(data):
            break
        content = data[at + 8 : at + 8 + length]
        if kind == b"VP8X":
            content = bytes((content[0] & _VP8X_PIXELS,)) + content[1:]
        if kind in _WEBP_PIXELS:
            parts.append(kind + data[at + 4 : at + 8] + content + bytes(length & 1))
            whole = whole or kind in (b"VP8 ", b"VP8L", b"ANMF")
        at += 8 + length + (length & 1)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body if whole else None


@dataclass(slots=True)
class Extensions:
    """What a GIF says beside its pixels. strangers: what other extensions call themselves.

    end: the offset behind its end mark, or the file's end. ended: False where there is none.
    """

    comments: list[bytes] = field(default_factory=list)
    xmp: bytes | None = None
    icc: bytes | None = None
    strangers: list[str] = field(default_factory=list)
    end: int = 0
    ended: bool = True


def gif_extensions(data: bytes) -> Extensions:
    """The extensions in front of the first frame and behind it, within bounds."""
    found = Extensions(end=len(data))
    flags = data[10] if len(data) > 10 else 0
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(1000):
        if at >= len(data):
            found.ended = False
            break
        if data[at] == _TRAILER:
            found.end = at + 1
            break
        if data[at] == 0x2C and at + 10 <= len(data):
            local = data[at + 9]
            at = _sub_blocks(data, at + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0))[1]
        elif data[at] == 0:  # padding that some writers leave
            at += 1
        elif data[at] == 0x21 and at + 2 <= len(data):
            content, end = _sub_blocks(data, at + 2)
            if data[at + 1] == 0xFE:
                found.comments.append(content)
            elif data[at + 1] == 0xFF and content.startswith(b"XMP DataXMP"):
                # Not in blocks: the packet itself, and a trailer of 258 bytes that leads back to the blocks.
                packet_end = data.find(b"<?xpacket end=", at + 14)
                if 0 <= packet_end < at + 14 + _MOST:
                    found.xmp = data[at + 14 : data.find(b"?>", packet_end) + 2]
            elif data[at + 1] == 0xFF and content.startswith(b"ICCRGBG1012"):
                found.icc = content[11:]
            elif data[at + 1] == 0x01:
                found.strangers.append("plain text")
            elif data[at + 1] == 0xFF and not content.startswith(_LOOPS):
                found.strangers.append(content[:11].decode("ascii", "replace").strip("\0 "))
            at = end
        else:
            break
    return found


def _sub_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of a series of length-prefixed blocks (as far as 1 MiB), and the offset behind it."""
    parts, size = [], 0
    for _ in range(_BLOCKS):
        length = data[at] if at < len(data) else 0
        if not length:
            break
        if size < _MOST:
            parts.append(data[at + 1 : at + 1 + length])
            size += length
        at += 1 + length
    return b"".join(parts), at + 1
