"""The workflow's state stays small whatever is asked for: past 256 KiB AWS ends an execution, and no Catch sees it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom.defects import DEFECTS
from darkroom.errors import StepFailed
from darkroom.recipe import MAX_STEPS
from darkroom.wanted import METADATA_BYTES, Wanted
from tests.bench import drain
from tests.support import networks, photos, template
from tests.support.workflow import Execution, Lab

MOST_BYTES = 128 * 1024
"""Half of what Step Functions allows, of all that a state sees together, where AWS counts each value by itself."""

PARTITION_UNITS = 1000
"""Write units a second: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""

DIAGNOSES = ("diagnose",) * 7
"""A stage with as much to say as seven of the step that says most."""

LONGEST_KEY = "ü" * 510 + ".png"


def sizes(execution: Execution) -> Iterator[tuple[str, int]]:
    """At each transition, its state and the bytes of all variables with what goes in and comes out there."""
    variables: dict[str, str] = {}
    state = ""
    for event in execution.history:
        for details in event.values():
            if not isinstance(details, dict):
                continue
            state = details.get("name", state)
            variables |= details.get("assignedVariables", {})
            passing = [details[name] for name in ("input", "output", "parameters", "cause") if name in details]
            yield state, sum(len(text.encode()) for text in [*variables.values(), *passing])


def longest_recipe(*names: str) -> dict[str, str]:
    """The metadata of as many steps as a recipe may have, taken in turn, with as long a description as fits."""

    def metadata(description: str) -> dict[str, str]:
        steps = [{"name": names[index % len(names)]} for index in range(MAX_STEPS)]
        fields = {"steps": steps, "name": "n" * 64, "description": description, "format": "png"}
        return Wanted.of_body({"recipe": fields}).to_metadata()

    room = METADATA_BYTES - sum(len(name) + len(value) for name, value in metadata("").items())
    return metadata("d" * min(500, room - 20))


def assert_small(lab: Lab, execution: Execution) -> None:
    size, state = max((size, state) for state, size in sizes(execution))
    assert size < MOST_BYTES, f"{size:,} bytes at {state}"
    (record,) = lab.dynamodb.scan(TableName="darkroom-jobs")["Items"]
    assert len(json.dumps(record, ensure_ascii=False).encode()) < MOST_BYTES


def test_of_the_longest_recipe_whose_every_step_has_much_to_say(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician(dict.fromkeys(DEFECTS, 0.9), {}))
    execution = lab.execute(lab.upload(LONGEST_KEY, photos.encoded("PNG"), longest_recipe(*DIAGNOSES, "gamma")))
    assert execution.status == "SUCCEEDED", execution.cause
    assert_small(lab, execution)
    (manifest,) = [json.loads(lab.result(key)) for key in lab.results() if key.endswith(".json")]
    stages = [stage["stage"] for stage in manifest["stages"]]
    assert stages == ["inspect", *["classify", "adjust_tone"] * 4, "publish"]
    said = [step["details"]["defects"] for stage in manifest["stages"] for step in stage["steps"] if "details" in step]
    assert [len(defects) for defects in said] == [len(DEFECTS)] * (MAX_STEPS - 4)
    assert len(json.dumps(manifest)) > MOST_BYTES / 2, "nothing here was large enough to matter"


@pytest.mark.parametrize("fusion", ["stage", "fused"])
def test_of_a_photo_that_has_every_defect(lab: Lab, monkeypatch: pytest.MonkeyPatch, fusion: str) -> None:
    networks.answer(monkeypatch, networks.Diagnostician(dict.fromkeys(DEFECTS, 0.9), {}))
    lab.fusion = fusion
    execution = lab.execute(lab.upload(LONGEST_KEY, photos.encoded("PNG"), {"recipe": "auto"}))
    assert execution.status == "SUCCEEDED", execution.cause
    assert_small(lab, execution)
    assert len(json.loads(lab.record()["diagnosis"])["defects"]) == len(DEFECTS)


def test_of_an_error_that_has_much_to_say(lab: Lab) -> None:
    lab.functions.errors["adjust_tone"] = [StepFailed("bad-event", "ü" * 3_000)]
    metadata = longest_recipe("gamma", "diagnose")
    execution = lab.execute(lab.upload(LONGEST_KEY, photos.encoded("PNG"), metadata))
    assert execution.status == "FAILED"
    record: dict[str, Any] = lab.record()
    assert record["error"]["code"] == "step.bad-event"
    assert len(record["error"]["message"]) == 2000
    assert len(json.dumps(lab.told(), ensure_ascii=False).encode()) < MOST_BYTES


def test_the_index_of_all_jobs_takes_what_may_run(lab: Lab) -> None:
    """It is one partition; a write unit is 1 KB of one write, and a job writes twice."""
    lab.execute(lab.upload("holiday/in the mountains/IMG_20260704_123456.jpg", photos.encoded(), {"recipe": "auto"}))
    (record,) = lab.dynamodb.scan(TableName="darkroom-jobs")["Items"]
    units = 2 * math.ceil(len(json.dumps(record, ensure_ascii=False).encode()) / 1024)
    jobs_a_second = template.source()["Parameters"]["MaxRunningJobs"]["MaxValue"] / sum(drain.STAGES_SECONDS)
    assert units * jobs_a_second < PARTITION_UNITS
