"""The confusion matrix as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure


def draw_confusion(matrix: np.ndarray, path: Path) -> None:
    """Draw counts C×C (row: true, column: answer) to a small PNG, on a logarithmic scale so that errors show."""
    matplotlib.use("Agg")
    figure = Figure(figsize=(5, 4.6), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.ma.masked_equal(matrix, 0), cmap="Blues", norm=LogNorm(0.7, matrix.max()))
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            shade = "white" if count > 100 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=shade)
    digits = range(len(matrix))
    axes.set(xlabel="answer", ylabel="true digit", xticks=digits, yticks=digits)
    wrong = matrix.sum() - np.trace(matrix)
    axes.set_title(f"{wrong} of {matrix.sum()} test images wrong", fontsize=10)
    figure.savefig(path)
