"""Events of jobs' ends, as programs read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from darkroom.client import JobEnded, read_event
from darkroom.errors import StepFailed
from docs.make import events_page
from tests.support import schemas
from tests.support.definition import ROOT

UPLOAD = {"bucket": "uploads", "key": "a.jpg"}
DONE: dict[str, Any] = {
    "schema_version": 1,
    "job": "1",
    "execution": "arn:aws:states:it",
    "status": "succeeded",
    "upload": UPLOAD,
    "result": {"bucket": "results", "key": "a.jpg", "version": None},
    "manifest": {"bucket": "results", "key": "a.jpg.json", "version": "v1"},
}
EVENT = {"source": "darkroom", "detail-type": "Job Succeeded", "detail": DONE}


@pytest.mark.parametrize("given", [EVENT, DONE, json.dumps(EVENT), json.dumps(DONE).encode()])
def test_an_event_is_read_however_it_comes(given: Any) -> None:
    ended = read_event(given)
    assert isinstance(ended, JobEnded)
    assert (ended.job, ended.status, ended.upload.key, ended.error) == ("1", "succeeded", "a.jpg", None)
    assert ended.result is not None
    assert ended.manifest is not None
    assert (ended.result.version, ended.manifest.version) == (None, "v1")


def test_one_of_before_and_one_with_more_are_read() -> None:
    before = {name: value for name, value in DONE.items() if name != "schema_version"}
    assert read_event(before).schema_version == 1
    assert read_event({**DONE, "stages": 3}).job == "1"
    refused = {**DONE, "status": "rejected", "error": {"code": "image.truncated", "message": "it ends early"}}
    error = read_event(refused).error
    assert error is not None
    assert error.code == "image.truncated"


@pytest.mark.parametrize(
    "given", ["", "[]", "{}", {"detail": None}, {**DONE, "schema_version": 2}, {**DONE, "status": "lost"}, b"\xff"]
)
def test_what_is_no_event_of_ours_is_told(given: Any) -> None:
    with pytest.raises(StepFailed) as caught:
        read_event(given)
    assert caught.value.code == "step.bad-event"


def test_schema_and_page_are_those_of_the_structs() -> None:
    current = "make openapi has not been run"
    assert (ROOT / "infra" / "events.schema.json").read_text("utf-8") == events_page.as_json(), current
    assert (ROOT / "docs" / "events.md").read_text("utf-8") == events_page.page(), current
    schemas.check_event(EVENT)
