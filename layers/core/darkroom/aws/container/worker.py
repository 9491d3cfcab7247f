"""`darkroom worker`: takes uploads from a queue, and enhances each to its end before its message is deleted.

SQS shows a message again that nobody deletes, and moves it to the dead-letter queue after the number of tries that its
redrive policy allows. So a photo whose worker dies is worked on by another, and one by which every worker dies is set
aside. What ends in one of darkroom's own errors is no such case: its record says why, and its message is deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients, items, keys, uploads
from darkroom.aws.container.claims import Claim, Claims
from darkroom.aws.container.processes import Refused, Reply, Ways, Worker
from darkroom.aws.container.whole import Outcome
from darkroom.aws.runtime import logger
from darkroom.errors import DarkroomError

PAUSE_SECONDS = 5.0
"""Between two tries to reach a queue that does not answer."""

RETRY_SECONDS = (0, 10, 60, 300)
"""How long a message lies still after its first, second, … try that failed."""

LOOK_SECONDS = 300.0
"""Between two looks for jobs that ended without a word."""


class Queue(msgspec.Struct, frozen=True):
    """A queue of uploads.

    hidden: seconds for which a message is hidden that is worked on; they are renewed while it is.
    wait: seconds that one look at an empty queue lasts, 20 at most.
    """

    url: str
    hidden: int = 60
    wait: int = 20

    def tries(self) -> int | None:
        """How often a message is received before it goes to the dead-letter queue; None where there is none."""
        answer = clients.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
        policy = msgspec.json.decode(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
        return int(policy["maxReceiveCount"]) if "maxReceiveCount" in policy else None

    def receive(self) -> dict[str, Any] | None:
        answer = clients.client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=self.wait,
            VisibilityTimeout=self.hidden,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        messages = answer.get("Messages", [])
        return messages[0] if messages else None

    def hide(self, message: Mapping[str, Any], seconds: int) -> None:
        """Show a message again in so many seconds. One that is no longer ours stays as it is."""
        try:
            clients.client("sqs").change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:  # it comes back by itself
            logger.warning("not hidden", message_id=message["MessageId"], reason=type(error).__name__)

    def delete(self, message: Mapping[str, Any]) -> None:
        clients.client("sqs").delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


class GivenBack(Exception):
    """A message that is to be tried again, or set aside."""

    def __init__(self, code: str, *, last: bool) -> None:
        super().__init__(code, last)
        self.code, self.last = code, last


@dataclass
class Crew:
    """So many processes that take photos from one queue, until they are told to stop."""

    queue: Queue
    claims: Claims
    ways: Ways
    processes: int
    stopping: threading.Event = field(default_factory=threading.Event)
    tries: int | None = None

    def run(self) -> None:
        """Work until `stopping` is set, and what is begun by then is done. Raises botocore's errors at the start."""
        self.tries = self.queue.tries()
        if self.tries is None:
            logger.warning("the queue has no dead-letter queue: a photo by which workers die is tried for ever")
        hands = [threading.Thread(target=self._work) for _ in range(self.processes)]
        for hand in hands:
            hand.start()
        while not self.stopping.wait(LOOK_SECONDS):
            self._look()
        for hand in hands:
            hand.join()

    def _look(self) -> None:
        try:
            self.claims.ends.look(of=items.WORKER)
        except (ClientError, BotoCoreError, DarkroomError) as error:
            logger.warning("not looked", reason=type(error).__name__)

    def _work(self) -> None:
        worker = Worker(self.ways)
        worker.start()
        while not self.stopping.is_set():
            try:
                message = self.queue.receive()
                if message is not None:
                    self._take(message, worker)
            except (ClientError, BotoCoreError) as error:
                logger.error("the queue did not answer", reason=type(error).__name__)
                self.stopping.wait(PAUSE_SECONDS)
            except Exception as error:  # a hand that is lost would be missed by nobody
                logger.exception("a message was dropped", reason=type(error).__name__)
                self.stopping.wait(PAUSE_SECONDS)
        worker.stop()

    def _take(self, message: Mapping[str, Any], worker: Worker) -> None:
        """Do all that a message asks for, and delete it; or give it back."""
        if self.stopping.is_set():
            self.queue.hide(message, 0)
            return
        count = int(message["Attributes"]["ApproximateReceiveCount"])
        try:
            for upload in uploads.in_message(message["Body"]):
                if keys.may_be_photo(upload.object.key):
                    claim = self.claims.claim(upload, message["MessageId"])
                    if claim is not None:
                        self._do(claim, message, worker, last=self.tries is not None and count >= self.tries)
        except (GivenBack, DarkroomError) as reason:
            logger.warning("given back", message_id=message["MessageId"], tries=count, code=reason.code)
            at_once = isinstance(reason, GivenBack) and reason.last  # SQS sets it aside when it is next looked for
            self.queue.hide(message, 0 if at_once else RETRY_SECONDS[min(count, len(RETRY_SECONDS)) - 1])
            return
        self.queue.delete(message)

    def _do(self, claim: Claim, message: Mapping[str, Any], worker: Worker, *, last: bool) -> None:
        """Enhance a photo and record how that ended. Raises `GivenBack` where it is to be tried again.

        last: whether there are no more tries; then the record says why, and the message goes to the dead-letter queue.
        """
        reply: Reply = worker.ask(
            claim.job, every=self.queue.hidden / 3, beat=lambda: self.queue.hide(message, self.queue.hidden)
        )
        if isinstance(reply, Outcome):
            held = self.claims.complete(claim, reply)
            logger.info("done", job_id=claim.job.id, status=reply.status if held else "another's")
            return
        assert isinstance(reply, Refused)
        error = reply.error()
        again = error.retryable or not reply.foreseen
        if last or not again:
            self.claims.fail(claim, error, reply.state)
        if again:
            raise GivenBack(error.code, last=last)
        logger.info("done", job_id=claim.job.id, code=error.code)
