"""What a container takes for granted where its environment says nothing: what the template does."""

from __future__ import annotations

import os

import pytest

from darkroom.aws.container import settings
from darkroom.errors import StepFailed
from darkroom.limits import Limits
from tests.support import template


def test_defaults_are_the_template_s(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = {name: str(each.get("Default")) for name, each in template.source()["Parameters"].items()}
    for name, value in settings.DEFAULTS.items():
        if value != "none":
            assert value == parameters["".join(part.capitalize() for part in name.split("_"))]
    for name in settings.DEFAULTS:
        monkeypatch.setenv(name, "")
    settings.complete([])
    assert Limits.from_env(os.environ) == Limits()


def test_what_must_be_said_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBS_TABLE", "")
    for name, value in settings.DEFAULTS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StepFailed, match="JOBS_TABLE is not set"):
        settings.complete(["JOBS_TABLE"])
