"""Boxes of ISO/IEC 14496-12, as HEIC, AVIF and manifests of C2PA are made of them."""

from __future__ import annotations

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def full_box(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)
