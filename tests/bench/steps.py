"""Speed and memory of every step: `python -m tests.bench.steps [--megapixels N] [--bits 8|16] [--only NAME]…`.

Each step runs with its example's parameters in a process of its own, on one thread, as in a function of one vCPU. Its
memory is the most that the process held while it ran, less what it held before (the picture, the libraries, and tables
that stay) and less the result; its time, the processor's alone, is compared with the nearest call of another library in
the same process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import msgspec
import numpy as np

from darkroom import registry
from darkroom.picture import Array
from darkroom.step import Step
from tests.bench import memory
from tests.bench.peers import PEERS
from tests.bench.photo import photo
from tests.bench.timing import medians

BOUND = 24.0
"""Bytes per pixel that a step may take beyond its input and output."""

BANDS_PIXELS = 24e6
"""A smaller picture is allowed what one of this size is: what a step holds of a band is the same for any size."""

SLOW_SECONDS = 2.0
"""A call that takes longer runs once; a quicker one's time is the median of 3."""

SAMPLE = np.s_[:1024, :1024]
"""Where another library's call would take too long on the whole picture, its speed is taken from this part of it."""

REFERENCES = ("reference",)
"""Reference images that the bench hands in, a photograph; what else a step may take (a mask), it does without."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Figures(msgspec.Struct, frozen=True):
    """What was measured of one step. Pixels are the larger picture's, of input and output."""

    seconds: float
    pixels: int
    bytes_per_pixel: float
    peer_ratio: float | None = None

    @property
    def bounded(self) -> bool:
        return self.bytes_per_pixel * self.pixels <= BOUND * max(self.pixels, BANDS_PIXELS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a step broke or took more memory than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.steps", description="Speed and memory of every step.")
    parser.add_argument("--megapixels", type=float, default=12, metavar="N")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="of each sample of the picture")
    parser.add_argument("--only", action="append", choices=list(registry.STEPS), metavar="STEP")
    parser.add_argument("--no-peers", action="store_true", help="leave the other libraries' calls out")
    options = parser.parse_args(arguments)
    print(f"Steps on {options.megapixels:g} MP RGB, {options.bits} bits, one thread")
    print(f"{'step':<26}{'seconds':>8}{'MP/s':>9}{'bytes/px':>10}   ratio of time to the nearest call", flush=True)
    well = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.npy"
        np.save(path, photo(options.megapixels, options.bits))
        for name in options.only or registry.STEPS:
            figures = _in_process_of_its_own(name, path, peers=not options.no_peers and options.bits == 8)
            well &= figures is not None and figures.bounded
            print(line(name, figures), flush=True)
    print(f"! more than {BOUND:g} bytes per pixel, of {BANDS_PIXELS / 1e6:g} MP at least, beyond input and output")
    return 0 if well else 1


def line(name: str, figures: Figures | None) -> str:
    if figures is None:
        return f"{name:<26}  failed"
    mark = " " if figures.bounded else "!"
    speed = figures.pixels / 1e6 / figures.seconds
    peer = "—" if figures.peer_ratio is None else f"{figures.peer_ratio:6.2f} × {PEERS[name][0]}"
    return f"{name:<26}{figures.seconds:>8.2f}{speed:>9.1f}{figures.bytes_per_pixel:>10.1f} {mark} {peer}"


def _in_process_of_its_own(name: str, path: Path, *, peers: bool) -> Figures | None:
    command = [sys.executable, "-c", "from tests.bench.steps import child; child()", name, str(path), str(int(peers))]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Figures) if done.returncode == 0 else None


def child() -> None:
    """The process of one step: its name, the picture's file and whether to time its peer stand on the command line."""
    name, path, peers = sys.argv[1:]
    cv2.setNumThreads(1)
    figures = measure(registry.get(name), np.load(path), peers=peers == "1")
    print(json.dumps(msgspec.to_builtins(figures)))


def measure(step: Step, image: Array, *, peers: bool) -> Figures:
    params = step.params.parse(step.params.example, of=step.name)
    references = {name: image[SAMPLE].copy() for name in step.references if name in REFERENCES}

    def run(picture: Array) -> Array:
        return step(picture, params, references).image

    small = run(image[:256, :256].copy())  # which also loads modules and tables
    growth = max(small.shape[0] // 256, 1) if step.resizes else 1
    if growth > 1:  # the larger picture is the one of the size asked for
        image = image[: image.shape[0] // growth, : image.shape[1] // growth].copy()
    memory.forget_peak()
    before = memory.resident()
    started = process_time()
    result = run(image)
    seconds = process_time() - started
    beyond = max(memory.peak() - before - (result.nbytes if result is not image else 0), 0)
    pixels = max(image.shape[0] * image.shape[1], result.shape[0] * result.shape[1])
    del result
    rounds: dict[str, Any] = {}
    if seconds < SLOW_SECONDS:
        rounds["step"] = lambda: run(image)
    ratio = None
    if peers and step.name in PEERS:
        call = PEERS[step.name][1]
        sample = np.ascontiguousarray(image[SAMPLE])
        started = process_time()
        call(sample, params)
        share = sample.size / image.size
        peer_seconds = (process_time() - started) / share
        if peer_seconds < SLOW_SECONDS:
            rounds["peer"] = lambda: call(image, params)
        times = medians(rounds, 3, process_time)
        seconds = times.get("step", seconds)
        ratio = seconds / times.get("peer", peer_seconds)
    elif rounds:
        seconds = medians(rounds, 3, process_time)["step"]
    return Figures(seconds, pixels, beyond / pixels, ratio)


if __name__ == "__main__":
    sys.exit(main())
