"""`POST /classify` and `POST /diagnose`: a photo in, an answer about it out, by the stage that has the networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from darkroom import registry
from darkroom.aws import clients
from darkroom.aws.api import synchronous
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.recipe import StepCall
from darkroom.wanted import once_each


def answer(site: Site, route: str, step: str, body: bytes, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a step that answers finds in a photo: its report's details. `query` are its parameters.

    Raises darkroom's errors, the function's own among them; `Problem` 413 for a photo that is too large, and 504.
    """
    synchronous.check_size(body, route, f"POST /jobs with the step '{step}' takes larger ones.")
    params = registry.get(step).params.parse(once_each(query), of=step, from_text=True)
    job, key = synchronous.put(site, body, {})
    with synchronous.place(site):
        report = _ask(site, {"job": job, "upload": key, "step": StepCall(step, params.to_dict())})
    details: dict[str, Any] = report["details"]
    return details


def _ask(site: Site, question: dict[str, Any]) -> dict[str, Any]:
    if site.here is None:
        return _invoke(site.classify, question)
    report: dict[str, Any] | None = site.here.ask(question, synchronous.PATIENCE_SECONDS)
    if report is None:
        raise _too_late()
    return report


def _too_late() -> Problem:
    return Problem(
        HTTPStatus.GATEWAY_TIMEOUT,
        "http.timeout",
        f"There was no answer within {synchronous.PATIENCE_SECONDS} seconds: try again, or a smaller photo.",
    )


def _invoke(function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        done = synchronous.client("lambda").invoke(FunctionName=function, Payload=msgspec.json.encode(event))
        payload = msgspec.json.decode(done["Payload"].read(), type=dict[str, Any])
    except ReadTimeoutError as error:
        raise _too_late() from error
    except (ClientError, BotoCoreError) as error:
        raise clients.translate(error, "the function", "function") from error
    if "FunctionError" in done:
        raise synchronous.failure("function", payload.get("errorMessage", ""))
    return payload
