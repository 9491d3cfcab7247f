"""How things are timed here."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import cv2


def use_one_processor() -> None:
    """From here on this process computes on one processor, where what it starts runs too, and OpenCV in one thread."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def cpu_seconds() -> float:
    """Of this process and of the programs that it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def medians(
    candidates: Mapping[str, Callable[[], Any]], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each candidate. They take turns, so that a slow moment of the machine strikes all alike.

    clock: ``time.process_time`` counts the processor's time alone, which other work on the machine disturbs less.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for function in candidates.values():
        function()
    for _ in range(rounds):
        for name, function in candidates.items():
            started = clock()
            function()
            times[name].append(clock() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}
