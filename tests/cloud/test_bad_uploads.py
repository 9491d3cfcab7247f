"""Uploads that cannot be done, through the deployed stack: each says why, and stops nothing else."""

from __future__ import annotations

import json

import pytest

from tests.cloud.cloud import Cloud
from tests.support import photos

pytestmark = pytest.mark.cloud


def steps(name: str, **params: float) -> dict[str, str]:
    return {"recipe": json.dumps({"steps": [{"name": name, "params": params}]})}


BAD = {
    "text.jpg": (b"not a picture", {}, "image.not-an-image", "accepted are"),
    "empty.jpg": (b"", {}, "image.empty", "empty"),
    "truncated.jpg": (photos.encoded()[:-600], {}, "image.truncated", "ends early"),
    "bomb.png": (photos.png_that_claims(20_000, 20_000), {}, "image.too-many-pixels", "64,000,000"),
    "ruler.png": (photos.png_that_claims(40_000, 1), {}, "image.too-large-side", "30,000"),
    "recipe.jpg": (photos.encoded(), {"recipe": "vivd"}, "recipe.unknown-recipe", "did you mean 'vivid'?"),
    "step.jpg": (photos.encoded(), steps("gama"), "recipe.unknown-step", "did you mean 'gamma'?"),
    "value.jpg": (photos.encoded(), steps("gamma", gamma=11), "recipe.bad-parameter", "0.1 to 10"),
}
GOOD = "among-bad-ones.jpg"


@pytest.fixture(scope="module")
def uploaded(cloud: Cloud) -> Cloud:
    """All of them at once, and a good one in the middle."""
    for number, (key, (body, metadata, *_)) in enumerate(BAD.items()):
        cloud.upload(f"bad/{key}", body, **metadata)
        if number == len(BAD) // 2:
            cloud.upload(GOOD, photos.encoded(), recipe="none")
    return cloud


@pytest.mark.parametrize("key", BAD)
def test_the_record_says_why(uploaded: Cloud, key: str) -> None:
    *_, code, words = BAD[key]
    job = uploaded.job(f"bad/{key}")
    assert (job["status"], job["error"]["code"]) == ("rejected", code), job
    assert words in job["error"]["message"]
    execution = uploaded.execution(job)
    assert (execution["status"], execution["cause"]) == ("FAILED", f"{code}: {job['error']['message']}")
    event = uploaded.told(job["id"])
    assert (event["detail-type"], event["detail"]["error"]["code"]) == ("Job Rejected", code)
    assert not {result for result in uploaded.results() if result.startswith("bad/")}


def test_a_good_one_among_them_is_done(uploaded: Cloud) -> None:
    assert uploaded.job(GOOD)["status"] == "succeeded"


def test_an_upload_that_was_deleted_before_it_was_read(cloud: Cloud) -> None:
    cloud.upload("deleted.jpg", photos.encoded(), recipe="none")
    event = json.loads(cloud.execution(cloud.job("deleted.jpg"))["input"])
    event["detail"]["object"] |= {"key": "never-there.jpg", "sequencer": "1"}
    assert cloud.run(event)["status"] == "FAILED"
    job = cloud.job("never-there.jpg")
    assert (job["status"], job["error"]["code"]) == ("rejected", "image.gone")
