"""The gate's groups hold: what must not run at once runs in one process."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("alone")
def test_pytest_xdist_sees_the_groups(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process runs all")
    assert request.node.nodeid.endswith("@alone")
