"""One maker of clients, and one reading of what AWS's services answer."""

from __future__ import annotations

import botocore.retries.standard
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from darkroom.aws import clients
from darkroom.errors import StepFailed, TransientError


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "arn:aws:s3:::secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


def test_whatever_botocore_takes_for_throttling_is_transient() -> None:
    standard = botocore.retries.standard
    known = {
        *standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
        *standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES,
    }
    assert len(known) > 10
    assert known <= clients.BUSY


@pytest.mark.parametrize("code", sorted(clients.BUSY))
def test_a_busy_service_is_transient(code: str) -> None:
    error = clients.translate(refusal(code), "the function", "function")
    assert isinstance(error, TransientError)
    assert (error.code, error.message) == ("transient.unavailable", f"the function answered {code}")


def test_trouble_without_a_known_code_is_transient() -> None:
    assert clients.translate(refusal("Odd", 503), "the table", "jobs").code == "transient.unavailable"


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationException", "ResourceNotFoundException", ""])
def test_a_refusal_is_a_failure_that_names_no_resource(code: str) -> None:
    error = clients.translate(refusal(code), "the table of jobs", "jobs")
    assert isinstance(error, StepFailed)
    assert (error.code, error.message) == ("step.jobs", f"the table of jobs answered {code}")


@pytest.mark.parametrize("kind", [EndpointConnectionError, ReadTimeoutError])
def test_no_answer_is_transient_and_names_no_address(kind: type[Exception]) -> None:
    error = clients.translate(kind(endpoint_url="https://secret.example"), "the workflow", "workflow")  # type: ignore
    assert error.code == "transient.unreachable"
    assert "secret" not in error.message


@pytest.mark.parametrize("config", [clients.USUAL, Config(retries={"total_max_attempts": 1})])
def test_clients_go_to_the_emulator_where_one_is_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    addresses = {}
    for named in ("", "http://127.0.0.1:4566"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", named)
        clients.client.cache_clear()
        client = clients.client("stepfunctions", config)
        addresses[named] = client.meta.endpoint_url, client.meta.config.inject_host_prefix
    clients.client.cache_clear()
    assert addresses == {
        "": ("https://states.eu-central-1.amazonaws.com", True),
        "http://127.0.0.1:4566": ("http://127.0.0.1:4566", False),
    }
