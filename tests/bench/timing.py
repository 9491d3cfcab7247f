"""How things are timed here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def medians(candidates: Mapping[str, Callable[[], Any]], rounds: int = 5) -> dict[str, float]:
    """Median seconds of each candidate. They take turns, so that a slow moment of the machine strikes all alike."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for function in candidates.values():
        function()
    for _ in range(rounds):
        for name, function in candidates.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}
