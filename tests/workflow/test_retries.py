"""What is tried again, how often and after how long; and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from darkroom.errors import TransientError
from tests.support import definition, photos
from tests.support.failures import BROKEN, FAILURES, LAMBDA_TASKS, OTHER_TASKS, upload_through
from tests.support.interpreter import service_error
from tests.support.workflow import Lab

BUSY = TransientError("unavailable", "the object store answered SlowDown")
ATTEMPTS = 11  # the first, and ten more


def retrier(lab: Lab, state: str) -> dict[str, Any]:
    """A task's retrier for services in trouble; the one after it is for what nobody knows of."""
    return dict(lab.definition["States"][state]["Retry"][-2])


@pytest.mark.parametrize("state", LAMBDA_TASKS)
def test_a_throttled_function_and_a_transient_error_are_tried_again(lab: Lab, state: str) -> None:
    stage = LAMBDA_TASKS[state]
    lab.refusals[state] = [service_error("TooManyRequestsException"), service_error("ServiceException")]
    lab.functions.errors[stage] = [BUSY]
    execution = lab.execute(upload_through(lab, state))
    assert execution.status == "SUCCEEDED", execution.cause
    assert execution.attempts(state) == 4
    # Full jitter: anything up to the interval, which doubles, for throttling and for trouble each by itself.
    assert len(lab.waits) == 3
    assert all(0 <= wait <= longest for wait, longest in zip(lab.waits, (1, 1, 2), strict=True))
    assert lab.record()["status"] == "succeeded"
    assert [kind for kind, _ in lab.told()] == ["Job Succeeded"]


@pytest.mark.parametrize("state", sorted(OTHER_TASKS - {"Look up"}))
def test_services_that_are_busy_are_asked_again(lab: Lab, state: str) -> None:
    if state.endswith("failure"):
        lab.functions.errors["inspect"] = [BROKEN]
    names = retrier(lab, state)["ErrorEquals"]
    lab.refusals[state] = [service_error(name.partition(".")[2]) for name in names]
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.attempts(state) == 1 + len(names)
    assert len(lab.waits) == len(names)
    failed = state.endswith("failure")
    assert lab.record()["status"] == ("rejected" if failed else "succeeded")
    assert [kind for kind, _ in lab.told()] == ["Job Rejected" if failed else "Job Succeeded"]


def test_patience_ends(lab: Lab) -> None:
    lab.functions.errors["sharpen"] = [BUSY] * ATTEMPTS
    execution = lab.execute(upload_through(lab, "Sharpen"))
    assert execution.attempts("Sharpen") == ATTEMPTS
    assert max(lab.waits) <= retrier(lab, "Sharpen")["MaxDelaySeconds"]
    record = lab.record()
    assert record["status"] == "failed"
    assert record["error"] == {
        "name": "TransientError",
        "code": BUSY.code,
        "message": BUSY.message,
        "state": "Sharpen",
    }


@pytest.mark.parametrize("kind", FAILURES)
def test_what_will_fail_again_is_not_tried_again(lab: Lab, kind: str) -> None:
    lab.functions.errors["sharpen"] = [FAILURES[kind].error]
    execution = lab.execute(upload_through(lab, "Sharpen"))
    assert execution.status == "FAILED"
    assert execution.attempts("Sharpen") == 1
    assert lab.waits == []


def test_a_stage_that_is_tried_again_hands_over_the_same_picture(lab: Lab) -> None:
    """The answer of the first try is lost: the second overwrites what it wrote, and the result is none the worse."""
    recipe = photos.recipe_through(["filter", "sharpen"], format="png")
    lab.execute(lab.upload("calm.jpg", photos.encoded(), {"recipe": recipe}))
    lab.lost_answers = {state: [service_error("ServiceException")] for state in definition.lambda_tasks(lab.definition)}
    execution = lab.execute(lab.upload("lossy.jpg", photos.encoded(), {"recipe": recipe}))
    assert [execution.attempts(state) for state in ("Inspect", "Filter", "Sharpen", "Publish")] == [2, 2, 2, 2]
    assert lab.result("lossy.jpg.png") == lab.result("calm.jpg.png")
    assert {record["status"] for record in lab.records()} == {"succeeded"}
