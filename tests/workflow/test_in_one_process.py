"""A job in one process, as a container does it, is the workflow's job: the same bytes, the same manifest."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("fusion", ["stage", "fused"])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_bytes_and_manifest_are_the_workflow_s(lab: Lab, recipe: str, fusion: Fusion) -> None:
    lab.fusion = fusion
    event = lab.upload("photo.jpg", photos.encoded(width=120, height=90), {"recipe": recipe})
    execution = lab.execute(event)
    (key, name) = lab.results()
    file, manifest = lab.result(key), lab.manifest(key)

    one, begun = event["detail"]["object"], list[str]()
    job = Job(manifest["job"], event["detail"]["bucket"]["name"], one["key"], one["sequencer"], one["version-id"])
    with environment("worker", SETTINGS):
        outcome = whole.run(job, fusion, lambda: 300.0, begun.append)

    assert outcome.status == "succeeded"
    assert (outcome.result or {}).keys() == lab.record()["result"].keys()
    assert (outcome.recipe, outcome.diagnosis) == (lab.record()["recipe"], lab.record()["diagnosis"])
    assert lab.result(key) == file
    assert timeless(json.loads(lab.result(name))) == timeless(manifest)
    assert begun == [state for state in execution.states if state in definition.lambda_tasks(lab.definition)]


def test_a_photo_that_was_deleted_is_superseded(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    lab.s3.delete_object(Bucket=event["detail"]["bucket"]["name"], Key="photo.jpg")
    one = event["detail"]["object"]
    with environment("worker", SETTINGS):
        outcome = whole.run(
            Job("0" * 32, event["detail"]["bucket"]["name"], one["key"], one["sequencer"], one["version-id"]),
            "stage",
            lambda: 300.0,
            lambda _: None,
        )
    assert (outcome.status, outcome.result, lab.results()) == ("superseded", None, [])
