"""What containers need of AWS, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom_local.emulator import EmbeddedAws
from tests.containers.ground import Ground, emulator, ground


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with emulator(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def made(aws: EmbeddedAws) -> Iterator[Ground]:
    with ground(aws, tries=2) as made:
        yield made
