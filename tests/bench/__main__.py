"""`make bench`: all that is measured; `python -m tests.bench PART…`: parts of it, as --help names them.

Every part is also a module with options of its own: `python -m tests.bench.steps --megapixels 6 --only denoise`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from tests.bench import cost, handover, layers, parts, planning, rivals, stages, startup, steps

PARTS: Mapping[str, Callable[[Sequence[str]], int | None]] = {
    "startup": startup.main,
    "layers": layers.main,
    "handover": handover.main,
    "rivals": rivals.main,
    "parts": parts.main,
    "planning": planning.main,
    "stages": stages.main,
    "steps": steps.main,
    "cost": lambda _: cost.main(["--megapixels", "12"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure speed and memory.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all if none is named")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    failed = 0
    for part in chosen:
        failed |= PARTS[part]([]) or 0
        print()
    return failed


if __name__ == "__main__":
    sys.exit(main())
