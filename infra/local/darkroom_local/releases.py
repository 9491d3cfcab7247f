"""Versions and aliases of MiniStack's workflows as AWS has them: made by CloudFormation, and run by.

Its API keeps both, but CloudFormation cannot make them there, and an execution begun by either runs the newest
definition. An alias that CloudFormation gives another version goes over to it at once, whatever its
`DeploymentPreference` says; an alias's weights, which its API sets too, choose for each execution.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from darkroom_local.answers import told

RUN: ContextVar[str] = ContextVar("version", default="")
"""The version by which what is begun here runs; its thread gets a copy. Empty: the newest definition."""

Call = Callable[[dict[str, Any]], Any]


class Machines(type(stepfunctions._state_machines)):  # type: ignore[misc]
    """State machines by their ARN, with the definition of the version that runs here."""

    def get(self, arn: str, default: Any = None) -> Any:
        machine, version = super().get(arn, default), stepfunctions._state_machine_versions.get(RUN.get())
        if machine and version and version["stateMachineArn"] == arn:
            return {**machine, "definition": version["definition"]}
        return machine


def complete() -> None:
    """Let workflows have them."""
    machines = Machines()
    machines._data = stepfunctions._state_machines._data
    stepfunctions._state_machines = machines
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::StepFunctions::StateMachineVersion": {"create": _publish, "delete": _withdraw},
        "AWS::StepFunctions::StateMachineAlias": {"create": _name, "update": _shift, "delete": _forget},
    }
    for name in ("_start_execution", "_start_sync_execution"):
        setattr(stepfunctions, name, _by_version(getattr(stepfunctions, name)))
    stepfunctions._list_executions = _of_alias(stepfunctions._list_executions)
    stepfunctions._describe_execution = _with_names(stepfunctions._describe_execution)
    iam_actions.extract_resource_arn = _unqualified(iam_actions.extract_resource_arn)


def _by_version(begin: Call) -> Call:
    """Begin an execution by the version that is named, or that its alias chooses by weight."""

    def begun(asked: dict[str, Any]) -> Any:
        named = asked.get("stateMachineArn", "")
        alias = stepfunctions._state_machine_aliases.get(named)
        version = named if named in stepfunctions._state_machine_versions else ""
        if alias:
            routes = alias["routingConfiguration"]
            (route,) = random.choices(routes, [one["weight"] for one in routes])  # noqa: S311 - nothing secret
            version = route["stateMachineVersionArn"]
        token = RUN.set(version)
        try:
            answer = begin({**asked, "stateMachineArn": version.rpartition(":")[0]} if version else asked)
        finally:
            RUN.reset(token)
        execution = stepfunctions._executions.get(json.loads(answer[2]).get("executionArn", ""))
        if execution and version:
            execution |= {"stateMachineVersionArn": version} | ({"stateMachineAliasArn": named} if alias else {})
        return answer

    return begun


def _with_names(describe: Call) -> Call:
    """Say of an execution by which version and alias it was begun."""

    def described(asked: dict[str, Any]) -> Any:
        status, headers, body = describe(asked)
        return status, headers, json.dumps(json.loads(body) | _names(asked.get("executionArn", ""))).encode()

    return described


def _of_alias(look: Call) -> Call:
    """List the executions of a version or an alias; one page of them."""

    def listed(asked: dict[str, Any]) -> Any:
        named = asked.get("stateMachineArn", "")
        if named in stepfunctions._state_machine_aliases or named in stepfunctions._state_machine_versions:
            status, headers, body = look({**asked, "stateMachineArn": named.rpartition(":")[0], "maxResults": 1000})
            found = [one for one in json.loads(body)["executions"] if named in _names(one["executionArn"]).values()]
            return status, headers, json.dumps({"executions": found[: asked.get("maxResults") or 1000]}).encode()
        return look(asked)

    return listed


def _names(execution: str) -> dict[str, str]:
    """By which version and alias it was begun."""
    found = stepfunctions._executions.get(execution, {})
    return {name: found[name] for name in ("stateMachineVersionArn", "stateMachineAliasArn") if name in found}


def _unqualified(extract: Callable[..., str]) -> Callable[..., str]:
    """A right to a workflow is one to its versions and aliases: IAM is asked for the workflow."""

    def extracted(service: str, *rest: Any, **named: Any) -> str:
        arn = extract(service, *rest, **named)
        return ":".join(arn.split(":")[:7]) if service == "states" and ":stateMachine:" in arn else arn

    return extracted


def _publish(_name: str, asked: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    wanted = {"stateMachineArn": asked["StateMachineArn"], "description": asked.get("Description", "")}
    arn = told(stepfunctions._publish_state_machine_version(wanted))["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def _withdraw(version: str, _asked: dict[str, Any]) -> None:
    stepfunctions._delete_state_machine_version({"stateMachineVersionArn": version})


def _routes(asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": asked["DeploymentPreference"]["StateMachineVersionArn"], "weight": 100}]


def _name(_name: str, asked: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    wanted = {"name": asked["Name"], "routingConfiguration": _routes(asked)}
    arn = told(stepfunctions._create_state_machine_alias(wanted))["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def _shift(alias: str, _before: dict[str, Any], asked: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    wanted = {"stateMachineAliasArn": alias, "routingConfiguration": _routes(asked)}
    told(stepfunctions._update_state_machine_alias(wanted))
    return alias, {"Arn": alias}


def _forget(alias: str, _asked: dict[str, Any]) -> None:
    stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": alias})
