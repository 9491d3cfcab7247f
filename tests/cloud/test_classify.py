"""The networks as deployed: a test set of handwriting through the function, and what a photo is diagnosed with."""

from __future__ import annotations

import json

import numpy as np
import pytest
import skimage.data

import darkroom
from darkroom.picture import Picture
from tests.cloud.cloud import Cloud
from tests.support import handwriting

pytestmark = pytest.mark.cloud

SIDE = 100
"""Rows and columns of the sheet: a hundred images of MNIST, each a hundred times, in boxes of 28×28 px."""

RIGHT = 9900
"""Images of the 10,000 that must be read rightly: all but one of the hundred."""


def sheet() -> tuple[bytes, list[str]]:
    """The images as they are, white on black, on one sheet, and what each row of it says."""
    images, text = handwriting.digits()
    picture = handwriting.sheet(np.tile(images, (SIDE, 1, 1)), SIDE)
    return darkroom.encode(Picture(picture), "png"), [text] * SIDE


def test_a_sheet_of_handwriting_is_read_by_the_deployed_function(cloud: Cloud) -> None:
    body, rows = sheet()
    step = {"name": "classify_digit", "params": {"rows": SIDE, "columns": SIDE}}
    cloud.upload("sheet.png", body, recipe=json.dumps({"steps": [step]}), format="png")
    job = cloud.job("sheet.png")
    assert job["status"] == "succeeded", job
    _, stage, _ = cloud.manifest(job)["stages"]
    assert stage["stage"] == "classify"
    read = stage["steps"][0]["details"]["text"].splitlines()
    assert list(map(len, read)) == [SIDE] * SIDE
    right = sum(said == written for said, written in zip("".join(read), "".join(rows), strict=True))
    assert right >= RIGHT


def test_the_recipe_digits(cloud: Cloud) -> None:
    images, text = handwriting.digits()
    digit, label = images[0], text[0]
    paper = np.full((120, 120), 235, np.uint8)
    paper[32:88, 32:88] -= (np.kron(digit, np.ones((2, 2))) * 0.8).astype(np.uint8)
    cloud.upload("digits/note.png", darkroom.encode(Picture(paper), "png"))
    job = cloud.job("digits/note.png")
    assert job["recipe"] == "digits"
    details = [step.get("details", {}) for stage in cloud.manifest(job)["stages"] for step in stage.get("steps", [])]
    assert [found["text"] for found in details if "text" in found] == [label]


def test_auto_is_planned_from_the_diagnosis(cloud: Cloud) -> None:
    dark = darkroom.apply("adjust_color", skimage.data.coffee(), exposure=-2.5)
    body = darkroom.encode(Picture(dark), "png")
    cloud.upload("auto/dark.png", body)
    job = cloud.job("auto/dark.png")
    assert job["status"] == "succeeded", job
    manifest = cloud.manifest(job)
    assert [stage["stage"] for stage in manifest["stages"]][:2] == ["inspect", "diagnose"]
    assert manifest["diagnosis"] == json.loads(json.dumps(darkroom.apply("diagnose", dark)))
    present = [defect for defect in manifest["diagnosis"]["defects"] if defect["present"]]
    assert "underexposed" in [defect["name"] for defect in present]
    assert json.loads(job["diagnosis"])["defects"] == present
    done = [step["name"] for stage in manifest["stages"] for step in stage.get("steps", [])]
    assert done == [step["name"] for decision in manifest["decisions"] for step in decision.get("steps", [])]
