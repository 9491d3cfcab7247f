"""What the API is part of: the stack's names, as the function's environment gives them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from darkroom.limits import Limits


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
