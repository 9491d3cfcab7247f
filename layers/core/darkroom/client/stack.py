"""A deployed stack, seen from outside: upload a photo, wait for its job, fetch what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import items, keys
from darkroom.client.waiting import UNFINISHED, check, until
from darkroom.errors import StepFailed
from darkroom.wanted import Wanted

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack by its outputs."""

    outputs: Mapping[str, str]
    connection: Mapping[str, str]

    @classmethod
    def find(cls, name: str, **connection: str) -> Self:
        """The stack called `name`. `connection` goes to `boto3.client`. Raises `StepFailed` where there is none."""
        try:
            stacks = boto3.client("cloudformation", **connection).describe_stacks(StackName=name)
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("no-stack", f"the stack '{name}' could not be found: {error}") from None
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks["Stacks"][0].get("Outputs", [])}
        return cls(outputs, connection)

    def client(self, service: str, config: Config | None = None) -> Any:
        return boto3.client(service, config=config, **self.connection)

    @property
    def images(self) -> str:
        """What signed addresses begin with: the CDN where there is one, else the API."""
        return self.outputs.get("Cdn") or self.outputs["Api"]

    def signing_secret(self) -> str:
        """The secret by which addresses are signed."""
        try:
            answer = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["SigningSecret"])
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("secret", f"the secret could not be read: {error}") from None
        return str(answer["SecretString"])

    def upload(self, filename: str, body: bytes, wanted: Wanted) -> str:
        """Put a photo into the uploads bucket, which starts its job, and give its key: no other upload has it."""
        key = keys.to_submit(uuid.uuid4().hex, filename)
        metadata = wanted.to_metadata()
        try:
            self.client("s3").put_object(Bucket=self.outputs["UploadsBucket"], Key=key, Body=body, Metadata=metadata)
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("upload", f"the upload failed: {error}") from None
        return key

    def wait(self, key: str, timeout: float) -> dict[str, Any]:
        """The finished job of an upload. Raises the job's own error, or `TransientError` after `timeout` seconds."""

        def look() -> dict[str, Any] | None:
            return next((job for job in self.jobs(key)[:1] if job["status"] not in UNFINISHED), None)

        done = until(look, timeout, POLL_SECONDS)
        error = done.get("error", {})
        check(done["status"], error.get("code", ""), error.get("message", ""))
        return done

    def jobs(self, key: str) -> list[dict[str, Any]]:
        """The newest jobs of an upload's key, newest first."""
        try:
            answer = self.client("dynamodb").query(
                TableName=self.outputs["JobsTable"],
                IndexName="newest",
                KeyConditionExpression="listing = :jobs",
                FilterExpression="#key = :key",
                ExpressionAttributeNames={"#key": "key"},
                ExpressionAttributeValues={":jobs": {"S": "jobs"}, ":key": {"S": key}},
                ScanIndexForward=False,
                Limit=1000,
            )
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("jobs", f"the jobs could not be read: {error}") from None
        return [items.record_of(item) for item in answer["Items"]]

    def record(self, job: str) -> dict[str, Any] | None:
        """A job's record by its id. Raises botocore's errors."""
        return items.find(self.client("dynamodb"), self.outputs["JobsTable"], job)

    def forget(self, job: Mapping[str, Any]) -> None:
        """Delete an ended job's upload, result, manifest and record, and all versions of each. Raises `StepFailed`."""
        places = [job, *(job[name] for name in ("result", "manifest") if job.get(name))]
        try:
            s3 = self.client("s3")
            for place in places:
                pages = s3.get_paginator("list_object_versions").paginate(Bucket=place["bucket"], Prefix=place["key"])
                for page in pages:
                    for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                        if version["Key"] == place["key"]:
                            s3.delete_object(Bucket=place["bucket"], Key=place["key"], VersionId=version["VersionId"])
            self.client("dynamodb").delete_item(TableName=self.outputs["JobsTable"], Key={"id": {"S": job["id"]}})
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("delete", f"what came of the job could not be deleted: {error}") from None

    def download(self, place: Mapping[str, str]) -> bytes:
        """The object at a job's `result` or `manifest`, and no other version."""
        try:
            body: bytes = self.client("s3").get_object(**keys.to_ask(place))["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise StepFailed("download", f"the result could not be fetched: {error}") from None
        return body
