"""The container image: what it is built of, without an engine that builds it."""

from __future__ import annotations

import re

from tests.support import definition

PINNED = r"^([a-z0-9-]+==\S+)"


def test_its_packages_are_the_locked_ones() -> None:
    """`make lock` makes both."""
    locked = set(re.findall(PINNED, (definition.ROOT / "requirements.lock").read_text(), re.MULTILINE))
    needed = re.findall(PINNED, (definition.ROOT / "infra/docker/requirements.txt").read_text(), re.MULTILINE)
    assert {name.partition("==")[0] for name in needed} > {"boto3", "gunicorn", "numpy", "onnxruntime"}
    assert set(needed) <= locked


def test_nobody_is_root_in_it() -> None:
    lines = (definition.ROOT / "Dockerfile").read_text().splitlines()
    last = max(index for index, line in enumerate(lines) if line.startswith("FROM "))
    assert "USER 10001:10001" in lines[last:]
