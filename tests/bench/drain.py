"""A burst of uploads, simulated with the settings of template and workflow: `python -m tests.bench.drain`.

Nothing is timed: the simulation has a clock of its own. What is drawn at random is how long an invocation takes and how
long a throttled one waits until it is tried again.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom.aws.starting import POLL_SECONDS
from tests.support import definition, template

STARTERS = 2

STAGES_SECONDS = (1.2, 0.8, 1.5, 1.5, 1.5, 1.6)
"""Of a photo of 12 MP: inspect, diagnose, three stages, publish. Medians; it may take half as long or twice."""

WITH_A_QUEUE = (
    (200, 0, 10, None),
    (10_000, 0, 10, None),
    (10_000, 0, 10, 100),
    (10_000, 1, 100, 50),
    (10_000, 1, 1000, 400),
    (10_000, 1, 3000, 1500),
    (41_667, 60, 10, None),
    (41_667, 60, 100, 90),
    (41_667, 60, 1000, 400),
)
"""Uploads, the minutes within which they arrive, concurrency, and jobs at once (None: the template's). A million a day
are 41,667 in an hour."""


@dataclass(frozen=True)
class Retrier:
    """How a throttled task is tried again: as the workflow's definition says."""

    interval: float
    rate: float
    attempts: int
    longest: float

    def wait(self, tried: int, rng: random.Random) -> float:
        """Seconds until the next try, with full jitter."""
        return rng.uniform(0, min(self.longest, self.interval * self.rate**tried))


@dataclass
class Settings:
    """What the burst meets.

    running: jobs at once, or None where every upload starts its job at once, as without a queue.
    job_seconds: a job's whole life.
    """

    retrier: Retrier
    job_seconds: float
    running: int | None


def deployed() -> Settings:
    """The settings as they stand in the template and the workflow."""
    workflow = definition.load()
    throttled = next(
        one for one in workflow["States"]["Inspect"]["Retry"] if "Lambda.TooManyRequestsException" in one["ErrorEquals"]
    )
    retrier = Retrier(
        throttled["IntervalSeconds"], throttled["BackoffRate"], throttled["MaxAttempts"], throttled["MaxDelaySeconds"]
    )
    parameters = template.source()["Parameters"]
    return Settings(retrier, workflow["TimeoutSeconds"], parameters["MaxRunningJobs"]["Default"])


@dataclass
class Burst:
    """Uploads that arrive at once or evenly within `seconds`, in an account that runs so many functions at once."""

    uploads: int
    concurrency: int
    settings: Settings
    seed: int = 0
    seconds: float = 0
    now: float = 0
    succeeded: int = 0
    failed: int = 0
    throttled: int = 0
    most_tries: int = 0
    longest_job: float = 0
    _busy: int = 0
    _running: int = 0
    _waiting: int = 0
    _idle: int = 0
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def run(self) -> Burst:
        """Until nothing is left to happen."""
        self._rng = random.Random(self.seed)
        if self.settings.running is None:
            self._waiting = self.uploads
            for _ in range(self.uploads):
                self._begin()
        else:
            self._idle = STARTERS
            for index in range(self.uploads):
                self._after(self.seconds * index / self.uploads, self._arrive)
        while self._events:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        return self

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), happen))

    def _arrive(self) -> None:
        self._waiting += 1
        if self._idle:
            self._idle -= 1
            self._look()

    def _look(self) -> None:
        """A starter, which is a function that runs as long as uploads wait."""
        if not self._waiting:
            self._idle += 1
            return
        most = self.settings.running
        assert most is not None
        if self._running < most:
            self._begin()
            self._after(0.1, self._look)
        else:
            self._after(POLL_SECONDS * self._rng.uniform(0.5, 1), self._look)

    @property
    def _free(self) -> bool:
        held = STARTERS if self.settings.running is not None and self._waiting else 0
        return self._busy + held < self.concurrency

    def _begin(self) -> None:
        self._waiting -= 1
        self._running += 1
        self._try(0, 0, self.now)

    def _try(self, stage: int, tried: int, began: float) -> None:
        """One try of a stage's task."""
        if self.now - began > self.settings.job_seconds:
            return self._end(began, succeeded=False)
        if not self._free:
            self.throttled += 1
            self.most_tries = max(self.most_tries, tried + 1)
            if tried >= self.settings.retrier.attempts:
                return self._end(began, succeeded=False)
            wait = self.settings.retrier.wait(tried, self._rng)
            return self._after(wait, lambda: self._try(stage, tried + 1, began))
        self._busy += 1
        seconds = STAGES_SECONDS[stage] * 2 ** self._rng.uniform(-1, 1)
        return self._after(seconds, lambda: self._done(stage, began))

    def _done(self, stage: int, began: float) -> None:
        self._busy -= 1
        if stage + 1 == len(STAGES_SECONDS):
            self._end(began, succeeded=True)
        else:
            self._after(0.05, lambda: self._try(stage + 1, 0, began))

    def _end(self, began: float, *, succeeded: bool) -> None:
        self._running -= 1
        self.longest_job = max(self.longest_job, self.now - began)
        if succeeded:
            self.succeeded += 1
        else:
            self.failed += 1


def row(burst: Burst) -> str:
    """A line of the table in docs/reliability.md."""
    hours, minutes = divmod(round(burst.now / 60), 60)
    cells = (
        f"{burst.uploads:,}",
        f"{burst.seconds / 60:g}",
        f"{burst.concurrency:,}",
        burst.settings.running or "none",
        f"{burst.failed / burst.uploads:.0%}",
        f"{hours}:{minutes:02}",
        f"{burst.throttled:,}",
        f"{burst.longest_job / 60:.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int)
    parser.add_argument("--minutes", type=float, default=0, help="within which they arrive (default: all at once)")
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--running", type=int, help="MaxRunningJobs (default: the template's)")
    chosen = parser.parse_args()
    columns = ("uploads", "within minutes", "concurrency", "jobs at once", "lost", "drained in h:mm", "throttled tries")
    print(f"| {' | '.join(columns)} | longest job, minutes |")
    print("| --- " * 8 + "|")
    if chosen.uploads:
        settings = deployed()
        settings.running = chosen.running or settings.running
        print(row(Burst(chosen.uploads, chosen.concurrency, settings, seconds=chosen.minutes * 60).run()))
        return
    for uploads in (500, 1000, 5000):
        print(row(Burst(uploads, 10, without_a_queue()).run()))
    for uploads, minutes, concurrency, running in WITH_A_QUEUE:
        settings = deployed()
        settings.running = running or settings.running
        print(row(Burst(uploads, concurrency, settings, seconds=minutes * 60).run()))


def without_a_queue() -> Settings:
    """What would be lost if every upload started its job at once, and a throttled task were tried 15 times."""
    return Settings(Retrier(1, 2, 15, 60), 3600, None)


if __name__ == "__main__":
    main()
