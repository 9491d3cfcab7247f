"""What one photo costs on AWS, from its manifest: `python -m tests.bench.cost MANIFEST [--memory MB] [--prices FILE]`.

The stages' milliseconds are the manifest's own: those of a job on the embedded AWS say what this machine's cores take,
those of a job in your account say what you pay.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from darkroom import prices, report

MEMORY_MB = 3008


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--memory", type=int, default=MEMORY_MB, metavar="MB")
    parser.add_argument("--prices", type=Path, default=prices.FILE, metavar="FILE")
    given = parser.parse_args()
    manifest = report.read(given.manifest.read_bytes())
    megapixels = manifest.source.width * manifest.source.height / 1e6
    print(f"{megapixels:.1f} MP, recipe {manifest.recipe}, {given.memory} MB of memory")
    for stage in manifest.stages:
        print(f"  {stage.stage:<16}{stage.milliseconds / 1000:8.2f} s")
    invocations = [(stage.stage, stage.milliseconds) for stage in manifest.stages]
    costs = prices.read(given.prices).of_photo(invocations, given.memory)
    for service, dollars in costs.items():
        print(f"  {service:<16}{dollars * 1e6:8.1f} $ per million")
    total = sum(costs.values())
    print(f"  {'all':<16}{total * 1e6:8.1f} $ per million, ${total * 1000:.2f} per thousand")


if __name__ == "__main__":
    main()
