"""The object store as darkroom sees it: errors typed, and a write in which the newest upload wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients
from darkroom.aws.clients import client, code_of
from darkroom.errors import DarkroomError, ImageRejected, StepFailed, TransientError
from darkroom.limits import Limits

GONE = {"NoSuchKey", "NoSuchVersion", "404"}
HIDDEN = {"AccessDenied", "403"}
"""What S3 answers for what is absent, too, where the caller may not list the bucket:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""

LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
NOTHING_THERE = {"IfNoneMatch": "*"}


def read(
    bucket: str, key: str, version: str | None = None, *, limits: Limits | None = None, listed: bool = True
) -> tuple[bytes, dict[str, Any]]:
    """An object's bytes, and S3's answer (with `Metadata`).

    listed: whether this function may list the bucket; where not, what it may not read counts as absent, for S3 does not
    tell which.

    Raises `ImageRejected`: "gone" where it no longer exists, "too-many-bytes" before reading more than `limits` allow.
    """
    answer = _ask(bucket, key, version, listed)
    return _body(answer, limits), answer


def read_upload(
    bucket: str, key: str, version: str | None, *, limits: Limits, listed: bool = True
) -> tuple[bytes, dict[str, Any], bool]:
    """An upload's bytes, S3's answer, and whether its key was deleted since. version: None where no versions are kept.

    One request in all but the rarest case, that the version is the newest no more. Raises as `read` does.
    """
    if version is None:
        return *read(bucket, key, limits=limits, listed=listed), False
    try:
        newest = _ask(bucket, key, None)
    except ImageRejected:  # a delete marker, or nothing at all
        return *read(bucket, key, version, limits=limits), True
    if newest.get("VersionId") == version:
        return _body(newest, limits), newest, False
    newest["Body"].close()
    return *read(bucket, key, version, limits=limits), False


def _ask(bucket: str, key: str, version: str | None, listed: bool = True) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = client("s3").get_object(
            Bucket=bucket, Key=key, **({"VersionId": version} if version else {})
        )
    except (ClientError, BotoCoreError) as error:
        raise translate(error, listed) from error
    return answer


def _body(answer: Mapping[str, Any], limits: Limits | None) -> bytes:
    if limits is not None:
        limits.check_bytes(answer["ContentLength"])
    try:
        return bytes(answer["Body"].read())
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def head(bucket: str, key: str, version: str | None = None, s3: Any = None) -> dict[str, Any]:
    """What S3 knows of an object, without its bytes. Raises `ImageRejected` "gone" where it no longer exists.

    s3: another client than this process's usual one.
    """
    try:
        answer: dict[str, Any] = (s3 or client("s3")).head_object(
            Bucket=bucket, Key=key, **({"VersionId": version} if version else {})
        )
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error
    return answer


def write(bucket: str, key: str, body: bytes, media_type: str, **options: Any) -> None:
    try:
        client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=media_type, **options)
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def copy(
    place: Mapping[str, str], bucket: str, key: str, media_type: str, metadata: Mapping[str, str], s3: Any = None
) -> None:
    """Copy an object within S3, with this metadata instead of its own, and without its tags.

    place: as S3 calls it: ``Bucket``, ``Key``, and ``VersionId`` for another version than the newest. s3: another
    client than this process's usual one.
    """
    try:
        (s3 or client("s3")).copy_object(
            CopySource=place,
            Bucket=bucket,
            Key=key,
            ContentType=media_type,
            Metadata=metadata,
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
        )
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


class Written(msgspec.Struct, frozen=True):
    """What S3 calls an object that was written. version: None where the bucket keeps none. new: nothing lay there."""

    etag: str
    version: str | None
    new: bool = True


def write_newest(
    bucket: str,
    key: str,
    body: bytes,
    media_type: str,
    *,
    source: str,
    sequencer: str,
    metadata: Mapping[str, str],
    new: bool = True,
    **options: str,
) -> Written | None:
    """Write an object unless what lies there was made from a newer upload of the same source. None if it was.

    new: nothing is thought to lie there, so that is tried first, without a look: most photos are uploaded once.

    S3 delivers events at least once and out of order, and two uploads of a key are worked on at the same time. Each
    result carries its source and the upload's sequencer; it is replaced by compare-and-swap (``If-Match``), so that
    whatever the order in which two jobs finish, the newest upload's result stays.
    """
    s3 = client("s3")
    for attempt in range(16):
        try:
            blind = new and attempt == 0
            condition = NOTHING_THERE if blind else _condition(s3, bucket, key, source, sequencer)
            if condition is None:
                return None
            answer = s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType=media_type,
                Metadata={**metadata, "source": source, "sequencer": sequencer},
                **options,
                **condition,
            )
            return Written(answer["ETag"].strip('"'), answer.get("VersionId"), condition is NOTHING_THERE)
        except ClientError as error:
            if code_of(error) not in LOST_RACE | GONE:
                raise translate(error) from error
        except BotoCoreError as error:
            raise translate(error) from error
    raise TransientError("contended", "the result is being written by many jobs at once")


def annotate(bucket: str, key: str, of: Written, name: str, text: bytes) -> None:
    """Attach a text to the very object that was written. It goes with that object, and with no other under its key.

    text: UTF-8, 1 MiB at most. Nothing is done where that object is gone by now. Raises `StepFailed`
    (`step.no-annotations`) where the store, or the boto3 that asks it, knows no annotations.
    """
    s3 = client("s3")
    if not hasattr(s3, "put_object_annotation"):
        raise StepFailed("no-annotations", "this boto3 knows no annotations of objects: set AnnotateResults to false")
    which = {"VersionId": of.version} if of.version else {}
    try:
        s3.put_object_annotation(
            Bucket=bucket, Key=key, **which, AnnotationName=name, AnnotationPayload=text, ObjectIfMatch=f'"{of.etag}"'
        )
    except ClientError as error:
        if code_of(error) in ("NotImplemented", "MethodNotAllowed"):
            raise StepFailed("no-annotations", "the object store knows no annotations of objects") from error
        if code_of(error) not in GONE | LOST_RACE:
            raise translate(error) from error
    except BotoCoreError as error:
        raise translate(error) from error


def _condition(s3: Any, bucket: str, key: str, source: str, sequencer: str) -> dict[str, str] | None:
    """What must hold for a write to be right, or None where a newer result lies there."""
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in GONE:
            return NOTHING_THERE
        raise
    there = head["Metadata"]
    if there.get("source") == source and is_newer(there.get("sequencer", ""), sequencer):
        return None
    return {"IfMatch": head["ETag"]}


def remove_older(bucket: str, key: str, *, source: str, sequencer: str) -> None:
    """Delete what a job of an older upload of the same source, or of this one, left under a key; of a bucket that keeps
    versions they stay. Whatever else lies there is not touched."""
    s3 = client("s3")
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
        there = head["Metadata"]
        if there.get("source") == source and not is_newer(there.get("sequencer", ""), sequencer):
            s3.delete_object(Bucket=bucket, Key=key, IfMatch=head["ETag"])
    except ClientError as error:
        if code_of(error) not in GONE | LOST_RACE:  # what lies there by now is a newer job's
            raise translate(error) from error
    except BotoCoreError as error:
        raise translate(error) from error


def is_newer(sequencer: str, than: str) -> bool:
    """Order of two S3 event sequencers of one key: hexadecimal strings, the shorter padded with zeros on its right."""
    width = max(len(sequencer), len(than))
    return sequencer.upper().ljust(width, "0") > than.upper().ljust(width, "0")


def translate(error: ClientError | BotoCoreError, listed: bool = True) -> DarkroomError:
    """darkroom's error for one of S3's. Names no bucket and no key. listed: see `read`."""
    if isinstance(error, ClientError) and code_of(error) in (GONE if listed else GONE | HIDDEN):
        return ImageRejected("gone", "the object was deleted before it was read")
    return clients.translate(error, "the object store", "storage")
