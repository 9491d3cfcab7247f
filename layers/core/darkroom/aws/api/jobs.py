"""Jobs over HTTP: announced with a form for the upload, looked at, listed, deleted."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from darkroom import report
from darkroom.auto.switches import changed
from darkroom.aws import batching, clients, keys, storage
from darkroom.aws.api import again as copies
from darkroom.aws.api import links, preview, progress, records
from darkroom.aws.api.parse import JobRequest, Switches
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.aws.items import Record
from darkroom.aws.runtime import logger
from darkroom.errors import ImageRejected, StepFailed
from darkroom.report import Report
from darkroom.wanted import Wanted

MAX_PAGE = 100


def create(site: Site, request: JobRequest, caller: str, idempotency_key: str | None) -> tuple[dict[str, Any], bool]:
    """Announce a job and give the form for its upload. True where it is new.

    With an idempotency key the job's id follows from caller and key: a repeated request finds the same job. Raises
    `Problem` 422 where the key came with another request before.
    """
    if idempotency_key is not None and not re.fullmatch(r"[\x21-\x7e]{1,255}", idempotency_key):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "http.bad-idempotency-key",
            "The header Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.",
        )
    metadata = request.wanted.to_metadata()
    job = _digest(f"{caller}\n{idempotency_key}")[:32] if idempotency_key else secrets.token_hex(16)
    key = keys.to_announce(job, request.upload.filename)
    fingerprint = _digest(msgspec.json.encode(request).decode())
    before = records.announce(site.table, job, site.uploads, key, owner=caller, request=fingerprint)
    if before is not None and before.get("request") != fingerprint:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "http.idempotency-conflict",
            "This Idempotency-Key came with another request before: use a new one.",
        )
    status = "waiting" if before is None else before["status"]
    answer = {"id": job, "status": status, "links": {"self": f"jobs/{job}"}}
    if status == "waiting":
        answer["upload"] = links.form(site.uploads, key, request.upload.content_type, metadata, site.limits.max_bytes)
    return answer, before is None


def show(site: Site, job: str, caller: str) -> dict[str, Any]:
    """All there is to say of a job. Its links are presigned."""
    record = record_of(site, job, caller)
    answer = summary(record)
    places = {}
    if record["status"] != "waiting":
        places["original"] = links.link(record["bucket"], record["key"], version=record.get("version") or None)
    told = _report(record)
    if told is not None:
        result = record["result"]
        places["result"] = links.to(result)
        name = keys.to_save_as(record["key"], result["key"], record.get("recipe", ""))
        places["download"] = links.to(result, filename=name)
        places["manifest"] = links.to(record["manifest"])
        if told.sidecar is not None and told.sidecar.key:
            places["sidecar"] = links.to(msgspec.to_builtins(told.sidecar))
        answer["stages"] = [{"status": "done", **msgspec.to_builtins(stage)} for stage in told.stages]
        answer["report"] = told.placeless()
        answer["reasons"] = report.reasons(told)
    else:
        answer["stages"] = progress.stages(record["execution"]) if record.get("execution") else []
    answer["links"] |= places
    return answer


def page(site: Site, limit: int, after: str | None, caller: str) -> dict[str, Any]:
    """The caller's jobs, or all where the caller is an administrator, newest first."""
    found, following = records.newest(site.table, limit, after, None if caller in site.admins else caller)
    return {"jobs": [summary(record) for record in found if _is_whole(record)], "next": following}


def _is_whole(record: Mapping[str, Any]) -> bool:
    """False for a damaged record: others must not want for it."""
    whole = records.is_whole(record)
    if not whole:
        logger.error("bad record", job_id=str(record.get("id")))
    return whole


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a list says of a job: nothing of buckets."""
    answer = {
        "id": record["id"],
        "status": record["status"],
        "filename": keys.filename(record["key"]),
        "created": record["created"],
        "updated": record["updated"],
        "links": {"self": f"jobs/{record['id']}"},
    }
    for name in ("recipe", "source"):
        if name in record:
            answer[name] = record[name]
    if "error" in record:
        answer["error"] = {"code": record["error"]["code"], "message": record["error"]["message"]}
    if record.get("diagnosis"):
        answer["diagnosis"] = msgspec.json.decode(record["diagnosis"])
    return answer


def again(site: Site, job: str, wanted: Wanted, switches: Switches, caller: str) -> dict[str, Any]:
    """A new job on the same photo, see `darkroom.aws.api.again`.

    Raises `Problem` 409 where there is none yet, or switches are asked for and there is no report.
    """
    record = record_of(site, job, caller)
    if record["status"] == "waiting":
        raise Problem(HTTPStatus.CONFLICT, "http.no-photo-yet", "The job waits for its photo.")
    if switches:
        told = _report(record)
        if told is None:
            raise Problem(HTTPStatus.CONFLICT, "http.no-result", f"The job is {record['status']}: it has no report.")
        done = changed(told, switches.without, switches.more, switches.less)
        wanted = msgspec.structs.replace(wanted, recipe=done)
    return summary(copies.begin(site, record, wanted, caller))


def stop(site: Site, job: str, caller: str) -> dict[str, Any]:
    """Stop a job that runs. Its record ends as failed ("step.stopped") as soon as Step Functions has told of it.

    Raises `Problem` 409 for one that does not run, or that was asked for by someone who waits.
    """
    record = record_of(site, job, caller)
    if record["status"] != "running" or not progress.can_stop(record.get("execution", "")):
        raise Problem(HTTPStatus.CONFLICT, "http.job-not-running", "Only a job that runs can be stopped.")
    progress.stop(record["execution"])
    return summary(record)


def look_at(site: Site, job: str, query: Mapping[str, str], caller: str) -> Response[bytes]:
    """A job's photo or result, small; see `darkroom.aws.api.preview`."""
    return preview.answer(site, record_of(site, job, caller), query)


def redo(site: Site, job: str, caller: str) -> dict[str, Any]:
    """Begin a job anew that failed: its upload's event goes into the queue once more. Raises `Problem` 409."""
    record = record_of(site, job, caller)
    if record["status"] != "failed":
        raise Problem(
            HTTPStatus.CONFLICT,
            "http.job-not-failed",
            f"The job is {record['status']}: only one that failed can begin anew.",
        )
    if batching.of_job(record):
        raise Problem(HTTPStatus.CONFLICT, "http.job-not-failed", "The job is of a batch, which is begun anew itself.")
    try:
        clients.client("sqs").send_message(QueueUrl=site.queue, MessageBody=keys.event_of(record))
    except (ClientError, BotoCoreError) as error:
        raise clients.translate(error, "the queue of uploads", "queue") from error
    records.begin_anew(site.table, job)
    return summary(record_of(site, job, caller))


def delete(site: Site, job: str, caller: str) -> None:
    """Delete a job's upload, result, manifest and record; of a damaged record what it still names.

    Raises `Problem` 409 while it runs.
    """
    record = _any_record(site, job, caller)
    whole = _is_whole(record)
    if whole and record["status"] == "running":
        raise Problem(HTTPStatus.CONFLICT, "http.job-running", "The job runs: it can be deleted when it has ended.")
    s3 = clients.client("s3")
    places = [_sidecar(record), *(records.place_of(record.get(name)) for name in ("result", "manifest"))]
    removals = [partial(_delete_place, s3, place, job) for place in places if place]
    if records.place_of(record):
        removals.append(partial(_delete_upload, site.table, s3, record))
    for remove in removals:
        try:
            remove()
        except (ClientError, BotoCoreError) as error:
            ours = storage.translate(error)
            if whole or ours.retryable:
                raise ours from error
    records.delete(site.table, job)


def _sidecar(record: Mapping[str, Any]) -> dict[str, str] | None:
    """Where the job's sidecar lies, as its manifest says, which is deleted last."""
    try:
        told = _report(record)
    except StepFailed:
        return None  # it cannot be read
    return msgspec.to_builtins(told.sidecar) if told and told.sidecar and told.sidecar.key else None


def _delete_upload(table: str, s3: Any, record: Mapping[str, Any]) -> None:
    """The version that the job was told of; of an announced key all that are no other job's."""
    bucket, key, version = record["bucket"], record["key"], record.get("version")
    if keys.is_announced(key):
        for each in _versions(s3, bucket, key):
            if each == version or not _is_another_s(table, record, each):
                s3.delete_object(Bucket=bucket, Key=key, VersionId=each)
    elif version:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    else:
        s3.delete_object(Bucket=bucket, Key=key)


def _is_another_s(table: str, record: Mapping[str, Any], version: str) -> bool:
    """Whether another job than the record's was told of this version of its key: a form can be used twice."""
    ids = set(keys.jobs_of(record["bucket"], record["key"], version)) - {record["id"]}
    return any((records.look(table, job) or {}).get("version") == version for job in ids)


def _delete_place(s3: Any, place: Mapping[str, str], job: str) -> None:
    """The very version that the job wrote; where there are none, the object while it is the job's."""
    if place.get("version"):
        s3.delete_object(Bucket=place["bucket"], Key=place["key"], VersionId=place["version"])
    elif _is_of(s3, place, job):
        s3.delete_object(Bucket=place["bucket"], Key=place["key"])


def _versions(s3: Any, bucket: str, key: str) -> list[str]:
    """All versions of a key and its delete markers, and none of another key that begins with it."""
    versions: list[str] = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        versions += [one["VersionId"] for one in listed if one["Key"] == key]
        if any(one["Key"] != key for one in listed):
            break  # a key is listed before those that begin with it
    return versions


def _is_of(s3: Any, place: Mapping[str, str], job: str) -> bool:
    """False where a newer upload of the same key has replaced the object, or it is gone."""
    try:
        return bool(s3.head_object(Bucket=place["bucket"], Key=place["key"])["Metadata"].get("job") == job)
    except ClientError as error:
        if clients.code_of(error) in storage.GONE:
            return False
        raise


def _report(record: Mapping[str, Any]) -> Report | None:
    """The manifest. None where the job has none, it is gone, or it is a newer upload's."""
    place = records.place_of(record.get("manifest"))
    if not place:
        return None
    try:
        body, _ = storage.read(place["bucket"], place["key"], place.get("version") or None)
    except ImageRejected:
        return None
    told = report.read(body)
    return told if told.job == record["id"] else None


def record_of(site: Site, job: str, caller: str) -> Record:
    """The job's record, as `_any_record`. Raises `Problem` 409 where it is damaged."""
    record = _any_record(site, job, caller)
    if not _is_whole(record):
        raise Problem(HTTPStatus.CONFLICT, "http.bad-record", "The job's record is damaged: it can only be deleted.")
    return record


def _any_record(site: Site, job: str, caller: str) -> Record:
    """The job's record, where it is the caller's. Another's is as if there were none. Raises `Problem` 404."""
    if not re.fullmatch("[0-9a-f]{32}", job):
        raise Problem(HTTPStatus.NOT_FOUND, "http.no-job", "There is no such job: an id is 32 hexadecimal digits.")
    record = records.find(site.table, job)
    if caller not in site.admins and record.get("owner") != caller:
        raise records.no_such_job()
    return record


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
