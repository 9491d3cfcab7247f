"""What a process holds in memory, from Linux's accounts of it."""

from __future__ import annotations

import ctypes
from pathlib import Path

PROCESS = Path("/proc/self")


def resident() -> int:
    """Bytes resident now."""
    return _status("VmRSS")


def peak() -> int:
    """Most bytes resident since the process began or `forget_peak` was called.

    Not ``getrusage``'s: that starts from what the parent process had.
    """
    return _status("VmHWM")


def forget_peak() -> None:
    """From now on, `peak` looks at what comes after this call, and freed memory no longer counts as resident."""
    ctypes.CDLL(None).malloc_trim(0)
    (PROCESS / "clear_refs").write_text("5")


def _status(field: str) -> int:
    line = next(line for line in (PROCESS / "status").read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024
