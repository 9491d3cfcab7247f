"""What all tests share: on a machine that is meant to run everything, a skipped suite is a failure."""

from __future__ import annotations

import functools
import os
from collections.abc import Generator

import botocore.loaders
import botocore.session
import pytest

REQUIRED = set(filter(None, os.environ.get("DARKROOM_REQUIRE", "").split(",")))
"""Markers of the suites that must run, such as ``cloud,docker``: their skips are failures."""

DEPLOYED = ("cloud", "docker", "browser")
"""Markers of the suites that build and deploy: they share a folder of builds, so one process runs them all."""

# Every test on moto has sessions of its own. What botocore knows of AWS they read once, together: in half the time.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(name) for name in DEPLOYED):
            item.add_marker(pytest.mark.xdist_group("deployed"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    demanded = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and demanded and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"DARKROOM_REQUIRE asks for {', '.join(demanded)}, but: {reason}"
    return report
