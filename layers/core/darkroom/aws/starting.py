"""From the queue of uploads into the workflow: as many jobs run at once as the stack allows, and the others wait.

A burst that is started at once would share the account's concurrent executions among all its jobs, most of whose
tries would be throttled. So a job begins when there is a place for it. Until then its message lies in the queue,
unread: Lambda runs no more than two starters (`MaximumConcurrency`), and each waits here for the next place rather than
give its message back, which would count as one of the tries that a message has before the dead-letter queue.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, keys
from darkroom.aws.runtime import logger, metrics, parse
from darkroom.errors import DarkroomError, StepFailed

POLL_SECONDS = 2.0
"""Between two looks for a place; Step Functions lists executions at least five times a second."""

RESERVE_SECONDS = 20.0
"""What is kept back of the function's time to give a message back."""

LAG_SECONDS = 15.0
"""How long a listing may lack an execution that was just started."""

MOST_DESCRIBED = 5
"""Executions that are asked for one by one at each look; Step Functions answers at least fifteen times a second."""

RETRY_SECONDS = 60
"""How long a message lies still after a try that failed."""


class Place(msgspec.Struct, frozen=True):
    """Where an uploaded object lies, in S3's event."""

    name: str


class Object(msgspec.Struct, frozen=True):
    """Which object it is."""

    key: str


class Detail(msgspec.Struct, frozen=True):
    """What the workflow needs of S3's event."""

    bucket: Place
    object: Object


class Upload(msgspec.Struct, frozen=True):
    """A message's body: the event `Object Created` as EventBridge hands it on."""

    detail: Detail


@dataclass
class Starter:
    """Starts jobs of one workflow.

    machine: the workflow's ARN.
    queue: the URL of the queue of uploads.
    most: how many jobs may run at once.
    recent: executions that this process started and that were not listed yet, with the time (`time.monotonic`).
    """

    machine: str
    queue: str
    most: int
    recent: dict[str, float] = field(default_factory=dict)

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
        if not keys.may_be_photo(parse(_json(body), Upload).detail.object.key):
            metrics.add_metric(name="NoPhoto", unit=MetricUnit.Count, value=1)
            return True
        while True:
            if self._has_place():
                try:
                    answer = clients.client("stepfunctions").start_execution(
                        stateMachineArn=self.machine, name=message, input=body
                    )
                    self.recent[answer["executionArn"]] = time.monotonic()
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
            answer = clients.client("stepfunctions").list_executions(
                stateMachineArn=self.machine, statusFilter="RUNNING", maxResults=self.most
            )
            listed = {one["executionArn"] for one in answer["executions"]}
            now = time.monotonic()
            self.recent = {
                arn: since for arn, since in self.recent.items() if arn not in listed and now - since < LAG_SECONDS
            }
            if len(listed) + len(self.recent) >= self.most:
                self._forget_ended()
        except (ClientError, BotoCoreError) as error:
            self._wait_or_raise(error)
            return False
        return len(listed) + len(self.recent) < self.most

    def _forget_ended(self) -> None:
        """A job may have ended before it was ever listed: so small photos need not wait for the list."""
        for arn in list(self.recent)[:MOST_DESCRIBED]:
            if clients.client("stepfunctions").describe_execution(executionArn=arn)["status"] != "RUNNING":
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


def _json(body: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise StepFailed("bad-event", f"the message is not an upload's event: {error}") from None
