"""What the API's function renews where Lambda goes on from a snapshot of it, by Lambda's own runner of hooks."""

from __future__ import annotations

import random
import sys

import pytest
import snapshot_restore_py
from awslambdaric import lambda_runtime_hooks_runner as runner

from darkroom.aws import clients
from darkroom.aws.api import secret, snapshot
from tests.support.functions import load


def test_what_goes_on_from_one_snapshot_goes_on_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr(secret, "_stage", lambda *_: b"known")
    load("api")
    connected = clients.client("s3")
    assert secret.secrets("arn")
    assert secret._secrets.cache_info().currsize
    remembered, numbers = random.getstate(), set[float]()
    try:
        for _ in range(2):
            random.setstate(remembered)
            runner.run_after_restore()
            numbers.add(random.random())
    finally:
        random.setstate(remembered)
    assert len(numbers) == 2
    assert clients.client("s3") is not connected
    assert secret._secrets.cache_info().currsize == 0


def test_where_lambda_s_library_is_missing_nothing_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    registered = len(snapshot_restore_py.get_after_restore())
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(sys.modules, "snapshot_restore_py", None)
        snapshot.renew_after_restore()
    assert len(snapshot_restore_py.get_after_restore()) == registered
    snapshot.renew_after_restore()
    assert len(snapshot_restore_py.get_after_restore()) == registered + 1
