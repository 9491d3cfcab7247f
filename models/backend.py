"""Keras on the torch backend, repeatable: import `keras` and `torch` from here, before anything else does."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

__all__ = ["keras", "make_repeatable", "torch"]


def make_repeatable(seed: int, threads: int) -> None:
    """Seed Python, NumPy, torch and Keras. Sums depend on how work is split, so the threads belong to the recipe."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    keras.utils.set_random_seed(seed)
