"""What all tests share: on a machine that is meant to run everything, a skipped suite is a failure."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import hypothesis
import pytest

REQUIRED = set(filter(None, os.environ.get("DARKROOM_REQUIRE", "").split(",")))
"""Markers of the suites that must run, such as ``cloud,docker``: their skips are failures."""

GROUPS = {"docker": "page", "browser": "page", "cloud": "stack"}
"""Markers of the suites that build and deploy, and the group of each: one process runs a group, on a stack of its own.
Docker changes the network, which Chromium takes for a failure: these two never run at once."""

# The same examples each time: what fails, fails for who broke it, and not on some later day for somebody else.
hypothesis.settings.register_profile("tests", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("tests")

# Every test on moto has sessions of its own. What botocore knows of AWS they read once, together: in half the time.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


def remembered(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, giving a client of moto's that it made before: making one takes longer than most requests to moto.

    Not where an endpoint is given, which may be another emulator's by then, nor where retries are, which are counted.
    """
    made: dict[tuple[str, ...], Any] = {}

    @functools.wraps(make)
    def remembering(service_name: str, **options: Any) -> Any:
        config = getattr(options.get("config"), "_user_provided_options", {})
        settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
        if "AWS_ENDPOINT_URL" in os.environ or options.get("endpoint_url") or "mode" in config.get("retries", {}):
            return make(service_name, **options)
        told = {**options, "config": sorted(config.items())}
        key = (service_name, repr(sorted(told.items())), repr(settings))
        if key not in made:
            made[key] = make(service_name, **options)
        return made[key]

    return remembering


boto3.client, boto3.resource = remembered(boto3.client), remembered(boto3.resource)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Files and long texts among parameters are told by the parameter's name: some files hold the time at which they
    were made, and pytest-xdist runs nothing where two processes name a test differently."""
    return argname if (isinstance(val, bytes) and len(val) > 32) or (isinstance(val, str) and len(val) > 200) else None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if group := next((group for name, group in GROUPS.items() if item.get_closest_marker(name)), None):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    demanded = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and demanded and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"DARKROOM_REQUIRE asks for {', '.join(demanded)}, but: {reason}"
    return report
