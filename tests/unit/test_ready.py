"""Types are read by several threads at once, the first time too, in a process that has read none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import photos

MANIFEST = Path(__file__).parents[1] / "events" / "manifest_1.json"

AT_ONCE = """
import sys, threading
from darkroom import recipe, report
from darkroom.cli import gathering
from darkroom.aws import albums, batching, deciding, events, uploads
from darkroom.aws.api import parse, progress, records

sys.setswitchinterval(1e-6)
body, photo, begun = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), threading.Barrier(8)

def read():
    begun.wait()
    report.read(body)
    recipe.parse({"steps": [{"name": "gamma", "params": {"gamma": 2.0}}]})
    assert gathering.pair(photo, photo).change == 0

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done")
"""


@pytest.mark.parametrize("again", range(8))
def test_threads_that_read_the_same_type_first_do_not_end_the_process(again: int, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photos.encoded())
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, str(MANIFEST), str(photo)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
