"""Memory of what a stage's function does around its steps: `python -m tests.bench.stages [--megapixels N]`.

Bytes per pixel at the peak of decoding, measuring, encoding and the hand-over, with what each is given and returns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from darkroom import codec
from darkroom.aws import handover
from darkroom.picture import Picture
from tests.bench import memory
from tests.bench.photo import photo

TASKS = {
    8: ["pack", "unpack", *(f"{task} {name}" for name in codec.OUTPUT_FORMATS for task in ("encode", "decode"))],
    16: ["pack", "unpack", *(f"{task} {name}" for name in ("png", "tiff") for task in ("encode", "decode"))],
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stages", description="Memory around the steps.")
    parser.add_argument("--megapixels", type=float, default=6, metavar="N")
    megapixels = parser.parse_args(arguments).megapixels
    print(f"Around the steps: bytes per pixel at the peak, {megapixels:g} MP RGB, files and pictures included")
    for bits, tasks in TASKS.items():
        for task in tasks:
            command = [sys.executable, "-c", "from tests.bench.stages import child; child()"]
            subprocess.run([*command, task, str(bits), str(megapixels)], check=True)


def child() -> None:
    """The process of one task: its name, bits and megapixels stand on the command line."""
    task, bits, megapixels = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    kind, _, name = task.partition(" ")
    picture: Picture | None = Picture(photo(megapixels, bits))
    assert picture is not None
    pixels = picture.width * picture.height
    data = b"" if kind == "encode" else codec.encode(picture, name) if kind == "decode" else handover.pack(picture)
    given = len(data) if kind in ("decode", "unpack") else picture.pixels.nbytes
    if kind in ("decode", "unpack"):
        picture = None
    memory.forget_peak()
    before = memory.resident()
    match kind:
        case "encode":
            codec.encode(picture, name)  # type: ignore[arg-type]
        case "decode":
            codec.decode(data)
        case "pack":
            handover.pack(picture)  # type: ignore[arg-type]
        case "unpack":
            handover.unpack(data)
    print(f"{task:<16}{bits:>3} bits{(memory.peak() - before + given) / pixels:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
