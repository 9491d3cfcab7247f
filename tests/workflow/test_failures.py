"""Every task, failing in every way: what the job record, the event and the execution say then."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from darkroom.aws.endings import UNTOLD
from tests.support import definition, photos
from tests.support.failures import BROKEN, FAILURES, LAMBDA_TASKS, OTHER_TASKS, Failure, upload_through
from tests.support.functions import UPLOADS, WORK
from tests.support.interpreter import service_error
from tests.support.workflow import Execution, Lab

TRIES = 3
"""Of what nobody knows to be hopeless: a second try may mend a crash, a fifteenth will not."""


def assert_failed(lab: Lab, execution: Execution, state: str, failure: Failure, stage: str) -> None:
    """The record, the event and the execution's end all say the same."""
    message = failure.message.format(stage=stage) if "{stage}" in failure.message else failure.message
    error = {"name": failure.name, "code": failure.code, "message": message, "state": state}
    assert tuple(execution.states[-4:]) == definition.FAILURE_PATH
    assert execution.states[-5] == state
    assert execution.status == "FAILED"
    assert (execution.error, execution.cause) == (failure.name, f"{failure.code}: {message}")
    record = lab.record()
    assert (record["status"], record["error"]) == (failure.status, error)
    assert lab.told() == [
        (
            "Job Rejected" if failure.status == "rejected" else "Job Failed",
            {
                "schema_version": 1,
                "job": record["id"],
                "execution": record["execution"],
                "status": failure.status,
                "upload": {"bucket": UPLOADS, "key": "photo.jpg"},
                "error": error,
            },
        )
    ]


def test_every_task_is_covered() -> None:
    assert set(LAMBDA_TASKS) | OTHER_TASKS == set(definition.tasks(definition.load()))


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("state", LAMBDA_TASKS)
def test_a_function_s_error_is_recorded_and_told(lab: Lab, state: str, kind: str) -> None:
    stage, failure = LAMBDA_TASKS[state], FAILURES[kind]
    lab.functions.errors[stage] = [failure.error]
    execution = lab.execute(upload_through(lab, state))
    assert_failed(lab, execution, state, failure, stage)
    assert execution.attempts(state) == 1
    assert lab.waits == []
    assert lab.results() == []


@pytest.mark.parametrize("state", LAMBDA_TASKS)
def test_a_function_that_hangs_is_given_up(lab: Lab, state: str) -> None:
    stage, released = LAMBDA_TASKS[state], threading.Event()

    def hang(event: Any, context: Any) -> bool:
        lab.hanging.set()
        return released.wait(600)

    lab.functions.handlers[stage] = hang
    lab.definition["States"][state]["TimeoutSeconds"] = 1
    lab.definition["States"][state]["Retry"][-1]["MaxAttempts"] = 0  # moto's history cannot tell of two timeouts
    try:
        execution = lab.execute(upload_through(lab, state))
    finally:
        released.set()
    failure = Failure(TimeoutError(), "StepFailed", "step.timeout", f"{state} took longer than it may")
    assert_failed(lab, execution, state, failure, stage)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 300.00 seconds"),
        ("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: signal: killed"),
        ("RuntimeError", "{braces, but no JSON}"),
        ("FileNotFoundError", '{"errorMessage": "no end'),
    ],
)
@pytest.mark.parametrize("times", [TRIES - 1, TRIES])
def test_a_function_that_lambda_ended_is_called_again_twice(lab: Lab, name: str, message: str, times: int) -> None:
    ends = [message] * times

    def end(event: Any, context: Any) -> None:
        if len(ends) == 1:
            del lab.functions.handlers["sharpen"]
        raise type(name, (Exception,), {})(ends.pop())

    lab.functions.handlers["sharpen"] = end
    execution = lab.execute(upload_through(lab, "Sharpen"))
    assert execution.attempts("Sharpen") == TRIES
    if times < TRIES:
        assert lab.record()["status"] == "succeeded"
    else:
        assert_failed(lab, execution, "Sharpen", Failure(Exception(), name, name, message), "sharpen")


@pytest.mark.parametrize("cause", ["{}", "{broken}", '{"errorMessage": "bad \\q"}', '{"errorMessage": null}', "{\n}"])
def test_a_cause_that_only_looks_like_json_is_told_as_it_is(lab: Lab, cause: str) -> None:
    lab.refusals["Claim"] = [service_error("ValidationException", cause)] * TRIES
    lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert lab.record()["error"]["message"].startswith(cause)


@pytest.mark.parametrize("state", ["Claim", "Complete"])
def test_a_job_table_that_refuses_is_recorded(lab: Lab, state: str) -> None:
    lab.refusals[state] = [service_error("ValidationException", "no such attribute")] * TRIES
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    name = "DynamoDB.ValidationException"
    assert tuple(execution.states[-4:]) == definition.FAILURE_PATH
    assert execution.error == name
    record = lab.record()
    assert record["status"] == "failed"
    assert record["error"]["name"] == record["error"]["code"] == name
    assert record["error"]["message"].startswith("no such attribute")
    assert record["error"]["state"] == state
    assert set(record) >= {"listing", "bucket", "key", "execution", "created", "updated", "expires"}
    assert [kind for kind, _ in lab.told()] == ["Job Failed"]


def test_a_failed_claim_leaves_another_execution_s_job_alone(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    lab.execute(event)
    record = lab.record()
    lab.refusals["Claim"] = [service_error("ValidationException")] * TRIES
    execution = lab.execute(event)
    assert execution.status == "SUCCEEDED", execution.cause
    assert execution.output["status"] == "duplicate"
    assert lab.record() == record
    assert [kind for kind, _ in lab.told()] == ["Job Succeeded"]


def test_a_success_that_cannot_be_told_stays_recorded_as_one(lab: Lab) -> None:
    lab.refusals["Tell success"] = [service_error("AccessDeniedException", "not allowed")] * TRIES
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.states[-2:] == ["Tell success", "Failed"]
    assert execution.status == "FAILED"
    assert execution.cause is not None
    assert execution.cause.startswith("step.untold: the job is done, but the event that says so could not be sent")
    assert execution.cause.endswith(UNTOLD)
    assert lab.record()["status"] == "succeeded"
    assert lab.results() == ["photo.jpg", "photo.jpg.json"]
    assert lab.told() == []


def test_a_failure_that_cannot_be_recorded_is_told(lab: Lab) -> None:
    lab.functions.errors["inspect"] = [BROKEN]
    lab.refusals["Record failure"] = [service_error("ValidationException")] * TRIES
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert tuple(execution.states[-4:]) == definition.FAILURE_PATH
    assert execution.error == "ImageRejected"
    ((kind, detail),) = lab.told()
    assert (kind, detail["error"]["code"]) == ("Job Rejected", "image.truncated")


def test_a_failure_that_cannot_be_told_is_recorded(lab: Lab) -> None:
    lab.functions.errors["inspect"] = [BROKEN]
    lab.refusals["Tell failure"] = [service_error("AccessDeniedException")] * TRIES
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.states[-2:] == ["Tell failure", "Failed"]
    assert execution.error == "ImageRejected"
    assert execution.cause is not None
    assert execution.cause.endswith(UNTOLD)
    assert lab.record()["error"]["code"] == "image.truncated"
    assert lab.told() == []


def test_a_plan_with_a_stage_that_the_workflow_lacks_fails(lab: Lab) -> None:
    def inspect(event: Any, context: Any) -> dict[str, Any]:
        return {
            "plan": [{"stage": "emboss", "steps": []}],
            "diagnose": False,
            "recipe": "custom",
            "picture": "jobs/1/0",
            "published": None,
        }

    lab.functions.handlers["inspect"] = inspect
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.cause == "step.unknown-stage: the workflow has no stage emboss"
    assert lab.record()["error"]["code"] == "step.unknown-stage"


def test_an_answer_that_is_no_answer_is_our_fault(lab: Lab) -> None:
    lab.functions.handlers["inspect"] = lambda event, context: {"not": "what inspect answers"}
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.error == "StepFailed"
    assert lab.record()["error"]["code"] == "step.queryevaluationerror"


def test_a_picture_that_the_work_bucket_forgot_is_our_fault(lab: Lab) -> None:
    lab.functions.handlers["inspect"] = lambda event, context: forget(lab, event)
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.states[-5] == "Publish"
    assert lab.record()["status"] == "failed"
    assert lab.record()["error"]["code"] == "step.expired"


def forget(lab: Lab, event: Any) -> Any:
    """Inspect, and lose what it handed over."""
    del lab.functions.handlers["inspect"]
    answer = lab.functions.invoke("inspect", event).payload
    lab.s3.delete_object(Bucket=WORK, Key=answer["picture"])
    return answer
