"""Jobs whose execution ended without a word in their record: stopped, out of time, or failed where no Catch sees it.

Step Functions tells of most such ends by an event, on best effort; what it did not tell of, or has no events for, a
look at all unfinished records finds. Either way the record ends as `failed`, and may be begun anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, items, keys
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


class End(msgspec.Struct, frozen=True):
    """How a job ended, where it could not say so itself. told: whether an event already did."""

    error: Mapping[str, str]
    status: str = "failed"
    told: bool = False


@dataclass(frozen=True)
class Ends:
    """The table of jobs, the bus that is told of their ends, and for how many days a record is kept.

    queue: the URL of the queue of uploads, where one goes back to that neither workflow nor `told` could record.
    """

    table: str
    bus: str
    days: int
    queue: str

    def told(self, detail: Mapping[str, Any]) -> None:
        """End the job of an execution that ended: the detail of Step Functions' event on a change of status."""
        if not detail.get("input"):  # too long for an event: a look will find it
            return
        upload = msgspec.json.decode(detail["input"])["detail"]
        place = {"bucket": upload["bucket"]["name"], "key": upload["object"]["key"]}
        version, sequencer = (upload["object"].get(name, "") for name in ("version-id", "sequencer"))
        jobs = keys.jobs_of(place["bucket"], place["key"], version or sequencer)
        try:
            records = {job: self._record(job) for job in jobs}
        except (ClientError, BotoCoreError):
            if detail["status"] != "FAILED":
                raise
            # The table may have been out of reach for the workflow too. Where it was not, this ends as a duplicate.
            clients.client("sqs").send_message(QueueUrl=self.queue, MessageBody=detail["input"])
            return
        end = _end_of(detail)
        for job, record in records.items():
            if record.get("execution") == detail["executionArn"]:
                self._end(job, detail["executionArn"], end)
                return
        for job, record in records.items():
            same = job == jobs[-1] or record.get("version") == version
            if same and "execution" in record:
                return  # another execution has the upload
        waits = [
            job
            for job, record in records.items()
            if (record.get("status"), record.get("key")) == ("waiting", place["key"])
        ]
        given = {**place, "version": version, "sequencer": sequencer, "execution": detail["executionArn"]}
        self._begin_and_end([*waits, *jobs[-1:]][0], given, end)

    def look(self) -> int:
        """End every job that says it runs, and whose execution does not. Returns how many.

        One that cannot be looked at keeps nobody from the others.
        """
        ended = 0
        pages = items.unfinished(clients.client("dynamodb"), self.table)
        for item in (item for page in pages for item in page["Items"]):
            job = item["id"]["S"]
            try:
                execution = item["execution"]["S"]
                reason = _reason(execution, item["updated"]["S"])
                ended += reason is not None and self._end(job, execution, End(_error(*reason)))
            except (ClientError, BotoCoreError, TransientError, KeyError, ValueError) as error:
                logger.error("not looked at", job_id=job, reason=type(error).__name__)
        return ended

    def _record(self, job: str) -> dict[str, str]:
        """A record's texts; empty where there is none."""
        found = items.find(clients.client("dynamodb"), self.table, job) or {}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def _end(self, job: str, execution: str, end: End) -> bool:
        """End a job that is still this execution's, and tell of it. True if it was.

        The event goes first: if it cannot be sent nothing has changed, and the next look tries again.
        """
        record = self._record(job)
        if record.get("execution") != execution or record.get("status") != "running":
            return False
        self._tell(job, record, end)
        return self._update(
            job,
            end,
            "SET #status = :status, #error = :error, #updated = :now REMOVE #open",
            "#execution = :execution AND #status = :running",
            {"status", "error", "updated", "open", "execution"},
            {":running": {"S": "running"}, ":execution": {"S": execution}},
        )

    def _begin_and_end(self, job: str, given: Mapping[str, str], end: End) -> None:
        """Record an upload whose execution ended before it had a record: so it is seen, and may begin anew."""
        self._tell(job, given, end)
        fresh = {"listing": "jobs", **given}
        once = {"owner": {"S": "nobody"}, "created": {"S": items.now()}, "expires": {"N": str(self._expiry())}}
        sets = ["#status = :status", "#error = :error", "#updated = :now"]
        sets += [f"#{name} = :{name}" for name in fresh]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in once]
        self._update(
            job,
            end,
            f"SET {', '.join(sets)}",
            "attribute_not_exists(#id) OR (#status = :waiting AND #key = :key)",
            {"id", "status", "error", "updated", *fresh, *once},
            {":waiting": {"S": "waiting"}, **{f":{name}": {"S": text} for name, text in fresh.items()}}
            | {f":{name}": value for name, value in once.items()},
        )

    def _update(
        self, job: str, end: End, change: str, condition: str, names: Set[str], values: Mapping[str, Any]
    ) -> bool:
        try:
            clients.client("dynamodb").update_item(
                TableName=self.table,
                Key={"id": {"S": job}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in names},
                ExpressionAttributeValues={
                    ":status": {"S": end.status},
                    ":error": {"M": {name: {"S": text} for name, text in end.error.items()}},
                    ":now": {"S": items.now()},
                    **values,
                },
            )
        except ClientError as refusal:
            if clients.code_of(refusal) != "ConditionalCheckFailedException":
                raise
            return False
        logger.warning("ended", job_id=job, code=end.error["code"])
        return True

    def _expiry(self) -> int:
        return int((datetime.now(UTC) + timedelta(days=self.days)).timestamp())

    def _tell(self, job: str, record: Mapping[str, str], end: End) -> None:
        if end.told:
            return
        upload = {name: record[name] for name in ("bucket", "key")}
        detail = {"job": job, "status": end.status, "upload": upload, "error": end.error}
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


def _error(code: str, message: str, name: str = "StepFailed") -> dict[str, str]:
    return {"name": name, "code": code, "message": message, "state": ""}


def _end_of(detail: Mapping[str, Any]) -> End:
    """What an event says of an execution's end.

    The workflow's own Fail state names the error, and has sent an event; Step Functions' errors begin with States.
    """
    name, (code, colon, message) = detail.get("error") or "", (detail.get("cause") or "").partition(": ")
    if detail["status"] == "FAILED" and colon and not name.startswith("States."):
        rejected = name in ("ImageRejected", "RecipeInvalid")
        return End(_error(code, message, name), "rejected" if rejected else "failed", told=True)
    return End(_error(*REASONS[detail["status"]]))


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
