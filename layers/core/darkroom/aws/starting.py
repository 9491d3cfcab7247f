"""From the queue of uploads into the workflow: as many jobs run at once as the stack allows, and the others wait.

A burst that is started at once would share the account's concurrent executions among all its jobs, most of whose
tries would be throttled. So a job begins when there is a place for it. Until then its message lies in the queue,
unread: Lambda runs no more than two starters (`MaximumConcurrency`), and each waits here for the next place rather than
give its message back, which would count as one of the tries that a message has before the dead-letter queue.

What runs, Step Functions lists; of a workflow of type EXPRESS it knows no list, and the table of jobs tells.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, items, keys, uploads
from darkroom.aws.runtime import logger, metrics
from darkroom.aws.uploads import Detail
from darkroom.errors import DarkroomError

POLL_SECONDS = 2.0
"""Between two looks for a place; Step Functions lists executions at least five times a second."""

RESERVE_SECONDS = 20.0
"""What is kept back of the function's time to give a message back."""

LAG_SECONDS = 15.0
"""How long a listing may lack an execution that was just started."""

MOST_ASKED_FOR = 5
"""Executions that are asked for one by one at each look; Step Functions answers at least fifteen times a second."""

RETRY_SECONDS = 60
"""How long a message lies still after a try that failed."""


@dataclass(frozen=True)
class Executions:
    """What runs of a STANDARD workflow, as Step Functions lists it."""

    machine: str

    def running(self, most: int) -> set[str]:
        """The executions that run, so many of them at most. Late by seconds."""
        answer = clients.client("stepfunctions").list_executions(
            stateMachineArn=self.machine, statusFilter="RUNNING", maxResults=most
        )
        return {one["executionArn"] for one in answer["executions"]}

    def has_ended(self, execution: str, _upload: Detail) -> bool:
        """Whether an execution has ended, without delay."""
        found = clients.client("stepfunctions").describe_execution(executionArn=execution)
        return bool(found["status"] != "RUNNING")


@dataclass(frozen=True)
class Records:
    """What runs of an EXPRESS workflow, as its jobs' records say: an execution claims its record first."""

    table: str

    def running(self, _most: int) -> set[str]:
        """The executions whose jobs run. Late by less than seconds; what never claimed a record is not there."""
        pages = items.unfinished(clients.client("dynamodb"), self.table)
        return {item["execution"]["S"] for page in pages for item in page["Items"] if "execution" in item}

    def has_ended(self, execution: str, upload: Detail) -> bool:
        """Whether an execution's job has ended, without delay."""
        version = upload.object.version or upload.object.sequencer
        for job in keys.jobs_of(upload.bucket.name, upload.object.key, version):
            record = items.find(clients.client("dynamodb"), self.table, job) or {}
            if record.get("execution") == execution:
                return bool(record["status"] != "running")
        return False


@dataclass
class Starter:
    """Starts jobs of one workflow.

    machine: the workflow's ARN.
    queue: the URL of the queue of uploads.
    most: how many jobs may run at once.
    jobs: tells which run.
    recent: executions that this process started and that were not listed yet, with the time (`time.monotonic`) and
    their uploads.
    """

    machine: str
    queue: str
    most: int
    jobs: Executions | Records
    recent: dict[str, tuple[float, Detail]] = field(default_factory=dict)

    def take(self, records: list[dict[str, Any]], seconds_left: Callable[[], float]) -> list[str]:
        """Start a job for each of Lambda's records of messages. Returns the ids of those that go back to the queue."""
        back = []
        for record in records:
            try:
                if self._start(record["messageId"], record["body"], seconds_left):
                    continue
                wait = 0
            except DarkroomError as error:
                logger.error("not started", message_id=record["messageId"], code=error.code)
                wait = RETRY_SECONDS
            back.append(record["messageId"])
            self._give_back(record["receiptHandle"], wait)
        return back

    def _start(self, message: str, body: str, seconds_left: Callable[[], float]) -> bool:
        """Start the job of a message, once there is a place. False where none became free in time.

        An object that is no photo, by its key, starts none and is only counted.

        The execution has the message's id for a name: a message that is delivered twice starts one.
        """
        upload = uploads.of_event(body)
        if not keys.may_be_photo(upload.object.key):
            metrics.add_metric(name="NoPhoto", unit=MetricUnit.Count, value=1)
            return True
        while True:
            if self._has_place():
                try:
                    answer = clients.client("stepfunctions").start_execution(
                        stateMachineArn=self.machine, name=message, input=body
                    )
                    self.recent[answer["executionArn"]] = time.monotonic(), upload
                    return True
                except (ClientError, BotoCoreError) as error:
                    if isinstance(error, ClientError) and clients.code_of(error) == "ExecutionAlreadyExists":
                        return True
                    self._wait_or_raise(error)
            if seconds_left() < RESERVE_SECONDS + POLL_SECONDS:
                return False
            time.sleep(POLL_SECONDS * random.uniform(0.5, 1))  # noqa: S311 - starters must not look in step

    def _has_place(self) -> bool:
        try:
            listed = self.jobs.running(self.most)
            now = time.monotonic()
            self.recent = {
                arn: (since, upload)
                for arn, (since, upload) in self.recent.items()
                if arn not in listed and now - since < LAG_SECONDS
            }
            if len(listed) + len(self.recent) >= self.most:
                self._forget_ended()
        except (ClientError, BotoCoreError) as error:
            self._wait_or_raise(error)
            return False
        return len(listed) + len(self.recent) < self.most

    def _forget_ended(self) -> None:
        """A job may have ended before it was ever listed: so small photos need not wait for the list."""
        for arn, (_, upload) in list(self.recent.items())[:MOST_ASKED_FOR]:
            if self.jobs.has_ended(arn, upload):
                del self.recent[arn]

    @staticmethod
    def _wait_or_raise(error: ClientError | BotoCoreError) -> None:
        """Nothing where the workflow is only busy: the next look may find it otherwise."""
        ours = clients.translate(error, "the workflow", "workflow")
        if not ours.retryable:
            raise ours from error

    def _give_back(self, handle: str, seconds: int) -> None:
        try:
            clients.client("sqs").change_message_visibility(
                QueueUrl=self.queue, ReceiptHandle=handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:  # it comes back by itself, only later
            logger.warning("not given back", reason=type(error).__name__)
