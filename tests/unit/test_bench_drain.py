"""The simulation of a burst, with the template's own settings: nothing is lost, and it can tell where something is."""

from __future__ import annotations

import pytest

from tests.bench import drain
from tests.bench.drain import Burst


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("running", [None, 100], ids=["as deployed", "far more jobs at once than functions"])
def test_ten_thousand_uploads_drain_without_loss_at_ten_functions_at_once(running: int | None, seed: int) -> None:
    settings = drain.deployed()
    settings.running = running or settings.running
    burst = Burst(10_000, 10, settings, seed).run()
    assert (burst.succeeded, burst.failed) == (10_000, 0)
    assert burst.most_tries < settings.retrier.attempts
    assert burst.longest_job < settings.job_seconds
    work = 10_000 * sum(drain.STAGES_SECONDS)
    assert work / 10 < burst.now < work / 10 * 3, "about as long as the work takes"


def test_as_deployed_hardly_a_try_is_throttled() -> None:
    assert Burst(1000, 10, drain.deployed()).run().throttled < 100


@pytest.mark.slow
def test_without_a_queue_most_of_a_burst_is_lost() -> None:
    burst = Burst(5000, 10, drain.without_a_queue()).run()
    assert burst.succeeded + burst.failed == 5000
    assert burst.failed > 2500


def test_uploads_that_arrive_no_faster_than_they_are_done_do_not_pile_up() -> None:
    settings = drain.deployed()
    settings.running = 90
    burst = Burst(4_000, 100, settings, seconds=4_000 * sum(drain.STAGES_SECONDS) / 80).run()
    assert burst.succeeded == 4_000
    assert burst.now < burst.seconds + 120, "drained soon after the last one came"
