"""`sam local invoke`: a stage in a container, on its real layers, with a picture in an emulated S3."""

from __future__ import annotations

import ipaddress
import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

import darkroom
from darkroom import handover
from darkroom.picture import Picture
from darkroom_local import EmbeddedAws, stack

pytestmark = pytest.mark.docker

WORK = "darkroom-work"
PICTURE = "jobs/trial/0.dkr"
EVENT = {
    "job": "trial",
    "index": 1,
    "picture": PICTURE,
    "work": {"stage": "sharpen", "steps": [{"name": "unsharp_mask", "params": {}}]},
}


def bridge_address() -> str:
    """This machine's address on Docker's own network, which no other machine has a way to."""
    inspect = ["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"]
    network = json.loads(subprocess.run(inspect, capture_output=True, check=True).stdout)[0]
    return network.get("Gateway") or str(ipaddress.ip_network(network["Subnet"])[1])


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An emulator that containers reach: on Linux by Docker's bridge, elsewhere Docker hands 127.0.0.1 through."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine answers")
    host = bridge_address() if platform.system() == "Linux" else "127.0.0.1"
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), host=host, tls=False) as aws:
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
    command = [
        *(stack.SAM, "local", "invoke", function),
        *("--template", stack.build(wheels=True) / "template.yaml"),
        *("--event", folder / "event.json"),
        *("--env-vars", folder / "variables.json"),
        *("--add-host", "host.docker.internal:host-gateway"),
        *("--region", "us-east-1", "--skip-pull-image"),
    ]
    environment = {**aws.environment(), "AWS_ENDPOINT_URL": f"http://host.docker.internal:{aws.port}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert "errorMessage" not in answer, done.stderr
    return answer


def test_a_stage_enhances_a_picture_in_a_container(aws: EmbeddedAws, photo: Picture, answer: dict[str, Any]) -> None:
    assert answer["picture"] == "jobs/trial/1.dkr"
    body = aws.client("s3").get_object(Bucket=WORK, Key=answer["picture"])["Body"].read()
    pixels = handover.unpack(body).pixels
    np.testing.assert_array_equal(pixels, darkroom.apply("unsharp_mask", photo.pixels))
    assert np.any(pixels != photo.pixels)


def test_it_reports_its_stage_and_steps(answer: dict[str, Any]) -> None:
    report = answer["report"]
    assert report["stage"] == "sharpen"
    assert [step["name"] for step in report["steps"]] == ["unsharp_mask"]
