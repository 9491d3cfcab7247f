"""What routes share that answer about a photo while the caller waits."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.config import Config

from darkroom.aws import clients, keys, storage
from darkroom.aws.api import records
from darkroom.aws.api.problems import RETRY_SECONDS, Problem
from darkroom.aws.api.settings import Site
from darkroom.codec.formats import identify
from darkroom.errors import DarkroomError, StepFailed, revive

MAX_BODY = 4_500_000
"""Bytes of a photo, in or out: Lambda takes 6 MiB of JSON, and base64 makes four bytes of three."""

PATIENCE_SECONDS = 25
"""API Gateway gives up after 29."""

HELD_SECONDS = 60
"""After which a place that nobody gave back is free again."""

ONCE = Config(connect_timeout=3, read_timeout=PATIENCE_SECONDS, retries={"total_max_attempts": 1})


def client(service: str) -> Any:
    """A client that waits as long as an answer may take, and asks once: a second time would cost twice."""
    return clients.client(service, ONCE)


def check_size(body: bytes, route: str, instead: str) -> None:
    """Raises `Problem` 413 that says what to do instead."""
    if len(body) > MAX_BODY:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "http.too-large",
            f"The photo has {len(body):,} bytes; {route} takes at most {MAX_BODY:,}. {instead}",
        )


def put(site: Site, body: bytes, metadata: Mapping[str, str]) -> tuple[str, str]:
    """Put a photo into the work bucket: a new job's id, and the key. Raises `ImageRejected` where it is no photo."""
    source_format = identify(body)
    job = secrets.token_hex(16)
    key = keys.to_wait_for(job, source_format)
    storage.write(site.work, key, body, "application/octet-stream", Metadata=metadata)
    return job, key


@contextmanager
def place(site: Site) -> Iterator[None]:
    """One of the places for those who wait for an answer. Raises `Problem` 429 at once where all are taken.

    Each of them holds one function while others work for it: were they as many as may run at once, all would wait for
    each other until none had time left. A place is an item of the table that whoever holds it deletes, or that is void
    when no request can hold it any longer.
    """
    holder = secrets.token_hex(8)
    name = next((name for name in _places(site) if records.take_place(site.table, name, holder, HELD_SECONDS)), None)
    if name is None:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "http.busy",
            f"{site.places} photos are worked on while their senders wait, which is as many as may be: try again, or "
            "use POST /jobs, which takes any number.",
            # As draft-ietf-httpapi-ratelimit-headers has it: how many at once, that none is left, and until when.
            headers={"RateLimit-Policy": f'"waiting";q={site.places}', "RateLimit": f'"waiting";r=0;t={RETRY_SECONDS}'},
        )
    try:
        yield
    finally:
        records.leave_place(site.table, name, holder)


def _places(site: Site) -> list[str]:
    """All of them, in any order: so that two requests rarely ask for the same one first."""
    return random.sample([f"place-{number}" for number in range(site.places)], site.places)


def failure(of: str, report: str) -> DarkroomError:
    """darkroom's own error, told in the report of the workflow or function that failed."""
    code, colon, message = report.partition(": ")
    known = colon and "." in code
    return revive(code, message) if known else StepFailed(of, f"the {of} failed and did not say why")
