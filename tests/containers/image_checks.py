"""`make test-image`: the image as it is built, run as worker, as API and as a Lambda function, where Docker answers.

Its root file system is read-only, it has no capabilities, and this machine's network, on which the embedded AWS is.
DARKROOM_IMAGE names an image that is there already; DARKROOM_IMAGE_BASE is what one is built on.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from darkroom_local.emulator import REPOSITORY, free_port
from tests.containers.ground import RESULTS, UPLOADS, WORK, Ground, until
from tests.support import photos

BASE = "python:3.13-slim-bookworm"
LOCKED = REPOSITORY / "infra" / "docker" / "requirements.txt"
WHEELS = REPOSITORY / "build" / "wheels"
ALONE = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def image() -> str:
    """The image, of the locked wheels, which this machine fetches: a build may have no network."""
    if (
        platform.system() != "Linux"
        or not shutil.which("docker")
        or subprocess.run(["docker", "info"], capture_output=True).returncode
    ):
        pytest.skip("no Docker engine answers")
    if name := os.environ.get("DARKROOM_IMAGE"):
        return name
    fetch = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
    ]
    subprocess.run([*fetch, "--requirement", str(LOCKED), "--dest", str(WHEELS)], check=True)
    base = os.environ.get("DARKROOM_IMAGE_BASE", BASE)
    arguments = {"BASE": base, "PIP_OPTIONS": "--no-index --find-links /build/wheels"}
    options = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    docker("build", "--quiet", "--tag", "darkroom-checked", *options, ".")
    return "darkroom-checked"


class Containers:
    def __init__(self, image: str, environment: dict[str, str]) -> None:
        self.image, self.environment = image, environment
        self.started: list[str] = []

    def start(self, *command: str, options: tuple[str, ...] = (), **more: str) -> str:
        """A container, by its id, that goes on."""
        told = [part for name, value in (self.environment | more).items() for part in ("--env", f"{name}={value}")]
        name = docker("run", "--detach", "--network", "host", *ALONE, *told, *options, self.image, *command)
        self.started.append(name)
        return name

    def end(self, name: str) -> int:
        """The exit status of a container after SIGTERM, which it has a minute to heed."""
        docker("stop", "--time", "60", name)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", name))


@pytest.fixture
def containers(image: str, made: Ground) -> Iterator[Containers]:
    ours = {name: value for name, value in made.environment().items() if not name.startswith(("PATH", "HOME"))}
    names = {"UPLOADS_BUCKET": UPLOADS, "RESULTS_BUCKET": RESULTS, "WORK_BUCKET": WORK, "UPLOADS_QUEUE": made.queue}
    kept = {name: value for name, value in ours.items() if name.startswith("AWS_") or name not in os.environ}
    containers = Containers(image, kept | names)
    yield containers
    for name in containers.started:
        docker("rm", "--force", name)


def ask(method: str, url: str, **more: Any) -> urllib3.BaseHTTPResponse | None:
    try:
        return urllib3.request(method, url, retries=False, timeout=120, **more)
    except urllib3.exceptions.HTTPError:
        return None


def test_nobody_is_root_and_nothing_is_written(image: str) -> None:
    script = (
        "import os\nprint(os.getuid())\ntry: open('/opt/darkroom/x', 'w')\nexcept OSError as error: print(error.errno)"
    )
    assert docker("run", "--rm", *ALONE, "--entrypoint", "python", image, "-c", script).split() == ["10001", "30"]


def test_the_worker_does_uploads_and_ends_when_asked(containers: Containers, made: Ground) -> None:
    worker = containers.start("worker", "--queue", made.queue, "--wait", "1")
    made.upload("a.png", photos.encoded("PNG"), "vivid")
    until(lambda: made.ended() == 1, docker("logs", worker) or "a job that has ended")
    assert made.records()["a.png"]["status"] == "succeeded"
    assert containers.end(worker) == 0


def test_the_api_is_healthy_and_ends_when_asked(containers: Containers) -> None:
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    served = containers.start("serve", "--address", address, "--no-keys")

    def is_ready() -> bool:
        answer = ask("GET", f"http://{address}/readyz")
        return answer is not None and answer.status == 200

    until(is_ready, "a server that is ready")
    answer = ask("POST", f"http://{address}/enhance?recipe=vivid", body=photos.encoded("PNG"))
    assert answer is not None
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png"), answer.data
    assert containers.end(served) == 0


def emulator_of_lambda() -> Path:
    """The runtime interface emulator, which comes with AWS's SAM CLI."""
    words = (REPOSITORY / "infra" / "sam").read_text("utf-8").rpartition("exec ")[2]
    command = words.replace('"$here', '"infra').replace("$here", "infra").replace("$bin", ".venv/bin")
    command = command.replace('sam "$@"', "python -c 'import samcli; print(samcli.__path__[0])'")
    done = subprocess.run(["sh", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return Path(done.stdout.strip()) / "local" / "rapid" / f"aws-lambda-rie-{architecture}"


@pytest.fixture
def function(containers: Containers) -> Any:
    """Starts a Lambda function of the image; what it gives invokes that."""

    def start(folder: str) -> Any:
        port = free_port("127.0.0.1")
        emulator = ["--entrypoint", "/emulator", "--volume", f"{emulator_of_lambda()}:/emulator:ro"]
        containers.start(
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{port}",
            "--runtime-api-address",
            f"127.0.0.1:{free_port('127.0.0.1')}",
            *("python", "-m", "awslambdaric", f"functions.{folder}.app.handler"),
            options=(*emulator,),
            POWERTOOLS_SERVICE_NAME=folder,
            **SETTINGS,
        )
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

        def invoke(event: Any) -> Any:
            until(lambda: ask("GET", f"http://127.0.0.1:{port}/") is not None, "an emulator that listens")
            answer = ask("POST", url, body=json.dumps(event).encode())
            assert answer is not None
            return json.loads(answer.data)

        return invoke

    return start


SETTINGS = {
    **dict.fromkeys(("KEEP_GPS", "KEEP_TAGS", "ANNOTATE_RESULTS"), "false"),
    **dict.fromkeys(("BATCH", "ENHANCE_NOW", "CLASSIFY_FUNCTION", "SIGNING_SECRET", "SOURCE_HOSTS"), "none"),
    **dict.fromkeys(("ADMIN_CALLERS", "ALLOWED_ORIGINS"), "none"),
    "KEEP_METADATA": "true",
    "DEFAULT_RECIPE": "vivid",
    "MAX_BYTES": "268435456",
    "MAX_PIXELS": "64000000",
    "MAX_SIDE": "30000",
    "MAX_FRAMES": "1000",
    "MAX_WAITING_CALLS": "4",
    "JOB_RETENTION_DAYS": "90",
    "POWERTOOLS_METRICS_NAMESPACE": "Darkroom",
}
"""As the template gives them to functions."""


def test_it_is_a_function_that_reads_a_photo(function: Any, made: Ground) -> None:
    made.upload("a.png", photos.encoded("PNG"), "vivid")
    job = {"id": "0" * 32, "bucket": UPLOADS, "key": "a.png", "sequencer": "0"}
    answer = function("inspect")({"job": job, "fusion": "stage"})
    assert [work["stage"] for work in answer["plan"]], answer
    assert made.s3.list_objects_v2(Bucket=WORK, Prefix="jobs/")["KeyCount"] > 0


def test_it_is_the_function_of_the_api(function: Any) -> None:
    event = json.loads((REPOSITORY / "tests" / "events" / "api_request.json").read_text("utf-8"))
    event |= {"httpMethod": "GET", "path": "/openapi.json", "body": None}
    answer = function("api")(event)
    assert (answer["statusCode"], json.loads(answer["body"])["openapi"]) == (200, "3.1.0"), answer
