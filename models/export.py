"""A trained model as an ONNX file, any number of examples at once, inputs and outputs by the model's names."""

from __future__ import annotations

from pathlib import Path

import onnx
from backend import keras


def save(model: keras.Model, output: Path) -> None:
    """Write `model` as a Keras file and as an ONNX file. output: without suffix; its folder need not be there."""
    output.parent.mkdir(parents=True, exist_ok=True)
    model.save(output.with_suffix(".keras"))
    export_onnx(model, output.with_suffix(".onnx"))


def export_onnx(model: keras.Model, path: Path) -> None:
    """Write `model` to `path` with Keras's own exporter; then give inputs and outputs their names."""
    blank = [keras.ops.zeros((1, *tensor.shape[1:])) for tensor in model.inputs]
    model(blank if len(blank) > 1 else blank[0])  # the exporter asks for a model that has run
    model.export(path, format="onnx", verbose=False)
    exported = onnx.load(path)
    graph = exported.graph
    names = dict(zip((value.name for value in graph.input), (tensor.name for tensor in model.inputs), strict=True))
    names |= dict(zip((value.name for value in graph.output), model.output_names, strict=True))
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del graph.value_info[:]  # shapes in between, under names that may be gone
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)
