"""The gate runs in several processes: what must not run at once runs in one, and all call a test the same."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("alone")
def test_pytest_xdist_sees_the_groups(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process runs all")
    assert request.node.nodeid.endswith("@alone")


def test_no_test_s_name_holds_a_file(request: pytest.FixtureRequest) -> None:
    assert max(len(item.name) for item in request.session.items) < 500
