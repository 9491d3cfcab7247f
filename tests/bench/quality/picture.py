"""The gains as a picture: a row a defect, a mark a contender."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from tests.bench.quality.conditions import DEFECTS
from tests.bench.quality.contenders import Contender
from tests.bench.quality.summary import Summary

LOOKS: dict[str, dict[str, Any]] = {
    "auto": {"marker": "o", "s": 90, "color": "#c2410c", "zorder": 4},
    "hand": {"marker": "|", "s": 160, "color": "black", "zorder": 3},
}
OTHERS = ("s", "D", "^", "v", "P", "X", "*")
COLOURS = ("#1d4ed8", "#0891b2", "#15803d", "#7e22ce", "#64748b", "#a16207", "#be185d")


def draw(summaries: Mapping[Contender, Summary], path: Path) -> None:
    """Mean gain in PSNR by defect, and over all, to a WebP file."""
    rows = [*DEFECTS, "mean"]
    figure = Figure(figsize=(8.4, 5.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    looks = zip(OTHERS, COLOURS, strict=True)
    for contender, summary in summaries.items():
        if contender.name in LOOKS:
            look = LOOKS[contender.name]
        else:
            marker, colour = next(looks)
            look = {"marker": marker, "s": 32, "color": colour, "alpha": 0.8, "zorder": 2}
        figures = [*(summary.psnr[name] for name in DEFECTS), summary.mean]
        axes.scatter(figures, range(len(rows)), label=contender.title, **look)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.axhline(len(DEFECTS) - 0.5, color="black", linewidth=0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.grid(axis="both", alpha=0.3)
    axes.set_xlabel("mean gain in PSNR over doing nothing, dB")
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    Image.open(file).convert("RGB").save(path, "WEBP", quality=85, method=6)
