"""What is there against what is said, as a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from diagnosis.library import DEFECTS
from diagnosis.report import THRESHOLD
from matplotlib.figure import Figure


def matrix(probabilities: np.ndarray, presence: np.ndarray) -> np.ndarray:
    """Shares 12×12. Rows: photos with one plainly visible defect, then with none; columns: what is said."""
    clean = presence.max(axis=1) == 0
    said = probabilities >= THRESHOLD
    rows = []
    for column in range(len(DEFECTS)):
        alone = (presence[:, column] == 1) & (np.delete(presence, column, axis=1).max(axis=1) == 0)
        rows.append(said[alone].mean(axis=0) if alone.any() else np.full(said.shape[1], np.nan))
    rows.append(said[clean].mean(axis=0))
    return np.array(rows)


def draw_matrix(probabilities: np.ndarray, presence: np.ndarray, path: Path) -> None:
    """Draw `matrix` in per cent to a PNG."""
    matplotlib.use("Agg")
    shares = matrix(probabilities, presence)
    names = [*DEFECTS, "fine as it is"]
    figure = Figure(figsize=(7.4, 6.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            shade = "white" if share > 0.6 else "black"
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=shade)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="said", ylabel="there, and nothing else")
    axes.set_title("Share of held-out photos, %", fontsize=10)
    figure.savefig(path)
