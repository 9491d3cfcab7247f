"""What the functions meet in AWS's place."""

from __future__ import annotations

import random
import threading
from collections import Counter

from tests.support.proxy import DROP, Fault, Reply, Request, json_error, s3_error

REFUSALS = (
    json_error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
    json_error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
)
"""Of DynamoDB."""

MOST_IN_A_ROW = 2
"""So many requests of one kind are refused after each other: botocore asks four times, and Step Functions ten more."""


def stage_reads(request: Request) -> bool:
    """A picture is read between two stages: by the stage, or by publish."""
    return (request.service, request.operation) == ("s3", "GET") and request.path.endswith(".dkr")


def trouble(seed: int) -> Fault:
    """S3 answers every third request badly: 500, 503, slowly, or not at all; never too often in a row."""
    rng, lock = random.Random(seed), threading.Lock()
    in_a_row: Counter[tuple[str, str]] = Counter()

    def fault(request: Request) -> Reply | None:
        if request.service != "s3":
            return None
        with lock:
            spot = request.operation, request.path
            bad = rng.random() < 1 / 3 and in_a_row[spot] < MOST_IN_A_ROW
            in_a_row[spot] = in_a_row[spot] + 1 if bad else 0
            kind = rng.choice(("500", "503", "slow", "none")) if bad else ""
        if kind == "slow":
            threading.Event().wait(0.3)
        return {"500": s3_error(500, "InternalError"), "503": s3_error(503, "SlowDown"), "none": DROP}.get(kind)

    return fault


def refusing_table(seed: int) -> Fault:
    """DynamoDB refuses two of three requests, for want of capacity or in trouble."""
    rng, lock = random.Random(seed), threading.Lock()

    def fault(request: Request) -> Reply | None:
        with lock:
            refused = request.service == "dynamodb" and rng.random() < 2 / 3
            return rng.choice(REFUSALS) if refused else None

    return fault
