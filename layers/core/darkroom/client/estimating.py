"""What a batch will take, before it is begun: photos, time and money, from what the stack's last jobs took."""

from __future__ import annotations

import math

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom import prices, report
from darkroom.aws import items
from darkroom.aws.batching import Settings
from darkroom.client.stack import Stack
from darkroom.errors import DarkroomError

USUAL_SECONDS = 6.1
USUAL_BYTES = 4_000_000
USUAL_STAGES = 5
"""A photo of 12 MP by recipe `vivid`, its functions' time together (docs/costs.md): where the stack has done none."""

LOOKING = "inspect", "diagnose"
USUAL_LOOKING = 0.4
"""Stages in which a photo of an album is looked at before its job, and the share of a job's time that they take where
the stack has done none: a usual photo's by recipe `auto`."""

MEMORY_MB = 3008
AROUND_MB = 512
EXPRESS_GB = 0.0625
"""Of memory, the least that is billed of an EXPRESS execution, and what these need."""

EVIDENCE = 20
"""Of the last jobs, so many are looked at."""

AROUND_SECONDS = 0.5
"""That a child takes before and after its photos: to look, and to account for them."""


class Pace(msgspec.Struct, frozen=True):
    """What a job takes. seconds: of all its functions, for each MB of its file. stages: invocations of a job. looking:
    share of the seconds in which the photo is inspected and diagnosed. jobs: so many were looked at; 0: none was there.
    """

    seconds: float = USUAL_SECONDS / USUAL_BYTES * 1e6
    stages: float = USUAL_STAGES
    looking: float = USUAL_LOOKING
    jobs: int = 0


class Estimate(msgspec.Struct, frozen=True):
    """minutes: until the last photo is done. dollars: of all services, without what storage costs by the month."""

    megabytes: float
    minutes: float
    dollars: float
    after: int


def pace(stack: Stack, recipe: str) -> Pace:
    """From the manifests of the last jobs of a recipe by this name, or the usual where there are none."""
    seconds, looking, size, stages, jobs = 0.0, 0.0, 0, 0, 0
    try:
        answer = stack.client("dynamodb").query(
            TableName=stack.outputs["JobsTable"],
            IndexName="newest",
            KeyConditionExpression="listing = :jobs",
            ExpressionAttributeValues={":jobs": {"S": "jobs"}},
            ScanIndexForward=False,
            Limit=200,
        )
    except (ClientError, BotoCoreError):
        return Pace()  # an estimate is no reason to fail
    for item in answer["Items"]:
        record = items.record_of(item)
        if jobs == EVIDENCE or record.get("recipe") != recipe or "manifest" not in record:
            continue
        try:
            told = report.read(stack.download(record["manifest"]))
        except DarkroomError:
            continue
        if told.source.bytes:
            seconds, size = seconds + told.milliseconds / 1000, size + told.source.bytes
            stages, jobs = stages + len(told.stages), jobs + 1
            looking += sum(stage.milliseconds for stage in told.stages if stage.stage in LOOKING) / 1000
    return Pace(seconds / size * 1e6, stages / jobs, looking / seconds if seconds else 0.0, jobs) if jobs else Pace()


def estimate(settings: Settings, size: int, found: Pace) -> Estimate:
    """What a batch will take. size: of its files together, in bytes. Of albums each photo is read twice."""
    photos = settings.total
    seconds = found.seconds * size / 1e6
    children = math.ceil(photos / settings.together)
    waves = max(1, math.ceil(photos / settings.at_once))
    mean = seconds / photos if photos else 0.0
    asked = prices.read()
    each = round(max(1.0, found.stages))
    invocations = [("any", round(mean * 1000 / each))] * each
    if settings.album:  # each is looked at before, by a child of its own
        looked = mean * found.looking
        invocations += [("any", round(looked * 1000 / len(LOOKING)))] * len(LOOKING)
        mean, children = mean + looked + AROUND_SECONDS, children + photos
    dollars = asked.of_photo(invocations, MEMORY_MB) | {
        "Step Functions": 2 * asked.express_request + 2 * mean * EXPRESS_GB * asked.express_gb_second
    }
    around = (
        2 * asked.lambda_request
        + AROUND_SECONDS * AROUND_MB / 1024 * asked.lambda_gb_second["x86_64"]
        + asked.standard_transition
        + asked.s3_write
    )
    return Estimate(
        round(size / 1e6, 1),
        round(waves * (mean + AROUND_SECONDS) / 60, 1),
        round(photos * sum(dollars.values()) + children * around, 2),
        found.jobs,
    )
