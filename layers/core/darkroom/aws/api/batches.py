"""Batches over HTTP: of a caller's own jobs' photos, or, for administrators, of what lies under a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any

from darkroom.aws import batching, clients, keys
from darkroom.aws.api import jobs, links
from darkroom.aws.api.parse import BatchRequest
from darkroom.aws.api.problems import Problem, bad_next
from darkroom.aws.api.settings import Site
from darkroom.aws.batches import Batches, State, photos_under
from darkroom.aws.batching import DONE, Line, Outcome, Settings

MOST_LISTED = 20_000
"""Photos under a prefix: listing more takes longer than a caller waits."""

MOST_TOLD = 500
"""Photos of a batch whose outcomes are told one by one."""

MOST_REASONS = 20
"""Why photos were not done: so many reasons are told, each with the sentence of one photo, which is read for it."""

PHASES = {"": "looking", "Evidence": "looking", "Albums": "agreeing", "Photos": "enhancing"}
"""What is done in the Maps of a batch of albums, by their labels in the workflow; before one has begun, the first."""


def create(site: Site, request: BatchRequest, caller: str) -> dict[str, Any]:
    """Begin a batch.

    Raises `Problem` 403 for a source of one who is no administrator, 404 and 409 for a job that is not there or has no
    photo yet, 422 where there are no photos or too many.
    """
    if request.source is not None:
        lines, to = _under(site, request.source, caller)
    else:
        lines, to = _of_jobs(site, request.jobs, caller), "batches"
    batches = _batches(site)
    settings = batches.settings(
        caller,
        request.source or f"{len(lines)} jobs",
        {"recipe": "auto", **request.wanted.to_metadata()},
        f"{to}/",
        len(lines),
        at_once=request.max_concurrency,
        album=request.album,
        force=request.force,
    )
    batches.begin(settings, lines)
    return _told(batches, settings, MOST_TOLD)


def page(site: Site, limit: int, after: str, caller: str) -> dict[str, Any]:
    """The caller's batches, or all where the caller is an administrator, newest first. Raises `Problem` 400."""
    if after and not batching.is_name(after):
        raise bad_next()
    found, following = _batches(site).newest(limit, None if caller in site.admins else caller, after)
    return {"batches": [_summary(one) for one in found], "next": following}


def _summary(settings: Settings) -> dict[str, Any]:
    return {
        "id": settings.id,
        "created": settings.created,
        "source": settings.source,
        "photos": settings.total,
        "links": {"self": f"batches/{settings.id}"},
    }


def show(site: Site, batch: str, caller: str, most: int) -> dict[str, Any]:
    """How a batch stands, where it is the caller's. Another's is as if there were none. Raises `Problem` 404.

    most: photos of a batch whose outcomes are read and told.
    """
    batches = _batches(site)
    settings = batches.find(batch)
    if settings is None or (settings.owner != caller and caller not in site.admins):
        raise Problem(HTTPStatus.NOT_FOUND, "http.no-batch", "There is no such batch, or it is no longer remembered.")
    return _told(batches, settings, most)


def _batches(site: Site) -> Batches:
    return Batches(site.work, site.batch, clients.client("s3"), clients.client("stepfunctions"))


def _of_jobs(site: Site, ids: list[str], caller: str) -> list[Line]:
    records = [jobs.record_of(site, job, caller) for job in dict.fromkeys(ids)]
    if any(record["status"] == "waiting" for record in records):
        raise Problem(HTTPStatus.CONFLICT, "http.no-photo-yet", "A job waits for its photo.")
    return [Line(record["bucket"], record["key"]) for record in records]


def _under(site: Site, source: str, caller: str) -> tuple[list[Line], str]:
    if caller not in site.admins:
        raise Problem(
            HTTPStatus.FORBIDDEN, "http.not-an-administrator", "Only an administrator may name a source: name jobs."
        )
    bucket, prefix = batching.place_of(source)
    lines = [line for line, _ in islice(photos_under(clients.client("s3"), bucket, prefix), MOST_LISTED + 1)]
    if not 0 < len(lines) <= MOST_LISTED:
        found = f"more than {MOST_LISTED:,}" if lines else "no"
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "http.bad-batch",
            f"There are {found} photos: 1 to {MOST_LISTED:,} may be. `darkroom batch` takes any number.",
        )
    return lines, bucket


def _told(batches: Batches, settings: Settings, most: int) -> dict[str, Any]:
    state = batches.state(settings, naming=most)
    counts = state.counts
    answer: dict[str, Any] = {
        **_summary(settings),
        "status": _status(state),
        "succeeded": counts.succeeded,
        "skipped": counts.skipped,
        "rejected": counts.rejected,
        "failed": counts.failed,
    }
    if settings.album and state.running:
        answer["phase"] = PHASES[batches.newest_map(state)]
    reasons = state.reasons[:MOST_REASONS]
    said = batches.outcomes(one.outcome for one in reasons)
    answer["errors"] = [
        {"code": one.code, "message": one.message, "photos": reason.photos}
        for reason, one in zip(reasons, said, strict=True)
    ]
    if settings.total <= most:
        outcomes = batches.outcomes(key for _, _, key in batches.ended(settings, state.outcomes) if key)
        answer["outcomes"] = list(_outcomes(outcomes))
    return answer


def _status(state: State) -> str:
    if state.running:
        return "running"
    return "stopped" if state.execution in ("ABORTED", "NONE") else "failed" if state.unaccounted else "ended"


def _outcomes(outcomes: list[Outcome]) -> Iterator[dict[str, Any]]:
    for one in outcomes:
        told: dict[str, Any] = {"filename": keys.filename(one.key), "status": one.status, "links": {}}
        if one.status in DONE and one.result:
            told["links"]["result"] = links.to(one.result)
        if one.code:
            told["error"] = {"code": one.code, "message": one.message}
        yield told
