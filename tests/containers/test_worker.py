"""`darkroom worker` as processes, before an embedded AWS."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.ground import UPLOADS, Ground, until
from tests.containers.storm import POISON, storm
from tests.support import photos
from tests.support.proxy import Gate, Proxy

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("containers")]


@pytest.fixture
def closed(made: Ground) -> Iterator[tuple[Gate, str]]:
    """A way to AWS that is closed, and its address: what goes through it stays begun, for as long as a test looks."""
    proxy, gate = Proxy(made.aws.endpoint), Gate(lambda _: True)
    with proxy.facing(gate):
        yield gate, proxy.address
        gate.opened.set()
    proxy.stop()


def test_two_of_four_workers_are_killed_and_nothing_is_lost_or_doubled(made: Ground, tmp_path: Path) -> None:
    account = storm(made, 24, tmp_path / "log", recipes=("none", "vivid", "document"))
    assert account.trouble == []
    assert account.results == 23
    assert account.dead == [POISON]
    assert list(account.failed) == [POISON]
    assert account.failed[POISON].startswith("step.out-of-memory: ")


def test_what_a_worker_has_begun_it_keeps_finishes_and_leaves_to_others(
    made: Ground, closed: tuple[Gate, str], tmp_path: Path
) -> None:
    """The way to S3 is closed to one worker, so that its photos stay begun for longer than a message is hidden."""
    gate, address = closed
    hidden = 15
    slow = made.start_worker(
        tmp_path / "slow", "--hidden", str(hidden), "--concurrency", "2", AWS_ENDPOINT_URL_S3=address
    )
    for name in ("none/a.jpg", "none/b.jpg"):
        made.upload(name, photos.encoded())
    until(lambda: [r["status"] for r in made.records().values()] == ["running"] * 2, "both begun")
    seen_again = time.monotonic() + hidden + 1
    held = {key: record["execution"] for key, record in made.records().items()}
    made.upload("none/c.jpg", photos.encoded())
    quick = made.start_worker(tmp_path / "quick")
    until(lambda: made.records().get("none/c.jpg", {}).get("status") == "succeeded", "the third, by the other")

    slow.terminate()  # finishes what it has begun, and takes no more
    made.upload("none/d.jpg", photos.encoded())
    until(lambda: made.ended() == 2, "the fourth, by the other")
    until(lambda: time.monotonic() > seen_again, "the time at which what nobody keeps is seen again")
    assert {key: made.records()[key]["execution"] for key in held} == held
    assert slow.poll() is None
    quick.terminate()
    assert quick.wait() == 0
    gate.opened.set()
    assert slow.wait() == 0
    assert {key: made.records()[key]["execution"] for key in held} == held
    assert {record["status"] for record in made.records().values()} == {"succeeded"}
    assert (made.length(made.queue), made.length(made.dead)) == (0, 0)


def test_a_photo_whose_worker_is_killed_is_taken_over(made: Ground, closed: tuple[Gate, str], tmp_path: Path) -> None:
    slow = made.start_worker(tmp_path / "slow", "--hidden", "3", AWS_ENDPOINT_URL_S3=closed[1])
    made.upload("none/a.jpg", photos.encoded())
    until(lambda: [r["status"] for r in made.records().values()] == ["running"], "begun")
    (first,) = made.records().values()
    os.killpg(slow.pid, signal.SIGKILL)
    slow.wait()
    quick = made.start_worker(tmp_path / "quick")
    until(lambda: made.ended() == 1, "the photo, by the other")
    (record,) = made.records().values()
    assert (record["status"], record["id"]) == ("succeeded", first["id"])
    assert record["execution"] != first["execution"]
    made.s3.put_object(Bucket=UPLOADS, Key="notes/.DS_Store", Body=b"")  # of no job
    until(lambda: made.length(made.queue) == 0, "an empty queue")
    assert len(made.records()) == 1
    quick.terminate()
    assert quick.wait() == 0


def test_without_its_settings_or_its_queue_it_says_so_and_ends(made: Ground, tmp_path: Path) -> None:
    lost = made.start_worker(tmp_path / "lost", JOBS_TABLE="")
    assert lost.wait() == 1
    assert "JOBS_TABLE is not set" in (tmp_path / "lost").read_text()
    queue, made.queue = made.queue, f"{made.queue}-of-another"
    lost = made.start_worker(tmp_path / "other")
    assert lost.wait() == 1
    assert (tmp_path / "other").read_text().count("\n") == 1
    made.queue = queue
