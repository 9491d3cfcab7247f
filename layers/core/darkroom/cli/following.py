"""A batch as it goes on, for who looks at a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from darkroom.cli.shared import moving_bar

if TYPE_CHECKING:
    from darkroom.aws.batches import Batches, Phase, State
    from darkroom.aws.batching import Settings

POLL_SECONDS = 1.0
LISTING_SHARE = 5
"""A look at a large batch takes its time: so many times as long passes until the next."""

LOOKING = "Evidence"
PHASES = {LOOKING: "photos looked at, for the albums", "Albums": "folders agreed about"}
"""The Maps before that of the photos, by their labels in the workflow."""


def wait_for(batches: Batches, settings: Settings) -> State:
    """Show a batch until its run has ended."""
    first = None
    if settings.album:
        show_albums(batches, settings)
    with moving_bar(settings.total) as move:
        while True:
            began = time.monotonic()
            state = batches.state(settings)
            counts = state.counts
            first = first or (began, counts.ended)
            rate = (counts.ended - first[1]) / (began - first[0]) if began > first[0] else 0.0
            move(counts.ended, f"{rate:.1f}/s, {counts.rejected + counts.failed:,} failed")
            if not state.running:
                return state
            time.sleep(max(POLL_SECONDS, LISTING_SHARE * (time.monotonic() - began)))


def show_albums(batches: Batches, settings: Settings) -> None:
    """Show how far a batch is that looks at its photos, and agrees about them, until its first photo may be begun."""
    now = _before(batches, settings)
    if now is None:
        return
    with moving_bar(1) as move:
        while now is not None:
            numbers = f"{now.done:,} of {now.of:,} " if now.of else ""  # it has none until its list is read
            move(now.done / max(1, now.of), numbers + PHASES[now.name])
            time.sleep(POLL_SECONDS)
            now = _before(batches, settings)


def _before(batches: Batches, settings: Settings) -> Phase | None:
    """How far the Maps before that of the photos are; None where those are begun, or the run has ended."""
    from darkroom.aws.batches import Phase

    goes_on, maps = batches.phases(settings)
    now = maps[-1] if maps else Phase(LOOKING, 0, 0)
    return now if goes_on and now.name in PHASES else None
