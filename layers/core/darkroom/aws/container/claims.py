"""A worker's jobs in the table of jobs: claimed, completed and failed as the workflow does it.

A claim is one message's and one try's: a later try of the same message, which comes when a worker died, takes the job
over, and the worker that was given up, should it live, can end nothing any more. How a job ended is recorded first and
told then; until it is told its record says so, and whoever sees the message again tells it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, items, keys
from darkroom.aws.container.whole import Outcome
from darkroom.aws.endings import End
from darkroom.aws.reconciling import Ends
from darkroom.aws.stage import Job
from darkroom.aws.uploads import Detail
from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid

CLAIM = (
    "SET #status = :running, #listing = :listing, #open = :running, #bucket = :bucket, #key = :key, "
    "#version = :version, #sequencer = :sequencer, #execution = :execution, #owner = if_not_exists(#owner, :owner), "
    "#created = if_not_exists(#created, :now), #updated = :now, #expires = :expires REMOVE #error"
)
MAY_CLAIM = (
    "attribute_not_exists(#id) OR #execution = :execution OR (#bucket = :bucket AND #key = :key AND "
    "(#status = :waiting OR (#status IN (:failed, :again) AND #version = :version)))"
)
"""As the workflow's state `Claim` has both; a test holds them equal. A batch's again, "rejected", is no worker's."""

TAKE_OVER = " OR (#status = :running AND begins_with(#execution, :message))"

MOST_TOLD = 2000
"""Characters of an error's message that a record keeps."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is this process's. execution: by which its record says whose it is."""

    job: Job
    execution: str


@dataclass(frozen=True)
class Claims:
    """The jobs of a table. What asks AWS raises `TransientError` or `StepFailed`."""

    ends: Ends

    def claim(self, upload: Detail, message: str) -> Claim | None:
        """Take an upload's job. None where another has it, or had it: that is then told, if it was this message's.

        message: the id of the message that told of the upload.
        """
        one, bucket = upload.object, upload.bucket.name
        ours = f"{items.WORKER}{message}/"
        execution = f"{ours}{secrets.token_hex(8)}"
        owner = "nobody"
        try:
            for job in keys.jobs_of(bucket, one.key, one.version or one.sequencer):
                values = {
                    ":bucket": bucket,
                    ":key": one.key,
                    ":version": one.version,
                    ":sequencer": one.sequencer,
                    ":execution": execution,
                    ":message": ours,
                    ":owner": owner,
                }
                if self._claim(job, values):
                    return Claim(Job(job, bucket, one.key, one.sequencer, one.version or None), execution)
                record = items.find(clients.client("dynamodb"), self.ends.table, job) or {}
                held = record.get("execution", "")
                if held.startswith(ours) and record.get("open") == "untold":
                    self.ends.tell(job, held)
                if (record.get("key"), record.get("version")) == (one.key, one.version):
                    return None
                owner = record.get("owner", "nobody")  # the API's form was used for another upload
        except (ClientError, BotoCoreError) as error:
            raise items.translate(error) from error
        return None

    def _claim(self, job: str, values: dict[str, str]) -> bool:
        texts = {
            **values,
            ":running": "running",
            ":waiting": "waiting",
            ":failed": "failed",
            ":again": "failed",
            ":listing": "jobs",
        }
        given: dict[str, Any] = {name: {"S": text} for name, text in texts.items()}
        given |= {":now": {"S": items.now()}, ":expires": {"N": str(self.ends.expiry())}}
        return self.ends.write(job, CLAIM, MAY_CLAIM + TAKE_OVER, given)

    def complete(self, claim: Claim, outcome: Outcome) -> bool:
        """Record how a job ended, and tell of it. False where it is no longer this claim's."""
        record: items.Record = {"status": outcome.status, "recipe": outcome.recipe, "diagnosis": outcome.diagnosis}
        record |= {"updated": items.now(), "open": "untold"}
        for name, place in (("result", outcome.result), ("manifest", outcome.manifest)):
            if place is not None:
                record[name] = {**place, "version": place["version"] or ""}
        change = f"SET {', '.join(f'#{name} = :{name}' for name in record)} REMOVE #error"
        values = {f":{name}": value for name, value in items.item_of(record).items()}
        try:
            held = self.ends.write(
                claim.job.id, change, "#execution = :execution", {**values, ":execution": {"S": claim.execution}}
            )
            if held:
                self.ends.tell(claim.job.id, claim.execution)
        except (ClientError, BotoCoreError) as error:
            raise items.translate(error) from error
        return held

    def fail(self, claim: Claim, error: DarkroomError, state: str) -> bool:
        """Record why a job failed, and tell of it. False where it is no longer this claim's. state: the job's part."""
        rejected = isinstance(error, ImageRejected | RecipeInvalid)
        told = {"code": error.code, "message": error.message[:MOST_TOLD], "state": state}
        end = End({"name": type(error).__name__, **told}, "rejected" if rejected else "failed")
        try:
            return self.ends.end(claim.job.id, claim.execution, end)
        except (ClientError, BotoCoreError) as refusal:
            raise items.translate(refusal) from refusal
