"""Keras on the torch backend, repeatable, and ONNX Runtime without telemetry: import them from here, first of all."""

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import keras
import onnxruntime
import torch

__all__ = ["keras", "make_repeatable", "onnxruntime", "torch"]


def make_repeatable(seed: int, threads: int) -> None:
    """Seed Python, NumPy, torch and Keras. Sums depend on how work is split, so the threads belong to the recipe."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    keras.utils.set_random_seed(seed)
