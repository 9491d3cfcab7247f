"""`sam local invoke`: a stage in a container, on its real layers, with a picture in an emulated S3."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import skimage.data

import darkroom
from darkroom.aws import handover
from darkroom.picture import Picture
from darkroom.report import StageReport
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.cloud import containers

pytestmark = pytest.mark.docker

WORK = "darkroom-work"
PICTURE = "jobs/trial/0.dkr"
EVENT = {
    "job": "trial",
    "index": 1,
    "picture": PICTURE,
    "work": {"stage": "sharpen", "steps": [{"name": "unsharp_mask", "params": {}}]},
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with containers.emulator(tmp_path_factory.mktemp("aws")) as aws:
        aws.client("s3").create_bucket(Bucket=WORK)
        yield aws


@pytest.fixture(scope="module")
def photo() -> Picture:
    return Picture.from_array(skimage.data.coffee())


@pytest.fixture(scope="module")
def answer(aws: EmbeddedAws, photo: Picture, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the function answered."""
    aws.client("s3").put_object(Bucket=WORK, Key=PICTURE, Body=handover.pack(photo))
    return invoke("SharpenFunction", EVENT, {"WORK_BUCKET": WORK}, aws, tmp_path_factory.mktemp("sam"))


def invoke(
    function: str, event: dict[str, Any], variables: dict[str, str], aws: EmbeddedAws, folder: Path
) -> dict[str, Any]:
    (folder / "event.json").write_text(json.dumps(event))
    (folder / "variables.json").write_text(json.dumps({function: variables}))
    command: list[str | Path] = [
        *(stack.SAM, "local", "invoke", function),
        *("--template", stack.build(wheels=True) / "template.yaml"),
        *("--event", folder / "event.json"),
        *("--env-vars", folder / "variables.json"),
        *containers.OPTIONS,
    ]
    done = subprocess.run(command, env=containers.environment(aws), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert "errorMessage" not in answer, done.stderr
    return answer


def test_a_stage_enhances_a_picture_in_a_container(aws: EmbeddedAws, photo: Picture, answer: dict[str, Any]) -> None:
    assert answer["picture"] == "jobs/trial/1.dkr"
    body = aws.client("s3").get_object(Bucket=WORK, Key=answer["picture"])["Body"].read()
    pixels = handover.unpack(body).pixels
    # The container has another C library, which may round a power otherwise: a few values in a million, by one level.
    difference = np.abs(pixels.astype(int) - darkroom.apply("unsharp_mask", photo.pixels))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 1e-4
    assert np.any(pixels != photo.pixels)


def test_it_reports_its_stage_and_steps(answer: dict[str, Any]) -> None:
    report = msgspec.json.decode(answer["report"], type=StageReport)
    assert report.stage == "sharpen"
    assert [step.name for step in report.steps] == ["unsharp_mask"]
