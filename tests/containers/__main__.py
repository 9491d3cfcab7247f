"""`make test-workers`: 200 photos, four workers, two of them killed in the middle, one photo that breaks each."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.containers.ground import emulator, ground
from tests.containers.storm import storm


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--killed", type=int, default=2)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="darkroom-workers-") as home,
        emulator(Path(home)) as aws,
        ground(aws) as made,
    ):
        account = storm(made, asked.photos, Path(home) / "log", workers=asked.workers, killed=asked.killed)
    print(f"{asked.photos} photos, {asked.workers} workers, {asked.killed} killed: {account.results} results,")
    print(f"{len(account.dead)} dead letters {account.dead} {account.failed}, trouble: {account.trouble or 'none'}")
    return int(bool(account.trouble) or account.results != asked.photos - 1 or len(account.dead) != 1)


if __name__ == "__main__":
    sys.exit(main())
