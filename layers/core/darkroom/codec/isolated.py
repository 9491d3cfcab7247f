"""HEIC and AVIF, opened and decoded in a child process: what takes their libraries down takes no more down with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from darkroom.codec.formats import CALLED, damaged
from darkroom.errors import ImageRejected, needs
from darkroom.picture import Array
from darkroom.ready import ready

PATIENCE_SECONDS = 120
"""A picture of 64 MP takes some 10."""

_WORKER = Path(__file__).with_name("isolated_worker.py")
_SAMPLES = {"L": 1, "I": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}


class Image(msgspec.Struct, frozen=True):
    """What a library says of a file's picture; mode is Pillow's, with ``;10`` or so for more than 8 bits."""

    width: int
    height: int
    frames: int
    mode: str
    bit_depth: int
    has_alpha: bool
    stride: int = 0

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def open_file(name: str, data: bytes) -> Image:
    """name: HEIF or AVIF. Raises `ImageRejected` for whatever is wrong with the file, its decoder's crash among it."""
    return _ask(name, "open", data)[0]


def load(name: str, data: bytes) -> tuple[Array, str]:
    """HxW or HxWxC samples, as stored, of uint8 or uint16, and the mode that was found."""
    found, samples = _ask(name, "load", data)
    base, _, depth = found.mode.partition(";")
    channels = _SAMPLES.get(base, 0)
    dtype = np.dtype("<u2" if depth else np.uint8)
    row = found.width * channels * dtype.itemsize
    if not channels or found.stride < row or len(samples) < found.stride * found.height:
        raise ImageRejected("broken", f"the {name} is broken: its decoder hands over too few samples")
    rows = np.frombuffer(samples, np.uint8, found.stride * found.height).reshape(found.height, found.stride)
    array = np.ascontiguousarray(rows[:, :row]).view(dtype).reshape(found.height, found.width, channels)
    return array[..., 0] if channels == 1 else array, found.mode


def _ask(name: str, what: str, data: bytes) -> tuple[Image, memoryview]:
    if name == "HEIF":
        needs("pi_heif")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-S", str(_WORKER), name, what],
            input=data,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ImageRejected("broken", f"the {name} keeps its decoder busy for {PATIENCE_SECONDS} seconds") from None
    line, _, _ = done.stdout.partition(b"\n")
    try:
        said = msgspec.json.decode(line, type=dict)
        if done.returncode or "error" in said:
            raise _refused(name, said["error"]) if "error" in said else _crashed(name)
        return msgspec.convert(said, Image), memoryview(done.stdout)[len(line) + 1 :]
    except msgspec.MsgspecError:
        raise _crashed(name) from None


def _refused(name: str, text: str) -> ImageRejected:
    """text: the library's own, which is the error's cause."""
    error = damaged(name)
    if "truncated" in text.lower() or "end of" in text.lower():
        error = ImageRejected("truncated", f"the {CALLED.get(name, name)} ends before its last pixel")
    error.__cause__ = ValueError(text)
    return error


def _crashed(name: str) -> ImageRejected:
    return ImageRejected("broken", f"the {CALLED.get(name, name)} is broken: its decoder crashes")


ready(Image)
