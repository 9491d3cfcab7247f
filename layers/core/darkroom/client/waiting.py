"""Waiting for a job to end, however it is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from darkroom.errors import StepFailed, TransientError, revive

UNFINISHED = {"waiting", "running"}


def until_finished[Job: Mapping[str, Any]](look: Callable[[], Job | None], timeout: float, pause: float) -> Job:
    """The finished job. Raises the job's own error, or `TransientError` after `timeout` seconds.

    look: the job as it stands, or None where it is not yet known.
    pause: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        job = look()
        if job is not None and job["status"] not in UNFINISHED:
            if "error" in job:
                raise revive(job["error"]["code"], job["error"]["message"])
            if job["status"] == "superseded":
                raise StepFailed("superseded", "a newer upload of the same key was faster, or it was deleted")
            return job
        time.sleep(pause)
    raise TransientError("timeout", f"the job did not end within {timeout:g} seconds")
