"""An upload once more, under another key and asked for otherwise: nobody uploads it a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from darkroom.aws import keys, storage
from darkroom.wanted import METADATA_BYTES, Overrides


def copy(s3: Any, record: Mapping[str, Any], bucket: str, key: str, asked: Mapping[str, str]) -> None:
    """Copy the upload of a job's record. asked: metadata, as an upload asks.

    Its type and its metadata that ask for nothing come along, these where there is room; its tags do not. Raises
    `ImageRejected` "gone" where it is no longer kept.
    """
    there = storage.head(record["bucket"], record["key"], record.get("version"), s3)
    storage.copy(keys.to_ask(record), bucket, key, there["ContentType"], _metadata(there["Metadata"], asked), s3)


def _metadata(there: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    others = {name: value for name, value in there.items() if name not in ("recipe", *Overrides.__struct_fields__)}
    together = {**others, **asked}
    size = sum(len(name) + len(value) for name, value in together.items())
    return together if size <= METADATA_BYTES else dict(asked)
