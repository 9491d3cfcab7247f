"""Uploads that go well: the result, its manifest, the job record and the event."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest

import darkroom
from darkroom import planner, recipe
from darkroom.errors import ImageRejected, StepFailed
from tests.support import definition, photos
from tests.support.functions import RESULTS, UPLOADS, WORK
from tests.support.interpreter import service_error
from tests.support.workflow import TABLE, Lab, read_event

STAGES = [stage for name, stage in definition.lambda_tasks(definition.load()).items() if name not in definition.AROUND]


@pytest.mark.parametrize("name", recipe.BUILT_IN)
def test_a_recipe_leaves_result_manifest_record_and_event(lab: Lab, name: str) -> None:
    event = lab.upload("holiday/photo.jpg", photos.encoded(), {"recipe": name})
    execution = lab.execute(event)
    assert execution.status == "SUCCEEDED", execution.cause
    assert lab.results() == ["holiday/photo.jpg", "holiday/photo.jpg.json"]
    result = photos.decoded(lab.result("holiday/photo.jpg"))
    assert result.shape == photos.pixels().shape

    job = execution.output["job"]
    manifest = lab.manifest("holiday/photo.jpg")
    assert manifest["job"] == job
    assert manifest["recipe"] == name
    assert manifest["blend"] == 100
    assert (manifest["measurements"] is None) == (name != "auto")
    assert manifest["source"] == {
        "bucket": UPLOADS,
        "key": "holiday/photo.jpg",
        "version": event["detail"]["object"]["version-id"],
        "bytes": event["detail"]["object"]["size"],
        "format": "JPEG",
        "width": 96,
        "height": 64,
        "bit_depth": 8,
    }
    lies, beside = (
        lab.s3.head_object(Bucket=RESULTS, Key=key) for key in ("holiday/photo.jpg", "holiday/photo.jpg.json")
    )
    assert manifest["result"] == {
        "bucket": RESULTS,
        "key": "holiday/photo.jpg",
        "version": lies["VersionId"],
        "etag": lies["ETag"].strip('"'),
        "format": "jpeg",
        "width": 96,
        "height": 64,
        "bit_depth": 8,
        "bytes": len(lab.result("holiday/photo.jpg")),
        **({"untouched": True} if name == "none" else {}),
    }
    done = [step["name"] for stage in manifest["stages"] for step in stage.get("steps", [])]
    if name == "auto":
        assert done == [step["name"] for decision in manifest["decisions"] for step in decision.get("steps", [])]
        assert done, "a dark picture is left as it is"
        assert all(decision["why"] for decision in manifest["decisions"])
    else:
        steps = recipe.built_in(name).steps
        assert steps != "auto"
        assert done == [call.name for call in steps]

    record = lab.record()
    assert record["id"] == job
    assert record["status"] == "succeeded"
    assert record["recipe"] == name
    assert (record["bucket"], record["key"]) == (UPLOADS, "holiday/photo.jpg")
    assert record["result"] == {"bucket": RESULTS, "key": "holiday/photo.jpg", "version": lies["VersionId"]}
    assert record["manifest"] == {
        "bucket": RESULTS,
        "key": "holiday/photo.jpg.json",
        "version": beside["VersionId"],
    }
    assert record["created"] <= record["updated"]
    assert lab.told() == [
        (
            "Job Succeeded",
            {
                "schema_version": 1,
                "job": job,
                "execution": record["execution"],
                "status": "succeeded",
                "upload": {"bucket": UPLOADS, "key": "holiday/photo.jpg"},
                "result": record["result"],
                "manifest": record["manifest"],
            },
        )
    ]


def test_every_stage_is_a_task_of_its_own(lab: Lab) -> None:
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded(), {"recipe": photos.recipe_through(STAGES)}))
    tasks = definition.lambda_tasks(lab.definition).items()
    names = {stage: state for state, stage in tasks if state != "Diagnose"}
    assert "Diagnose" not in execution.states
    entered = [state for state in execution.states if state in names.values()]
    assert entered == [names[stage] for stage in ["inspect", *STAGES, "publish"]]
    assert [stage["stage"] for stage in lab.manifest("photo.jpg")["stages"]] == ["inspect", *STAGES, "publish"]


def test_neighbouring_steps_of_a_stage_share_a_task_and_others_do_not(lab: Lab) -> None:
    steps = photos.recipe_through(["sharpen", "sharpen", "filter", "sharpen"])
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded(), {"recipe": steps}))
    assert [s for s in execution.states if s in ("Filter", "Sharpen")] == ["Sharpen", "Filter", "Sharpen"]


def test_an_answer_is_in_the_manifest_and_the_picture_stays(lab: Lab) -> None:
    steps = '{"steps": [{"name": "gamma", "params": {"gamma": 0.8}}, {"name": "diagnose"}], "format": "png"}'
    execution = lab.execute(lab.upload("photo.png", photos.encoded("PNG"), {"recipe": steps}))
    assert execution.status == "SUCCEEDED", execution.cause
    (step,) = lab.manifest("photo.png")["stages"][2]["steps"]
    assert step["name"] == "diagnose"
    assert step["details"]["defects"][0]["words"] == "underexposed by about 1.5 EV"
    expected = darkroom.apply("gamma", photos.pixels(), gamma=0.8)
    assert np.array_equal(photos.decoded(lab.result("photo.png")), expected)


@pytest.mark.parametrize("fusion", ["stage", "fused", "one", "auto"])
def test_auto_diagnoses_before_it_plans(lab: Lab, fusion: str) -> None:
    lab.fusion = fusion
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded(), {"recipe": "auto"}))
    assert execution.status == "SUCCEEDED", execution.cause
    tasks = [state for state in execution.states if state in definition.lambda_tasks(lab.definition)]
    assert tasks[:2] == ["Inspect", "Diagnose"]
    assert tasks.count("Diagnose") == 1
    manifest = lab.manifest("photo.jpg")
    assert [stage["stage"] for stage in manifest["stages"]][:2] == ["inspect", "diagnose"]
    dark, *others = manifest["diagnosis"]["defects"]
    assert (dark["name"], dark["present"], dark["strength"], dark["unit"]) == ("underexposed", True, 1.5, "EV")
    assert not any(other["present"] for other in others)
    assert json.loads(lab.record()["diagnosis"]) == manifest["diagnosis"] | {"defects": [dark]}
    done = [step["name"] for stage in manifest["stages"] for step in stage.get("steps", [])]
    assert done
    assert done == [step["name"] for decision in manifest["decisions"] for step in decision.get("steps", [])]
    assert photos.decoded(lab.result("photo.jpg")).mean() > photos.pixels().mean() + 5
    work = lab.s3.list_objects_v2(Bucket=WORK, Prefix="jobs/")["Contents"]
    assert all(one["Key"].endswith(".dkr") for one in work), "what is reported is carried in the state"


def test_other_recipes_are_not_diagnosed(lab: Lab) -> None:
    lab.execute(lab.upload("photo.jpg", photos.encoded(), {"recipe": "vivid"}))
    assert lab.manifest("photo.jpg")["diagnosis"] is None
    assert lab.record()["diagnosis"] == ""
    assert "classify" not in [stage for stage, _ in lab.functions.invocations]


def test_fused_stages_make_the_same_pixels(lab: Lab) -> None:
    metadata = {"recipe": photos.recipe_through(STAGES, format="png")}
    apart = lab.execute(lab.upload("apart.jpg", photos.encoded(), metadata))
    lab.fusion = "fused"
    fused = lab.execute(lab.upload("fused.jpg", photos.encoded(), metadata))
    tasks = definition.lambda_tasks(lab.definition)
    assert len([state for state in apart.states if state in tasks]) == 2 + len(STAGES)
    imaging = next(state for state, stage in tasks.items() if stage == STAGES[0])
    assert [state for state in fused.states if state in tasks] == ["Inspect", imaging, "Classify", "Publish"]
    before, after = photos.decoded(lab.result("apart.jpg.png")), photos.decoded(lab.result("fused.jpg.png"))
    assert np.array_equal(before, after)
    assert not np.array_equal(before, photos.pixels())


@pytest.mark.parametrize(("fusion", "blend"), [("one", 100), ("one", 60), ("auto", 100)])
def test_a_photo_is_worked_on_where_it_was_read(lab: Lab, fusion: str, blend: int) -> None:
    """The same pixels and the same report, stage by stage, by one invocation, which leaves nothing between."""
    elsewhere = {"one": {"classify"}, "auto": {"classify", "restore", "portrait"}}[fusion]  # the latter take long
    stages = [stage for stage in STAGES if stage not in elsewhere]
    metadata = {"recipe": photos.recipe_through(stages, format="png", blend=blend)}
    lab.execute(lab.upload("apart.jpg", photos.encoded(), metadata))
    lab.fusion = fusion
    execution = lab.execute(lab.upload("one.jpg", photos.encoded(), metadata))
    assert execution.status == "SUCCEEDED", execution.cause
    tasks = definition.lambda_tasks(lab.definition)
    assert [state for state in execution.states if state in tasks] == ["Inspect"]
    assert execution.output["status"] == "succeeded"
    assert not lab.s3.list_objects_v2(Bucket=WORK, Prefix=f"jobs/{execution.output['job']}/").get("Contents")
    apart, one = lab.manifest("apart.jpg.png"), lab.manifest("one.jpg.png")
    timeless = [
        [(stage["stage"], [step | {"milliseconds": 0} for step in stage.get("steps", [])]) for stage in each["stages"]]
        for each in (apart, one)
    ]
    assert timeless[0] == timeless[1]
    before, after = photos.decoded(lab.result("apart.jpg.png")), photos.decoded(lab.result("one.jpg.png"))
    assert np.array_equal(before, after)
    assert not np.array_equal(before, photos.pixels())


@pytest.mark.parametrize("fusion", ["one", "auto"])
@pytest.mark.parametrize("reason", ["too large", "a network"])
def test_what_cannot_be_worked_on_where_it_was_read_is_fused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, reason: str, fusion: str
) -> None:
    lab.fusion = fusion
    if reason == "too large":
        monkeypatch.setattr(planner, "ONE_MOST_PIXELS", photos.pixels().shape[0] * photos.pixels().shape[1] - 1)
    steps = photos.recipe_through(["sharpen", *(["classify"] if reason == "a network" else ["filter"])])
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded(), {"recipe": steps}))
    assert execution.status == "SUCCEEDED", execution.cause
    assert "Sharpen" in execution.states


def test_a_stage_that_takes_long_stays_apart_where_that_is_left_to_darkroom(lab: Lab) -> None:
    """What is short before and after it shares an invocation."""
    names = ["gamma", "unsharp_mask", "lift_shadows", "adjust_color", "unsharp_mask"]
    steps = {"recipe": json.dumps({"steps": [{"name": name} for name in names]}), "format": "png"}
    staged = lab.execute(lab.upload("apart.jpg", photos.encoded(), steps))
    lab.fusion = "auto"
    execution = lab.execute(lab.upload("auto.jpg", photos.encoded(), steps))
    tasks = definition.lambda_tasks(lab.definition)
    ran = [[state for state in each.states if state in tasks] for each in (staged, execution)]
    assert len(ran[0]) == 2 + len(names)
    assert ran[1] == ["Inspect", "Adjust tone", "Adjust tone", "Correct color", "Publish"]
    assert lab.result("auto.jpg.png") == lab.result("apart.jpg.png")


def test_a_repeated_event_ends_quietly(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    first = lab.execute(event)
    record, invocations = lab.record(), len(lab.functions.invocations)
    second = lab.execute({**event, "id": "another delivery"})
    assert second.status == "SUCCEEDED"
    assert second.output == {"status": "duplicate", "job": first.output["job"]}
    assert lab.record() == record
    assert len(lab.functions.invocations) == invocations
    assert len(lab.told()) == 1


def test_two_deliveries_at_once_are_one_job(lab: Lab) -> None:
    lab.meetings["Claim"] = threading.Barrier(2)
    event = lab.upload("photo.jpg", photos.encoded())
    executions = [lab.wait(arn) for arn in [lab.start(event), lab.start(event)]]
    assert sorted(execution.output["status"] for execution in executions) == ["duplicate", "succeeded"]
    assert lab.record()["status"] == "succeeded"
    assert [kind for kind, _ in lab.told()] == ["Job Succeeded"]


def waiting(lab: Lab, key: str, job: str, bucket: str = UPLOADS) -> None:
    """The record that the API leaves before the upload."""
    item = {
        "id": job,
        "status": "waiting",
        "bucket": bucket,
        "key": key,
        "created": "2026-01-01T00:00:00.000Z",
        "request": "what was asked",
    }
    lab.dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})


def test_a_job_that_waits_for_its_upload_is_taken_over_once(lab: Lab) -> None:
    job = "0123456789abcdef" * 2
    key = f"api/{job}/photo.jpg"
    waiting(lab, key, job)
    event = lab.upload(key, photos.encoded())
    first, second = lab.execute(event), lab.execute(event)
    assert (first.output["status"], second.output["status"]) == ("succeeded", "duplicate")
    record = lab.record()
    assert (record["id"], record["status"]) == (job, "succeeded")
    assert (record["created"], record["request"]) == ("2026-01-01T00:00:00.000Z", "what was asked")
    assert record["version"] == event["detail"]["object"]["version-id"]


def test_another_key_of_an_announced_job_is_a_job_of_its_own(lab: Lab) -> None:
    job = "0123456789abcdef" * 2
    waiting(lab, f"api/{job}/photo.jpg", job)
    execution = lab.execute(lab.upload(f"api/{job}/other.jpg", photos.encoded()))
    assert execution.output["status"] == "succeeded"
    assert execution.output["job"] != job
    assert {record["id"]: record["status"] for record in lab.records()} == {
        job: "waiting",
        execution.output["job"]: "succeeded",
    }


def test_a_key_as_of_a_photo_that_is_waited_for_takes_over_no_job_of_it(lab: Lab) -> None:
    job = "0123456789abcdef" * 2
    key = f"sync/{job}/photo.png"
    waiting(lab, key, job, bucket=WORK)
    execution = lab.execute(lab.upload(key, photos.encoded()))
    assert (execution.output["status"], execution.output["job"] == job) == ("succeeded", False)
    (record,) = (one for one in lab.records() if one["id"] == job)
    assert (record["status"], record["bucket"]) == ("waiting", WORK)


def test_a_form_that_is_used_twice_makes_two_jobs(lab: Lab) -> None:
    job = "0123456789abcdef" * 2
    key = f"api/{job}/photo.jpg"
    waiting(lab, key, job)
    events = [lab.upload(key, photos.encoded(seed=seed)) for seed in (1, 2)]
    outputs = [lab.execute(event).output for event in [*events, *events]]
    assert [output["status"] for output in outputs] == ["succeeded", "succeeded", "duplicate", "duplicate"]
    assert outputs[0]["job"] == job
    versions = {record["version"] for record in lab.records()}
    assert versions == {event["detail"]["object"]["version-id"] for event in events}
    assert [detail["job"] for _, detail in lab.told()] == [outputs[0]["job"], outputs[1]["job"]]


def test_a_look_that_fails_loses_no_upload(lab: Lab) -> None:
    job = "0123456789abcdef" * 2
    key = f"api/{job}/photo.jpg"
    waiting(lab, key, job)
    events = [lab.upload(key, photos.encoded(seed=seed)) for seed in (1, 2)]
    lab.execute(events[0])
    lab.refusals["Look up"] = [service_error("ValidationException")] * 3
    assert lab.execute(events[1]).output["status"] == "succeeded"
    assert len(lab.records()) == 2


def test_a_failed_job_is_begun_anew_by_its_event(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    lab.functions.errors["inspect"] = [StepFailed("out-of-time", "no time was left")]
    assert lab.execute(event).status == "FAILED"
    failed = lab.record()
    assert (failed["status"], failed["version"]) == ("failed", event["detail"]["object"]["version-id"])
    assert failed["sequencer"] == event["detail"]["object"]["sequencer"]
    execution = lab.execute(event)
    assert execution.output == {**execution.output, "status": "succeeded", "job": failed["id"]}
    record = lab.record()
    assert record["status"] == "succeeded"
    assert "error" not in record
    assert [kind for kind, _ in lab.told()] == ["Job Failed", "Job Succeeded"]


def test_a_rejected_job_is_not_begun_anew(lab: Lab) -> None:
    event = lab.upload("photo.jpg", b"no photo")
    lab.execute(event)
    assert lab.execute(event).output["status"] == "duplicate"


@pytest.mark.parametrize("failing", [False, True], ids=["succeeds", "fails"])
def test_a_record_that_was_deleted_while_its_job_ran_does_not_come_back(lab: Lab, failing: bool) -> None:
    def forget(event: Any, context: Any) -> Any:
        lab.dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": event["job"]["id"]}})
        if failing:
            raise StepFailed("out-of-time", "no time was left")
        del lab.functions.handlers["inspect"]
        return lab.functions.invoke("inspect", event).payload

    lab.functions.handlers["inspect"] = forget
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.output["status"] == ("duplicate" if failing else "forgotten")
    assert lab.records() == []


def test_an_execution_that_goes_on_after_its_record_ended_leaves_no_error(lab: Lab) -> None:
    """Step Functions can redrive one that was stopped: meanwhile the reconciler has ended its record."""

    def end(event: Any, context: Any) -> Any:
        lab.dynamodb.update_item(
            TableName=TABLE,
            Key={"id": {"S": event["job"]["id"]}},
            UpdateExpression="SET #status = :failed, #error = :error REMOVE #open",
            ExpressionAttributeNames={"#status": "status", "#error": "error", "#open": "open"},
            ExpressionAttributeValues={":failed": {"S": "failed"}, ":error": {"M": {"code": {"S": "step.stopped"}}}},
        )
        del lab.functions.handlers["inspect"]
        return lab.functions.invoke("inspect", event).payload

    lab.functions.handlers["inspect"] = end
    assert lab.execute(lab.upload("photo.jpg", photos.encoded())).output["status"] == "succeeded"
    record = lab.record()
    assert record["status"] == "succeeded"
    assert not {"error", "open"} & set(record)


@pytest.mark.parametrize("body", [photos.encoded(), b"no photo"], ids=["succeeded", "rejected"])
def test_only_a_job_that_runs_is_listed_as_unfinished(lab: Lab, body: bytes) -> None:
    seen = []

    def look(event: Any, context: Any) -> Any:
        seen.append(lab.record()["open"])
        del lab.functions.handlers["inspect"]
        answer = lab.functions.invoke("inspect", event)
        if answer.error:
            raise ImageRejected("not-an-image", "told by the test")
        return answer.payload

    lab.functions.handlers["inspect"] = look
    lab.execute(lab.upload("photo.jpg", body))
    assert seen == ["running"]
    assert "open" not in lab.record()


def test_a_claim_whose_answer_was_lost_is_no_duplicate(lab: Lab) -> None:
    lab.lost_answers["Claim"] = [service_error("InternalServerErrorException")]
    execution = lab.execute(lab.upload("photo.jpg", photos.encoded()))
    assert execution.attempts("Claim") == 2
    assert execution.output["status"] == "succeeded"
    assert lab.record()["status"] == "succeeded"


def test_versions_of_a_key_are_jobs_of_their_own(lab: Lab) -> None:
    first, second = (lab.execute(lab.upload("photo.jpg", photos.encoded(seed=seed))) for seed in (1, 2))
    assert first.output["job"] != second.output["job"]
    assert len(lab.records()) == 2


def test_an_unversioned_upload_is_known_by_its_sequencer(lab: Lab) -> None:
    event = read_event("s3_object_created_unversioned")
    lab.upload(event["detail"]["object"]["key"], photos.encoded("PNG"))
    jobs = {lab.execute(event).output["job"], lab.execute(event).output["job"]}
    assert len(jobs) == 1
    assert lab.record()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("a+b %20 ü (1).jpg", "a+b %20 ü (1).jpg"),
        ("no extension", "no extension.photo.jpg"),
        ("UPPER.JPEG", "UPPER.JPEG"),
        ("v1.2", "v1.2.photo.jpg"),
        ("a/.hidden", "a/.hidden.photo.jpg"),
        ("two\nlines\t.png", "two\nlines\t.png.jpg"),
        ("'quoted' \"twice\" \\ $x {% 1 %} ${Y}.png", "'quoted' \"twice\" \\ $x {% 1 %} ${Y}.png.jpg"),
    ],
)
def test_keys_stay_what_they_are(lab: Lab, key: str, result: str) -> None:
    execution = lab.execute(lab.upload(key, photos.encoded()))
    assert execution.status == "SUCCEEDED", execution.cause
    assert lab.results() == [result, f"{result}.json"]
    assert lab.record()["key"] == key
    assert lab.manifest(result)["source"]["key"] == key
    assert lab.told()[0][1]["upload"]["key"] == key


@pytest.mark.parametrize(
    ("key", "metadata", "chosen"),
    [
        ("photo.jpg", {}, "none"),
        ("vivid/photo.jpg", {}, "vivid"),
        ("vivid", {}, "none"),
        ("holiday/vivid/photo.jpg", {}, "none"),
        ("vivid/photo.jpg", {"recipe": "auto"}, "auto"),
        ("vivid/photo.jpg", {"recipe": '{"steps": [], "name": "mine"}'}, "mine"),
    ],
)
def test_the_recipe_is_metadata_s_else_the_folder_s_else_the_stack_s(
    lab: Lab, key: str, metadata: dict[str, str], chosen: str
) -> None:
    lab.execute(lab.upload(key, photos.encoded(), metadata))
    assert lab.record()["recipe"] == chosen


def test_metadata_sets_blend_format_and_quality(lab: Lab) -> None:
    strong = '{"steps": [{"name": "gamma", "params": {"gamma": 3}}]}'
    results = {}
    for blend in ("0", "50", "100"):
        key = f"{blend}.png"
        lab.execute(lab.upload(key, photos.encoded("PNG"), {"recipe": strong, "blend": blend, "format": "png"}))
        assert lab.manifest(key)["blend"] == int(blend)
        results[blend] = photos.decoded(lab.result(key)).astype(float)
    assert np.array_equal(results["0"], photos.pixels())
    assert np.abs(results["50"] - (results["0"] + results["100"]) / 2).max() <= 1
    sizes = {}
    for quality in ("20", "90"):
        key = f"quality{quality}.png"
        lab.execute(lab.upload(key, photos.encoded("PNG"), {"format": "jpeg", "quality": quality}))
        sizes[quality] = len(lab.result(f"{key}.jpg"))
    assert sizes["20"] < sizes["90"]
