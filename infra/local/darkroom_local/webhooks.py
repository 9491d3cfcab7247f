"""MiniStack's connections and API destinations, which its API has, made from a template too."""

from __future__ import annotations

from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from darkroom_local.answers import told

LONGEST_NAME = 64


def complete() -> None:
    """Let templates have them. A reference to either is its name; its ARN is an attribute."""
    provisioners._RESOURCE_HANDLERS |= {
        f"AWS::Events::{kind}": {"create": _maker(kind), "update": _changer(kind), "delete": _remover(kind)}
        for kind in ("Connection", "ApiDestination")
    }


def _operation(verb: str, kind: str) -> Any:
    name = "connection" if kind == "Connection" else "api_destination"
    return getattr(eventbridge, f"_{verb}_{name}")


def _asked(asked: dict[str, Any]) -> dict[str, Any]:
    """As the API has it: CloudFormation's numbers may be texts."""
    numbers = {name: int(value) for name, value in asked.items() if name == "InvocationRateLimitPerSecond"}
    return {**asked, **numbers}


def _maker(kind: str) -> Any:
    def make(logical: str, asked: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        name = asked.get("Name") or provisioners._physical_name(stack, logical, max_len=LONGEST_NAME)
        made = told(_operation("create", kind)({**_asked(asked), "Name": name}))
        return name, {"Arn": made[f"{kind}Arn"]}

    return make


def _changer(kind: str) -> Any:
    def change(name: str, _before: dict[str, Any], asked: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
        made = told(_operation("update", kind)({**_asked(asked), "Name": name}))
        return name, {"Arn": made[f"{kind}Arn"]}

    return change


def _remover(kind: str) -> Any:
    def remove(name: str, _asked: dict[str, Any]) -> None:
        _operation("delete", kind)({"Name": name})

    return remove
