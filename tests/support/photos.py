"""Small pictures to upload, and recipes that pass through given stages."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from darkroom import registry


def pixels(seed: int = 0, width: int = 96, height: int = 64) -> np.ndarray[Any, Any]:
    """A smooth, slightly dark RGB picture, another one for each seed: uint8, HxWx3."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(10, 150, (8, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(format_name: str = "JPEG", *, seed: int = 0, width: int = 96, height: int = 64, **options: Any) -> bytes:
    """`pixels` as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels(seed, width, height)).save(file, format_name, **options)
    return file.getvalue()


def decoded(file: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(file)))


def recipe_through(stages: Iterable[str], **more: Any) -> str:
    """A recipe as JSON with one step of each stage, in their order."""
    first = {step.stage: step for step in reversed(registry.steps())}
    steps = [{"name": first[stage].name, "params": dict(first[stage].params.example)} for stage in stages]
    return json.dumps({"steps": steps, **more})


def ones() -> bytes:
    """A page with two strokes of ink that are ones."""
    page = Image.new("L", (320, 200), 235)
    draw = ImageDraw.Draw(page)
    for left in (90, 190):
        draw.line((left, 60, left, 140), fill=30, width=9)
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes whose header says that they are a huge PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
