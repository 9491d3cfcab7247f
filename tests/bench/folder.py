"""How much faster a folder is done by several processes: `python -m tests.bench.folder`.

`darkroom enhance FOLDER --jobs N` against one process on one processor, both whole, from start to end. Counted is the
processors' time of each process, which other work on the machine hardly disturbs: with as many processors free as are
asked for, N processes end no sooner than the busiest of them, and than their time together, divided by N.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from tests.support import photographs

PROGRAM = Path(sys.executable).with_name("darkroom")
LEAST = 0.9
"""Of N times one processor's rate."""

POLL_SECONDS = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.folder", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--side", type=int, default=1200, help="of each photo, px (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.process_cpu_count() or 1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "photos"
        folder.mkdir()
        for number in range(given.photos):
            pixels = Image.fromarray(photographs.photo(photographs.NAMES[number % len(photographs.NAMES)]))
            pixels.resize((given.side, given.side)).save(folder / f"{number}.jpg", quality=92)
        one = sum(seconds(folder, Path(home) / "one", 1).values())
        each = seconds(folder, Path(home) / "several", given.jobs)
    together = max(sum(each.values()) / given.jobs, max(each.values()))
    share = one / together / given.jobs
    print(f"{given.photos} photos of {given.side**2 / 1e6:.1f} MP; seconds of the processors' time")
    busy = ", ".join(f"{value:.1f}" for value in each.values())
    print(f"one process: {one:.1f}; who leads {given.jobs}, and they: {busy}")
    print(f"{share:.2f} of {given.jobs} times one processor's rate, at least {LEAST} wanted")
    return int(share < LEAST)


def seconds(folder: Path, output: Path, jobs: int) -> dict[int, float]:
    """The processors' time of each process of a command, by its id; the first is the command's own."""
    command = [str(PROGRAM), "enhance", str(folder), "-o", f"{output}/", "--quiet", "--jobs", str(jobs)]
    process = subprocess.Popen(command, env={**os.environ, "OPENCV_FOR_THREADS_NUM": "1", "OMP_NUM_THREADS": "1"})
    if jobs == 1:
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
    found = {process.pid: 0.0}
    while process.poll() is None:
        for pid in (process.pid, *_children(process.pid)):
            found[pid] = max(found.get(pid, 0.0), _used(pid))
        time.sleep(POLL_SECONDS)
    if process.returncode != 0 or len(list(output.iterdir())) != len(list(folder.iterdir())):
        raise SystemExit(f"the command ended with {process.returncode}")
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _used(pid: int) -> float:
    """Seconds; 0 for a process that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    sys.exit(main())
