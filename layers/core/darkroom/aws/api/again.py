"""`POST /jobs/{id}/again`: the same photo once more, asked for otherwise; nobody uploads it a second time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from darkroom.aws import clients, copies, keys
from darkroom.aws.api import records
from darkroom.aws.api.settings import Site
from darkroom.aws.items import Record
from darkroom.errors import DarkroomError
from darkroom.wanted import Wanted


def begin(site: Site, record: Mapping[str, Any], wanted: Wanted, caller: str) -> Record:
    """The record of a new job on a copy of a job's photo, which waits for its turn.

    Its `source` is the job whose photo was uploaded. Metadata of the upload that ask for nothing come along where there
    is room; tags do not. Raises `ImageRejected` "gone" where the photo is no longer kept.
    """
    job = secrets.token_hex(16)
    key = keys.to_announce(job, keys.filename(record["key"]))
    source = record.get("source") or record["id"]
    records.announce(site.table, job, site.uploads, key, owner=caller, request="", source=source)
    try:
        copies.copy(clients.client("s3"), record, site.uploads, key, wanted.to_metadata())
    except DarkroomError:
        records.delete(site.table, job)
        raise
    return records.find(site.table, job)
