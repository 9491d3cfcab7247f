"""The deployed stack as its users see it: put an object, look at the job table, the buckets and the events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from darkroom.client import Client
from darkroom_local.emulator import EmbeddedAws
from tests.support import photos, queues

PATIENCE_SECONDS = 450.0
"""Uploads wait in a queue for their turn, and lie there for 360 s after a starter that died."""
POLL_SECONDS = 0.2
BATCH_BUCKET = "photo-archive"


class Cloud:
    """A stack by its outputs, with a queue that gets every event of darkroom's."""

    def __init__(self, aws: EmbeddedAws, outputs: Mapping[str, str]) -> None:
        self.aws = aws
        self.outputs = outputs
        self.s3, self.states, self.sqs = (aws.client(name) for name in ("s3", "stepfunctions", "sqs"))
        self._table = aws.client("dynamodb")
        self._events: list[dict[str, Any]] = []
        self._queue = queues.hear(self.sqs, aws.client("events"))

    def upload(self, key: str, body: bytes, **metadata: str) -> None:
        self.s3.put_object(Bucket=self.outputs["UploadsBucket"], Key=key, Body=body, Metadata=metadata)

    def jobs(self, key: str) -> list[dict[str, Any]]:
        """The jobs of an upload's key, newest first, by the index that lists them."""
        answer = self._table.query(
            TableName=self.outputs["JobsTable"],
            IndexName="newest",
            KeyConditionExpression="listing = :jobs",
            ExpressionAttributeValues={":jobs": {"S": "jobs"}},
            ScanIndexForward=False,
        )
        plain = TypeDeserializer()
        jobs = [{name: plain.deserialize(value) for name, value in item.items()} for item in answer["Items"]]
        return [job for job in jobs if job["key"] == key]

    def finished(self, key: str, count: int = 1) -> list[dict[str, Any]]:
        """The jobs of a key, newest first, once `count` of them have ended."""

        def ended() -> list[dict[str, Any]] | None:
            jobs = [job for job in self.jobs(key) if job["status"] != "running"]
            return jobs if len(jobs) >= count else None

        return wait_for(ended, f"{count} finished jobs of {key!r}")

    def job(self, key: str) -> dict[str, Any]:
        (job,) = self.finished(key)
        return job

    def result(self, job: Mapping[str, Any]) -> bytes:
        place = job["result"]
        body: bytes = self.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        return body

    def manifest(self, job: Mapping[str, Any]) -> dict[str, Any]:
        place = job["manifest"]
        manifest: dict[str, Any] = json.load(self.s3.get_object(Bucket=place["bucket"], Key=place["key"])["Body"])
        return manifest

    def results(self) -> set[str]:
        """The keys in the results bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.outputs["ResultsBucket"])
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def execution(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A job's execution, once it has ended."""

        def ended() -> dict[str, Any] | None:
            execution: dict[str, Any] = self.states.describe_execution(executionArn=job["execution"])
            return None if execution["status"] == "RUNNING" else execution

        return wait_for(ended, f"the end of {job['execution']}")

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An execution for an event, as the rule would start it, once it has ended."""
        started = self.states.start_execution(stateMachineArn=self.outputs["EnhanceArn"], input=json.dumps(event))
        return self.execution({"execution": started["executionArn"]})

    def told(self, job: str) -> dict[str, Any]:
        """The event that told of a job's end: its detail type and its detail."""

        def arrived() -> dict[str, Any] | None:
            self._events += queues.take_all(self.sqs, self._queue)
            return next((event for event in self._events if event["detail"]["job"] == job), None)

        return wait_for(arrived, f"the event of job {job}")


def start_functions(api: Client) -> None:
    """Send photos through all that the API asks while somebody waits, so that its functions have started when that is
    tried: a busy machine may take longer for it than the API holds a call, and answers then that it goes on."""
    every = photos.recipe_through(["filter", "correct_color", "adjust_tone", "sharpen"])
    for recipe in ("auto", json.loads(every)):
        api.wait(api.submit(photos.encoded(), recipe), PATIENCE_SECONDS)


def wait_for[T](look: Callable[[], T | None], what: str) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"waited {PATIENCE_SECONDS:g} s in vain for {what}")
