"""`sam local start-api`: the API's function in a container, on its real layers, before a deployed workflow."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import darkroom
from darkroom import registry
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.cloud import containers
from tests.cloud.cloud import wait_for
from tests.support import photos
from tests.support.resources import physical_id

pytestmark = pytest.mark.docker

START_SECONDS = 240


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The stack, deployed to an emulator that containers reach: what the API's function calls."""
    with containers.emulator(tmp_path_factory.mktemp("aws")) as aws:
        resources = aws.client("cloudformation")
        stack.deploy(aws)
        for resource in resources.describe_stack_resources(StackName=stack.STACK)["StackResources"]:
            if resource["ResourceType"] == "AWS::S3::Bucket":  # they take TLS only, which is not spoken here
                aws.client("s3").delete_bucket_policy(Bucket=resource["PhysicalResourceId"])
        yield aws


def variables(aws: EmbeddedAws) -> dict[str, str]:
    """The environment of the function as it is deployed."""
    deployed = aws.client("lambda").get_function_configuration(FunctionName=physical_id(aws, "ApiFunction"))
    named: dict[str, str] = deployed["Environment"]["Variables"]
    return {name: value for name, value in named.items() if not name.startswith("AWS_")}


@pytest.fixture(scope="module")
def address(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the API answers."""
    folder = tmp_path_factory.mktemp("sam")
    (folder / "variables.json").write_text(json.dumps({"ApiFunction": variables(aws)}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        *(stack.SAM, "local", "start-api"),
        *("--template", stack.build(wheels=True) / "template.yaml"),
        *("--env-vars", folder / "variables.json"),
        *("--host", "127.0.0.1", "--port", str(port), "--warm-containers", "LAZY"),
        *containers.OPTIONS,
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, env=containers.environment(aws), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        wait_until_it_listens(server, port, folder / "log")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(START_SECONDS)


def wait_until_it_listens(server: subprocess.Popen[bytes], port: int, log: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise AssertionError(log.read_text())


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
        return json.load(answer)


def test_health_and_steps(address: str) -> None:
    assert get(f"{address}health")["status"] == "ok"
    assert [step["name"] for step in get(f"{address}steps")["steps"]] == list(registry.STEPS)


def test_a_photo_that_is_none(address: str) -> None:
    request = urllib.request.Request(f"{address}enhance", data=b"hello", headers={"Content-Type": "image/jpeg"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=START_SECONDS)
    assert (refused.value.code, json.load(refused.value)["code"]) == (415, "image.not-an-image")


def enhanced(address: str, body: bytes) -> tuple[Message, bytes] | None:
    """The answer to a PNG. None where the functions start too slowly for who waits, who is told so, or led to the job
    that goes on: the next time they are warm."""
    headers = {"Content-Type": "image/png", "Accept": "image/png"}
    request = urllib.request.Request(f"{address}enhance?recipe=vivid", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return None if "/jobs/" in answer.url else (answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        if error.code != 504:
            raise
        return None


def test_a_photo_in_a_better_photo_out(address: str) -> None:
    source = photos.encoded("PNG")
    headers, body = wait_for(lambda: enhanced(address, source), "the photo")
    assert headers["Content-Type"] == "image/png"
    assert json.loads(headers["X-Darkroom-Report"])["recipe"] == "vivid"
    np.testing.assert_array_equal(photos.decoded(body), darkroom.enhance(source, recipe="vivid").image)
