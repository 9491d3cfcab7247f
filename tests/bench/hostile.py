"""Any folder of strange files, and seeded mutants and bombs of every accepted format, through header check and decode.

    make test-hostile FOLDER="folder…" MUTANTS=5000

Each file is opened in a worker process of bounded memory; one that dies or hangs is told with the file that it had.
Exit status 1 for a crash, a hang, an error without a type, or a header check past its bounds.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.errors import ImageRejected
from darkroom.picture import Picture
from tests.bench.bombs import bombs, saved
from tests.bench.timing import cpu_seconds
from tests.support import heic

MOST_SECONDS = 2.0
"""CPU seconds of a header check, those of its child processes among them."""

MOST_MEMORY = 1 << 30
"""Bytes that a header check may add, or that a child process of it may have."""

WORKER_MEMORY = 8 << 30
"""Bytes that a worker may ask for."""

HANG_SECONDS = 300.0
LARGE = 1 << 20
"""Bytes of a file for which a worker begins anew, so that its memory is its own."""


def seeds() -> list[bytes]:
    """A small file of every format, plain and less so; of HEIC and AVIF, which take a process each, one."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8825] = "Maker", 6, {1: "N", 2: (52.0, 31.0, 12.0)}
    exif.load(exif.tobytes())
    packet = b"<x:xmpmeta><rdf:RDF/></x:xmpmeta>"
    deep = Picture(np.random.default_rng(0).integers(0, 65536, (48, 64, 3), np.uint16, endpoint=False))
    return [
        saved("JPEG", exif=exif, xmp=packet, dpi=(300, 300)),
        saved("JPEG", progressive=True),
        saved("JPEG", mode="CMYK"),
        saved("PNG", exif=exif, dpi=(300, 300)),
        saved("PNG", mode="P"),
        codec.encode(deep, "png"),
        saved("GIF", comment="a comment"),
        saved("BMP", mode="RGBA"),
        saved("BMP", mode="P"),
        saved("WEBP", exif=exif, xmp=packet),
        saved("WEBP", lossless=True),
        saved("TIFF", exif=exif, dpi=(300, 300)),
        saved("TIFF", compression="tiff_lzw", mode="LAB"),
        saved("TIFF", compression="jpeg"),
        saved("TIFF", compression="group4", mode="1"),
        codec.encode(deep, "tiff"),
        saved("AVIF", exif=exif),
        heic.write(deep.pixels[..., 0].astype(np.uint8)),
    ]


def mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """Files with bytes turned, cut, doubled or filled, most of it near the beginning, where the structure is."""
    random, sources = np.random.default_rng(seed), seeds()
    for number in range(count):
        data = bytearray(sources[number % len(sources)])
        for _ in range(int(random.integers(1, 6))):
            at = int(random.random() ** 3 * len(data))
            match int(random.integers(0, 5)):
                case 0:
                    data[at] = int(random.integers(0, 256))
                case 1:
                    data[at : at + 4] = (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff")[int(random.integers(0, 3))]
                case 2:
                    del data[at : at + int(random.integers(1, 200))]
                case 3:
                    part = bytes(data[at : at + int(random.integers(1, 400))])
                    data[at:at] = part * int(random.integers(1, 20))
                case 4:
                    data = data[: max(at, 16)] if random.random() < 0.3 else data
            if len(data) < 16:
                break
        yield bytes(data)


def peak(who: int = resource.RUSAGE_SELF) -> int:
    """Bytes that a process had at most: this one, or the largest of its children."""
    return resource.getrusage(who).ru_maxrss * 1024


def work() -> None:
    """A worker: a path a line in, a line of JSON out."""
    resource.setrlimit(resource.RLIMIT_AS, (WORKER_MEMORY, WORKER_MEMORY))
    for line in sys.stdin:
        data = Path(line.rstrip("\n")).read_bytes()
        before, started = peak(), cpu_seconds()
        said: dict[str, Any] = {"code": "picture", "untyped": False, "header": 0.0, "memory": 0}

        def judged(step: Callable[[bytes], Any], data: bytes = data, said: dict[str, Any] = said) -> bool:
            try:
                step(data)
            except ImageRejected as error:
                said["code"] = error.code
            except Exception as error:
                said.update(code=f"{type(error).__name__}: {error}", untyped=True)
            return said["code"] == "picture"

        fine = judged(codec.read_header)
        said["header"] = cpu_seconds() - started
        said["memory"] = max(peak() - before, peak(resource.RUSAGE_CHILDREN))
        if fine:
            judged(codec.decode)
        said["seconds"] = cpu_seconds() - started
        print(json.dumps(said), flush=True)


def through_worker(paths: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What became of each file, "crash" and "hang" among it."""
    worker: subprocess.Popen[str] | None = None
    for path in paths:
        if worker is not None and path.stat().st_size > LARGE:
            end(worker)
            worker = None
        if worker is None or worker.poll() is not None:
            worker = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.bench.hostile", "--worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what libraries say of broken files
                text=True,
            )
        assert worker.stdin is not None
        assert worker.stdout is not None
        hung = threading.Event()

        def stop(process: subprocess.Popen[str] = worker, hung: threading.Event = hung) -> None:
            hung.set()
            process.kill()

        timer = threading.Timer(HANG_SECONDS, stop)
        timer.start()
        worker.stdin.write(f"{path}\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        timer.cancel()
        if line:
            yield path, json.loads(line)
        else:
            worker.wait()
            code = "hang" if hung.is_set() else "crash"
            yield path, {"code": code, "untyped": False, "header": 0.0, "memory": 0, "seconds": 0.0}
    if worker is not None:
        end(worker)


def end(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.close()
    worker.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--mutants", type=int, default=5000)
    parser.add_argument("--bombs", type=float, default=1.0, help="their size; 0 for none")
    parser.add_argument("--worker", action="store_true")
    asked = parser.parse_args()
    if asked.worker:
        work()
        return 0
    codes: collections.Counter[str] = collections.Counter()
    bad, slowest, longest, largest = [], (0.0, ""), (0.0, ""), (0, "")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as made:

        def written() -> Iterator[Path]:
            for folder in asked.folders:
                yield from (path for path in sorted(folder.rglob("*")) if path.is_file())
            new = ((f"mutant {number}", data) for number, data in enumerate(mutants(asked.mutants)))
            for name, data in itertools.chain(new, bombs(asked.bombs) if asked.bombs else ()):
                path = Path(made) / name
                path.write_bytes(data)
                yield path

        for path, said in through_worker(written()):
            codes["untyped" if said["untyped"] else said["code"]] += 1
            slowest = max(slowest, (said["header"], path.name))
            longest = max(longest, (said["seconds"], path.name))
            largest = max(largest, (said["memory"], path.name))
            broken = said["untyped"] or said["code"] in ("crash", "hang")
            if broken or said["header"] > MOST_SECONDS or said["memory"] > MOST_MEMORY:
                bad.append(f"{path.name}: {said}")
            if path.is_relative_to(made):
                path.unlink()
    pictures, rejected = codes.pop("picture", 0), {code: n for code, n in codes.items() if code.startswith("image.")}
    print(f"{codes.total() + pictures} files in {time.monotonic() - started:.0f} s: {pictures} pictures,", end=" ")
    print(f"{sum(rejected.values())} rejected:", ", ".join(f"{n} {code}" for code, n in sorted(rejected.items())))
    print(f"untyped {codes['untyped']}, crashes {codes['crash']}, hangs {codes['hang']}")
    print(f"slowest header check {slowest[0]:.3f} CPU s ({slowest[1]}), slowest file {longest[0]:.1f} ({longest[1]})")
    print(f"most memory of a header check {largest[0] >> 20} MiB ({largest[1]})")
    print("\n".join(bad) if bad else "no crash, no hang, no error without a type, no header check past its bounds")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
