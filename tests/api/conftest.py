from __future__ import annotations

from collections.abc import Iterator

import pytest

from darkroom.aws.api import synchronous
from tests.support.api_client import Client, Lambda, Workflow
from tests.support.functions import Functions
from tests.support.stores import stores


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """The functions, with buckets and table on moto."""
    with stores(monkeypatch):
        yield Functions()


@pytest.fixture
def api(functions: Functions) -> Client:
    return Client(functions)


@pytest.fixture
def workflow(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    stand_in = Workflow(functions)
    monkeypatch.setattr(synchronous, "client", {"stepfunctions": stand_in}.__getitem__)
    return stand_in


@pytest.fixture
def networks(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Lambda:
    stand_in = Lambda(functions)
    monkeypatch.setattr(synchronous, "client", {"lambda": stand_in}.__getitem__)
    return stand_in
