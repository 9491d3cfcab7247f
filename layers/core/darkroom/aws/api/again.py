"""`POST /jobs/{id}/again`: the same photo once more, asked for otherwise; nobody uploads it a second time."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, keys, storage
from darkroom.aws.api import records
from darkroom.aws.api.settings import Site
from darkroom.aws.items import Record
from darkroom.errors import DarkroomError
from darkroom.wanted import METADATA_BYTES, Overrides, Wanted


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
        _copy(record, site.uploads, key, wanted.to_metadata())
    except DarkroomError:
        records.delete(site.table, job)
        raise
    return records.find(site.table, job)


def _copy(record: Mapping[str, Any], bucket: str, key: str, asked: Mapping[str, str]) -> None:
    place = keys.to_ask(record)
    try:
        there = clients.client("s3").head_object(**place)
    except (ClientError, BotoCoreError) as error:
        raise storage.translate(error) from error
    storage.copy(place, bucket, key, there["ContentType"], _metadata(there["Metadata"], asked))


def _metadata(there: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    others = {name: value for name, value in there.items() if name not in ("recipe", *Overrides.__struct_fields__)}
    together = {**others, **asked}
    size = sum(len(name) + len(value) for name, value in together.items())
    return together if size <= METADATA_BYTES else dict(asked)
