"""The API's description is one that generators of clients accept: what one makes of it does a whole job."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from darkroom import recipe
from darkroom_local import stack
from darkroom_local.emulator import REPOSITORY
from tests.cloud.cloud import Cloud
from tests.support import photos

pytestmark = pytest.mark.cloud

UV = REPOSITORY / ".venv" / "bin" / "uv"
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
PINNED = REPOSITORY / "tests" / "support" / "bin" / "client-generator.txt"
"""The generator at one version with all it needs, apart from the project's virtual environment."""

CONFIG = {"post_hooks": [], "content_type_overrides": {"image/jpeg": "application/octet-stream"}}
"""This generator knows no bodies of pictures, but those of bytes."""


def run(command: Sequence[str | Path], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_generated_client_does_a_whole_job(cloud: Cloud, tmp_path: Path) -> None:
    address, key = stack.address(cloud.aws, cloud.outputs), stack.key(cloud.aws, cloud.outputs)
    trust = ssl.create_default_context(cafile=cloud.aws.certificate)
    with urllib.request.urlopen(f"{address}/openapi.json", context=trust) as answer:
        (tmp_path / "openapi.json").write_bytes(answer.read())
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "in.jpg").write_bytes(photos.encoded())
    environment = tmp_path / "environment"
    run([UV, "--quiet", "venv", "--python", PYTHON, environment], tmp_path)
    run([UV, "--quiet", "pip", "install", "-r", PINNED], tmp_path, VIRTUAL_ENV=str(environment))
    run(
        [
            *(environment / "bin" / "openapi-python-client", "generate", "--path", "openapi.json"),
            *("--config", "config.json", "--meta", "none", "--output-path", "client"),
        ],
        tmp_path,
    )
    story = REPOSITORY / "tests" / "cloud" / "generated_client_story.py"
    (tmp_path / story.name).write_text(story.read_text())
    told = run(
        [environment / "bin" / "python", story.name, address, key, "in.jpg"],
        tmp_path,
        SSL_CERT_FILE=str(cloud.aws.certificate),
    )
    steps = recipe.built_in("vivid").steps
    assert steps != "auto"
    assert json.loads(told) == {
        "status": "succeeded",
        "recipe": "vivid",
        "blend": 50,
        "steps": [call.name for call in steps],
    }
    for name in ("result.jpg", "at-once.jpg"):
        assert photos.decoded((tmp_path / name).read_bytes()).shape == photos.pixels().shape
