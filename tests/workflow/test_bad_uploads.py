"""Uploads that cannot be done: the job record says which code and why, and names the bound that was passed."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from tests.support import photos
from tests.support.functions import SETTINGS, UPLOADS
from tests.support.workflow import Lab


def animation(frames: int) -> bytes:
    file = io.BytesIO()
    pictures = [Image.fromarray(photos.pixels(seed)).quantize(16) for seed in range(frames)]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


FILES = {
    "a document": (b"%PDF-1.7\n" + b"x" * 500, "image.unsupported-format", ""),
    "text": ("Grüße".encode(), "image.not-an-image", ""),
    "empty": (b"", "image.empty", ""),
    "truncated": (photos.encoded()[:-600], "image.truncated", ""),
    "only a header": (photos.encoded()[:300], "image.truncated", ""),
    "bomb": (photos.png_that_claims(2900, 2900), "image.too-many-pixels", SETTINGS["MAX_PIXELS"]),
    "long side": (photos.png_that_claims(3001, 1), "image.too-large-side", SETTINGS["MAX_SIDE"]),
    "too many frames": (animation(11), "image.too-many-frames", SETTINGS["MAX_FRAMES"]),
    "too many bytes": (photos.encoded() + bytes(1 << 20), "image.too-many-bytes", SETTINGS["MAX_BYTES"]),
}


def assert_rejected(lab: Lab, event: dict[str, Any], code: str, *said: str) -> None:
    """The record, the event and the execution say `code`, with each of `said` in the message."""
    execution = lab.execute(event)
    assert execution.status == "FAILED"
    record = lab.record()
    error = record["error"]
    assert (record["status"], error["code"], error["state"]) == ("rejected", code, "Inspect"), error
    assert error["name"] == execution.error == {"image": "ImageRejected", "recipe": "RecipeInvalid"}[code.split(".")[0]]
    assert execution.cause == f"{code}: {error['message']}"
    for words in said:
        assert words in error["message"], error["message"]
    assert UPLOADS not in error["message"]
    ((kind, detail),) = lab.told()
    assert (kind, detail["error"]) == ("Job Rejected", error)
    assert lab.results() == []


@pytest.mark.parametrize("name", FILES)
def test_bad_files(lab: Lab, name: str) -> None:
    body, code, bound = FILES[name]
    assert_rejected(lab, lab.upload("photo.jpg", body), code, f"{int(bound):,}" if bound else "")


def test_a_truncated_file_is_taken_as_far_as_it_goes_where_that_is_asked_for(lab: Lab) -> None:
    body = photos.encoded()[:-600]
    lab.execute(lab.upload("photo.jpg", body, {"recipe": "none", "partial": "accept"}))
    assert lab.record()["status"] == "succeeded"
    (note,) = [note for note in lab.manifest("photo.jpg")["notes"] if "rows are there" in note]
    assert "is lost" in note
    assert lab.result("photo.jpg")[-2:] == b"\xff\xd9"
    assert photos.decoded(lab.result("photo.jpg")).shape == photos.pixels().shape


def steps(*calls: dict[str, Any]) -> str:
    return json.dumps({"steps": calls})


@pytest.mark.parametrize(
    ("metadata", "code", "said"),
    [
        ({"recipe": "vivd"}, "recipe.unknown-recipe", ["'vivd'", "did you mean 'vivid'?", "auto, none, natural"]),
        ({"recipe": "../none"}, "recipe.unknown-recipe", ["'../none'"]),
        ({"recipe": steps({"name": "gama"})}, "recipe.unknown-step", ["'gama'", "did you mean 'gamma'?"]),
        (
            {"recipe": steps({"name": "gamma", "params": {"gamma": 11}})},
            "recipe.bad-parameter",
            ["'gamma'", "11", "0.1 to 10"],
        ),
        (
            {"recipe": steps({"name": "gamma", "params": {"gama": 1}})},
            "recipe.unknown-parameter",
            ["'gama'", "did you mean 'gamma'?"],
        ),
        ({"recipe": steps(*[{"name": "gamma"}] * 33)}, "recipe.too-many-steps", ["33", "32"]),
        ({"recipe": '{"steps": ['}, "recipe.bad-json", []),
        ({"recipe": '{"steps": 3}'}, "recipe.bad-recipe", ["steps"]),
        ({"recipe": '{"steps": [], "blned": 3}'}, "recipe.bad-recipe", ["blned"]),
        ({"blend": "101"}, "recipe.bad-metadata", ["blend", "100"]),
        ({"blend": "half"}, "recipe.bad-metadata", ["blend"]),
        ({"format": "bmp"}, "recipe.bad-metadata", ["format"]),
        ({"quality": "0"}, "recipe.bad-metadata", ["quality", "1"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_wishes(lab: Lab, metadata: dict[str, str], code: str, said: list[str]) -> None:
    assert_rejected(lab, lab.upload("photo.jpg", photos.encoded(), metadata), code, *said)


def test_an_upload_that_was_deleted(lab: Lab) -> None:
    event = lab.upload("photo.jpg", photos.encoded())
    version = event["detail"]["object"]["version-id"]
    lab.s3.delete_object(Bucket=UPLOADS, Key="photo.jpg", VersionId=version)
    assert_rejected(lab, event, "image.gone", "deleted")


def test_an_upload_that_was_replaced_is_still_itself(lab: Lab) -> None:
    """The event names a version: that one is read, though a later upload hides it."""
    event = lab.upload("photo.png", photos.encoded("PNG", seed=1))
    lab.upload("photo.png", photos.encoded("PNG", seed=2))
    lab.execute(event)
    assert (photos.decoded(lab.result("photo.png")) == photos.pixels(seed=1)).all()
