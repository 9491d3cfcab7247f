"""The short form of `make test-chaos`: fewer photos, and the storms that take seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.__main__ import ground, weather
from tests.chaos.ground import Ground
from tests.chaos.storms import STORMS

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


@pytest.fixture(scope="module")
def where() -> Iterator[Ground]:
    with ground(short=True) as prepared:
        yield prepared


@pytest.mark.parametrize("name", [name for name, (_, _, few) in STORMS.items() if few])
def test_nothing_is_lost_doubled_stuck_or_wrong_after(where: Ground, name: str) -> None:
    (account,) = weather(where, [name], short=True)
    assert account.uploads
    assert account.trouble == []
