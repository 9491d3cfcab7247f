"""What a container is told by its environment: the same names that the stack gives its functions."""

from __future__ import annotations

import os
from collections.abc import Iterable

from darkroom.aws.reconciling import NO_BUS, Ends
from darkroom.aws.runtime import setting

DEFAULTS = {
    "DEFAULT_RECIPE": "auto",
    "KEEP_GPS": "false",
    "KEEP_METADATA": "true",
    "KEEP_TAGS": "false",
    "MAX_BYTES": "268435456",
    "MAX_PIXELS": "64000000",
    "MAX_SIDE": "30000",
    "MAX_FRAMES": "1000",
    "JOB_RETENTION_DAYS": "90",
    "EVENT_BUS": NO_BUS,
    "WORK_BUCKET": "none",
}
"""Where the environment says nothing: the template's own defaults, no events, and no bucket for work."""


def complete(required: Iterable[str]) -> None:
    """Give the environment what it lacks. Raises `StepFailed` ("misconfigured") for what it must say itself."""
    for name, value in DEFAULTS.items():
        os.environ[name] = os.environ.get(name) or value
    for name in required:
        setting(name)


def ends(queue: str) -> Ends:
    """The table of jobs and the bus. queue: the URL of the queue of uploads."""
    return Ends(setting("JOBS_TABLE"), setting("EVENT_BUS"), int(setting("JOB_RETENTION_DAYS")), queue)
