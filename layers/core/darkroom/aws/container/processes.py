"""Processes that enhance photos one at a time: one that dies takes its photo with it, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from darkroom.aws import deciding
from darkroom.aws.container import whole
from darkroom.aws.runtime import logger, unforeseen, where
from darkroom.aws.stage import Job
from darkroom.errors import DarkroomError, StepFailed, revive
from darkroom.planner import Fusion
from darkroom.report import StepReport

END_SECONDS = 5.0
"""How long a process may take to end that was told to."""


class Ways(msgspec.Struct, frozen=True):
    """How photos are worked on.

    fusion: how a plan's steps are gathered into stages, as in the stack's parameter of that name.
    seconds: that one photo may take. memory_mb: of one process's own data; 0 sets no bound.
    """

    fusion: Fusion = "stage"
    seconds: float = 900.0
    memory_mb: int = 0


class Refused(msgspec.Struct, frozen=True):
    """A job ended by an error, in this part of it.

    foreseen: false for a process that died, hung or ran out of memory, and for an error that is not darkroom's.
    """

    code: str
    message: str
    state: str
    foreseen: bool = True

    @classmethod
    def by(cls, error: DarkroomError, state: str, *, foreseen: bool) -> Refused:
        return cls(error.code, error.message, state, foreseen)

    def error(self) -> DarkroomError:
        return revive(self.code, self.message)


Reply = whole.Outcome | StepReport | Refused


class Worker:
    """A process. It is started when it is first asked, and anew when it has died."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        """Start it if it does not run, so that the first photo need not wait for its imports."""
        if self._process is not None and self._process.is_alive():
            return
        context = multiprocessing.get_context("spawn")  # threads, of which there are some, do not survive a fork
        self._connection, theirs = context.Pipe()
        lifeline, self._lifeline = context.Pipe(duplex=False)
        self._process = context.Process(target=_serve, args=(theirs, lifeline, self._ways), daemon=True)
        self._process.start()
        theirs.close()
        lifeline.close()

    def ask(self, request: Job | deciding.Question, *, every: float, beat: Callable[[], None]) -> Reply:
        """Have one thing done. Calls `beat` each so many seconds, while it lasts, however often its parts change."""
        self.start()
        assert self._process is not None
        began = time.monotonic()
        deadline, due = began + self._ways.seconds, began + every
        state = ""
        try:
            self._connection.send(request)
            while True:
                now = time.monotonic()
                if now >= deadline:
                    self._kill()
                    late = StepFailed("timeout", f"the photo took longer than {self._ways.seconds:g} seconds")
                    return Refused.by(late, state, foreseen=False)
                if now >= due:
                    beat()
                    due = now + every
                if not self._connection.poll(min(due, deadline) - now):
                    continue
                reply = self._connection.recv()
                if isinstance(reply, str):
                    state = reply
                    continue
                if isinstance(reply, Refused) and not reply.foreseen:  # who knows what it left behind
                    self._kill()
                return reply  # type: ignore[no-any-return]  # what `_serve` sends
        except (EOFError, OSError):
            self._process.join(END_SECONDS)
            code = self._process.exitcode
            self._kill()
            died = StepFailed("died", f"the process that worked on the photo died (exit code {code})")
            return Refused.by(died, state, foreseen=False)

    def stop(self) -> None:
        """End it. A photo that it works on is dropped."""
        if self._process is not None:
            self._kill()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._lifeline.close()
        self._process = None


def _serve(connection: Connection, lifeline: Connection, ways: Ways) -> None:
    """The process: answers each request in turn, for as long as who asks is there."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # sent to all of a group; whoever asks decides
    threading.Thread(target=_follow, args=(lifeline,), daemon=True).start()
    if ways.memory_mb:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (ways.memory_mb << 20, ways.memory_mb << 20))
    while True:
        request = connection.recv()
        state = ""

        def begin(part: str) -> None:
            nonlocal state
            state = part
            connection.send(part)

        try:
            reply: Any = _answer(request, ways, begin)
        except DarkroomError as error:
            reply = Refused.by(error, state, foreseen=True)
        except Exception as error:
            logger.error("failed", errors=where(error))
            reply = Refused.by(unforeseen(error, state), state, foreseen=False)
        connection.send(reply)


def _answer(request: Job | deciding.Question, ways: Ways, begin: Callable[[str], None]) -> Reply:
    if isinstance(request, deciding.Question):
        return deciding.answer(request)
    deadline = time.monotonic() + ways.seconds
    return whole.run(request, ways.fusion, lambda: deadline - time.monotonic(), begin)


def _follow(lifeline: Connection) -> None:
    """End with whoever asks, in the middle of whatever it is: the photo is another's by then."""
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)
