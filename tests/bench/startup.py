"""Cold start of every function from its built layers: `python -m tests.bench.startup [--only FUNCTION]…`.

Seconds are the processor's, which other work on the machine disturbs less. Lambda adds what it takes to fetch the code
and to start Python, which no change of ours makes faster. The floor is the import of what a function cannot do without:
NumPy, OpenCV and the runtime's boto3, whose modules are compiled here as those of the layers are.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from darkroom import registry
from darkroom.diagnosis import network
from darkroom_local import stack
from tests.support.deployed import Deployed

ROOT = Path(__file__).parents[2]
ROUNDS = 5

LARGE = {"numpy": "NumPy", "PIL": "Pillow", "cv2": "OpenCV", "onnxruntime": "ONNX Runtime", "boto3": "boto3"}
"""Packages whose loading is seen in a cold start."""

MOST = 2.0
"""Times the floor that the import of a function's handler may take."""

FLOOR = """
import json, time
seconds = []
for names in (["numpy", "cv2"], ["boto3"]):
    started = time.process_time()
    for name in names:
        __import__(name)
    seconds.append(time.process_time() - started)
print(json.dumps(seconds))
"""

START = """
import json, time
started = time.process_time()
import app
handler = time.process_time() - started
from darkroom import models, registry
for name in json.loads(sys.argv[1]):
    registry.get(name)
steps = time.process_time() - started - handler
for name in json.loads(sys.argv[2]):
    models.load(name)
networks = time.process_time() - started - handler - steps
loaded = list({name.partition(".")[0] for name in sys.modules})
sys.path.append(sys.argv[3])
from tests.bench import memory
print(json.dumps([handler, steps, networks, memory.resident(), loaded]))
"""


def networks(stage: str) -> list[str]:
    """The models of which a function makes sessions, publish only for what was planned from a diagnosis."""
    trained = [path.stem for path in sorted(ROOT.glob("models/*/*.onnx")) if path.stem == path.parent.name]
    return {registry.CLASSIFY: trained, "publish": [network.MODEL]}.get(stage, [])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a function's handler takes more than it may."""
    stages = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description="Cold start of every function.")
    parser.add_argument("--only", action="append", choices=stages, metavar="FUNCTION")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        deployed = Deployed(stack.build(wheels=True), Path(scratch))
        rounds = [json.loads(deployed.run("filter", FLOOR)) for _ in range(ROUNDS)]
        arrays, boto3 = (statistics.median(each[i] for each in rounds) for i in range(2))
        print(f"Cold starts, the processor's time, medians of {ROUNDS}")
        print(f"floor: NumPy and OpenCV {arrays * 1e3:.0f} ms, boto3 {boto3 * 1e3:.0f} ms")
        columns = f"{'handler ms':>11}{'× floor':>9}{'its steps ms':>13}{'networks ms':>12}{'MB after':>10}"
        print(f"{'function':<16}{columns}   loads")
        well = True
        for stage in options.only or stages:
            well &= _measure(deployed, stage, arrays + boto3)
    print(f"! more than {MOST:g} times the floor")
    return 0 if well else 1


def _measure(deployed: Deployed, stage: str, floor: float) -> bool:
    """Print a function's line; whether it takes no more than it may."""
    steps = [name for name in registry.STEPS if registry.stage_of(name) == stage]
    arguments = (json.dumps(steps), json.dumps(networks(stage)), str(ROOT))
    rounds = [json.loads(deployed.run(stage, START, *arguments)) for _ in range(ROUNDS)]
    handler, loading, sessions, resident = (statistics.median(each[i] for each in rounds) for i in range(4))
    shown = ", ".join(title for name, title in LARGE.items() if name in rounds[0][4])
    figures = f"{handler * 1e3:>11.0f}{handler / floor:>8.2f}{'!' if handler > MOST * floor else ' '}"
    figures += f"{loading * 1e3:>13.0f}{sessions * 1e3:>12.0f}{resident / 1e6:>10.0f}"
    print(f"{stage:<16}{figures}   {shown}", flush=True)
    return handler <= MOST * floor


if __name__ == "__main__":
    sys.exit(main())
