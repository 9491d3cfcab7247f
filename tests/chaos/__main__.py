"""`make test-chaos`: every storm in turn, each with its account; exit status 1 where one is not all zeros."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.ground import Ground
from tests.chaos.reconciliation import HEAD, Account, reconcile
from tests.chaos.storms import STORMS, forms


@contextmanager
def ground(*, short: bool) -> Iterator[Ground]:
    """A deployed stack for storms, gone afterwards. short: with few jobs at once, each of which starts functions."""
    with tempfile.TemporaryDirectory(prefix="darkroom-chaos-") as home:
        prepared = Ground.prepare(Path(home), 2 if short else 6)
        try:
            yield prepared
        finally:
            prepared.leave()


def weather(where: Ground, names: Iterable[str], *, short: bool) -> Iterator[Account]:
    """One storm after another, each with its account."""
    for name in names:
        storm, many, few = STORMS[name]
        prefix = "api/" if storm is forms else f"storm{list(STORMS).index(name)}/"
        where.begun_anew = where.proxy.hits = 0
        storm(where, prefix, few if short else many)
        yield reconcile(where, name, prefix)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="as in `make test`")
    parser.add_argument("--only", metavar="TEXT", default="", help="storms whose names hold this text")
    chosen = parser.parse_args()
    names = [name for name, (_, _, few) in STORMS.items() if chosen.only in name and (few or not chosen.short)]
    accounts, began = [], time.monotonic()
    with ground(short=chosen.short) as where:
        print(HEAD, flush=True)
        for account in weather(where, names, short=chosen.short):
            print(account.row(), flush=True)
            for line in account.trouble:
                print(f"  {line}", file=sys.stderr, flush=True)
            accounts.append(account)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes, at a load of {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return int(any(account.trouble for account in accounts))


if __name__ == "__main__":
    sys.exit(main())
