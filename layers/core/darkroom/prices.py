"""What a photo costs on AWS: the price file `prices.json`, and what a job uses of each service.

Prices are US dollars, on demand, without the free tier, from the services' pricing pages. Another file of the same
form holds those of another region.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from darkroom.errors import RecipeInvalid

FILE = Path(__file__).with_name("prices.json")

FIXED_STATES = 8
"""Identify, Claim, Inspect, the last look at the plan, Publish, Complete, Tell success, Done."""

RECORD_WRITES = 6
"""A job's record is written twice: the table's item, and those of the indexes "newest" and "unfinished"."""

QUEUE_REQUESTS = 3
"""An upload is sent to the queue, received and deleted."""

LOGGED_BYTES = 1500
"""That an invocation logs, about."""

Architecture = Literal["x86_64", "arm64"]


class Instance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine that runs all the time: its processors, and dollars an hour."""

    name: str
    processors: int
    hour: float


class Use(msgspec.Struct, frozen=True):
    """What a job uses of each service.

    transitions: of a STANDARD workflow. express_gigabyte_seconds: of one of type EXPRESS, or None.
    """

    gigabyte_seconds: float
    invocations: int
    s3_writes: int
    s3_reads: int
    transitions: int = 0
    express_gigabyte_seconds: float | None = None
    logged: int = 0


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price file: dollars for one of each.

    api_request, instance: for what others would use; darkroom's workflow uses neither.
    """

    region: str
    month: str
    lambda_gb_second: dict[Architecture, float]
    lambda_request: float
    standard_transition: float
    express_request: float
    express_gb_second: float
    s3_write: float
    s3_read: float
    dynamodb_write: float
    event: float
    queue_request: float
    logged_byte: float
    api_request: float
    instance: Instance

    def of(self, use: Use, architecture: Architecture = "x86_64") -> dict[str, float]:
        """Dollars by service for one job."""
        workflow = use.transitions * self.standard_transition
        if use.express_gigabyte_seconds is not None:
            workflow += self.express_request + use.express_gigabyte_seconds * self.express_gb_second
        compute = use.gigabyte_seconds * self.lambda_gb_second[architecture]
        return {
            "Lambda": compute + use.invocations * self.lambda_request,
            "Step Functions": workflow,
            "S3 requests": use.s3_writes * self.s3_write + use.s3_reads * self.s3_read,
            "DynamoDB": RECORD_WRITES * self.dynamodb_write,
            "SQS and EventBridge": QUEUE_REQUESTS * self.queue_request + self.event,
            "CloudWatch Logs": use.logged * self.logged_byte,
        }

    def of_photo(
        self,
        stages: Iterable[tuple[str, int]],
        memory_mb: int,
        architecture: Architecture = "x86_64",
        *,
        together: bool = False,
    ) -> dict[str, float]:
        """Dollars by service for one job of the STANDARD workflow.

        stages: names and milliseconds, as its manifest has them. memory_mb: of each function. together: all stages are
        one invocation, which hands nothing over; else each is one.
        """
        invocations = list(stages)
        if together:
            invocations = [("inspect", sum(milliseconds for _, milliseconds in invocations))]
        seconds = sum(milliseconds for _, milliseconds in invocations) / 1000
        diagnosed = sum(stage == "diagnose" for stage, _ in invocations)
        middle = len(invocations) - 2 - diagnosed  # -1 where all are one
        use = Use(
            gigabyte_seconds=seconds * memory_mb / 1024,
            invocations=len(invocations),
            transitions=FIXED_STATES + (-1 if together else 2 * (middle + diagnosed)),
            # The upload, result and manifest; a picture of each stage but the last.
            s3_writes=3 + (1 + middle),
            # The upload; its metadata and tags where another publishes; pictures; whether an older sidecar is there.
            s3_reads=1 + 2 * (not together) + (1 + middle + 2 * diagnosed) + 1,
            logged=len(invocations) * LOGGED_BYTES,
        )
        return self.of(use, architecture)


@cache
def read(file: Path = FILE) -> Prices:
    """A price file, by default darkroom's own. Raises OSError, and `RecipeInvalid` where it is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Prices)
    except msgspec.DecodeError as error:
        raise RecipeInvalid("bad-prices", f"the price file {file.name} cannot be read: {error}") from None
