"""The stack as it is deployed, on an embedded AWS that enforces IAM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.cloud.cloud import BATCH_BUCKET, Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """`template.yaml`, unchanged, by `sam build` and `sam deploy`; its API as fast as tests are."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws")) as aws:
        yield Cloud(aws, stack.deploy(aws, ApiRequestsPerSecond="1000", ApiBurst="1000", BatchBucket=BATCH_BUCKET))
