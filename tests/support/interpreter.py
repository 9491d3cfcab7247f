"""What moto's Step Functions interpreter lacks: a JSONata evaluator, two functions, and tasks that call our functions.

Everything else (states, retries, catchers, timeouts, variables) is moto's own.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import jsonata
import pytest
from botocore.exceptions import ClientError
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.dynamodb.models import DynamoDBBackend
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsic
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

from darkroom_local import expressions
from tests.support.functions import Functions

Observer = Callable[[str], None]


def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the interpreter JSONata, Step Functions' own ``$hash`` and ``$parse``, and EventBridge's errors."""
    monkeypatch.setattr(evaluator, "_eval_jsonata", evaluate)
    monkeypatch.setattr(jsonata.parser.Parser, "parse", expressions.parse)
    bind_variables(monkeypatch)
    for name in ("$hash", "$parse"):  # moto declares placeholders of the same names, which would hide ours
        monkeypatch.delitem(intrinsic._DECLARATION_BY_VARIABLE_REFERENCE, name)
    name_event_bridge_errors(monkeypatch)
    monkeypatch.setattr(AmazonStateLanguageParser, "parse", staticmethod(parse_once))


parse_once = functools.cache(AmazonStateLanguageParser.parse)
"""A definition's syntax tree holds nothing of an execution; moto takes a second to make it, twice an execution."""


def evaluate(expression: str, variables: Mapping[str, Any] | None = None) -> Any:
    """A JSONata expression's value. Raises, as the service does, where it cannot be evaluated."""
    compiled = jsonata.Jsonata(expression)
    compiled.register_lambda("hash", digest)
    compiled.register_lambda("parse", json.loads)
    try:
        return compiled.evaluate(None, variables)
    except Exception as error:
        raise evaluator.JSONataException("UNKNOWN", str(error)) from error


def bind_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state's expressions get their variables as values; moto writes all of them into each expression, as JSON."""
    original = StringJSONata._eval_body

    def evaluate_bound(self: Any, env: Any) -> None:
        references = evaluator.extract_jsonata_variable_references(self.expression)
        functions = intrinsic.get_intrinsic_functions_declarations(references)
        store = env.variable_store
        variables = {"states": env.states._states_data, **store._outer_scope, **store._inner_scope}
        null = jsonata.utils.Utils.NULL_VALUE  # a variable that is None counts as none
        value = evaluate(
            evaluator.compose_jsonata_expression(self.expression, [functions]),
            {name: null if value is None else value for name, value in variables.items()},
        )
        if value is None:
            original(self, env)  # which tells JSONata's null from nothing, an error
        else:
            env.stack.append(copy.deepcopy(value))  # it may be a part of a variable

    monkeypatch.setattr(StringJSONata, "_eval_body", evaluate_bound)


def digest(text: str, algorithm: str) -> str:
    """``$hash``: the digest in hexadecimal, by one of the names that the service takes."""
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    return hashlib.new(names[algorithm], text.encode()).hexdigest()


def name_event_bridge_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """EventBridge's errors get names of their own, as DynamoDB's and Lambda's have; moto calls them all Runtime."""
    original = StateTaskServiceEvents._from_error

    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return original(self, env, ex)
        name = f"EventBridge.{ex.response['Error']['Code']}"
        details = TaskFailedEventDetails(error=name, cause=ex.response["Error"]["Message"])
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(name),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),  # type: ignore[typeddict-item]  # as moto makes it
        )

    monkeypatch.setattr(StateTaskServiceEvents, "_from_error", from_error)


def make_writes_atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB checks a write's condition and writes in one, as the service does; moto's threads come in between."""
    one_at_a_time = threading.RLock()

    def atomic(write: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(write)
        def locked(*args: Any, **kwargs: Any) -> Any:
            with one_at_a_time:
                return write(*args, **kwargs)

        return locked

    for name in ("put_item", "update_item", "delete_item", "transact_write_items"):
        monkeypatch.setattr(DynamoDBBackend, name, atomic(getattr(DynamoDBBackend, name)))


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


def observe(
    monkeypatch: pytest.MonkeyPatch,
    *,
    before_task: Observer,
    after_task: Observer,
    sleep: Callable[[float], None],
    ended: Observer,
) -> None:
    """Call `before_task` and `after_task` with a task's name around each try, and `sleep` instead of waiting.

    An exception that they raise is the service's answer to the task. `ended` is called with an execution's ARN.
    """
    for service in (StateTaskServiceDynamoDB, StateTaskServiceEvents, StateTaskServiceLambda):
        original = service._eval_service_task

        def attempt(self: Any, env: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            state = env.states.context_object.context_object_data["State"]["Name"]
            before_task(state)
            _original(self, env, *args, **kwargs)
            after_task(state)

        monkeypatch.setattr(service, "_eval_service_task", attempt)

    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=sleep))
    terminated = BaseExecutionWorkerCommunication.terminated

    def tell(self: Any) -> None:
        terminated(self)
        ended(self.execution.exec_arn)

    monkeypatch.setattr(BaseExecutionWorkerCommunication, "terminated", tell)


def hurry_timeouts(monkeypatch: pytest.MonkeyPatch, hanging: threading.Event) -> None:
    """A state whose ``TimeoutSeconds`` is 1 times out once `hanging` is set; all others keep their time.

    So it never times out before its function was called, however busy the machine is.
    """

    class Ended(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout != 1:
                return super().wait(timeout)
            hanging.wait(600)
            return self.is_set()

    monkeypatch.setattr(execute_state, "threading", SimpleNamespace(Event=Ended))


def service_error(code: str, message: str = "told to fail") -> ClientError:
    """An AWS service's refusal."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "00000000-0000-0000-0000-000000000000"},
        },
        "Task",
    )
