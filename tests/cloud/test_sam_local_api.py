"""`sam local start-api`: the API's function in a container, on its real layers."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from darkroom import registry
from darkroom_local import stack

pytestmark = pytest.mark.docker

START_SECONDS = 240
VARIABLES = {
    "UPLOADS_BUCKET": "uploads",
    "RESULTS_BUCKET": "results",
    "WORK_BUCKET": "work",
    "JOBS_TABLE": "jobs",
    "ENHANCE_NOW": "arn:aws:states:us-east-1:111122223333:stateMachine:enhance-now",
    "MAX_BYTES": "1000000",
    "ALLOWED_ORIGINS": "none",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the API answers. It reaches no AWS: what needs none is what is asked."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine answers")
    folder = tmp_path_factory.mktemp("sam")
    (folder / "variables.json").write_text(json.dumps({"ApiFunction": VARIABLES}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(stack.SAM, "local", "start-api"),
        *("--template", stack.build(wheels=True) / "template.yaml"),
        *("--env-vars", folder / "variables.json"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--region", "us-east-1", "--skip-pull-image", "--warm-containers", "LAZY"),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        wait_until_it_listens(server, port, folder / "log")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(60)


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
    with urllib.request.urlopen(url, timeout=120) as answer:
        return json.load(answer)


def test_health_and_steps(address: str) -> None:
    assert get(f"{address}health")["status"] == "ok"
    assert [step["name"] for step in get(f"{address}steps")["steps"]] == list(registry.STEPS)


def test_a_photo_that_is_none(address: str) -> None:
    request = urllib.request.Request(f"{address}enhance", data=b"hello", headers={"Content-Type": "image/jpeg"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=120)
    assert (refused.value.code, json.load(refused.value)["code"]) == (415, "image.not-an-image")
