"""The stack's buckets and its table of jobs, as template.yaml has them, on moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws

from darkroom.aws import clients
from darkroom.aws.api import secret
from tests.support import template
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK

REGION = "eu-central-1"
SECRET = "not-a-real-secret"


@contextmanager
def stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Buckets and table for as long as it lasts, and nothing in a client's memory before and after."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients.client.cache_clear()
        secret.forget()
        make_buckets()
        make_table()
        make_secret()
        yield
    clients.client.cache_clear()
    secret.forget()


def make_buckets() -> None:
    s3 = boto3.client("s3")
    for bucket in (UPLOADS, WORK, RESULTS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for bucket in (UPLOADS, RESULTS):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def make_secret() -> None:
    """The secret by which addresses are signed."""
    boto3.client("secretsmanager").create_secret(Name=SETTINGS["SIGNING_SECRET"], SecretString=SECRET)


def make_table(name: str = SETTINGS["JOBS_TABLE"]) -> None:
    boto3.client("dynamodb").create_table(TableName=name, **of_template())


def of_template() -> dict[str, Any]:
    """What template.yaml says of the table."""
    properties: dict[str, Any] = template.source()["Resources"]["JobsTable"]["Properties"]
    parts = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {part: properties[part] for part in parts}


def table() -> Any:
    """The table of jobs, as boto3 has one of Python's values."""
    return boto3.resource("dynamodb").Table(SETTINGS["JOBS_TABLE"])
