"""The Lambda handlers one by one, on moto: what they answer, log and count, and what becomes of errors."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import numpy as np
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from darkroom import models, report
from darkroom.aws import clients, handover, storage
from darkroom.aws import stage as stages
from darkroom.picture import Metadata, Picture
from darkroom.report import File, Report, StageReport, StepReport
from tests.support import networks, photos
from tests.support.functions import RESULTS, UPLOADS, WORK, Context, Functions, environment, load
from tests.support.stores import stores
from tests.support.workflow import read_event

JOB = "5f1d7a84db00d2fce00b31a7fc73224f"
STAGE_OF_EVENT = {"inspect": "inspect", "stage": "adjust_tone", "publish": "publish"}
PRIVATE = [UPLOADS, WORK, RESULTS, "holiday", "a+b", "secret words", "X-Amz-Signature", "AWSAccessKeyId"]


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """The functions, with the upload and the pictures between stages that the event files speak of."""
    with stores(monkeypatch):
        s3 = boto3.client("s3")
        key = read_event("inspect")["job"]["key"]
        metadata = {"recipe": '{"steps": [{"name": "gamma"}], "description": "secret words"}'}
        s3.put_object(Bucket=UPLOADS, Key=key, Body=photos.encoded(), Metadata=metadata)
        for index in (0, 1):
            picture = Picture(photos.pixels(seed=index), metadata=Metadata(source_format="JPEG"))
            s3.put_object(Bucket=WORK, Key=f"jobs/{JOB}/{index}.dkr", Body=handover.pack(picture))
        yield Functions()


def invoke(functions: Functions, event_file: str) -> Any:
    """A stage's answer to an event file, or its report of the error that it raised."""
    return functions.invoke(STAGE_OF_EVENT[event_file], read_event(event_file)).payload


def reported[T](answer: dict[str, Any], kind: type[T]) -> T:
    """What a stage's answer tells the workflow to carry to publish."""
    return msgspec.json.decode(answer["report"], type=kind)


def lines(output: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Log entries and metrics of what was written to standard output; every line must be one of them."""
    parsed = [json.loads(line) for line in output.splitlines()]
    return [line for line in parsed if "_aws" not in line], [line for line in parsed if "_aws" in line]


def metric(metrics: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The metrics of one name, as CloudWatch's embedded metric format declares them."""
    return [
        line
        for line in metrics
        for declared in line["_aws"]["CloudWatchMetrics"]
        if declared["Namespace"] == "Darkroom" and name in [one["Name"] for one in declared["Metrics"]]
    ]


def test_inspect(functions: Functions) -> None:
    answer = invoke(functions, "inspect")
    assert answer["picture"] == f"jobs/{JOB}/0.dkr"
    assert answer["plan"] == [{"stage": "adjust_tone", "steps": [{"name": "gamma"}]}]
    assert answer["diagnose"] is False
    assert answer["recipe"] == "custom"
    inspection = reported(answer, Report)
    assert inspection.source == File(
        width=96,
        height=64,
        bit_depth=8,
        bytes=len(photos.encoded()),
        format="JPEG",
        bucket=UPLOADS,
        key="holiday/a+b %20 ü (1).jpg",
    )
    assert (inspection.job, inspection.recipe, inspection.result) == (JOB, "custom", None)
    assert [(stage.stage, stage.steps) for stage in inspection.stages] == [("inspect", [])]
    assert len(json.dumps(answer)) < 2000
    handed_over = handover.unpack(storage.read(WORK, answer["picture"])[0])
    assert np.array_equal(handed_over.pixels, photos.decoded(photos.encoded()))


def test_a_stage(functions: Functions) -> None:
    answer = invoke(functions, "stage")
    assert (set(answer), answer["picture"]) == ({"picture", "report"}, f"jobs/{JOB}/1.dkr")
    report = reported(answer, StageReport)
    assert report.stage == "adjust_tone"
    (step,) = report.steps
    assert (step.name, step.params["gamma"]) == ("gamma", 0.8)
    result = handover.unpack(storage.read(WORK, answer["picture"])[0]).pixels
    expected = (photos.pixels() / 255) ** (1 / 0.8) * 255
    assert np.abs(result - expected).max() <= 0.5 + 1e-6


def test_publish(functions: Functions) -> None:
    answer = invoke(functions, "publish")
    key = "holiday/a+b %20 ü (1).jpg"
    written = {name: storage.read(RESULTS, name)[1]["VersionId"] for name in (key, f"{key}.json")}
    assert answer == {
        "status": "succeeded",
        "diagnosis": "",
        "result": {"bucket": RESULTS, "key": key, "version": written[key]},
        "manifest": {"bucket": RESULTS, "key": f"{key}.json", "version": written[f"{key}.json"]},
    }
    body, head = storage.read(RESULTS, key)
    assert head["ContentType"] == "image/jpeg"
    assert head["Metadata"]["job"] == JOB
    mixed = 0.4 * photos.pixels(seed=0) + 0.6 * photos.pixels(seed=1)
    assert np.abs(photos.decoded(body) - mixed).mean() < 4, "60 % of the second picture over the first"
    manifest = report.read(storage.read(RESULTS, answer["manifest"]["key"])[0])
    assert [stage.stage for stage in manifest.stages] == ["inspect", "adjust_tone", "publish"]
    etag = head["ETag"].strip('"')
    assert manifest.result == File(
        width=96, height=64, bit_depth=8, bytes=len(body), format="jpeg", etag=etag, **answer["result"]
    )


@pytest.mark.parametrize("event_file", STAGE_OF_EVENT)
def test_logs_name_the_job_and_nothing_private(
    functions: Functions, event_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(functions, event_file)
    captured = capsys.readouterr()
    logs, metrics = lines(captured.out)
    assert logs
    assert all(entry["job_id"] == JOB for entry in logs)
    assert all(entry["function_name"] == f"darkroom-{STAGE_OF_EVENT[event_file]}" for entry in logs)
    assert isinstance(logs[-1]["milliseconds"], int)
    for private in PRIVATE:
        assert private not in captured.out + captured.err
    (succeeded,) = metric(metrics, "Succeeded")
    assert succeeded["Succeeded"] == [1.0]
    assert succeeded["service"] == STAGE_OF_EVENT[event_file]


def test_every_step_is_timed(functions: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    invoke(functions, "stage")
    logs, metrics = lines(capsys.readouterr().out)
    (duration,) = metric(metrics, "StepDuration")
    assert (duration["step"], duration["service"]) == ("gamma", "adjust_tone")
    (step,) = [entry for entry in logs if entry["message"] == "step"]
    assert (step["step"], step["pixels"]) == ("gamma", 96 * 64)


@pytest.mark.parametrize("event_file", STAGE_OF_EVENT)
def test_an_unexpected_exception_becomes_step_failed(
    functions: Functions, event_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(storage, "client", broken)
    stage = STAGE_OF_EVENT[event_file]
    report = invoke(functions, event_file)
    assert (report["errorType"], report["errorMessage"]) == (
        "StepFailed",
        f"step.unexpected: RuntimeError in {stage}",
    )
    logs, metrics = lines(capsys.readouterr().out)
    (entry,) = [entry for entry in logs if entry["level"] == "ERROR"]
    assert entry["job_id"] == JOB
    assert entry["errors"][0]["error"] == "RuntimeError"
    assert any("test_handlers.py" in frame and frame.endswith(" broken") for frame in entry["errors"][0]["frames"])
    assert metric(metrics, "Failed")[0]["Failed"] == [1.0]
    assert not metric(metrics, "Succeeded")


def test_a_step_is_counted_with_the_pixels_of_its_result_and_the_picture_before_is_let_go(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures: list[weakref.ref[Any]] = []
    alive: list[bool] = []

    def load_picture(key: str) -> Picture:
        picture = Picture(photos.pixels().copy())
        pictures.append(weakref.ref(picture.pixels))
        return picture

    def count_step(*told: Any) -> None:
        alive.append(pictures[0]() is not None)
        counted(*told)

    counted = stages.count_step
    monkeypatch.setattr(stages.BUCKET, "load_picture", load_picture)
    monkeypatch.setattr(stages, "count_step", count_step)
    event = read_event("stage")
    event["work"] = {"stage": "resize", "steps": [{"name": "resize", "params": {"width": 24}}, {"name": "gamma"}]}
    assert "errorType" not in functions.invoke("resize", event).payload
    logs, _ = lines(capsys.readouterr().out)
    assert [entry["pixels"] for entry in logs if entry["message"] == "step"] == [24 * 16] * 2
    assert alive == [False, False]


def test_what_the_workflow_asks_before_there_is_a_plan(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician())
    event = read_event("inspect")
    clients.client("s3").put_object(Bucket=UPLOADS, Key="dark.jpg", Body=photos.encoded(), Metadata={"recipe": "auto"})
    event["job"]["key"] = "dark.jpg"
    inspected = functions.invoke("inspect", event).payload
    assert (inspected["diagnose"], inspected["plan"], reported(inspected, Report).decisions) == (True, [], [])
    asked = {"job": JOB, "picture": inspected["picture"], "inspected": inspected["report"], "fusion": "stage"}
    answer = functions.invoke("classify", asked).payload
    decided = reported(answer, stages.Decided)
    assert [defect.name for defect in decided.diagnosis.present] == ["underexposed"]
    chosen = [step for decision in decided.decisions if decision.chosen for step in decision.steps]
    assert [step for part in answer["plan"] for step in part["steps"]] == msgspec.to_builtins(chosen)
    assert chosen
    assert decided.report.stage == "diagnose"
    assert set(answer) == {"plan", "report"}


def test_a_report_that_the_state_would_not_hold_lies_in_the_work_bucket(functions: Functions) -> None:
    """As much for each step as 32 of them may have together, and no more."""
    most = stages.MOST_CARRIED_OF_A_STEP

    def carried(length: int, steps: int = 1) -> str:
        said = [StepReport("gamma", {}, 0, {"text": "x" * length if index == 0 else ""}) for index in range(steps)]
        with environment("adjust_tone", functions.settings):
            return stages.BUCKET.leave(JOB, 1, StageReport("adjust_tone", 0, said))

    room = most - len(json.dumps(carried(1))) + 1
    assert [len(json.dumps(carried(room - 1))), len(json.dumps(carried(room)))] == [most - 1, most]
    kept = carried(room + 1)
    assert kept == f"jobs/{JOB}/1.json"
    assert carried(room + 1, steps=2).startswith("{")
    event = read_event("publish")
    event["reports"][1:] = [carried(room), carried(room + 1)]
    answer = functions.invoke("publish", event).payload
    manifest = report.read(storage.read(RESULTS, answer["manifest"]["key"])[0])
    assert [len(step.details["text"]) for step in manifest.steps] == [room, room + 1]


@pytest.mark.parametrize(
    ("body", "code"), [(None, "step.expired"), (b'{"schema": 2, ', "step.bad-report"), (b"[]", "step.bad-report")]
)
def test_a_report_that_is_gone_or_none(functions: Functions, body: bytes | None, code: str) -> None:
    event = read_event("publish")
    event["reports"][1] = f"jobs/{JOB}/1.json"
    if body is not None:
        clients.client("s3").put_object(Bucket=WORK, Key=f"jobs/{JOB}/1.json", Body=body)
    answer = functions.invoke("publish", event).payload
    assert (answer["errorType"], answer["errorMessage"].partition(":")[0]) == ("StepFailed", code)


@pytest.mark.parametrize("told", ['{"schema": 2, ', '{"stage": 3}'])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_report_in_the_state_that_is_none(functions: Functions, index: int, told: str) -> None:
    event = read_event("publish") | {"diagnosed": index == 1}
    event["reports"][index:] = [told]
    answer = functions.invoke("publish", event).payload
    assert (answer["errorType"], answer["errorMessage"].partition(":")[0]) == ("StepFailed", "step.bad-report")


def test_a_question_about_a_file_is_answered(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician({"noise": 0.9}, {"noise_sigma_log2": 4.0}))
    clients.client("s3").put_object(Bucket=WORK, Key=f"sync/{JOB}/photo.jpg", Body=photos.encoded())
    event = {"job": JOB, "upload": f"sync/{JOB}/photo.jpg", "step": {"name": "diagnose"}}
    report = functions.invoke("classify", event).payload
    assert report["name"] == "diagnose"
    (noise,) = [defect for defect in report["details"]["defects"] if defect["present"]]
    assert (noise["name"], noise["strength"], noise["unit"]) == ("noise", 16, "levels")


@pytest.mark.parametrize(
    ("body", "step", "code"),
    [
        (b"just words, and more of them than a header has", "diagnose", "image.not-an-image"),
        (photos.encoded()[:300], "diagnose", "image.truncated"),
        (photos.encoded(), "denoise", "step.bad-event"),
        (photos.encoded(), "diagnos", "recipe.unknown-step"),
    ],
)
def test_a_question_that_has_no_answer(functions: Functions, body: bytes, step: str, code: str) -> None:
    clients.client("s3").put_object(Bucket=WORK, Key="sync/x/photo.jpg", Body=body)
    event = {"job": JOB, "upload": "sync/x/photo.jpg", "step": {"name": step}}
    assert functions.invoke("classify", event).payload["errorMessage"].startswith(f"{code}: ")


def test_a_model_that_is_not_installed(functions: Functions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "CHECKOUT", tmp_path)
    monkeypatch.setattr(models, "PACKAGE", "darkroom_no_models")
    models.load.cache_clear()
    event = read_event("stage")
    event["work"] = {"stage": "classify", "steps": [{"name": "diagnose"}]}
    report = functions.invoke("classify", event).payload
    assert (report["errorType"], report["errorMessage"].partition(":")[0]) == ("StepFailed", "step.no-model")


S3_ERRORS = {
    "SlowDown": (503, "TransientError", "transient.unavailable"),
    "ServiceUnavailable": (503, "TransientError", "transient.unavailable"),
    "InternalError": (500, "TransientError", "transient.unavailable"),
    "ThrottlingException": (400, "TransientError", "transient.unavailable"),
    "AccessDenied": (403, "StepFailed", "step.storage"),
    "NoSuchBucket": (404, "StepFailed", "step.storage"),
}


@pytest.mark.parametrize("code", S3_ERRORS)
@pytest.mark.parametrize(
    ("event_file", "operation"), [("inspect", "get_object"), ("stage", "put_object"), ("publish", "head_object")]
)
def test_errors_of_s3(
    functions: Functions, event_file: str, operation: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, name, reason = S3_ERRORS[code]

    def refuse(**request: Any) -> None:
        raise ClientError(
            {"Error": {"Code": code, "Message": f"no {request}"}, "ResponseMetadata": {"HTTPStatusCode": status}},
            operation,
        )

    monkeypatch.setattr(clients.client("s3"), operation, refuse)
    report = invoke(functions, event_file)
    assert (report["errorType"], report["errorMessage"].partition(":")[0]) == (name, reason)
    assert code in report["errorMessage"]
    for private in PRIVATE:
        assert private not in json.dumps(report)


@pytest.mark.parametrize("code", S3_ERRORS)
@pytest.mark.parametrize("operation", ["get_object", "get_object_tagging"])
def test_what_lies_beside_an_upload_is_asked_for_again_rather_than_left_out(
    functions: Functions, operation: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photo's own bytes, where nothing was changed, and its tags: lost for good alone are they done without."""
    s3 = clients.client("s3")
    event = read_event("publish")
    event["picture"] = event["original"]
    event["reports"] = [json.dumps(json.loads(event["reports"][0]) | {"blend": 100, "quality": None})]
    usual = getattr(s3, operation)

    def refuse(**request: Any) -> Any:
        if request["Bucket"] != UPLOADS:
            return usual(**request)
        raise ClientError(
            {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": S3_ERRORS[code][0]}},
            operation,
        )

    monkeypatch.setattr(s3, operation, refuse)
    answer = functions.invoke("publish", event).payload
    if S3_ERRORS[code][1] == "TransientError":
        assert answer["errorType"] == "TransientError"
    else:
        assert answer["status"] == "succeeded"


def test_a_store_that_cannot_be_reached_is_transient(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**request: Any) -> None:
        raise EndpointConnectionError(endpoint_url=f"https://{UPLOADS}.example")

    monkeypatch.setattr(clients.client("s3"), "get_object", refuse)
    report = invoke(functions, "inspect")
    assert report["errorType"] == "TransientError"
    assert UPLOADS not in report["errorMessage"]


def test_a_deleted_upload_is_the_file_s_fault(functions: Functions) -> None:
    boto3.client("s3").delete_object(Bucket=UPLOADS, Key=read_event("inspect")["job"]["key"])
    report = invoke(functions, "inspect")
    assert report["errorType"] == "ImageRejected"
    assert report["errorMessage"].startswith("image.gone: ")


@pytest.mark.parametrize("event_file", STAGE_OF_EVENT)
def test_an_event_that_is_none_of_ours(functions: Functions, event_file: str) -> None:
    event = read_event(event_file)
    event["job"] = 3
    report = functions.invoke(STAGE_OF_EVENT[event_file], event).payload
    assert report["errorType"] == "StepFailed"
    assert report["errorMessage"].startswith("step.bad-event: ")


@pytest.mark.parametrize("name", ["WORK_BUCKET", "DEFAULT_RECIPE"])
def test_a_missing_setting_is_named(functions: Functions, name: str) -> None:
    functions.settings[name] = ""
    clients.client("s3").copy_object(
        Bucket=UPLOADS, Key="plain.jpg", CopySource={"Bucket": UPLOADS, "Key": read_event("inspect")["job"]["key"]},
        MetadataDirective="REPLACE",
    )  # fmt: skip
    event = read_event("inspect")
    event["job"]["key"] = "plain.jpg"
    report = functions.invoke("inspect", event).payload
    assert report["errorMessage"] == f"step.misconfigured: the environment variable {name} is not set"


def test_a_stage_stops_while_there_is_time_to_say_so(functions: Functions) -> None:
    with environment("adjust_tone", functions.settings), pytest.raises(Exception, match=r"^step\.out-of-time: "):
        load("adjust_tone").handler(read_event("stage"), Context("darkroom-adjust_tone", seconds_left=4))


def test_a_job_of_one_invocation_stops_while_there_is_time_to_publish(functions: Functions) -> None:
    event = read_event("inspect") | {"fusion": "one"}
    with environment("inspect", functions.settings):
        with pytest.raises(Exception, match=r"^step\.out-of-time: "):
            load("inspect").handler(event, Context("darkroom-inspect", seconds_left=24))
        assert load("inspect").handler(event, Context("darkroom-inspect"))["published"]["status"] == "succeeded"
