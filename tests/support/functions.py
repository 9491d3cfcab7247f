"""The Lambda functions, run in this process the way the service runs them: JSON in, JSON or an error out."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws import runtime
from darkroom.aws.runtime import Handler, lambda_handler

FUNCTIONS = Path(__file__).parents[2] / "functions"

UPLOADS, WORK, RESULTS = "darkroom-uploads", "darkroom-work", "darkroom-results"

SETTINGS = {
    "WORK_BUCKET": WORK,
    "RESULTS_BUCKET": RESULTS,
    "UPLOADS_BUCKET": UPLOADS,
    "JOBS_TABLE": "darkroom-jobs",
    "ENHANCE_NOW": "arn:aws:states:eu-central-1:111122223333:stateMachine:enhance-now",
    "BATCH": "arn:aws:states:eu-central-1:123456789012:stateMachine:batch",
    "CLASSIFY_FUNCTION": "arn:aws:lambda:eu-central-1:111122223333:function:classify",
    "ALLOWED_ORIGINS": "https://photos.example",
    "REFERENCES_BUCKET": UPLOADS,
    "WORKFLOW": "arn:aws:states:eu-central-1:123456789012:stateMachine:enhance",
    "WORKFLOW_TYPE": "STANDARD",
    "UPLOADS_QUEUE": "https://sqs.eu-central-1.amazonaws.com/123456789012/waiting",
    "MAX_RUNNING_JOBS": "2",
    "MAX_WAITING_CALLS": "2",
    "SIGNING_SECRET": "signing",
    "SOURCE_HOSTS": "photos.example,*.cdn.example",
    "ADMIN_CALLERS": "none,k1e2y3",
    "EVENT_BUS": "darkroom",
    "JOB_RETENTION_DAYS": "30",
    "DEFAULT_RECIPE": "none",
    "KEEP_GPS": "false",
    "KEEP_METADATA": "true",
    "KEEP_TAGS": "false",
    "ANNOTATE_RESULTS": "false",
    "MAX_BYTES": str(1 << 20),
    "MAX_PIXELS": "4000000",
    "MAX_SIDE": "3000",
    "MAX_FRAMES": "10",
    "LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
    "POWERTOOLS_LOG_DEDUPLICATION_DISABLED": "true",
}

_one_at_a_time = threading.RLock()


class Context(LambdaContext):
    """What Lambda hands to a handler beside the event."""

    def __init__(self, function: str, seconds_left: float = 300) -> None:
        self._function_name = function
        self._function_version = "$LATEST"
        self._memory_limit_in_mb = 3008
        self._invoked_function_arn = f"arn:aws:lambda:eu-central-1:123456789012:function:{function}"
        self._aws_request_id = str(uuid.uuid4())
        self._seconds_left = seconds_left

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # static, but for its own typing
        return round(self._seconds_left * 1000)


@dataclass(frozen=True)
class Answer:
    """What an invocation gives back. `error` is Lambda's word for a function that raised."""

    payload: Any
    error: str | None = None


@dataclass
class Functions:
    """All stages' functions, each with its own environment.

    settings: the stack's, as environment variables.
    errors: what a stage's next invocations raise where its own code would run, each once.
    handlers: handlers that take a stage's place, without its environment.
    invocations: stage and event of each invocation so far.

    The environment belongs to the process, so one invocation runs at a time; an invocation made from within another
    (to settle who is first) is let through.
    """

    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    errors: dict[str, list[Exception]] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    invocations: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, stage: str, event: Any) -> Answer:
        """Invoke a stage's function with an event, through JSON and back."""
        payload = json.loads(json.dumps(event))
        context = Context(f"darkroom-{stage}")
        self.invocations.append((stage, payload))
        with contextlib.nullcontext() if stage in self.handlers else environment(stage, self.settings):
            try:
                return Answer(json.loads(json.dumps(self._handler(stage)(payload, context))))
            except Exception as error:
                return Answer(
                    {
                        "errorMessage": str(error),
                        "errorType": type(error).__name__,
                        "requestId": str(uuid.uuid4()),
                        "stackTrace": traceback.format_tb(error.__traceback__),
                    },
                    error="Unhandled",
                )

    def _handler(self, stage: str) -> Handler:
        if stage in self.handlers:
            return self.handlers[stage]
        return raising(self.errors[stage].pop(0)) if self.errors.get(stage) else load(stage).handler


def raising(error: Exception) -> Handler:
    """A handler, wrapped as all are, whose own code raises `error`."""

    @lambda_handler
    def handler(event: Any, context: LambdaContext) -> None:
        raise error

    return handler


@cache
def load(stage: str) -> ModuleType:
    """``functions/<stage>/app.py``, which all stages call `app`, as a module with a name of its own."""
    spec = importlib.util.spec_from_file_location(f"functions_{stage}_app", FUNCTIONS / stage / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a struct's annotations are looked up
    with environment(stage, SETTINGS):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def environment(stage: str, settings: Mapping[str, str]) -> Iterator[None]:
    """The environment variables of one stage's function, and what is read from them when its process starts."""
    ours = {**settings, "POWERTOOLS_SERVICE_NAME": stage, "AWS_LAMBDA_FUNCTION_NAME": f"darkroom-{stage}"}
    ours["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "3008"
    with _one_at_a_time:
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        handler = runtime.logger.registered_handler
        assert isinstance(handler, logging.StreamHandler)
        handler.stream = sys.stdout
        runtime.metrics.provider.service = stage
        runtime.metrics.provider.namespace = ours["POWERTOOLS_METRICS_NAMESPACE"]
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
