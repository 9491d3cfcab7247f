"""What the API has done while its caller waits, by processes beside it: where there is no Step Functions, no Lambda."""

from __future__ import annotations

import queue
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec

from darkroom.aws.container.claims import Claim, Claims
from darkroom.aws.container.processes import Refused, Reply, Ways, Worker
from darkroom.aws.container.whole import Outcome
from darkroom.aws.deciding import Question
from darkroom.aws.stage import Job
from darkroom.aws.uploads import Detail, Object, Place
from darkroom.errors import StepFailed

BEAT_SECONDS = 60.0


class Here:
    """So many processes, each of which works for one caller at a time."""

    def __init__(self, claims: Claims, ways: Ways, processes: int) -> None:
        self._claims = claims
        self._free: queue.Queue[Worker] = queue.Queue()
        self._workers = [Worker(ways) for _ in range(processes)]
        for worker in self._workers:
            worker.start()
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(processes)

    def enhance(self, bucket: str, key: str, patience: float) -> dict[str, Any] | None:
        """What the workflow answers for an upload. None where it takes longer than `patience` seconds: it goes on.

        Raises the job's own error.
        """
        return self._wait(lambda: self._enhance(bucket, key), patience)

    def ask(self, question: dict[str, Any], patience: float) -> dict[str, Any] | None:
        """What the function `classify` answers. None where it takes longer than `patience` seconds."""
        asked = msgspec.convert(question, Question)
        return self._wait(lambda: msgspec.to_builtins(self._reply(asked)), patience)

    def stop(self) -> None:
        """End all processes, once those who wait have their answers."""
        self._threads.shutdown()
        for worker in self._workers:
            worker.stop()

    def _wait[T](self, work: Callable[[], T], patience: float) -> T | None:
        future: Future[T] = self._threads.submit(work)
        try:
            return future.result(patience)
        except TimeoutError:
            if future.done():  # it is the work's own
                raise
            return None

    def _enhance(self, bucket: str, key: str) -> dict[str, Any]:
        claim = self._claims.claim(Detail(Place(bucket), Object(key, sequencer="0")), secrets.token_hex(16))
        if claim is None:
            raise StepFailed("workflow", "another has the job")
        outcome = self._reply(claim.job, claim)
        assert isinstance(outcome, Outcome)
        self._claims.complete(claim, outcome)
        return {"status": outcome.status, "job": claim.job.id, "result": outcome.result, "manifest": outcome.manifest}

    def _reply(self, request: Job | Question, claim: Claim | None = None) -> Reply:
        worker = self._free.get()
        try:
            reply = worker.ask(request, every=BEAT_SECONDS, beat=lambda: None)
        finally:
            self._free.put(worker)
        if isinstance(reply, Refused):
            if claim is not None:
                self._claims.fail(claim, reply.error(), reply.state)
            raise reply.error()
        return reply
