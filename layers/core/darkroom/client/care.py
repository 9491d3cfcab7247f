"""The care of a deployed stack: what waits, what could not be delivered, and to begin it anew."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from darkroom import report
from darkroom.auto.switches import changed
from darkroom.aws import batching, copies, items, keys
from darkroom.client.stack import Stack
from darkroom.errors import StepFailed
from darkroom.wanted import Wanted


def redo(stack: Stack, job: str) -> None:
    """Begin a job anew that failed. Raises `StepFailed` where there is none, or it is not one that failed."""
    try:
        record = stack.record(job)
        if record is None:
            raise StepFailed("no-job", f"there is no job '{job:.80}'")
        if record["status"] != "failed":
            raise StepFailed("not-failed", f"the job is {record['status']}: only one that failed can begin anew")
        if batch := batching.of_job(record):
            raise StepFailed("not-failed", f"the job is of a batch: `darkroom batch redrive {batch}` begins it anew")
        stack.client("sqs").send_message(QueueUrl=stack.outputs["WaitingUploads"], MessageBody=keys.event_of(record))
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"the job could not begin anew: {error}") from None


def redo_changed(stack: Stack, job: str, without: Sequence[str], more: Sequence[str], less: Sequence[str]) -> str:
    """Copy a job's photo to a key of its own, which begins a job that does what was done, changed; give that key.

    job: by its id, or the newest of an upload's key. See `darkroom.auto.switches.changed`. Raises `StepFailed` where
    there is none or it has no report, `RecipeInvalid` naming what cannot be changed.
    """
    try:
        record = stack.record(job) or next((one for one in stack.jobs(job) if "manifest" in one), None)
        if record is None or "manifest" not in record:
            raise StepFailed("no-job", f"there is no job '{job:.80}' that is done")
        recipe = changed(report.read(stack.download(record["manifest"])), without, more, less)
        key = keys.to_submit(uuid.uuid4().hex, keys.filename(record["key"]))
        asked = Wanted(recipe=recipe).to_metadata()
        copies.copy(stack.client("s3"), record, stack.outputs["UploadsBucket"], key, asked)
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"the job could not be read: {error}") from None
    return key


def redrive(stack: Stack) -> int:
    """Send all that could not be delivered into the queue of uploads again. Returns how many messages that were.

    A message is deleted when it has been sent: one may be delivered twice, and begins its job once.
    """
    sqs, undelivered, sent = stack.client("sqs"), stack.outputs["UndeliveredUploads"], 0
    try:
        while batch := sqs.receive_message(QueueUrl=undelivered, MaxNumberOfMessages=10).get("Messages", []):
            for message in batch:
                sqs.send_message(QueueUrl=stack.outputs["WaitingUploads"], MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=undelivered, ReceiptHandle=message["ReceiptHandle"])
                sent += 1
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"after {sent} messages: {error}") from None
    return sent


def look(stack: Stack) -> dict[str, int]:
    """How many uploads wait, are about to begin, run, and could not be delivered."""
    try:
        waiting, starting = _count(stack, "WaitingUploads")
        undelivered, _ = _count(stack, "UndeliveredUploads")
        return {"waiting": waiting, "starting": starting, "running": _running(stack), "undelivered": undelivered}
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("jobs", f"the stack could not be looked at: {error}") from None


def _count(stack: Stack, queue: str) -> tuple[int, int]:
    """Messages that lie in a queue, and that somebody has taken; about so many, as SQS knows it."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=names)
    lie, taken = (int(answer["Attributes"][name]) for name in names)
    return lie, taken


def _running(stack: Stack) -> int:
    pages = items.unfinished(stack.client("dynamodb"), stack.outputs["JobsTable"], Select="COUNT")
    return sum(page["Count"] for page in pages)
