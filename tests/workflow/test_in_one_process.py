"""A job in one process, as a container does it, is the workflow's job: the same bytes, the same manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from darkroom.aws.container import whole
from darkroom.aws.stage import Job
from darkroom.planner import Fusion
from tests.support import definition, photos
from tests.support.functions import SETTINGS, environment
from tests.support.workflow import Lab

STEPS = (
    '{"steps": [{"name": "gamma"}, {"name": "unsharp_mask"}, {"name": "resize", "params": {"width": 40}}], "blend": 80}'
)
RECIPES = {"diagnosed": "auto", "as it is": "none", "built in": "vivid", "steps": STEPS, "an answer": "digits"}


def timeless(manifest: Any) -> Any:
    """A manifest without what differs between two runs: times, and the version of what was written."""
    if isinstance(manifest, dict):
        kept = {name: value for name, value in manifest.items() if name not in ("milliseconds", "version")}
        return {name: timeless(value) for name, value in kept.items()}
    return [timeless(each) for each in manifest] if isinstance(manifest, list) else manifest


def in_one_process(event: Any, job: str, fusion: Fusion, begin: Callable[[str], None]) -> whole.Outcome:
    """What a container makes of the upload that an event tells of."""
    one, bucket = event["detail"]["object"], event["detail"]["bucket"]["name"]
    with environment("worker", SETTINGS):
        return whole.run(
            Job(job, bucket, one["key"], one["sequencer"], one["version-id"]), fusion, lambda: 300.0, begin
        )


@pytest.mark.parametrize("fusion", ["stage", "fused"])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_bytes_and_manifest_are_the_workflow_s(lab: Lab, recipe: str, fusion: Fusion) -> None:
    lab.fusion = fusion
    event = lab.upload("photo.jpg", photos.encoded(width=120, height=90), {"recipe": recipe})
    execution = lab.execute(event)
    (key, name) = lab.results()
    file, manifest = lab.result(key), lab.manifest(key)

    begun = list[str]()
    outcome = in_one_process(event, manifest["job"], fusion, begun.append)

    assert outcome.status == "succeeded"
    assert (outcome.result or {}).keys() == lab.record()["result"].keys()
    assert (outcome.recipe, outcome.diagnosis) == (lab.record()["recipe"], lab.record()["diagnosis"])
    assert lab.result(key) == file
    assert timeless(json.loads(lab.result(name))) == timeless(manifest)
    assert begun == [state for state in execution.states if state in definition.lambda_tasks(lab.definition)]


def test_a_photo_that_was_deleted_is_superseded(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    lab.s3.delete_object(Bucket=event["detail"]["bucket"]["name"], Key="photo.jpg")
    outcome = in_one_process(event, "0" * 32, "stage", lambda _: None)
    assert (outcome.status, outcome.result, lab.results()) == ("superseded", None, [])
