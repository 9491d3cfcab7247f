"""Cold start of every function, as far as it is this project's: `python -m tests.bench.startup [--only FUNCTION]…`.

Seconds are the processor's, which other work on the machine disturbs less. Lambda adds what it takes to fetch the code
and to start Python, which no change of ours makes faster.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from darkroom import registry
from darkroom.diagnosis import network

ROOT = Path(__file__).parents[2]
ROUNDS = 5

LARGE = {"numpy": "NumPy", "PIL": "Pillow", "cv2": "OpenCV", "onnxruntime": "ONNX Runtime", "boto3": "boto3"}
"""Packages whose loading is seen in a cold start."""

UNLOADED = {"scipy", "skimage", "sklearn", "matplotlib", "keras", "torch"}
"""Packages that no function may load."""

LAYERS = {"ImagingLayer": "cv2", "InferenceLayer": "onnxruntime"}
"""What only those functions may load that have the layer."""

START = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
started = time.process_time()
import app
handler = time.process_time() - started
from darkroom import models, registry
for name in json.loads(sys.argv[2]):
    registry.get(name)
steps = time.process_time() - started - handler
for name in json.loads(sys.argv[3]):
    models.load(name)
networks = time.process_time() - started - handler - steps
from tests.bench import memory
print(json.dumps([handler, steps, networks, memory.resident(), list({name.partition(".")[0] for name in sys.modules})]))
"""

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_ENDPOINT_URL": "",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "PYTHONPATH": str(ROOT),
}


def template_environment(template: Mapping[str, Any]) -> dict[str, str]:
    """All variables that the template gives to functions, with parameters' defaults; else a made-up value."""
    functions = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    variables: dict[str, Any] = {}
    for holder in (template["Globals"]["Function"], *functions):
        variables |= holder.get("Environment", {}).get("Variables", {})
    defaults = {name: str(parameter.get("Default")) for name, parameter in template["Parameters"].items()}
    resolved = {
        name: value if isinstance(value, str) else defaults.get(value.get("Ref"), "bench")
        for name, value in variables.items()
    }
    return resolved | ENVIRONMENT


def networks(stage: str) -> list[str]:
    """The models of which a function makes sessions, publish only for what was planned from a diagnosis."""
    trained = [path.stem for path in sorted(ROOT.glob("models/*/*.onnx")) if path.stem == path.parent.name]
    return {registry.CLASSIFY: trained, "publish": [network.MODEL]}.get(stage, [])


def absent(template: Mapping[str, Any], stage: str) -> set[str]:
    """The packages of layers that a function does not have."""
    (function,) = (
        r["Properties"]
        for r in template["Resources"].values()
        if r["Type"] == "AWS::Serverless::Function" and r["Properties"]["CodeUri"] == f"functions/{stage}"
    )
    has = {layer["Ref"] for layer in function.get("Layers", [])}
    return {package for layer, package in LAYERS.items() if layer not in has}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a function loads what it should not."""
    stages = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description="Cold start of every function.")
    parser.add_argument("--only", action="append", choices=stages, metavar="FUNCTION")
    options = parser.parse_args(arguments)
    print(f"Cold starts, the processor's time, medians of {ROUNDS}")
    print(f"{'function':<16}{'handler ms':>11}{'its steps ms':>13}{'networks ms':>12}{'MB after':>10}   loads")
    well = True
    template = yaml_parse((ROOT / "template.yaml").read_text())
    environment = {**os.environ, **template_environment(template)}
    for stage in options.only or stages:
        steps = [name for name in registry.STEPS if registry.stage_of(name) == stage]
        app = str(ROOT / "functions" / stage)
        command = [sys.executable, "-c", START, app, json.dumps(steps), json.dumps(networks(stage))]
        rounds = [
            json.loads(subprocess.run(command, env=environment, stdout=-1, check=True).stdout) for _ in range(ROUNDS)
        ]
        handler, loading, sessions, resident = (statistics.median(each[i] for each in rounds) for i in range(4))
        loaded = set(rounds[0][4])
        wrong = loaded & (UNLOADED | absent(template, stage))
        well &= not wrong
        shown = ", ".join(title for name, title in LARGE.items() if name in loaded)
        mark = f"   ! must not load {', '.join(sorted(wrong))}" if wrong else ""
        figures = f"{handler * 1e3:>11.0f}{loading * 1e3:>13.0f}{sessions * 1e3:>12.0f}{resident / 1e6:>10.0f}"
        print(f"{stage:<16}{figures}   {shown}{mark}", flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
