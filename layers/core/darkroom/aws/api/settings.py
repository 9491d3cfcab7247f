"""What the API is part of: the stack's names, as the function's environment gives them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import msgspec

from darkroom.aws.runtime import setting
from darkroom.limits import Limits


class Here(Protocol):
    """What does the work of those who wait, where that is neither Step Functions nor Lambda."""

    def enhance(self, bucket: str, key: str, patience: float) -> dict[str, Any] | None:
        """What the workflow answers for an upload, or None where it takes longer than so many seconds."""

    def ask(self, question: dict[str, Any], patience: float) -> dict[str, Any] | None:
        """What the function `classify` answers, or None where it takes longer."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed stack.

    uploads, results, work: the buckets' names.
    table: the jobs table's name.
    batch: the ARN of the workflow of batches.
    enhance_now: the ARN of the workflow that is waited for.
    classify: the ARN of the function that has the networks.
    limits: what a photo may be at most; its bytes are also those of the largest upload.
    places: how many requests may wait for an answer at once.
    queue: the URL of the queue of uploads.
    admins: callers who see everyone's jobs.
    origins: other sites whose pages may call the API.
    secret: the ARN of the secret by which addresses are signed.
    hosts: whose photos may be fetched by their URL.
    files: the folder with `openapi.json` and the page, `web/`.
    here: does the work of those who wait; None where `enhance_now` and `classify` do.
    """

    uploads: str
    results: str
    work: str
    table: str
    batch: str
    enhance_now: str
    classify: str
    limits: Limits
    places: int
    queue: str
    admins: frozenset[str]
    origins: tuple[str, ...]
    secret: str
    hosts: frozenset[str]
    files: Path
    here: Any = None  # a `Here`, which is no value

    @classmethod
    def of_environment(cls, files: Path, here: Here | None = None) -> Site:
        """As the environment says. Raises `StepFailed` ("misconfigured") for what it lacks."""
        origins = setting("ALLOWED_ORIGINS")
        return cls(
            uploads=setting("UPLOADS_BUCKET"),
            results=setting("RESULTS_BUCKET"),
            work=setting("WORK_BUCKET"),
            table=setting("JOBS_TABLE"),
            batch=setting("BATCH"),
            enhance_now=setting("ENHANCE_NOW"),
            classify=setting("CLASSIFY_FUNCTION"),
            limits=Limits.from_env(os.environ),
            places=int(setting("MAX_WAITING_CALLS")),
            queue=setting("UPLOADS_QUEUE"),
            admins=frozenset(setting("ADMIN_CALLERS").split(",")) - {"none"},
            origins=tuple(origins.split(",")) if origins != "none" else (),
            secret=setting("SIGNING_SECRET"),
            hosts=frozenset(setting("SOURCE_HOSTS").lower().split(",")) - {"none"},
            files=files,
            here=here,
        )
