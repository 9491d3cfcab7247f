"""The object store as darkroom sees it: errors typed, and a write in which the newest upload wins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.errors import DarkroomError, ImageRejected, StepFailed, TransientError
from darkroom.limits import Limits

GONE = {"NoSuchKey", "NoSuchVersion", "404"}
RETRYABLE = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException"}
LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@cache
def client(service: str) -> Any:
    """A boto3 client, made once. An empty ``AWS_ENDPOINT_URL`` counts as none (`sam local` passes it on empty)."""
    return boto3.client(
        service,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
        config=Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4}),
    )


def read(
    bucket: str, key: str, version: str | None = None, *, limits: Limits | None = None
) -> tuple[bytes, dict[str, Any]]:
    """An object's bytes, and S3's answer (with `Metadata`).

    Raises `ImageRejected`: "gone" where it no longer exists, "too-many-bytes" before reading more than `limits` allow.
    """
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        if limits is not None:
            limits.check_bytes(answer["ContentLength"])
        return answer["Body"].read(), answer
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def write(bucket: str, key: str, body: bytes, media_type: str, **options: Any) -> None:
    try:
        client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=media_type, **options)
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def write_newest(
    bucket: str, key: str, body: bytes, media_type: str, *, source: str, sequencer: str, metadata: Mapping[str, str]
) -> bool:
    """Write an object unless what lies there was made from a newer upload of the same source. True if written.

    S3 delivers events at least once and out of order, and two uploads of a key are worked on at the same time. Each
    result carries its source and the upload's sequencer; it is replaced by compare-and-swap (``If-Match``), so that
    whatever the order in which two jobs finish, the newest upload's result stays.
    """
    s3 = client("s3")
    for _ in range(16):
        try:
            condition = _condition(s3, bucket, key, source, sequencer)
            if condition is None:
                return False
            s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType=media_type,
                Metadata={**metadata, "source": source, "sequencer": sequencer},
                **condition,
            )
            return True
        except ClientError as error:
            if error.response["Error"]["Code"] not in LOST_RACE | GONE:
                raise translate(error) from error
        except BotoCoreError as error:
            raise translate(error) from error
    raise TransientError("contended", "the result is being written by many jobs at once")


def _condition(s3: Any, bucket: str, key: str, source: str, sequencer: str) -> dict[str, str] | None:
    """What must hold for a write to be right, or None where a newer result lies there."""
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return {"IfNoneMatch": "*"}
        raise
    there = head["Metadata"]
    if there.get("source") == source and is_newer(there.get("sequencer", ""), sequencer):
        return None
    return {"IfMatch": head["ETag"]}


def is_newer(sequencer: str, than: str) -> bool:
    """Order of two S3 event sequencers of one key: hexadecimal strings, the shorter padded with zeros on its right."""
    width = max(len(sequencer), len(than))
    return sequencer.upper().ljust(width, "0") > than.upper().ljust(width, "0")


def translate(error: ClientError | BotoCoreError) -> DarkroomError:
    """darkroom's error for one of AWS's. Names no bucket and no key."""
    if not isinstance(error, ClientError):
        return TransientError("unreachable", f"the object store did not answer ({type(error).__name__})")
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in GONE:
        return ImageRejected("gone", "the object was deleted before it was read")
    if code in RETRYABLE or status >= 500:
        return TransientError("unavailable", f"the object store answered {code}")
    return StepFailed("storage", f"the object store answered {code}")
