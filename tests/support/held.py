"""A deployed function that may not begin, so that a job lasts for as long as a test looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from darkroom_local.emulator import EmbeddedAws
from tests.support.resources import physical_id


@contextmanager
def held(aws: EmbeddedAws, logical: str) -> Iterator[None]:
    """While this lasts, Lambda refuses the function for want of concurrency, and jobs stay in the stage that is its."""
    lambdas, name = aws.client("lambda"), physical_id(aws, logical)
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        lambdas.delete_function_concurrency(FunctionName=name)
