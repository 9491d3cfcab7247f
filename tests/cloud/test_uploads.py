"""Photos through the deployed stack: what comes out, what is recorded, and who is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

import darkroom
from darkroom import recipe
from tests.cloud.cloud import Cloud
from tests.support import photos, schemas

pytestmark = pytest.mark.cloud

EVERY_STAGE = photos.recipe_through(["filter", "correct_color", "adjust_tone", "sharpen"], name="tour")


def test_an_upload_leaves_result_manifest_record_and_event(cloud: Cloud) -> None:
    cloud.upload("holiday/photo.png", photos.encoded("PNG"), recipe=EVERY_STAGE)
    job = cloud.job("holiday/photo.png")
    assert job["status"] == "succeeded", job
    assert job["recipe"] == "tour"
    assert cloud.execution(job)["status"] == "SUCCEEDED"
    manifest = cloud.manifest(job)
    stages = [stage["stage"] for stage in manifest["stages"]]
    assert stages == ["inspect", "filter", "correct_color", "adjust_tone", "sharpen", "publish"]
    assert job["manifest"]["key"] == job["result"]["key"] + ".json"
    assert {job["result"]["key"], job["manifest"]["key"]} <= cloud.results()
    event = cloud.told(job["id"])
    assert event["detail-type"] == "Job Succeeded"
    schemas.check_event(event)
    assert event["detail"]["result"] == job["result"]


def test_the_result_is_what_the_library_makes(cloud: Cloud) -> None:
    body = photos.encoded("PNG", seed=5)
    cloud.upload("same.png", body, recipe=EVERY_STAGE, format="png")
    ours = darkroom.enhance(body, recipe=json.loads(EVERY_STAGE)).image
    np.testing.assert_array_equal(photos.decoded(cloud.result(cloud.job("same.png"))), ours)


@pytest.fixture(scope="module")
def by_recipe(cloud: Cloud) -> dict[str, bytes]:
    """One photo uploaded at once into the folder of each recipe."""
    body = photos.encoded("PNG", seed=3)
    for name in recipe.BUILT_IN:
        cloud.upload(f"{name}/photo.png", body)
    return dict.fromkeys(recipe.BUILT_IN, body)


@pytest.mark.parametrize("name", recipe.BUILT_IN)
def test_every_recipe_runs_as_deployed(cloud: Cloud, by_recipe: dict[str, bytes], name: str) -> None:
    job = cloud.job(f"{name}/photo.png")
    assert job["status"] == "succeeded", job
    assert job["recipe"] == name
    ours = darkroom.enhance(by_recipe[name], recipe=name).image
    np.testing.assert_array_equal(photos.decoded(cloud.result(job)), ours)


def test_auto_says_why(cloud: Cloud) -> None:
    cloud.upload("dark.jpg", photos.encoded())
    manifest = cloud.manifest(cloud.job("dark.jpg"))
    assert manifest["recipe"] == "auto"
    assert manifest["decisions"]
    assert all(decision["why"] for decision in manifest["decisions"])


@pytest.mark.parametrize(
    ("key", "result"), [("a+b %20 ü (1).jpg", "a+b %20 ü (1).jpg"), ("no extension", "no extension.photo.jpg")]
)
def test_keys_stay_what_they_are(cloud: Cloud, key: str, result: str) -> None:
    cloud.upload(key, photos.encoded(), recipe="none")
    job = cloud.job(key)
    assert job["status"] == "succeeded", job
    assert job["result"]["key"] == result
    assert {result, f"{result}.json"} <= cloud.results()


def test_a_repeated_event_is_quiet(cloud: Cloud) -> None:
    cloud.upload("once.jpg", photos.encoded(), recipe="none")
    job = cloud.job("once.jpg")
    event = json.loads(cloud.states.describe_execution(executionArn=job["execution"])["input"])
    repeated = cloud.run(event)
    assert repeated["status"] == "SUCCEEDED"
    assert json.loads(repeated["output"]) == {"status": "duplicate", "job": job["id"]}
    assert cloud.jobs("once.jpg") == [job]


def test_the_same_upload_twice_is_two_jobs_with_one_result(cloud: Cloud) -> None:
    body = photos.encoded("PNG", seed=3)
    for _ in range(2):
        cloud.upload("twice.png", body, recipe="none", format="png")
        cloud.finished("twice.png")
    newest, oldest = cloud.finished("twice.png", 2)
    assert (newest["status"], oldest["status"]) == ("succeeded", "succeeded")
    assert newest["result"]["key"] == oldest["result"]["key"]
    assert newest["result"]["version"] != oldest["result"]["version"]
    np.testing.assert_array_equal(photos.decoded(cloud.result(newest)), photos.pixels(3))
    assert cloud.manifest(newest)["job"] == newest["id"]


def test_of_uploads_at_once_the_newest_stays(cloud: Cloud) -> None:
    for seed in range(4):
        cloud.upload("race.png", photos.encoded("PNG", seed=seed), recipe="none", format="png")
    jobs = cloud.finished("race.png", 4)
    assert {job["status"] for job in jobs} <= {"succeeded", "superseded"}, jobs
    done = [job for job in jobs if job["status"] == "succeeded"]
    np.testing.assert_array_equal(photos.decoded(cloud.result(done[0])), photos.pixels(3))
    manifest = cloud.manifest(done[0])
    (last,) = (job for job in done if job["id"] == manifest["job"])
    lies = cloud.s3.head_object(Bucket=last["result"]["bucket"], Key=last["result"]["key"])
    # Not the version: the emulator's events name none, so jobs of one key may read, and write, the same bytes.
    assert lies["ETag"].strip('"') == manifest["result"]["etag"], "of two jobs"
    assert last["result"]["version"] == manifest["result"]["version"]
