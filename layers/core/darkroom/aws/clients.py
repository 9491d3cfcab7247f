"""AWS's services as darkroom sees them: one maker of clients, and darkroom's error for one of theirs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from darkroom.errors import StepFailed, TransientError

USUAL = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 4})

AT_ONCE = 10
"""Requests to one service: as many connections as botocore keeps."""

BUSY = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""By these codes S3, DynamoDB, Lambda and Step Functions say that they are busy or in trouble: it may go well later."""


@cache
def client(service: str, config: Config = USUAL) -> Any:
    """A boto3 client, made once. An empty ``AWS_ENDPOINT_URL`` counts as none (`sam local` passes it on empty).

    ``AWS_ENDPOINT_URL_S3`` and the like name one service's own, as for all of AWS's programs.
    """
    endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL") or None
    # AWS serves some operations under a host name of their own; an emulator has one address.
    return boto3.client(
        service, endpoint_url=endpoint, config=config.merge(Config(inject_host_prefix=endpoint is None))
    )


def objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """What S3 tells of the objects under a prefix, by their keys. Raises botocore's errors."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def code_of(error: ClientError) -> str:
    """AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError | BotoCoreError, service: str, reason: str) -> StepFailed | TransientError:
    """darkroom's error for one of AWS's. Names no resource.

    service: who answered, in words. reason: of the `StepFailed` where it will not go well later either.
    """
    if isinstance(error, ParamValidationError):  # it was never sent
        return StepFailed(reason, f"{service} cannot be asked so")
    if not isinstance(error, ClientError):
        return TransientError("unreachable", f"{service} did not answer ({type(error).__name__})")
    code = code_of(error)
    if code in BUSY or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return TransientError("unavailable", f"{service} answered {code}")
    return StepFailed(reason, f"{service} answered {code}")
