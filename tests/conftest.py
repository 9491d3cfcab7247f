"""What all tests share: on a machine that is meant to run everything, a skipped suite is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

REQUIRED = set(filter(None, os.environ.get("DARKROOM_REQUIRE", "").split(",")))
"""Markers of the suites that must run, such as ``cloud,docker``: their skips are failures."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    demanded = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and demanded and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"DARKROOM_REQUIRE asks for {', '.join(demanded)}, but: {reason}"
    return report
