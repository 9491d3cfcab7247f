"""What each megabyte of the built layers is for: `python -m tests.bench.layers`."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Sequence

from darkroom_local import stack

LAYERS = ("CoreLayer", "ImagingLayer", "InferenceLayer")

SHOWN_FROM = 500_000
"""Bytes from which a part has a line of its own."""

PURPOSES = (
    (r".*\.pyc$", "modules compiled beforehand, which no cold start must do"),
    (r"darkroom_models/", "the trained networks"),
    (r"darkroom/", "this project"),
    (r"cv2/", "OpenCV: filters, geometry, transforms"),
    (r"opencv_python_headless\.libs/lib(openblas|gfortran|quadmath)", "OpenCV's own BLAS; linked, so it must be there"),
    (
        r"opencv_python_headless\.libs/",
        "video and network codecs that OpenCV is linked with; never called, but it does not load without",
    ),
    (r"numpy\.libs/", "NumPy's BLAS: the products of matrices in denoise and the networks' features"),
    (r"numpy/", "NumPy: every array"),
    (r"pillow\.libs/", "JPEG, PNG, TIFF, WebP, AVIF and colour management for Pillow"),
    (r"PIL/", "Pillow: reads and writes files"),
    (r"_?pi_heif", "reads HEIC"),
    (r"onnxruntime/", "runs the networks"),
    (r"aws_lambda_powertools/|jmespath/|typing_extensions", "routes, logs, metrics and traces"),
    (r"zstandard/", "the hand-over between stages"),
    (r"simplejpeg/", "JPEG read strictly: what is damaged is told"),
    (r"msgspec/", "recipes, parameters and reports: checked JSON"),
    (r".*", "licences and versions of the packages"),
)
"""What files are for, by a pattern of their paths in a layer; the first that fits counts."""


def purpose(path: str) -> str:
    return next(words for pattern, words in PURPOSES if re.match(pattern, path))


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the layers and print a line for each purpose."""
    argparse.ArgumentParser(prog="python -m tests.bench.layers", description="What layers are made of.").parse_args(
        arguments
    )
    built = stack.build(wheels=True)
    print("What the layers hold, MB unzipped")
    for layer in LAYERS:
        sizes: dict[str, int] = defaultdict(int)
        folder = built / layer / "python"
        for path in folder.rglob("*"):
            if path.is_file():
                sizes[purpose(path.relative_to(folder).as_posix())] += path.stat().st_size
        print(f"{layer:<16}{_megabytes(sum(sizes.values()))}")
        small = sum(size for size in sizes.values() if size < SHOWN_FROM)
        for words, size in sorted(sizes.items(), key=lambda item: -item[1]):
            if size >= SHOWN_FROM:
                print(f"{'':<16}{_megabytes(size)}  {words}")
        print(f"{'':<16}{_megabytes(small)}  what is smaller")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:>7.1f}"


if __name__ == "__main__":
    main()
