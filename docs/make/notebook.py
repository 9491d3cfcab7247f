"""`python -m docs.make.notebook`: runs docs/notebooks/enhance.ipynb and keeps what its cells print and draw.

A notebook is JSON; Jupyter shows it and runs it anew, and nothing of Jupyter is needed here.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from PIL import Image

PATH = Path(__file__).parents[1] / "notebooks" / "enhance.ipynb"
DPI = 60


def run(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The notebook with the outputs of its cells, run one after the other in a folder."""
    mpl.use("agg")
    space: dict[str, Any] = {"__name__": "__main__"}
    cells = []
    with contextlib.chdir(folder):
        for number, cell in enumerate(notebook["cells"], 1):
            if cell["cell_type"] != "code":
                cells.append(cell)
                continue
            told = io.StringIO()
            with contextlib.redirect_stdout(told):
                exec(compile("".join(cell["source"]), f"cell {number}", "exec"), space)  # noqa: S102
            cells.append({**cell, "execution_count": number, "outputs": [*printed(told.getvalue()), *drawn()]})
    return {**notebook, "cells": cells}


def printed(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}] if text else []


def drawn() -> list[dict[str, Any]]:
    """The figures that are open, which are closed by that."""
    outputs = []
    for number in plt.get_fignums():
        file = io.BytesIO()
        plt.figure(number).savefig(file, format="png", dpi=DPI, bbox_inches="tight")
        small = io.BytesIO()
        Image.open(file).convert("RGB").save(small, "JPEG", quality=80)
        data = {"image/jpeg": base64.b64encode(small.getvalue()).decode(), "text/plain": ["a figure"]}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    plt.close("all")
    return outputs


def main() -> None:
    done = run(json.loads(PATH.read_text("utf-8")), PATH.parent)
    scratch = PATH.with_suffix(".tmp")
    scratch.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(scratch, PATH)


if __name__ == "__main__":
    main()
