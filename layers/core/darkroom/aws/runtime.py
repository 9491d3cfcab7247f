"""What all Lambda handlers share: settings from the environment, logs, metrics, and errors that name their kind."""

from __future__ import annotations

import functools
import os
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws import tracing
from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid, StepFailed

logger = Logger()
metrics = Metrics()

Handler = Callable[[dict[str, Any], LambdaContext], Any]


def setting(name: str) -> str:
    """An environment variable that the template sets. Raises `StepFailed` where it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise StepFailed("misconfigured", f"the environment variable {name} is not set")
    return value


def parse[T](event: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(event, kind)
    except msgspec.ValidationError as error:
        raise StepFailed("bad-event", f"the event is not what the workflow sends: {error}") from None


def about(job: str) -> None:
    """Log lines and the trace of this invocation are of this job from here on."""
    logger.append_keys(job_id=job)
    tracing.annotate(job_id=job)


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, **dimension: str) -> None:
    """A metric of its own dimension. Each value of a dimension is a metric that AWS bills for: there must be few."""
    with single_metric(name=name, unit=unit, value=value) as one:
        for key, of in dimension.items():
            one.add_dimension(name=key, value=of)


def where(error: BaseException) -> list[dict[str, Any]]:
    """An error and what caused it, for a log: their classes and the lines that they passed, the innermost last.

    Not their messages: a library's may quote what it was given, such as names of people's files, links and tokens.
    """
    told: list[dict[str, Any]] = []
    each: BaseException | None = error
    while each is not None:
        frames = traceback.extract_tb(each.__traceback__)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        told.append({"error": type(each).__name__, "frames": places})
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return told


def unforeseen(error: Exception, part: str) -> StepFailed:
    """What is told of an error that is not darkroom's, in this part of a job: its class alone, for it may quote."""
    return StepFailed(
        "out-of-memory" if isinstance(error, MemoryError) else "unexpected", f"{type(error).__name__} in {part}"
    )


def lambda_handler(function: Callable[[dict[str, Any], LambdaContext], Any]) -> Handler:
    """Wrap a Lambda handler: cold starts are counted, durations measured, and only `DarkroomError` leaves it.

    Events are never logged: they may hold names of people's files.
    """

    @metrics.log_metrics(capture_cold_start_metric=True)
    @logger.inject_lambda_context(clear_state=True)
    @functools.wraps(function)
    def wrapped(event: dict[str, Any], context: LambdaContext) -> Any:
        started = time.perf_counter()
        try:
            answer = msgspec.to_builtins(function(event, context))
            metrics.add_metric(name="Succeeded", unit=MetricUnit.Count, value=1)
            return answer
        except DarkroomError as error:
            rejected = isinstance(error, ImageRejected | RecipeInvalid)
            metrics.add_metric(name="Rejected" if rejected else "Failed", unit=MetricUnit.Count, value=1)
            if rejected:
                logger.warning("refused", code=error.code)
            else:
                logger.error("refused", code=error.code, errors=where(error))
            raise
        except Exception as error:
            metrics.add_metric(name="Failed", unit=MetricUnit.Count, value=1)
            logger.error("failed", errors=where(error))
            raise unforeseen(error, setting("POWERTOOLS_SERVICE_NAME")) from error
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000)
            metrics.add_metric(name="Duration", unit=MetricUnit.Milliseconds, value=milliseconds)
            logger.info("done", milliseconds=milliseconds)

    return cast(Handler, wrapped)
