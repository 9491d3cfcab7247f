"""A trained model as an ONNX file: one input `image`, any number of images at once, outputs by the model's names."""

from __future__ import annotations

from pathlib import Path

import onnx
from backend import keras


def export_onnx(model: keras.Model, path: Path) -> None:
    """Write `model` to `path`, with Keras's own exporter; then give input and outputs their names."""
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # the exporter asks for a model that has run
    model.export(path, format="onnx", verbose=False)
    exported = onnx.load(path)
    graph = exported.graph
    names = {graph.input[0].name: "image"}
    names |= dict(zip((output.name for output in graph.output), model.output_names, strict=True))
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)
