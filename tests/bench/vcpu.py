"""How much longer a Lambda vCPU takes than this machine's processor.

What Lambda takes is published: C. Ebert's benchmark (github.com/cebert/aws-lambda-performance-benchmarks, December
2025, us-east-2) sorted 100 MB of numbers in Python 3.13 with 1,769 MB of memory, which is one vCPU. The same is timed
here. It also made a chain of digests, which says less: for those a processor may have instructions of their own, and
Lambda's x86_64 has none that are used. They are timed as an upper bound.
"""

from __future__ import annotations

import array
import hashlib
import random
from collections.abc import Callable, Mapping
from time import process_time

from darkroom.prices import Architecture

DIGESTS = 500_000
NUMBERS = 100 * (1 << 20) // 8

ON_LAMBDA: Mapping[Architecture, float] = {"x86_64": 15.247, "arm64": 17.960}
"""Seconds of the sorting."""

DIGESTS_ON_LAMBDA = 0.386
"""Seconds of the digests, on x86_64."""


def factors() -> dict[Architecture, float]:
    """Seconds of a Lambda vCPU for one of this machine's processor. Takes some ten seconds, and 600 MB."""
    here = _seconds(_sort)
    return {architecture: seconds / here for architecture, seconds in ON_LAMBDA.items()}


def by_digests() -> float:
    """The same, by a program that computes nothing but digests."""
    return DIGESTS_ON_LAMBDA / _seconds(_chain)


def _sort() -> object:
    numbers = array.array("q", (random.getrandbits(30) for _ in range(NUMBERS)))
    return array.array("q", sorted(numbers))


def _chain() -> object:
    data = b"darkroom"
    for _ in range(DIGESTS):
        data = hashlib.sha256(data).digest()
    return data


def _seconds(program: Callable[[], object]) -> float:
    started = process_time()
    program()
    return process_time() - started
