"""WebP and GIF as containers: what stands beside the pixels in their chunks and extensions.

Sources: WebP Container Specification; GIF89a, with the application extensions of Adobe (XMP) and the ICC.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_CHUNKS = 20_000
WEBP_KNOWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"C2PA"})
_MOST = 1 << 20
_BLOCKS = 200_000


def riff(data: bytes) -> dict[bytes, bytes]:
    """The first chunk of each kind in a WebP: its content, as far as 4 MiB of it."""
    found: dict[bytes, bytes] = {}
    at, end = 12, min(len(data), int.from_bytes(data[4:8], "little") + 8)
    for _ in range(MAX_CHUNKS):
        if at + 8 > end:
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length <= len(data):
            found.setdefault(kind, data[at + 8 : at + 8 + min(length, 4 * _MOST)])
        at += 8 + length + (length & 1)
    return found


@dataclass(slots=True)
class Extensions:
    """What a GIF says beside its pixels."""

    comments: list[bytes] = field(default_factory=list)
    xmp: bytes | None = None
    icc: bytes | None = None


def gif_extensions(data: bytes) -> Extensions:
    """The extensions in front of the first frame and behind it, within bounds."""
    found = Extensions()
    flags = data[10] if len(data) > 10 else 0
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(1000):
        if at + 2 > len(data):
            break
        if data[at] == 0x2C and at + 10 <= len(data):
            local = data[at + 9]
            at = _sub_blocks(data, at + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0))[1]
        elif data[at] == 0x21:
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
