"""The jobs of a deployed stack: those of late, and one with all that is known of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import items, keys
from darkroom.aws.api.links import signing
from darkroom.client.stack import Stack
from darkroom.errors import StepFailed

LINK_SECONDS = 3600
"""For which links to a photo last."""


def of_late(stack: Stack, since: timedelta, statuses: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The records of the jobs that came within a time, newest first. statuses: only those; all if empty."""
    start = items.written(datetime.now(UTC) - since)
    pages = stack.client("dynamodb").get_paginator("query")
    try:
        for page in pages.paginate(
            TableName=stack.outputs["JobsTable"],
            IndexName="newest",
            KeyConditionExpression="listing = :jobs AND created >= :start",
            ExpressionAttributeValues={":jobs": {"S": "jobs"}, ":start": {"S": start}},
            ScanIndexForward=False,
        ):
            for item in page["Items"]:
                record = items.record_of(item)
                if not statuses or record["status"] in statuses:
                    yield record
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"the jobs could not be read: {error}") from None


def seconds(record: Mapping[str, Any]) -> float | None:
    """From a job's beginning to its record's last change; None where the record does not tell."""
    try:
        began, changed = (datetime.fromisoformat(record[name]) for name in ("created", "updated"))
        return (changed - began).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None


def of_one(stack: Stack, job: str) -> dict[str, Any]:
    """A job's record, with its seconds, links to upload, result and manifest, and where its logs and traces are.

    Raises `StepFailed` where there is none.
    """
    try:
        record = stack.record(job)
        if record is None:
            raise StepFailed("no-job", f"there is no job '{job:.80}'")
        places = {"upload": {name: record.get(name, "") for name in ("bucket", "key", "version")}}
        places |= {name: record[name] for name in ("result", "manifest") if name in record}
        links = {name: _link(stack, place) for name, place in places.items()}
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"the job could not be read: {error}") from None
    pattern = f'{{ $.job_id = "{job}" }}'
    command = (
        f"aws logs filter-log-events --log-group-name {stack.outputs['FunctionLogs']} --filter-pattern '{pattern}'"
    )
    traces = f'annotation.job_id = "{job}"'
    return {**record, "seconds": seconds(record), "links": links, "logs": command, "traces": traces}


def _link(stack: Stack, place: Mapping[str, str]) -> str:
    emulated = bool(stack.connection.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL"))
    s3 = stack.client("s3", signing(emulated=emulated))
    return str(s3.generate_presigned_url("get_object", Params=keys.to_ask(place), ExpiresIn=LINK_SECONDS))
