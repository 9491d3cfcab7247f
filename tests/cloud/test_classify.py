"""The trained networks as deployed: what a photo is diagnosed with, and what is made of that."""

from __future__ import annotations

import json

import pytest
import skimage.data

import darkroom
from darkroom.picture import Picture
from tests.cloud.cloud import Cloud

pytestmark = pytest.mark.cloud


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
