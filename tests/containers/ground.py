"""What containers need of AWS, and nothing else: three buckets, a table, a queue of uploads and one of dead letters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from darkroom_local.emulator import EmbeddedAws
from tests.support import queues, stores

UPLOADS, RESULTS, WORK, TABLE = "uploads", "results", "work", "jobs"
PROGRAM = Path(sys.executable).with_name("darkroom")
PATIENCE_SECONDS = 600.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what must come, however busy the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)


@dataclass
class Ground:
    """The embedded AWS with all that containers lean on. tries: that a message has before the dead-letter queue."""

    aws: EmbeddedAws
    tries: int = 3
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3, self.sqs, self.dynamodb = (self.aws.client(name) for name in ("s3", "sqs", "dynamodb"))
        for bucket in (UPLOADS, RESULTS, WORK):
            self.s3.create_bucket(Bucket=bucket)
        for bucket in (UPLOADS, RESULTS):
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.dynamodb.create_table(TableName=TABLE, **stores.of_template())
        self.dead, dead = queues.make(self.sqs, "dead")
        policy = {"deadLetterTargetArn": dead, "maxReceiveCount": self.tries}
        self.queue, waiting = queues.make(self.sqs, "waiting", RedrivePolicy=json.dumps(policy))
        notice = {"QueueArn": waiting, "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=UPLOADS, NotificationConfiguration={"QueueConfigurations": [notice]}
        )
        self.told = queues.hear(self.sqs, self.aws.client("events"))

    def environment(self, **more: str) -> dict[str, str]:
        """A container's."""
        return {
            **self.aws.environment(),
            "JOBS_TABLE": TABLE,
            "UPLOADS_BUCKET": UPLOADS,
            "RESULTS_BUCKET": RESULTS,
            "REFERENCES_BUCKET": UPLOADS,
            "EVENT_BUS": "default",
            "LOG_LEVEL": "INFO",
            "OPENCV_FOR_THREADS_NUM": "1",  # each has a stack, which counts
            **more,
        }

    def start(self, *arguments: str, log: Path, **more: str) -> subprocess.Popen[bytes]:
        """One of darkroom's commands as a process of its own."""
        with log.open("ab") as file:
            process = subprocess.Popen(
                [PROGRAM, *arguments],
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def start_worker(self, log: Path, *options: str, **more: str) -> subprocess.Popen[bytes]:
        return self.start("worker", "--queue", self.queue, "--wait", "1", *options, log=log, **more)

    def leave(self) -> None:
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def upload(self, key: str, body: bytes, recipe: str = "") -> None:
        self.s3.put_object(Bucket=UPLOADS, Key=key, Body=body, Metadata={"recipe": recipe} if recipe else {})

    def records(self) -> dict[str, dict[str, Any]]:
        """Records of jobs, by the key of their upload. Each upload has one, or this fails."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        read = TypeDeserializer().deserialize
        found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        by_key = {record["key"]: record for record in found}
        assert len(by_key) == len(found), "an upload has two jobs"
        return by_key

    def ended(self) -> int:
        return sum(record["status"] not in ("waiting", "running") for record in self.records().values())

    def results(self) -> dict[str, list[Mapping[str, Any]]]:
        """The versions of each object among the results."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=RESULTS):
            for version in page.get("Versions", ()):
                found.setdefault(version["Key"], []).append(version)
        return found

    def length(self, url: str) -> int:
        """How many messages a queue has, hidden ones too."""
        return queues.length(self.sqs, url)

    def take_all(self, url: str) -> list[Any]:
        """The messages of a queue, which is empty after that."""
        return queues.take_all(self.sqs, url)


@contextmanager
def ground(aws: EmbeddedAws, tries: int = 3) -> Iterator[Ground]:
    """On an emulator in which there is nothing else."""
    urllib.request.urlopen(urllib.request.Request(f"{aws.endpoint}/_ministack/reset", method="POST"), timeout=60)
    made = Ground(aws, tries)
    try:
        yield made
    finally:
        made.leave()


def emulator(home: Path) -> EmbeddedAws:
    return EmbeddedAws.start(home, tls=False, enforce_iam=False)
