"""Where storms take place: the deployed stack on an embedded AWS, with a proxy between its functions and AWS."""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from boto3.dynamodb.types import TypeDeserializer

from darkroom.client import care
from darkroom.client.stack import Stack
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws, free_port
from tests.support import photos, queues
from tests.support.proxy import Proxy

CONCURRENCY = 10
"""Functions at once: what a new account of AWS has."""

PATIENCE_SECONDS = 400.0
"""After which what has not come to rest is counted as stuck."""

KINDS = {
    "succeeded": "Job Succeeded",
    "superseded": "Job Succeeded",
    "rejected": "Job Rejected",
    "failed": "Job Failed",
}
"""The events that tell of a job's end, by its status."""

RECIPE = json.dumps({"steps": [{"name": "gamma", "params": {"gamma": 0.8}}], "format": "png"})
"""What storms ask for: each photo passes through a stage, and its result can be foretold without darkroom."""


@dataclass(frozen=True)
class Upload:
    """A version of a key, and what must come of it.

    wanted: `done`; `replaced` (done, or superseded by a newer version); `deleted` (superseded, nothing published);
    `either` (deleted while its job ran: done, superseded or rejected); `rejected`.
    """

    key: str
    version: str
    seed: int
    sequencer: str
    wanted: str = "done"


@dataclass
class Ground:
    """The stack and its surroundings. All that is asked here goes past the proxy, as root, and not through darkroom."""

    aws: EmbeddedAws
    proxy: Proxy
    settings: dict[str, str]
    parameters: dict[str, str]
    outputs: dict[str, str]
    uploads: list[Upload] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    begun_anew: int = 0
    accounted: set[str] = field(default_factory=set)
    seeds: Iterator[int] = field(default_factory=itertools.count)
    _sequence: Iterator[int] = field(default_factory=lambda: itertools.count(0x00677F08299329D189))

    @classmethod
    def prepare(cls, home: Path, running: int) -> Self:
        """Start and deploy, for so many jobs at once. The caller calls `leave`."""
        port = free_port("127.0.0.1")
        proxy = Proxy(f"https://127.0.0.1:{port}", str(home / "certificate.pem"))
        settings = {
            "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY),
            "AWS_ENDPOINT_URL": proxy.address,
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
        }
        aws = EmbeddedAws.start(home, port=port, settings=settings)
        parameters = {"MaxRunningJobs": str(running)}
        ground = cls(aws, proxy, settings, parameters, stack.deploy(aws, **parameters))
        # Lambda tries a throttled starter again at once; here its message waits until the queue shows it again.
        aws.client("sqs").set_queue_attributes(
            QueueUrl=ground.outputs["WaitingUploads"], Attributes={"VisibilityTimeout": "60"}
        )
        ground._told = queues.hear(ground.client("sqs"), ground.client("events"))
        return ground

    def leave(self) -> None:
        self.aws.stop()
        self.proxy.stop()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.aws.client(service)
        return self._clients[service]

    @property
    def darkroom(self) -> Stack:
        """The stack as `darkroom redo`, `redrive` and `doctor` see it."""
        return Stack(self.outputs, self.aws.connection())

    # ---------------------------------------------------------------------------------------------------- uploading

    def upload(self, key: str, wanted: str = "done", body: bytes | None = None) -> Upload:
        """Put a photo, another one each time."""
        seed = next(self.seeds)
        answer = self.client("s3").put_object(
            Bucket=self.outputs["UploadsBucket"],
            Key=key,
            Body=photos.encoded("PNG", seed=seed) if body is None else body,
            Metadata={"recipe": RECIPE},
        )
        return self.uploaded(key, answer["VersionId"], seed, wanted)

    def uploaded(self, key: str, version: str, seed: int, wanted: str) -> Upload:
        """Take note of an upload."""
        self.uploads.append(Upload(key, version, seed, f"{next(self._sequence):018X}", wanted))
        return self.uploads[-1]

    def delete(self, one: Upload) -> None:
        """Leave a delete marker on top of an upload."""
        self.client("s3").delete_object(Bucket=self.outputs["UploadsBucket"], Key=one.key)

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """While this lasts S3's events come from `tell` alone: with versions, as on AWS, in any order and number."""
        events = self.client("events")
        (rule,) = [one["Name"] for one in events.list_rules()["Rules"] if "UploadRule" in one["Name"]]
        events.disable_rule(Name=rule)
        try:
            yield
        finally:
            events.enable_rule(Name=rule)

    def tell(self, one: Upload, hours: float = 0) -> None:
        """Send S3's event of an upload, as EventBridge puts it into the queue. hours: how wrong its clock is."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "version": "0",
                "bucket": {"name": self.outputs["UploadsBucket"]},
                "object": {"key": one.key, "version-id": one.version, "sequencer": one.sequencer},
                "reason": "PutObject",
            },
        }
        self.client("sqs").send_message(QueueUrl=self.outputs["WaitingUploads"], MessageBody=json.dumps(event))

    # ------------------------------------------------------------------------------------------------------ watching

    def messages(self, queue: str) -> int:
        """What lies in a queue, and what has been taken from it and not deleted."""
        return queues.length(self.client("sqs"), self.outputs[queue])

    def running(self) -> list[str]:
        """Executions that run."""
        answer = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["EnhanceArn"], statusFilter="RUNNING", maxResults=1000
        )
        return [one["executionArn"] for one in answer["executions"]]

    def records(self, prefix: str) -> list[dict[str, Any]]:
        """The job records of keys that begin so."""
        scan, plain = self.client("dynamodb").get_paginator("scan"), TypeDeserializer().deserialize
        pages = scan.paginate(TableName=self.outputs["JobsTable"], ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        found = [{name: plain(value) for name, value in item.items()} for item in items]
        return [one for one in found if str(one.get("key", "")).startswith(prefix)]

    def wait_for(self, what: str, ready: Any) -> bool:
        """Until `ready()`. False where that does not come, which is then seen in the reconciliation."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            if time.monotonic() > deadline:
                print(f"waited {PATIENCE_SECONDS:g} s in vain for {what}", flush=True)
                return False
            time.sleep(0.3)
        return True

    def settle(self, prefix: str) -> None:
        """Until each upload has a record, nothing waits or runs, no record says so, and each end was told of.

        What Step Functions tells nobody of, a look finds.
        """
        uploads = sum(one.key.startswith(prefix) for one in self.uploads)

        def quiet() -> bool:
            if self.messages("WaitingUploads") or self.running():
                return False
            records = self.records(prefix)
            if any(one["status"] in ("running", "waiting") for one in records):
                self.look()
                return False
            self.hear()
            heard = {(one["detail"]["job"], one["detail-type"]) for one in self.told}
            ends = {(one["id"], KINDS[one["status"]]) for one in records}
            return len(records) >= uploads and ends <= heard

        self.wait_for("rest", quiet)

    def look(self) -> None:
        """What the schedule does every five minutes."""
        name = self.function("ReconcileFunction")
        self.client("lambda").invoke(FunctionName=name, Payload=b'{"source": "aws.events"}')

    def function(self, logical: str) -> str:
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        (name,) = [one["FunctionName"] for page in pages for one in page["Functions"] if logical in one["FunctionName"]]
        return str(name)

    def hear(self) -> None:
        """Take in what was told of jobs."""
        self.told += queues.take_all(self.client("sqs"), self._told)

    # ------------------------------------------------------------------------------------------------------ breaking

    def redo_failed(self, prefix: str) -> None:
        """What an operator does after an outage: `darkroom redo` for each job that failed."""
        failed = [one["id"] for one in self.records(prefix) if one["status"] == "failed"]
        self.begun_anew += len(failed)
        for job in failed:
            care.redo(self.darkroom, job)
        self.settle(prefix)

    def processes(self, logical: str) -> list[int]:
        """The processes in which a function runs, of the emulator that we started."""
        named = f"AWS_LAMBDA_FUNCTION_NAME={self.function(logical)}\0".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                ours = os.getpgid(int(folder.name)) == self.aws.pid
                variables = (folder / "environ").read_bytes() if ours else b""
            except OSError:
                continue
            if named in variables + b"\0":
                found.append(int(folder.name))
        return found

    def kill(self, logical: str) -> None:
        for pid in self.processes(logical):
            os.kill(pid, signal.SIGKILL)

    def deploy(self, **changes: str) -> None:
        """Another version over the running one: every function is changed."""
        assert stack.deploy(self.aws, **self.parameters | changes) == self.outputs

    def restart(self) -> None:
        """End the emulator with all that runs in it, and start it again with what it had stored."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self.proxy.hang_up()
        self.aws.interrupt(60)
        self.aws = EmbeddedAws.start(self.aws.home, port=self.aws.port, settings=self.settings, resume=True)

    # ------------------------------------------------------------------------------------------------------- privates

    def __post_init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._told = ""
