from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from darkroom.aws import clients
from darkroom.aws.api import synchronous
from tests.support.api_client import Client, Lambda, Workflow
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK, Functions


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """The functions, with buckets and table on moto."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        clients.client.cache_clear()
        s3 = boto3.client("s3")
        for bucket in (UPLOADS, WORK, RESULTS):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        for bucket in (UPLOADS, RESULTS):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        names = ("id", "listing", "owner", "created")
        boto3.client("dynamodb").create_table(
            TableName=SETTINGS["JOBS_TABLE"],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": name, "KeyType": "HASH"},
                        {"AttributeName": "created", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, name in (("newest", "listing"), ("owned", "owner"))
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Functions()
    clients.client.cache_clear()


@pytest.fixture
def api(functions: Functions) -> Client:
    return Client(functions)


@pytest.fixture
def workflow(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    stand_in = Workflow(functions)
    monkeypatch.setattr(synchronous, "client", {"stepfunctions": stand_in}.__getitem__)
    return stand_in


@pytest.fixture
def networks(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Lambda:
    stand_in = Lambda(functions)
    monkeypatch.setattr(synchronous, "client", {"lambda": stand_in}.__getitem__)
    return stand_in
