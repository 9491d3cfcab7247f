"""Steps whose reference is a second image: an S3 key in the recipe, read from one place only."""

from __future__ import annotations

import json

import boto3
import numpy as np
import pytest

import darkroom
from darkroom.picture import Array, Picture
from tests.support import photos
from tests.support.functions import UPLOADS
from tests.support.workflow import Lab

STEP = "adjust_distribution"


def png(pixels: Array) -> bytes:
    return darkroom.encode(Picture(pixels), "png")


def recipe_with(key: str) -> dict[str, str]:
    return {"recipe": json.dumps({"steps": [{"name": STEP, "references": {"reference": key}}]})}


def test_a_reference_is_read_from_the_references_folder(lab: Lab) -> None:
    bright = np.clip(photos.pixels().astype(int) + 60, 0, 255).astype(np.uint8)
    boto3.client("s3").put_object(Bucket=UPLOADS, Key="references/bright.png", Body=png(bright))
    lab.execute(lab.upload("photo.png", png(photos.pixels()), recipe_with("references/bright.png")))
    assert lab.record()["status"] == "succeeded", lab.record()
    expected = darkroom.apply(STEP, photos.pixels(), reference=bright)
    np.testing.assert_array_equal(photos.decoded(lab.result("photo.png")), expected)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("references/missing.png", "the reference image 'references/missing.png': there is none"),
        ("references/notes.txt", "the reference image 'references/notes.txt': the file is not a picture"),
        ("private/photo.png", "the reference image 'private/photo.png' does not lie under references/"),
        ("s3://other/references/a.png", "does not lie under references/"),
    ],
)
def test_a_bad_reference_is_the_request_s_fault(lab: Lab, key: str, says: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=UPLOADS, Key="references/notes.txt", Body=b"only words, nothing to see here")
    s3.put_object(Bucket=UPLOADS, Key="private/photo.png", Body=png(photos.pixels()))
    lab.execute(lab.upload("photo.png", png(photos.pixels()), recipe_with(key)))
    record = lab.record()
    assert record["status"] == "rejected"
    assert record["error"]["code"] == "recipe.bad-reference"
    assert says in record["error"]["message"]
