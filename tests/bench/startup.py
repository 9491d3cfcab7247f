"""Cold start of every function, as far as it is this project's: `python -m tests.bench.startup`.

Seconds are the processor's, which other work on the machine disturbs less. Lambda adds what it takes to fetch the code
and to start Python, which no change of ours makes faster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom import registry

FUNCTIONS = Path(__file__).parents[2] / "functions"
ROUNDS = 5

LARGE = {"numpy": "NumPy", "PIL": "Pillow", "cv2": "OpenCV", "onnxruntime": "ONNX Runtime", "boto3": "boto3"}
"""Packages whose loading is seen in a cold start."""

UNLOADED = {"scipy", "skimage", "sklearn", "matplotlib", "onnxruntime", "keras", "torch"}
"""Packages that no function may load, of which `classify` alone has ONNX Runtime, and no OpenCV."""

START = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
started = time.process_time()
import app
handler = time.process_time() - started
from darkroom import registry
for name in sys.argv[2:]:
    registry.get(name)
steps = time.process_time() - started - handler
from tests.bench import memory
print(json.dumps([handler, steps, memory.resident(), list({name.partition(".")[0] for name in sys.modules})]))
"""

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": str(FUNCTIONS.parent),
}


def main(_: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a function loads what it should not."""
    print(f"Cold starts, the processor's time, medians of {ROUNDS}")
    print(f"{'function':<16}{'handler ms':>11}{'its steps ms':>13}{'MB after':>10}   loads")
    well = True
    for app in sorted(FUNCTIONS.glob("*/app.py")):
        stage = app.parent.name
        steps = [name for name in registry.STEPS if registry.get(name).stage == stage]
        command = [sys.executable, "-c", START, str(app.parent), *steps]
        rounds = [
            json.loads(subprocess.run(command, env={**os.environ, **ENVIRONMENT}, stdout=-1, check=True).stdout)
            for _ in range(ROUNDS)
        ]
        handler, loading, resident = (statistics.median(each[i] for each in rounds) for i in range(3))
        loaded = set(rounds[0][3])
        wrong = loaded & (UNLOADED - {"onnxruntime"} | {"cv2"} if stage == "classify" else UNLOADED)
        well &= not wrong
        shown = ", ".join(title for name, title in LARGE.items() if name in loaded)
        mark = f"   ! must not load {', '.join(sorted(wrong))}" if wrong else ""
        figures = f"{handler * 1e3:>11.0f}{loading * 1e3:>13.0f}{resident / 1e6:>10.0f}"
        print(f"{stage:<16}{figures}   {shown}{mark}", flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
