"""Requests for pictures by signed address, at once, to the stack on an embedded AWS: how many are lost, and computed.

`make bench-images` (minutes). Who is told to ask again (429, 503) does so, and after a 504, which is
what a gateway says of a function that starts slowly; any other answer than the picture is a loss.
"""

from __future__ import annotations

import argparse
import random
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from darkroom import signing
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.support import photos

WIDTHS = (16, 32, 48, 64)
TRIES = 60


@dataclass(frozen=True)
class Told:
    """What became of requests. statuses: of all answers, those that said to ask again too; 0 is none."""

    requests: int
    answered: int
    different: int
    computed: int
    statuses: Counter[int]
    without_retry_after: int

    @property
    def lost(self) -> int:
        return self.requests - self.answered


def ask_many(
    aws: EmbeddedAws, outputs: Mapping[str, str], secret: bytes, *, requests: int, photos_: int, callers: int
) -> Told:
    """Ask for pictures of so many photos in a few widths, in any order, by so many callers at once."""
    s3 = aws.client("s3")
    before = _jobs(aws, outputs)
    for number in range(photos_):
        s3.put_object(
            Bucket=outputs["UploadsBucket"], Key=f"references/{number}.png", Body=photos.encoded("PNG", seed=number)
        )  # under a name that starts no job of its own
    addresses = [
        signing.address(secret, "gamma:gamma=1.2", f"references/{number}.png", {"w": str(width), "format": "png"})
        for number in range(photos_)
        for width in WIDTHS
    ]
    wanted = [addresses[index % len(addresses)] for index in range(requests)]
    random.Random(7).shuffle(wanted)
    base = stack.address(aws, outputs)
    trust = ssl.create_default_context(cafile=aws.certificate) if aws.tls else None
    with ThreadPoolExecutor(callers) as pool:
        replies = list(pool.map(lambda address: _ask(f"{base}/{address}", trust), wanted))
    bodies: dict[str, set[bytes]] = {}
    for address, reply in zip(wanted, replies, strict=True):
        if reply.body is not None:
            bodies.setdefault(address, set()).add(reply.body)
    return Told(
        requests=requests,
        answered=sum(reply.body is not None for reply in replies),
        different=sum(len(found) - 1 for found in bodies.values()),
        computed=_jobs(aws, outputs) - before,
        statuses=Counter(status for reply in replies for status in reply.statuses),
        without_retry_after=sum(reply.without_retry_after for reply in replies),
    )


@dataclass(frozen=True)
class _Reply:
    body: bytes | None
    statuses: list[int]
    without_retry_after: int


def _ask(url: str, trust: ssl.SSLContext | None) -> _Reply:
    statuses: list[int] = []
    silent = 0
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(url, context=trust, timeout=300) as answer:
                return _Reply(answer.read(), [*statuses, answer.status], silent)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
            if error.code not in (429, 503, 504):
                return _Reply(None, statuses, silent)
            wait = error.headers.get("Retry-After")
            silent += wait is None and error.code != 504
            time.sleep(random.uniform(0.5, 1) * float(wait or 1))
        except OSError:  # no answer in all that time: as if a gateway had said so
            statuses.append(0)
    return _Reply(None, statuses, silent)


def _jobs(aws: EmbeddedAws, outputs: Mapping[str, str]) -> int:
    """How often the workflow has run for signed addresses: each time its result has a place of its own."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=outputs["JobsTable"])
    return sum("signed-addresses" in item.get("owner", {}).values() for page in pages for item in page["Items"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.addresses", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--callers", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws.start(Path(folder)) as aws:
        outputs = stack.deploy(aws, ApiRequestsPerSecond="1000", ApiBurst="1000", ImagesPerSecond="1000")
        store = aws.client("secretsmanager")
        secret = store.get_secret_value(SecretId=outputs["SigningSecret"])["SecretString"].encode()
        told = ask_many(
            aws, outputs, secret, requests=options.requests, photos_=options.photos, callers=options.callers
        )
    print(f"{told.requests:,} requests for {options.photos * len(WIDTHS)} pictures of {options.photos} photos")
    print(f"{told.answered:,} answered, {told.lost} lost, {told.different} unlike another of the same address")
    print(f"{told.computed} computed by the workflow")
    print("answers by status: " + ", ".join(f"{status}: {count}" for status, count in sorted(told.statuses.items())))
    print(f"{told.without_retry_after} of 429 and 503 without Retry-After")
    return 1 if told.lost or told.different or told.computed != options.photos else 0


if __name__ == "__main__":
    sys.exit(main())
