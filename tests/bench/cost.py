"""What one photo costs on AWS, from its manifest: `python -m tests.bench.cost MANIFEST [--memory MB] [--prices FILE]`.

The stages' milliseconds are the manifest's own: those of a job on the embedded AWS say what this machine's cores take,
those of a job in your account say what you pay. ``--sweep`` models other sizes of memory from them: Lambda gives a
whole core from 1,769 MB on, and below that its share. More is taken to be no faster: most work is in one thread.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from darkroom import prices, report

MEMORY_MB = 3008

WHOLE_CORE_MB = 1769

SWEEP_MB = (512, 1024, 1769, 2048, 3008, 4096)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--memory", type=int, default=MEMORY_MB, metavar="MB")
    parser.add_argument("--prices", type=Path, default=prices.FILE, metavar="FILE")
    parser.add_argument("--sweep", action="store_true", help="other sizes of memory")
    given = parser.parse_args()
    manifest = report.read(given.manifest.read_bytes())
    megapixels = manifest.source.width * manifest.source.height / 1e6
    told = prices.read(given.prices)
    if given.sweep:
        print(f"{megapixels:.1f} MP, recipe {manifest.recipe}")
        for memory in SWEEP_MB:
            slower = max(WHOLE_CORE_MB / memory, 1)
            stages = [(stage.stage, round(stage.milliseconds * slower)) for stage in manifest.stages]
            seconds = sum(milliseconds for _, milliseconds in stages) / 1000
            dollars = sum(told.of_photo(stages, memory).values())
            print(f"  {memory:>5} MB{seconds:8.2f} s   ${dollars * 1000:.2f} per thousand")
        return
    print(f"{megapixels:.1f} MP, recipe {manifest.recipe}, {given.memory} MB of memory")
    for stage in manifest.stages:
        print(f"  {stage.stage:<16}{stage.milliseconds / 1000:8.2f} s")
    invocations = [(stage.stage, stage.milliseconds) for stage in manifest.stages]
    costs = told.of_photo(invocations, given.memory)
    for service, dollars in costs.items():
        print(f"  {service:<16}{dollars * 1e6:8.1f} $ per million")
    total = sum(costs.values())
    print(f"  {'all':<16}{total * 1e6:8.1f} $ per million, ${total * 1000:.2f} per thousand")


if __name__ == "__main__":
    main()
