"""Functions as Lambda runs them: from the built layers and the runtime's boto3, with nothing of this environment."""

from __future__ import annotations

import compileall
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six")
"""What Lambda's Python brings along (jmespath, which boto3 needs too, lies in the core layer)."""

MADE_UP = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "function", "AWS_ENDPOINT_URL": ""} | {
    "POWERTOOLS_TRACE_DISABLED": "true"
}


class Deployed:
    """A build of the stack.

    built: the folder that `sam build` filled. scratch: an empty folder, for the runtime's packages.
    """

    def __init__(self, built: Path, scratch: Path) -> None:
        self.built = built
        self.template: dict[str, Any] = yaml_parse((built / "template.yaml").read_text())
        self._runtime = scratch
        for name in OF_THE_RUNTIME:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            if spec.submodule_search_locations:
                shutil.copytree(spec.submodule_search_locations[0], scratch / name, ignore=_descriptions)
            else:
                shutil.copy(spec.origin, scratch)
        compileall.compile_dir(scratch, quiet=1)

    def functions(self) -> dict[str, dict[str, Any]]:
        """The functions' properties, by the folder of their code in the repository."""
        resources = self.template["Resources"]
        return {
            _folder(name): r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::Serverless::Function"
        }

    def layers(self, function: str) -> list[str]:
        """The names of the function's layers."""
        shared = self.template["Globals"]["Function"]["Layers"]
        return [layer["Ref"] for layer in [*shared, *self.functions()[function].get("Layers", [])]]

    def path(self, function: str) -> list[str]:
        """What Python's search path is made of, beside the standard library."""
        code = self.built / self.functions()[function]["CodeUri"]
        layers = [self.built / name / "python" for name in self.layers(function)]
        return [str(folder) for folder in (code, *layers, self._runtime)]

    def run(self, function: str, program: str, *arguments: str) -> str:
        """What a Python program prints that runs in the function's place. Raises CalledProcessError where it fails."""
        begin = f"import sys; sys.path[:0] = {self.path(function)!r}\n"
        command: Sequence[str] = [sys.executable, "-S", "-E", "-B", "-c", begin + program, *arguments]
        environment = {**os.environ, **self.environment()}
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout

    def environment(self) -> dict[str, str]:
        """All variables that the template gives to functions, with parameters' defaults; else a made-up value."""
        holders = [self.template["Globals"]["Function"], *self.functions().values()]
        variables: dict[str, Any] = {}
        for holder in holders:
            variables |= holder.get("Environment", {}).get("Variables", {})
        defaults = {name: str(each.get("Default")) for name, each in self.template["Parameters"].items()}
        resolved = {name: _value(value, defaults) for name, value in variables.items()}
        return resolved | MADE_UP


def _value(value: Any, defaults: Mapping[str, str]) -> str:
    return value if isinstance(value, str) else defaults.get(value.get("Ref"), "bench")


def _descriptions(folder: str, names: list[str]) -> set[str]:
    """The services' descriptions, which no import reads."""
    return {"data"} & set(names) if Path(folder).name in ("botocore", "boto3") else set()


def _folder(name: str) -> str:
    """The folder of a function's code: its name in the template without "Function", in small letters."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Function")).lower()
