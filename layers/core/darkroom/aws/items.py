"""Items of the table of jobs, as all know them who read or write them.

What asks DynamoDB raises botocore's errors, of which `translate` makes darkroom's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients
from darkroom.errors import StepFailed, TransientError

Record = dict[str, Any]

WORKER = "worker/"
"""How a record's `execution` begins where the job is a worker's in a container, and not the workflow's."""

_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


def now() -> str:
    """The time as the workflow writes it."""
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """A time, with its zone, as the workflow writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def item_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as DynamoDB's client takes it."""
    return {name: _SERIALIZER.serialize(value) for name, value in record.items()}


def record_of(item: Mapping[str, Any]) -> Record:
    """A record, from what DynamoDB's client gives."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


def find(dynamodb: Any, table: str, job: str) -> Record | None:
    """A job's record as it now stands, or None where there is none."""
    answer = dynamodb.get_item(TableName=table, Key={"id": {"S": job}}, ConsistentRead=True)
    return record_of(answer["Item"]) if "Item" in answer else None


def unfinished(dynamodb: Any, table: str, state: str = "running", **options: str) -> Iterator[dict[str, Any]]:
    """DynamoDB's pages of the jobs that run, or whose end is `untold`. options: of the query."""
    yield from dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="unfinished",
        KeyConditionExpression="#open = :state",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues={":state": {"S": state}},
        **options,
    )


def translate(error: ClientError | BotoCoreError) -> StepFailed | TransientError:
    """darkroom's error for one of DynamoDB's. Names no table."""
    return clients.translate(error, "the table of jobs", "jobs")
