"""The emulator's start, and what is done to it before."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonata
import pytest
from jsonata.parser import Parser

from darkroom_local import emulator, expressions

ASKED = """
from darkroom_local import patience
import jsonata
patience.take_time()
print(*(jsonata.Jsonata.jsonata("1", **given).timeout for given in ({"timeout": 1000}, {})))
print(jsonata.Jsonata.jsonata("$states.input + 1", timeout=1000).evaluate(None, {"states": {"input": 2}}))
"""


def test_a_workflow_s_expressions_have_a_minute_where_they_had_a_second() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["60000", "None", "3"], done.stderr


MATCHED = """
from darkroom_local import patience
from ministack.core import iam_evaluator
asked = [("a:b/x\\ny.png", "a:b/*"), ("a:c/x\\ny.png", "a:b/*")]
print(*(iam_evaluator.fnmatch_iam_cs(*each) for each in asked))
patience.match_lines()
print(*(iam_evaluator.fnmatch_iam_cs(*each) for each in asked))
"""


def test_a_right_to_all_keys_is_one_to_those_with_newlines() -> None:
    done = subprocess.run([sys.executable, "-c", MATCHED], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["False False", "True False"], done.stderr


RELEASED = """
import asyncio, json
from darkroom_local import releases
releases.complete()
from ministack.services import stepfunctions as states
from ministack.core import iam_actions

def ask(action, **asked):
    target = {"x-amz-target": "AWSStepFunctions." + action}
    return json.loads(asyncio.run(states.handle_request("POST", "/", target, json.dumps(asked).encode(), {}))[2])

def says(word):
    return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": word, "End": True}}})

role = "arn:aws:iam::1:role/r"
machine = ask("CreateStateMachine", name="m", definition=says("old"), roleArn=role)["stateMachineArn"]
old = ask("PublishStateMachineVersion", stateMachineArn=machine)["stateMachineVersionArn"]
ask("UpdateStateMachine", stateMachineArn=machine, definition=says("new"))
new = ask("PublishStateMachineVersion", stateMachineArn=machine)["stateMachineVersionArn"]
both = [{"stateMachineVersionArn": old, "weight": 100}, {"stateMachineVersionArn": new, "weight": 0}]
alias = ask("CreateStateMachineAlias", name="live", routingConfiguration=both)["stateMachineAliasArn"]
for arn in (machine, old, new, alias):
    done = ask("StartSyncExecution", stateMachineArn=arn)
    told = ask("DescribeExecution", executionArn=done["executionArn"])
    by = told.get("stateMachineVersionArn"), told.get("stateMachineAliasArn")
    print(json.loads(done["output"]), by[0] == old, by[1] == alias)
print(*(len(ask("ListExecutions", stateMachineArn=arn)["executions"]) for arn in (machine, old, new, alias)))
asked = json.dumps({"stateMachineArn": alias}).encode()
print(iam_actions.extract_resource_arn("states", "POST", "/", {}, asked, {}, "us-east-1", "1") == machine)
"""


def test_an_execution_runs_by_the_version_that_it_was_begun_by() -> None:
    done = subprocess.run([sys.executable, "-c", RELEASED], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "new False False",
        "old True False",
        "new False False",
        "old True True",
        "4 2 1 1",
        "True",
    ], done.stderr


def test_an_expression_parsed_once_is_evaluated_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Parser.parse
    monkeypatch.setattr(Parser, "parse", expressions.parse)

    def plus_one(number: int) -> Any:
        expression = "($next := function($n){$n + 1}; $map($numbers, $next))"
        return jsonata.Jsonata(expression).evaluate(None, {"numbers": [number, number]})

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(plus_one, range(40))) == [[number + 1] * 2 for number in range(40)]
    assert jsonata.Jsonata("$n + 1").ast is jsonata.Jsonata("$n + 1").ast
    for _ in range(2):
        with pytest.raises(jsonata.jexception.JException) as refused:
            jsonata.Jsonata("$n +")
        with pytest.raises(jsonata.jexception.JException) as refused_before:
            original(Parser(), "$n +")
        assert str(refused.value) == str(refused_before.value)


@pytest.mark.slow
def test_a_port_that_somebody_took_meanwhile_is_not_insisted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], emulator.free_port("127.0.0.1")])
        monkeypatch.setattr(emulator, "free_port", lambda host: next(ports))
        with emulator.EmbeddedAws.start(tmp_path) as aws:
            assert aws.port != taken.getsockname()[1]
            assert aws.is_alive()


@pytest.mark.slow
def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RuntimeError, match="in use"):
        emulator.EmbeddedAws.start(tmp_path, port=taken.getsockname()[1])
