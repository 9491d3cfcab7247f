"""What a container is told by its environment: the same names that the stack gives its functions."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from darkroom.aws.reconciling import NO_BUS, Ends
from darkroom.aws.runtime import setting
from darkroom.errors import not_installed

DEFAULTS = {
    "DEFAULT_RECIPE": "auto",
    "KEEP_GPS": "false",
    "KEEP_METADATA": "true",
    "KEEP_TAGS": "false",
    "ANNOTATE_RESULTS": "false",
    "MAX_BYTES": "268435456",
    "MAX_PIXELS": "64000000",
    "MAX_SIDE": "30000",
    "MAX_FRAMES": "1000",
    "JOB_RETENTION_DAYS": "90",
    "EVENT_BUS": NO_BUS,
    "WORK_BUCKET": "none",
    "MAX_WAITING_CALLS": "4",
    "ALLOWED_ORIGINS": "none",
    "SOURCE_HOSTS": "none",
    "ADMIN_CALLERS": "none",
    "SIGNING_SECRET": "none",
    "BATCH": "none",
    "ENHANCE_NOW": "none",
    "CLASSIFY_FUNCTION": "none",
}
"""Where the environment says nothing: the template's own defaults, and none of what is the stack's own."""

API_PACKAGE = "darkroom_api"
"""Folder beside the package `darkroom` into which the wheel copies the API's description and the page."""

CHECKOUT = Path(__file__).resolve().parents[5] / "functions" / "api"


def complete(required: Iterable[str]) -> None:
    """Give the environment what it lacks. Raises `StepFailed` ("misconfigured") for what it must say itself."""
    for name, value in DEFAULTS.items():
        os.environ[name] = os.environ.get(name) or value
    for name in required:
        setting(name)


def ends(queue: str, days: int | None = None) -> Ends:
    """The table of jobs and the bus. queue: the URL of the queue of uploads. days: for which records are kept."""
    return Ends(setting("JOBS_TABLE"), setting("EVENT_BUS"), days or int(setting("JOB_RETENTION_DAYS")), queue)


def files() -> Path:
    """The folder with `openapi.json` and the page. Raises `StepFailed` where it is not installed."""
    package = importlib.util.find_spec(API_PACKAGE)
    folders = [CHECKOUT, *map(Path, (package and package.submodule_search_locations) or [])]
    for folder in folders:
        if (folder / "openapi.json").is_file():
            return folder
    raise not_installed("the API's description, and the page,")
