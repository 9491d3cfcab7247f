"""Job records in the table: what the workflow writes, and the API announces, lists and deletes."""

from __future__ import annotations

import base64
import binascii
import contextlib
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Meta

from darkroom.aws import clients, items
from darkroom.aws.api.problems import Problem, bad_next
from darkroom.aws.items import Record
from darkroom.ready import ready

Name = Annotated[str, Meta(min_length=1)]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an object lies, as records name it."""

    bucket: Name
    key: Name
    version: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why a job failed, or its photo was rejected, as records tell it."""

    code: str
    message: str


class Whole(Place, frozen=True, kw_only=True):
    """What each record has, and of what kind the rest is that is read of it."""

    id: str
    status: Literal["waiting", "running", "succeeded", "superseded", "rejected", "failed"]
    created: str
    updated: str
    owner: str = ""
    execution: str = ""
    request: str = ""
    sequencer: str = ""
    source: str = ""
    recipe: str = ""
    diagnosis: str = ""
    error: Refusal | None = None
    result: Place | None = None
    manifest: Place | None = None


WAIT_SECONDS = 86_400
"""How long an announced job waits for its upload before its record is forgotten."""


def announce(
    table: str, job: str, bucket: str, key: str, *, owner: str, request: str, source: str | None = None
) -> Record | None:
    """Write the record of a job that waits for its upload. Returns the record that was there before, if one was.

    owner: who may see the job. request: what was asked, to tell a repeated request from another.
    source: the job whose photo this one has a copy of.
    """
    record = {
        "id": job,
        "listing": "jobs",
        "owner": owner,
        "status": "waiting",
        "bucket": bucket,
        "key": key,
        "request": request,
        "created": items.now(),
        "updated": items.now(),
        "expires": int(time.time()) + WAIT_SECONDS,
        **({"source": source} if source else {}),
    }
    try:
        clients.client("dynamodb").put_item(
            TableName=table,
            Item=items.item_of(record),
            ConditionExpression="attribute_not_exists(id)",
        )
    except ClientError as error:
        if clients.code_of(error) != "ConditionalCheckFailedException":
            raise items.translate(error) from error
        return find(table, job)
    except BotoCoreError as error:
        raise items.translate(error) from error
    return None


def find(table: str, job: str) -> Record:
    """A job's record. Raises `Problem` 404."""
    record = look(table, job)
    if record is None:
        raise no_such_job()
    return record


def is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record holds what each must, and nothing of another kind: else it was damaged, by whatever."""
    try:
        found = msgspec.convert(record, Whole)
        msgspec.json.decode(found.diagnosis or "null")
    except msgspec.MsgspecError:
        return False
    return True


def place_of(said: Any) -> dict[str, str] | None:
    """Where an object lies, by what a record, which may be damaged, says of it."""
    try:
        place: dict[str, str] = msgspec.to_builtins(msgspec.convert(said, Place))
    except msgspec.ValidationError:
        return None
    return place


def no_such_job() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "http.no-job", "There is no such job, or it is no longer remembered.")


def look(table: str, job: str) -> Record | None:
    """A job's record, or None where there is none."""
    try:
        return items.find(clients.client("dynamodb"), table, job)
    except (ClientError, BotoCoreError) as error:
        raise items.translate(error) from error


def newest(table: str, limit: int, after: str | None, owner: str | None) -> tuple[list[Record], str | None]:
    """A page of records, newest first, and the word that asks for the next one. owner: whose; None for everyone's."""
    index, name, value = ("newest", "listing", "jobs") if owner is None else ("owned", "owner", owner)
    start = {"ExclusiveStartKey": _start(after, name, value)} if after else {}
    try:
        answer = clients.client("dynamodb").query(
            TableName=table,
            IndexName=index,
            KeyConditionExpression="#whose = :whose",
            ExpressionAttributeNames={"#whose": name},
            ExpressionAttributeValues={":whose": {"S": value}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    except (ClientError, BotoCoreError) as error:
        raise items.translate(error) from error
    last = answer.get("LastEvaluatedKey")
    token = base64.urlsafe_b64encode(msgspec.json.encode(items.record_of(last))).decode().rstrip("=") if last else None
    return [items.record_of(item) for item in answer["Items"]], token


def take_place(table: str, place: str, holder: str, seconds: int) -> bool:
    """Take a place of this name for so many seconds, unless another holds it."""
    now = int(time.time())
    try:
        clients.client("dynamodb").put_item(
            TableName=table,
            Item={"id": {"S": place}, "holder": {"S": holder}, "expires": {"N": str(now + seconds)}},
            ConditionExpression="attribute_not_exists(id) OR expires < :now",
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )
    except ClientError as error:
        if clients.code_of(error) == "ConditionalCheckFailedException":
            return False
        raise items.translate(error) from error
    except BotoCoreError as error:
        raise items.translate(error) from error
    return True


def leave_place(table: str, place: str, holder: str) -> None:
    """Give a place back. One that cannot be given back is free again when its time is over."""
    with contextlib.suppress(ClientError, BotoCoreError):
        clients.client("dynamodb").delete_item(
            TableName=table,
            Key={"id": {"S": place}},
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues={":holder": {"S": holder}},
        )


def delete(table: str, job: str) -> None:
    try:
        clients.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": job}})
    except (ClientError, BotoCoreError) as error:
        raise items.translate(error) from error


def begin_anew(table: str, job: str) -> None:
    """Let a job that failed wait for its upload's event, which was sent again. Nothing where it has begun already."""
    try:
        clients.client("dynamodb").update_item(
            TableName=table,
            Key={"id": {"S": job}},
            UpdateExpression="SET #status = :waiting, updated = :now REMOVE #error",
            ConditionExpression="#status = :failed",
            ExpressionAttributeNames={"#status": "status", "#error": "error"},
            ExpressionAttributeValues={
                ":waiting": {"S": "waiting"},
                ":failed": {"S": "failed"},
                ":now": {"S": items.now()},
            },
        )
    except ClientError as error:
        if clients.code_of(error) != "ConditionalCheckFailedException":
            raise items.translate(error) from error
    except BotoCoreError as error:
        raise items.translate(error) from error


def _start(token: str, name: str, value: str) -> dict[str, dict[str, str]]:
    try:
        raw = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        place = msgspec.json.decode(raw, type=dict[str, str])
    except (binascii.Error, UnicodeError, msgspec.MsgspecError):
        place = {}
    if set(place) != {"id", name, "created"} or place[name] != value or not all(place.values()):
        raise bad_next()
    return {name: {"S": value} for name, value in place.items()}


ready(Whole)
