"""What one job uses on AWS, measured: the functions' own handlers, with the S3 of an embedded AWS.

Each handler runs in this process, as Lambda would run it, one after the other as the workflow would. Counted are the
processor's seconds (on one processor), the requests to S3 with their bytes, and the bytes that are logged.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from darkroom import prices
from darkroom.aws import clients
from darkroom.planner import Fusion
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.support import functions, template
from tests.support.deployed import Deployed
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK, Functions

START = """
import time
import app
print(time.process_time())
"""

STAGES = frozenset(path.parent.name for path in functions.FUNCTIONS.glob("*/app.py"))

MALLOPT = {"MALLOC_MMAP_MAX_": -4, "MALLOC_TRIM_THRESHOLD_": -1}
"""The template's variables of how memory is kept, and what glibc's malloc.h calls them."""

LIMITS = {"MAX_BYTES": "536870912", "MAX_PIXELS": "200000000", "MAX_SIDE": "65535"}


def keep_memory_as_on_lambda() -> None:
    """From here on this process keeps what it frees as the template's functions do, whose variables are read at the
    start of a process."""
    variables = template.source()["Globals"]["Function"]["Environment"]["Variables"]
    for name, number in MALLOPT.items():
        if not ctypes.CDLL(None).mallopt(number, int(variables[name])):
            raise OSError(f"{name} cannot be set to {variables[name]}")


@dataclass
class Part:
    """One invocation: the processor's seconds, requests to S3 as they are billed, and bytes."""

    stage: str
    seconds: float = 0.0
    writes: int = 0
    reads: int = 0
    sent: int = 0
    received: int = 0
    logged: int = 0


@dataclass
class Job:
    """A photo's way: its invocations in order, the last of which publishes, and the steps that were done."""

    parts: list[Part] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    @property
    def states(self) -> int:
        """That the workflow enters."""
        return prices.FIXED_STATES + (2 * (len(self.parts) - 2) if len(self.parts) > 1 else -1)


class Lab:
    """Runs jobs on an embedded AWS."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._s3 = aws.client("s3")
        for bucket in (UPLOADS, WORK, RESULTS):
            self._s3.create_bucket(Bucket=bucket)
        versioned = {"Status": "Enabled"}
        self._s3.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration=versioned)
        self._functions = Functions(settings=SETTINGS | LIMITS)
        self._now = Part("")
        self._fetches = False
        events = clients.client("s3").meta.events
        events.register("before-send.s3", self._count)
        events.register("response-received.s3", self._receive)

    def run(self, photo: bytes, recipe: str, fusion: Fusion) -> Job:
        """Put a JPEG into the bucket, and run its job.

        recipe: the name of a built-in one.
        """
        name = uuid.uuid4().hex
        key = f"{name}.jpg"
        put = self._s3.put_object(Bucket=UPLOADS, Key=key, Body=photo, Metadata={"recipe": recipe})
        job = {"id": name, "bucket": UPLOADS, "key": key, "sequencer": "0A", "version": put["VersionId"]}
        done = Job()
        told = self._invoke(done, "inspect", "inspect", {"job": job, "fusion": fusion})
        plan, reports = told["plan"], [told["report"]]
        if told["diagnose"]:
            asked = {"job": job["id"], "picture": told["picture"], "inspected": told["report"], "fusion": fusion}
            answer = self._invoke(done, "diagnose", "classify", asked)
            plan = answer["plan"]
            reports.append(answer["report"])
        picture = told["picture"]
        for index, work in enumerate(plan, 1):
            event = {"job": job["id"], "index": index, "picture": picture, "work": work}
            answer = self._invoke(done, work["stage"], work["stage"], event)
            picture = answer["picture"]
            reports.append(answer["report"])
        if told["published"] is None:
            ended = {"original": told["picture"], "picture": picture, "diagnosed": told["diagnose"]}
            self._invoke(done, "publish", "publish", {"job": job, "reports": reports, **ended})
        manifest = msgspec.json.decode(self._s3.get_object(Bucket=RESULTS, Key=f"{key}.json")["Body"].read())
        done.steps = [step["name"] for stage in manifest["stages"] for step in stage.get("steps", [])]
        return done

    def _invoke(self, job: Job, name: str, stage: str, event: dict[str, Any]) -> dict[str, Any]:
        functions.load(stage)
        job.parts.append(Part(name))
        self._now = job.parts[-1]
        logs = io.StringIO()
        with contextlib.redirect_stdout(logs):
            started = process_time()
            answer = self._functions.invoke(stage, event)
            self._now.seconds = process_time() - started
        self._now.logged = len(logs.getvalue())
        if answer.error:
            raise RuntimeError(f"{stage}: {answer.payload}")
        payload: dict[str, Any] = answer.payload
        return payload

    def _count(self, request: Any, **_: Any) -> None:
        if request.method in ("GET", "HEAD"):
            self._now.reads += 1
        elif request.method != "DELETE":  # which is free
            self._now.writes += 1
        self._now.sent += int(request.headers.get("X-Amz-Decoded-Content-Length", 0))  # its checksum comes behind it
        self._fetches = request.method == "GET"

    def _receive(self, response_dict: dict[str, Any], **_: Any) -> None:
        if self._fetches:
            self._now.received += int(response_dict["headers"].get("content-length", 0))


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """A lab on an embedded AWS of its own, which this process's clients find while it lasts."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws.start(Path(folder), enforce_iam=False) as aws:
        before = dict(os.environ)
        os.environ.update(aws.environment())
        clients.client.cache_clear()
        try:
            yield Lab(aws)
        finally:
            os.environ.clear()
            os.environ.update(before)
            clients.client.cache_clear()


def starting(stages: Iterable[str]) -> dict[str, float]:
    """The processor's seconds of functions' starts, by stage: Python, and their handlers' import from the layers."""
    with tempfile.TemporaryDirectory() as scratch:
        deployed = Deployed(stack.build(wheels=True), Path(scratch))
        return {stage: min(float(deployed.run(stage, START)) for _ in range(3)) for stage in stages}
