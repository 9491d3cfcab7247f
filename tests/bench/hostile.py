"""Any folder of strange files, and seeded mutants of every accepted format, through header check and decode.

    make test-hostile FOLDER="folder…" MUTANTS=5000

Each file is opened in a worker process; one that dies or hangs is told with the file that it had. Exit status 1 for a
crash, a hang, an error without a type, or a header check past its bounds.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.errors import ImageRejected

MOST_SECONDS = 2.0
"""CPU seconds of a header check."""

MOST_MEMORY = 1 << 30
"""Bytes that a header check may add."""

HANG_SECONDS = 120.0


def seeds() -> list[bytes]:
    """A small file of every format that Pillow writes, plain and less so."""
    rows, columns = np.mgrid[0:48, 0:64]
    image = Image.fromarray(np.stack((rows * 5, columns * 3, rows + columns), -1).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8825] = "Maker", 6, {1: "N", 2: (52.0, 31.0, 12.0)}
    exif.load(exif.tobytes())
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("JPEG", {"exif": exif, "xmp": b"<x:xmpmeta><rdf:RDF/></x:xmpmeta>"}),
        ("JPEG", {"progressive": True}),
        *(("PNG", {"exif": exif, "dpi": (300, 300)}), ("GIF", {}), ("BMP", {})),
        *(("WEBP", {"exif": exif}), ("WEBP", {"lossless": True})),
        *(("TIFF", {"exif": exif}), ("TIFF", {"compression": "tiff_lzw"}), ("AVIF", {"exif": exif})),
    ]
    files = []
    for format_name, options in kinds:
        file = io.BytesIO()
        image.save(file, format_name, **options)
        files.append(file.getvalue())
    return files


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


def work() -> None:
    """A worker: a path a line in, a line of JSON out."""
    for line in sys.stdin:
        data = Path(line.rstrip("\n")).read_bytes()
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        said: dict[str, Any] = {"code": "picture", "untyped": False}
        try:
            codec.read_header(data)
            said["header"] = time.process_time() - started
            said["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            codec.decode(data)
        except ImageRejected as error:
            said["code"] = error.code
        except Exception as error:
            said.update(code=f"{type(error).__name__}: {error}", untyped=True)
        said.setdefault("header", time.process_time() - started)
        said.setdefault("memory", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
        print(json.dumps(said), flush=True)


def through_worker(paths: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What became of each file, "crash" and "hang" among it."""
    worker: subprocess.Popen[str] | None = None
    for path in paths:
        if worker is None or worker.poll() is not None:
            worker = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.bench.hostile", "--worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
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
            yield path, {"code": "hang" if hung.is_set() else "crash", "untyped": True, "header": 0.0, "memory": 0}
    if worker is not None and worker.stdin is not None:
        worker.stdin.close()
        worker.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--mutants", type=int, default=5000)
    parser.add_argument("--worker", action="store_true")
    asked = parser.parse_args()
    if asked.worker:
        work()
        return 0
    with tempfile.TemporaryDirectory() as made:
        paths = [path for folder in asked.folders for path in sorted(folder.rglob("*")) if path.is_file()]
        for number, data in enumerate(mutants(asked.mutants)):
            paths.append(Path(made) / f"mutant-{number}")
            paths[-1].write_bytes(data)
        codes: collections.Counter[str] = collections.Counter()
        bad, slowest, largest = [], (0.0, ""), (0, "")
        for path, said in through_worker(paths):
            codes[said["code"] if not said["untyped"] else "untyped"] += 1
            slowest = max(slowest, (said["header"], path.name))
            largest = max(largest, (said["memory"], path.name))
            if said["untyped"] or said["header"] > MOST_SECONDS or said["memory"] > MOST_MEMORY:
                bad.append(f"{path.name}: {said}")
    print(f"{len(paths)} files:", ", ".join(f"{count} {code}" for code, count in codes.most_common()))
    print(
        f"slowest header check {slowest[0]:.3f} CPU s ({slowest[1]}), most memory {largest[0] >> 20} MiB ({largest[1]})"
    )
    print("\n".join(bad) if bad else "no crash, no hang, no error without a type, no header check past its bounds")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
