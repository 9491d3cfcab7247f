"""The library that the C beside this file becomes: which build of it is loaded, and how its functions are called.

`make kernels` builds it for each of `BUILDS`, on any host. The environment variable `DARKROOM_KERNELS` names a build;
``none`` loads none. Threads share a picture's rows: C runs without Python's lock.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.picture import Array

FOLDER = Path(__file__).parent

V3 = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"})
"""What /proc/cpuinfo says of a processor of level x86-64-v3 (x86-64 psABI)."""

V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}

BUILDS: Mapping[str, frozenset[str]] = {
    "x86_64-v4": V4,
    "x86_64-v3": V3,
    "x86_64": frozenset(),
    "aarch64": frozenset(),
}
"""The builds by what they ask of a processor, the fastest first; names begin with the architecture's."""

PART_PIXELS = 1 << 19
"""Pixels that are worth a thread."""


@cache
def library() -> ctypes.CDLL | None:
    """The build that fits this processor, or None."""
    name = os.environ.get("DARKROOM_KERNELS") or next(iter(fitting()), "none")
    path = FOLDER / f"kernels-{name}.so"
    try:
        return ctypes.CDLL(str(path)) if path.is_file() else None
    except OSError:  # not for this system
        return None


def fitting() -> list[str]:
    """The builds that this processor runs, the fastest first."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    try:
        flags = frozenset(Path("/proc/cpuinfo").read_text("utf-8").split())
    except OSError:
        flags = frozenset()
    return [name for name, asked in BUILDS.items() if name.startswith(machine) and asked <= flags]


def over(name: str, count: int, before: Sequence[Any], after: Sequence[Any] = (), least: int = 1) -> None:
    """A loop over so many pixels, in threads.

    before, after: its arguments on either side of the range of pixels. least: times `PART_PIXELS` that are worth a
    thread.
    """

    def part(first: int, pixels: int) -> None:
        call(name, *before, long(first), long(pixels), *after)

    in_parts(part, count, least * PART_PIXELS)


def worth_a_thread(pixels: int) -> int:
    """Of pieces of so many pixels, how many."""
    return -(-PART_PIXELS // pixels)


def in_parts(work: Callable[[int, int], None], total: int, least: int) -> None:
    """`work` of the first and how many, in as many threads as there are processors and parts of at least `least`."""
    count = max(min(os.process_cpu_count() or 1, total // least), 1)
    if count == 1:
        work(0, total)
        return
    bounds = [total * i // count for i in range(count + 1)]
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, start, stop - start) for start, stop in pairwise(bounds)]:
            done.result()


def call(name: str, *arguments: Any) -> None:
    """A function of the library, of arrays by their addresses."""
    loaded = library()
    assert loaded is not None
    converted = [_address(each) if each is None or isinstance(each, np.ndarray) else each for each in arguments]
    getattr(loaded, name)(*converted)


def _address(array: Array | None) -> ctypes.c_void_p:
    assert array is None or array.flags.c_contiguous
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def kind(array: Array) -> ctypes.c_int:
    """Bytes of a sample."""
    return ctypes.c_int(array.dtype.itemsize)


long = ctypes.c_int64
