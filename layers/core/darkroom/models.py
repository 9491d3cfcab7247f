"""The trained models: where their files lie, and one ONNX Runtime session for each that runs there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

from darkroom.errors import StepFailed, needs, remedy

PACKAGE = "darkroom_models"
"""Folder beside the package `darkroom` into which the builds of wheel and layers copy the files."""

NAMES = ("backbone", "diagnosis", "digits", "glow", "scene", "tint")

CHECKOUT = Path(__file__).resolve().parents[3] / "models"


def path(name: str, suffix: str = "onnx") -> Path:
    """The file of a model: in a checkout, else beside the package. Raises `StepFailed` where there is none."""
    file = f"{name}.{suffix}"
    package = importlib.util.find_spec(PACKAGE)
    folders = [Path(folder) for folder in (package and package.submodule_search_locations) or []]
    for candidate in (CHECKOUT / name / file, *(folder / file for folder in folders)):
        if candidate.is_file():
            return candidate
    raise StepFailed("no-model", f"the model '{name}' is not installed: its file {file} is missing; {remedy()}")


@cache
def digest(name: str) -> str:
    """The first twelve digits of the SHA-256 of a model's file: which training it is of."""
    return hashlib.sha256(path(name).read_bytes()).hexdigest()[:12]


def identity() -> str:
    """What the networks are, in a word: others have another. Raises `StepFailed` where one is missing."""
    return "-".join(map(digest, NAMES))


@cache
def load(name: str) -> Any:
    """The ``onnxruntime.InferenceSession`` of a model, made when it is first asked for and kept.

    One thread: the models are small, and threads that wait for each other cost more than they give.
    """
    # Read once, as ONNX Runtime is loaded: it would name a device, keep a database in the user's cache and look for its
    # maker's collector.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    file = path(name)
    needs("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
