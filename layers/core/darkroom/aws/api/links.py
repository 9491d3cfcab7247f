"""Presigned forms and links: whoever holds one may do what it says for a few minutes. None of them is ever logged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.config import Config

from darkroom.aws.clients import client

FORM_SECONDS = 900
LINK_SECONDS = 900

REGIONAL = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)
"""By version 4, for the bucket's own address in its region: at any other a new bucket redirects, or does not answer."""

EMULATED = Config(signature_version="s3v4", s3={"addressing_style": "auto"})
"""An emulator has one address for all buckets."""


def signing(*, emulated: bool) -> Config:
    """How a client of S3 signs links."""
    return EMULATED if emulated else REGIONAL


def _signer() -> Any:
    return client("s3", signing(emulated=_emulated()))


def _emulated() -> bool:
    return bool(os.environ.get("AWS_ENDPOINT_URL"))


def to(place: Mapping[str, str], *, filename: str | None = None) -> str:
    """A link to the very version of a result or manifest that a record or the workflow names."""
    return link(place["bucket"], place["key"], version=place.get("version"), filename=filename)


def form(bucket: str, key: str, content_type: str, metadata: Mapping[str, str], max_bytes: int) -> dict[str, Any]:
    """A form for one upload: of this type and metadata, of at most `max_bytes`, under this key and no other."""
    fields = {"Content-Type": content_type, **{f"x-amz-meta-{name}": value for name, value in metadata.items()}}
    post = _signer().generate_presigned_post(
        bucket,
        key,
        Fields=fields,
        Conditions=[["content-length-range", 1, max_bytes], *({name: value} for name, value in fields.items())],
        ExpiresIn=FORM_SECONDS,
    )
    # boto3 leaves S3's own variable in a key alone; ours is exact.
    return {"url": post["url"], "fields": post["fields"], "expires_in": FORM_SECONDS, "max_bytes": max_bytes}


def link(bucket: str, key: str, *, version: str | None = None, filename: str | None = None) -> str:
    """A link to one object; with `filename` a browser saves it under that name."""
    if filename and _emulated():
        version = None  # beside a version the emulator forgets the name
    request = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    if filename:
        request["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(filename)}"
    return str(_signer().generate_presigned_url("get_object", Params=request, ExpiresIn=LINK_SECONDS))


def origin(bucket: str) -> str:
    """Where a bucket's links lead, for a content security policy."""
    address = urlsplit(_signer().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"}))
    return f"{address.scheme}://{address.netloc}"
