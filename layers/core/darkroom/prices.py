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

Architecture = Literal["x86_64", "arm64"]


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price file: dollars for one of each."""

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

    def of_photo(
        self, stages: Iterable[tuple[str, int]], memory_mb: int, architecture: Architecture = "x86_64"
    ) -> dict[str, float]:
        """Dollars by service for one job of the STANDARD workflow.

        stages: names and milliseconds of its invocations, as its manifest has them. memory_mb: of each function.
        """
        invocations = list(stages)
        seconds = sum(milliseconds for _, milliseconds in invocations) / 1000
        diagnosed = sum(stage == "diagnose" for stage, _ in invocations)  # reads a picture, and writes none
        middle = len(invocations) - 2 - diagnosed  # each reads one picture, and writes one
        compute = seconds * memory_mb / 1024 * self.lambda_gb_second[architecture]
        return {
            "Lambda": compute + len(invocations) * self.lambda_request,
            "Step Functions": (FIXED_STATES + 2 * (middle + diagnosed)) * self.standard_transition,
            "S3 requests": (1 + 1 + middle + 2) * self.s3_write + (1 + diagnosed + middle + 1 + 2) * self.s3_read,
            "DynamoDB": 2 * 2 * self.dynamodb_write,  # the table and its index
            "EventBridge": 2 * self.event,
        }


@cache
def read(file: Path = FILE) -> Prices:
    """A price file, by default darkroom's own. Raises OSError, and `RecipeInvalid` where it is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Prices)
    except msgspec.DecodeError as error:
        raise RecipeInvalid("bad-prices", f"the price file {file.name} cannot be read: {error}") from None
