from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.core.config import DefaultConfig

from darkroom.aws import clients
from tests.support import interpreter, networks
from tests.support.functions import Functions
from tests.support.workflow import Lab


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A fresh stack on moto, its functions in this process, with no waiting between tries.

    `photos` are diagnosed as dark, and lighter ones as fine: what the workflow makes of a diagnosis is tested here, not
    the network.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    # It logs what tests provoke, with its whole syntax tree.
    monkeypatch.setattr(logging.getLogger("moto.stepfunctions"), "level", logging.CRITICAL + 1)
    networks.answer(monkeypatch, networks.Diagnostician(fine_above=0.35))
    functions = Functions()
    interpreter.complete(monkeypatch)
    interpreter.make_writes_atomic(monkeypatch)
    interpreter.run_in_process(monkeypatch, functions)
    config: DefaultConfig = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with mock_aws(config=config):
        clients.client.cache_clear()
        lab = Lab(functions)
        interpreter.hurry_timeouts(monkeypatch, lab.hanging)
        interpreter.observe(
            monkeypatch,
            before_task=lab.before_task,
            after_task=lambda state: lab.answer(lab.lost_answers, state),
            sleep=lab.waits.append,
            ended=lab.end,
        )
        yield lab
    clients.client.cache_clear()
