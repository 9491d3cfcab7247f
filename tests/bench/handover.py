"""Compares the hand-over format with the alternatives, on one thread: `python -m tests.bench.handover [PHOTO]`.

A hand-over costs encoding, two transfers and decoding. The last column is that sum at `RATE` each way, as a ratio to
the format in use; S3 from one connection of a Lambda function gives some 60 MB/s.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import cv2
import numpy as np
import zstandard
from PIL import Image

from darkroom.aws import handover
from darkroom.codec import decode
from darkroom.picture import Array, Picture
from tests.bench.photo import photo
from tests.bench.timing import medians

RATE = 60e6
MEGAPIXELS = 12


def npy(pixels: Array) -> bytes:
    file = io.BytesIO()
    np.save(file, pixels)
    return file.getvalue()


def pillow(pixels: Array, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    cv2.setNumThreads(1)
    pixels = decode(Path(arguments[0]).read_bytes()).pixels if arguments else photo(MEGAPIXELS)
    picture = Picture(pixels)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    shape = pixels.shape

    def read(data: bytes) -> Array:
        return np.asarray(Image.open(io.BytesIO(data)))

    formats: dict[str, tuple[Callable[[], bytes], Callable[[bytes], object]]] = {
        "delta + Zstandard 1 (in use)": (lambda: handover.pack(picture), handover.unpack),
        "Zstandard 1, no delta": (
            lambda: zstandard.ZstdCompressor(level=1).compress(pixels.data),
            lambda data: np.frombuffer(zstandard.ZstdDecompressor().decompress(data), np.uint8).reshape(shape),
        ),
        "raw .npy": (lambda: npy(pixels), lambda data: np.load(io.BytesIO(data))),
        "PNG level 1 (OpenCV)": (
            lambda: cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes(),
            lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED),
        ),
        "WebP lossless, method 0": (lambda: pillow(pixels, "WEBP", lossless=True, quality=0, method=0), read),
        "TIFF, LZW": (lambda: pillow(pixels, "TIFF", compression="tiff_lzw"), read),
    }
    data = {name: write() for name, (write, _) in formats.items()}
    writing = medians({name: write for name, (write, _) in formats.items()}, clock=process_time)
    reads = {name: lambda read=read, name=name: read(data[name]) for name, (_, read) in formats.items()}
    reading = medians(reads, clock=process_time)
    cost = {name: writing[name] + reading[name] + 2 * len(data[name]) / RATE for name in formats}
    floor = cost["delta + Zstandard 1 (in use)"]
    print(f"{pixels.shape[1]}x{pixels.shape[0]} pixels, medians of 5, one thread")
    print(f"{'format':<30}{'write ms':>9}{'read ms':>9}{'MB':>7}{'hand-over':>11}")
    for name in formats:
        times = f"{writing[name] * 1e3:>9.0f}{reading[name] * 1e3:>9.0f}"
        print(f"{name:<30}{times}{len(data[name]) / 1e6:>7.1f}{cost[name] / floor:>10.2f}x")


if __name__ == "__main__":
    main()
