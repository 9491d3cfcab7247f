"""The plot of docs/costs.md: `python -m tests.bench.plots`. How long bursts take, and what memory costs.

Left, the simulation of `tests.bench.drain`: until the last upload is done. Right, the model of `tests.bench.cost` at
several sizes of memory: dollars, and seconds of a job's functions.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from tests.bench import cost, drain
from tests.bench.drain import Burst

FILE = Path(__file__).parents[2] / "docs" / "bursts-and-memory.webp"

CONCURRENCY = (10, 30, 100, 300, 1000, 3000)
BURSTS: Mapping[str, tuple[int, float]] = {
    "10,000 uploads in a minute": (10_000, 60),
    "an hour of a million a day": (41_667, 3600),
}
"""Uploads, and the seconds within which they come."""

SIZES = (512, 768, 1024, 1280, 1536, 1769, 2048, 2560, 3008, 4096)
SHOWN = (
    cost.Way("stage", "STANDARD"),
    cost.Way("stage", "EXPRESS"),
    cost.Way("fused", "EXPRESS"),
    cost.Way("one", "EXPRESS"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, measure and draw."""
    argparse.ArgumentParser(prog="python -m tests.bench.plots", description="Draw docs/costs.md's plot.").parse_args(
        arguments
    )
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    drained, dollars, seconds = figure.subplots(1, 3)
    for title, (uploads, within) in BURSTS.items():
        hours = []
        for concurrency in CONCURRENCY:
            settings = drain.deployed()
            settings.running = max(round(0.45 * concurrency), settings.running or 1)
            burst = Burst(uploads, concurrency, settings, seconds=within).run()
            assert burst.failed == 0
            hours.append(burst.now / 3600)
        drained.plot(CONCURRENCY, hours, marker="o", label=title)
    _axes(drained, "until the last one is done", "functions at once in the account", "hours", CONCURRENCY)
    drained.set_yscale("log")
    drained.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10, 20], ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20"])
    model, jobs = cost.measured(12, "vivid")
    for way in SHOWN:
        bills = [sum(model.dollars(jobs[way.fusion], way, memory).values()) for memory in SIZES]
        dollars.plot(SIZES, bills, marker="o", label=str(way))
    _axes(dollars, "vivid at 12 MP, $ for 1,000", "MB of each function", "$", (512, 1024, 1769, 3008, 4096))
    dollars.set_ylim(bottom=0)
    for fusion, way in {way.fusion: way for way in SHOWN}.items():
        taken = [sum(model.seconds(part, way, memory) for part in jobs[fusion].parts) for memory in SIZES]
        seconds.plot(SIZES, taken, marker="o", label=fusion)
    _axes(seconds, "the same, its functions' seconds", "MB of each function", "s", (512, 1024, 1769, 3008, 4096))
    seconds.set_ylim(bottom=0)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=90)
    Image.open(file).convert("RGB").save(FILE, quality=80, method=6)
    print(f"{FILE} ({FILE.stat().st_size:,} bytes)")


def _axes(axes: Axes, title: str, across: str, up: str, ticks: Sequence[int]) -> None:
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
