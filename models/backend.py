"""Keras on the torch backend, repeatable, and ONNX Runtime without telemetry: import them from here, first of all."""

import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import keras
import onnxruntime
import torch

__all__ = ["keras", "keras_file", "make_repeatable", "onnxruntime", "torch"]


def make_repeatable(seed: int, threads: int) -> None:
    """Seed Python, NumPy, torch and Keras. Sums depend on how work is split, so the threads belong to the recipe."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    keras.utils.set_random_seed(seed)


def keras_file(model: Path, training: str) -> Path:
    """Where training left the Keras file of a model. Ends the program, saying what makes it, where there is none."""
    path = model.with_suffix(".keras")
    if not path.is_file():
        raise SystemExit(
            f"{path} is missing: the repository keeps ONNX files alone. Train first, which makes both files:\n"
            f"    python -m {training} --output {model} …    (models/README.md)"
        )
    return path
