"""What moto's Step Functions interpreter lacks: a JSONata evaluator, two functions, and tasks that call our functions.

Everything else (states, retries, catchers, timeouts, variables) is moto's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jsonata
import pytest
from botocore.exceptions import ClientError
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsic
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator

from tests.workflow.functions import Functions

BeforeTask = Callable[[str], None]
Clock = Callable[[float], None]


def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the interpreter JSONata, and Step Functions' own ``$hash`` and ``$parse``."""
    monkeypatch.setattr(evaluator, "_eval_jsonata", evaluate)
    for name in ("$hash", "$parse"):  # moto declares placeholders of the same names, which would hide ours
        monkeypatch.delitem(intrinsic._DECLARATION_BY_VARIABLE_REFERENCE, name)


def evaluate(expression: str) -> Any:
    """A JSONata expression's value. Raises, as the service does, where it cannot be evaluated."""
    compiled = jsonata.Jsonata(expression)
    compiled.register_lambda("hash", lambda text, algorithm: hashlib.new(_algorithm(algorithm), text.encode()).hexdigest())
    compiled.register_lambda("parse", json.loads)
    try:
        return compiled.evaluate(None)
    except Exception as error:
        raise evaluator.JSONataException("UNKNOWN", str(error)) from error


def _algorithm(name: str) -> str:
    return {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}[name]


def run_in_process(monkeypatch: pytest.MonkeyPatch, functions: Functions) -> None:
    """``lambda:invoke`` runs `functions`; a function's name is ``darkroom-<stage>``."""

    def invoke(
        self: Any, function_name: str, qualifier: Any, body: str, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        answer = functions.invoke(function_name.rpartition("darkroom-")[2], json.loads(body))
        if answer.error:
            response_headers["x-amz-function-error"] = answer.error
        return json.dumps(answer.payload).encode()

    monkeypatch.setattr(LambdaSimpleBackend, "invoke", invoke)


def observe(monkeypatch: pytest.MonkeyPatch, before_task: BeforeTask, sleep: Clock) -> None:
    """Call `before_task` with a task's name before each try of it, and `sleep` instead of waiting between tries.

    An exception that `before_task` raises is the service's answer to the task.
    """
    for service in (StateTaskServiceDynamoDB, StateTaskServiceEvents, StateTaskServiceLambda):
        original = service._eval_service_task

        def attempt(self: Any, env: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            before_task(env.states.context_object.context_object_data["State"]["Name"])
            _original(self, env, *args, **kwargs)

        monkeypatch.setattr(service, "_eval_service_task", attempt)

    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=sleep))


def hurry_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state whose ``TimeoutSeconds`` is 1 times out at once; all others keep their time."""
    original = TimeoutSeconds._eval_seconds
    monkeypatch.setattr(
        TimeoutSeconds, "_eval_seconds", lambda self, env: 0.05 if original(self, env) == 1 else original(self, env)
    )


def service_error(code: str, message: str = "told to fail") -> ClientError:
    """An AWS service's refusal."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "00000000-0000-0000-0000-000000000000"},
        },
        "Task",
    )
