"""Waiting for a job to end, however it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable

from darkroom.errors import StepFailed, TransientError, revive

UNFINISHED = ("waiting", "running")


def until[T](look: Callable[[], T | None], timeout: float, pause: float, what: str = "job") -> T:
    """What `look` finds as soon as it finds something. Raises `TransientError` after `timeout` seconds.

    pause: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(pause)
    raise TransientError("timeout", f"the {what} did not end within {timeout:g} seconds")


def check(status: str, code: str, message: str) -> None:
    """Raise what a job that has ended was not done for. code: of its error, if it has one."""
    if code:
        raise revive(code, message)
    if status == "superseded":
        raise StepFailed("superseded", "a newer upload of the same key was faster, or it was deleted")
