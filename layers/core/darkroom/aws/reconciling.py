"""Jobs whose execution ended without a word in their record: stopped, out of time, or failed where no Catch sees it.

Step Functions tells of most such ends by an event, on best effort; what it did not tell of, or has no events for, a
look at all unfinished records finds. Either way the record ends as `failed`, and may be begun anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from darkroom.aws import clients, keys
from darkroom.aws.runtime import logger
from darkroom.errors import TransientError

REASONS = {
    "ABORTED": ("step.stopped", "the job was stopped"),
    "TIMED_OUT": ("step.timeout", "the job took longer than it may"),
    "FAILED": ("step.ended", "the workflow failed and could not say why"),
}
"""Codes and messages by an execution's status."""

LOST = "step.ended", "the workflow ended without a word"

EXPRESS_MINUTES = 6
"""After which an EXPRESS execution, which lives for five and cannot be described, must have ended."""


@dataclass(frozen=True)
class Ends:
    """The table of jobs, and the bus that is told of their ends."""

    table: str
    bus: str

    def told(self, detail: Mapping[str, Any]) -> None:
        """End the job of an execution that ended: the detail of Step Functions' event on a change of status."""
        if not detail.get("input"):  # too long for an event: a look will find it
            return
        upload = msgspec.json.decode(detail["input"])["detail"]
        one = upload["object"]
        version = one.get("version-id") or one.get("sequencer", "")
        for job in keys.jobs_of(upload["bucket"]["name"], one["key"], version):
            self._end(job, detail["executionArn"], *REASONS[detail["status"]])

    def look(self) -> int:
        """End every job that says it runs, and whose execution does not. Returns how many."""
        return sum(self._end(job, execution, *reason) for job, execution, reason in self._silent())

    def _silent(self) -> Iterator[tuple[str, str, tuple[str, str]]]:
        """Unfinished jobs whose execution has ended: id, execution, and why."""
        pages = (
            clients.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table,
                IndexName="unfinished",
                KeyConditionExpression="#open = :running",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":running": {"S": "running"}},
            )
        )
        for page in pages:
            for item in page["Items"]:
                execution = item["execution"]["S"]
                reason = _reason(execution, item["updated"]["S"])
                if reason:
                    yield item["id"]["S"], execution, reason

    def _end(self, job: str, execution: str, code: str, message: str) -> bool:
        """End a job that is still this execution's, and tell of it. True if it was.

        The event goes first: if it cannot be sent nothing has changed, and the next look tries again.
        """
        dynamodb = clients.client("dynamodb")
        record = dynamodb.get_item(TableName=self.table, Key={"id": {"S": job}}, ConsistentRead=True).get("Item", {})
        if record.get("execution") != {"S": execution} or record.get("status") != {"S": "running"}:
            return False
        error = {"name": "StepFailed", "code": code, "message": message, "state": ""}
        self._tell(job, record, error)
        try:
            dynamodb.update_item(
                TableName=self.table,
                Key={"id": {"S": job}},
                UpdateExpression="SET #status = :failed, #error = :error, #updated = :now REMOVE #open",
                ConditionExpression="#execution = :execution AND #status = :running",
                ExpressionAttributeNames={
                    f"#{name}": name for name in ("status", "error", "updated", "open", "execution")
                },
                ExpressionAttributeValues={
                    ":failed": {"S": "failed"},
                    ":running": {"S": "running"},
                    ":execution": {"S": execution},
                    ":error": {"M": {name: {"S": text} for name, text in error.items()}},
                    ":now": {"S": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")},
                },
            )
        except ClientError as refusal:
            if clients.code_of(refusal) != "ConditionalCheckFailedException":
                raise
            return False
        logger.warning("ended", job_id=job, code=code)
        return True

    def _tell(self, job: str, record: Mapping[str, Any], error: Mapping[str, str]) -> None:
        upload = {"bucket": record["bucket"]["S"], "key": record["key"]["S"]}
        detail = {"job": job, "status": "failed", "upload": upload, "error": error}
        answer = clients.client("events").put_events(
            Entries=[
                {
                    "Source": "darkroom",
                    "DetailType": "Job Failed",
                    "EventBusName": self.bus,
                    "Detail": msgspec.json.encode(detail).decode(),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise TransientError("untold", f"the bus refused an event: {answer['Entries'][0].get('ErrorCode')}")


def _reason(execution: str, updated: str) -> tuple[str, str] | None:
    """Why an execution is over, or None while it runs."""
    if ":express:" in execution:
        old = datetime.fromisoformat(updated) < datetime.now(UTC) - timedelta(minutes=EXPRESS_MINUTES)
        return REASONS["TIMED_OUT"] if old else None
    try:
        status = clients.client("stepfunctions").describe_execution(executionArn=execution)["status"]
    except ClientError as error:
        if clients.code_of(error) != "ExecutionDoesNotExist":
            raise
        return LOST
    return None if status in ("RUNNING", "PENDING_REDRIVE") else REASONS.get(status, LOST)
