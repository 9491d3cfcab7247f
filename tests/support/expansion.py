"""The template as CloudFormation has it: SAM's transform, then parameters and conditions resolved."""

from __future__ import annotations

import copy
import re
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform

from tests.support.template import source

NOTHING = {"Ref": "AWS::NoValue"}


def deployed(**parameters: str) -> dict[str, Any]:
    """The resources of a stack with these parameters. References to resources stay as they are.

    Raises ValueError where one of the template's rules refuses them.
    """
    expanded = transformed()
    values = {name: str(parameter["Default"]) for name, parameter in expanded["Parameters"].items()}
    assert set(parameters) <= set(values)
    resolver = _Resolver(values | parameters, expanded["Conditions"])
    for rule in expanded["Rules"].values():
        if resolver.resolve(rule["RuleCondition"]):
            for assertion in rule["Assertions"]:
                if not resolver.resolve(assertion["Assert"]):
                    raise ValueError(assertion["AssertDescription"])
    return {
        name: resolver.resolve(resource)
        for name, resource in expanded["Resources"].items()
        if resolver.holds(resource.get("Condition"))
    }


@cache
def transformed() -> dict[str, Any]:
    """The template after SAM's transform, made once for all, since that takes long: nobody changes it."""
    template = copy.deepcopy(source())
    for resource in template["Resources"].values():  # `sam build` puts real ones in their place
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = "s3://bucket/key"
    with patch.dict("os.environ", AWS_DEFAULT_REGION="eu-central-1"):
        expanded: dict[str, Any] = transform(template, {}, SimpleNamespace(load=dict))
    return expanded


class _Resolver:
    def __init__(self, values: dict[str, str], conditions: dict[str, Any]) -> None:
        self.values = values
        self.conditions = conditions

    def holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.resolve(self.conditions[condition]))

    def resolve(self, node: Any) -> Any:
        """The node without what parameters and conditions decide."""
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value != NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, given),) = node.items()
            match function:
                case "Ref" if given in self.values:
                    return self.values[given]
                case "Condition" if isinstance(given, str):
                    return self.holds(given)
                case "Fn::If":
                    return self.resolve(given[1] if self.holds(given[0]) else given[2])
                case "Fn::Equals":
                    return self.resolve(given[0]) == self.resolve(given[1])
                case "Fn::Not":
                    return not self.resolve(given[0])
                case "Fn::And":
                    return all(map(self.resolve, given))
                case "Fn::Or":
                    return any(map(self.resolve, given))
                case "Fn::Sub" if isinstance(given, str):
                    return {function: re.sub(r"\$\{(\w+)\}", lambda name: self.values.get(name[1], name[0]), given)}
                case "Fn::Split" if isinstance(text := self.resolve(given[1]), str):
                    return text.split(given[0])
        resolved = {name: self.resolve(value) for name, value in node.items()}
        return {name: value for name, value in resolved.items() if value != NOTHING}
