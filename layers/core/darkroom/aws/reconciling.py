"""Jobs whose execution ended without a word in their record: stopped, out of time, or failed where no Catch sees it.

Step Functions tells of most such ends by an event, on best effort; what it did not tell of, or has no events for, a
look at all unfinished records finds. Either way the record ends as `failed`, and may be begun anew.

The record is written first, by one of those who find the same end at once: that one tells of it. Until that is done
the record is in the index `unfinished` as `untold`, where a later look finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, events, items, keys
from darkroom.aws.endings import End, age, end_of, found, is_old, is_untold
from darkroom.aws.runtime import logger
from darkroom.errors import TransientError

NO_BUS = "none"
"""As the bus's name: nobody is told."""

UNTOLD_MINUTES = 10
"""After which an end that is recorded and untold is told by a look: whoever wrote it lives for four."""

KINDS = {
    "succeeded": "Job Succeeded",
    "superseded": "Job Succeeded",
    "rejected": "Job Rejected",
    "failed": "Job Failed",
}
"""The events that tell of an end, by the record's status."""


class Looked(msgspec.Struct, frozen=True):
    """What a look found: jobs that it ended, that run, and for how many seconds the oldest of these does."""

    ended: int
    running: int
    oldest_seconds: float


@dataclass(frozen=True)
class Ends:
    """The table of jobs, the bus that is told of their ends (or `NO_BUS`), and for how many days a record is kept.

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
        end, execution = end_of(detail), detail["executionArn"]
        for job, record in records.items():
            if record.get("execution") == execution:
                if not self.end(job, execution, end) and is_untold(detail):
                    self._tell_late(job, execution)
                return
        for job, record in records.items():
            same = job == jobs[-1] or record.get("version") == version
            if same and "execution" in record:
                return  # another execution has the upload
        waits = [
            job
            for job, record in records.items()
            if record.get("status") == "waiting" and place.items() <= record.items()
        ]
        given = {**place, "version": version, "sequencer": sequencer, "execution": execution}
        self._begin_and_end([*waits, *jobs[-1:]][0], given, end)

    def look(self, of: str = "") -> Looked:
        """End every job that says it runs, and whose execution does not.

        One that cannot be looked at keeps nobody from the others. Ends that are recorded and untold are told.
        of: how the executions begin that are looked at.
        """
        ended, ages = 0, []
        for item in self._open("running", of):
            with _alone(item):
                execution, updated = item["execution"]["S"], item["updated"]["S"]
                end = found(execution, updated)
                if end is None:
                    ages.append(age(updated).total_seconds())
                else:
                    ended += self.end(item["id"]["S"], execution, end)
        for item in self._open("untold", of):
            with _alone(item):
                if is_old(item["updated"]["S"], UNTOLD_MINUTES):
                    self.tell(item["id"]["S"], item["execution"]["S"])
        return Looked(ended, len(ages), max(ages, default=0.0))

    def _open(self, state: str, of: str) -> Iterator[dict[str, Any]]:
        for page in items.unfinished(clients.client("dynamodb"), self.table, state):
            yield from (item for item in page["Items"] if item.get("execution", {"S": ""})["S"].startswith(of))

    def _record(self, job: str) -> dict[str, str]:
        """A record's texts; empty where there is none."""
        found = items.find(clients.client("dynamodb"), self.table, job) or {}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def end(self, job: str, execution: str, end: End) -> bool:
        """End a job that is still this execution's, and tell of it. True if it was."""
        return self._record_and_tell(
            job,
            execution,
            end,
            "SET #status = :status, #error = :error, #updated = :now",
            "#execution = :execution AND #status = :running",
            {":running": {"S": "running"}, ":execution": {"S": execution}},
        )

    def _begin_and_end(self, job: str, given: Mapping[str, str], end: End) -> None:
        """Record an upload whose execution ended before it had a record: so it is seen, and may begin anew."""
        fresh = {"listing": "jobs", **given}
        once = {"owner": {"S": "nobody"}, "created": {"S": items.now()}, "expires": {"N": str(self.expiry())}}
        sets = ["#status = :status", "#error = :error", "#updated = :now"]
        sets += [f"#{name} = :{name}" for name in fresh]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in once]
        values = {f":{name}": {"S": text} for name, text in fresh.items()}
        values |= {f":{name}": value for name, value in once.items()}
        self._record_and_tell(
            job,
            given["execution"],
            end,
            f"SET {', '.join(sets)}",
            "attribute_not_exists(#id) OR (#status = :waiting AND #bucket = :bucket AND #key = :key)",
            {":waiting": {"S": "waiting"}, **values},
        )

    def _record_and_tell(
        self, job: str, execution: str, end: End, change: str, condition: str, values: Mapping[str, Any]
    ) -> bool:
        """Write an end, and tell of it. False where the condition does not hold: another did, or will."""
        told = {
            ":status": {"S": end.status},
            ":error": {"M": {name: {"S": text} for name, text in end.error.items()}},
            ":now": {"S": items.now()},
        }
        if end.told:
            change += " REMOVE #open"
        else:
            change += ", #open = :untold"
            told[":untold"] = {"S": "untold"}
        if not self.write(job, change, condition, {**values, **told}):
            return False
        logger.warning("ended", job_id=job, code=end.error["code"])
        if not end.told:
            self.tell(job, execution)
        return True

    def _tell_late(self, job: str, execution: str) -> None:
        """Tell of an end that the workflow has recorded and could not tell of."""
        change = "SET #open = :untold, #updated = :now"
        values = {":untold": {"S": "untold"}, ":now": {"S": items.now()}, ":execution": {"S": execution}}
        if self.write(job, change, "#execution = :execution AND attribute_not_exists(#open)", values):
            self.tell(job, execution)

    def write(self, job: str, change: str, condition: str, values: Mapping[str, Any]) -> bool:
        """Change a record. False where the condition does not hold."""
        try:
            clients.client("dynamodb").update_item(
                TableName=self.table,
                Key={"id": {"S": job}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", f"{change} {condition}")},
                ExpressionAttributeValues=values,
            )
        except ClientError as refusal:
            if clients.code_of(refusal) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def expiry(self) -> int:
        return int((datetime.now(UTC) + timedelta(days=self.days)).timestamp())

    def tell(self, job: str, execution: str) -> None:
        """Send the event of an end that its record calls untold, and then take that word from the record.

        Where the last is refused, a look will tell again: by `job` and `execution` a hearer knows it for the same end.
        """
        record = items.find(clients.client("dynamodb"), self.table, job) or {}
        if (record.get("execution"), record.get("open")) != (execution, "untold") or record["status"] not in KINDS:
            return  # another's by now, or begun anew
        if self.bus != NO_BUS:
            self._send(job, execution, record)
        values = {":untold": {"S": "untold"}, ":execution": {"S": execution}}
        self.write(job, "REMOVE #open", "#execution = :execution AND #open = :untold", values)

    def _send(self, job: str, execution: str, record: Mapping[str, Any]) -> None:
        upload = {name: record[name] for name in ("bucket", "key")}
        detail: dict[str, Any] = {"schema_version": events.SCHEMA_VERSION, "job": job, "execution": execution}
        detail |= {"status": record["status"], "upload": upload}
        if "error" in record:
            detail["error"] = record["error"]
        else:
            detail |= {name: record.get(name) for name in ("result", "manifest")}
        answer = clients.client("events").put_events(
            Entries=[
                {
                    "Source": "darkroom",
                    "DetailType": KINDS[record["status"]],
                    "EventBusName": self.bus,
                    "Detail": msgspec.json.encode(detail).decode(),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise TransientError("untold", f"the bus refused an event: {answer['Entries'][0].get('ErrorCode')}")


@contextmanager
def _alone(item: Mapping[str, Any]) -> Iterator[None]:
    """What cannot be done for one record, which may be damaged, is logged."""
    try:
        yield
    except (ClientError, BotoCoreError, TransientError, KeyError, ValueError, TypeError) as error:
        logger.error("not looked at", job_id=item["id"]["S"], reason=type(error).__name__)
