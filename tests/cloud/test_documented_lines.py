"""The lines that README and docs show, run as they stand there, in their order, on the embedded AWS."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from darkroom import recipe
from darkroom.client import Client
from darkroom.client.calling import TRUST
from darkroom_local import stack
from darkroom_local.emulator import REPOSITORY, EmbeddedAws
from tests.cloud.cloud import Cloud, start_functions
from tests.support import photographs, photos

pytestmark = pytest.mark.cloud

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
BIN = REPOSITORY / "tests" / "support" / "bin"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {"mermaid", "text", "xml"}
"""Languages of blocks that show something and ask nothing of a reader."""
TOOLS = ("bash", "curl", "jq")

ELSEWHERE = {
    "make demo": "tests/cloud/test_demo.py",
    "make lint": "the gate that runs this test",
    "class Posterize": "tests/unit/steps/test_trial_step.py adds a step like it",
    "sam build && sam deploy": "asks questions; tests/cloud/conftest.py deploys",
    "sam deploy --parameter-overrides": "tests/cloud/test_access.py",
    "infra/sam": "tests/cloud/test_sam_local.py, in a container",
}
"""Beginnings of blocks that other tests run, or nobody but a person can, and where or why."""


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in the given languages, in their order."""
    return [text for language, text in BLOCK.findall(page.read_text()) if language in languages]


def is_elsewhere(block: str) -> bool:
    return block.startswith(tuple(ELSEWHERE))


@pytest.fixture(scope="module")
def environment(cloud: Cloud) -> dict[str, str]:
    """What a reader's shell knows: the programs, the address and the key as `make local` prints them."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    subprocess.run([BIN / "aws", "--version"], check=True, capture_output=True)  # fetched while the world is trusted
    aws, outputs = cloud.aws, cloud.outputs
    key = stack.key(aws, outputs)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(TRUST[0], str(aws.certificate))
        start_functions(Client(stack.address(aws, outputs), key))
    places = [REPOSITORY / ".venv" / "bin", BIN]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DARKROOM_"))},
        "PATH": os.pathsep.join([*map(str, places), os.environ["PATH"]]),
        "API": stack.address(aws, outputs),
        "KEY": key,
        **dict.fromkeys(TRUST, str(aws.certificate)),
        "UV_OFFLINE": "1",
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "UPLOADS": outputs["UploadsBucket"],
        "RESULTS": outputs["ResultsBucket"],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the pages speak of."""
    photo = encoded_photograph()
    (tmp_path / "in.jpg").write_bytes(photo)
    (tmp_path / "note.jpg").write_bytes(photos.ones())
    (tmp_path / "form.png").write_bytes(photos.ones())
    (tmp_path / "mine.json").write_text('{"steps": [{"name": "gamma"}], "format": "webp"}')
    (tmp_path / "other.jpg").write_bytes(photos.encoded(seed=3))
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    return tmp_path


def encoded_photograph() -> bytes:
    file = io.BytesIO()
    Image.fromarray(photographs.photo("city")).save(file, "JPEG", quality=90)
    return file.getvalue()


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[-1]}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_works(page: Path, folder: Path, environment: dict[str, str], cloud: Cloud) -> None:
    if page.name == "local.md" and EmbeddedAws.recall() is not None:
        pytest.skip("an embedded AWS of yours runs already, which these lines would stop")
    if page.name == "operations.md":  # which asks for the newest job of an hour: there must have been one
        key = f"operated/{uuid.uuid4()}.jpg"
        cloud.upload(key, photos.encoded())
        cloud.job(key)
    for language, text in BLOCK.findall(page.read_text()):
        if is_elsewhere(text):
            continue
        if language == "console":
            run(["bash", "-euo", "pipefail", "-c", text.replace("curl ", "curl --fail ")], folder, environment)
        elif language == "python":
            run([sys.executable, "-c", text], folder, environment)
        elif language == "json":
            read = json.loads(text)
            if "steps" in read:
                recipe.parse(text)
        else:
            assert language in SHOWN, f"{page.name} has a block of {language} that nobody runs"


def test_what_is_run_elsewhere_stands_somewhere() -> None:
    told = [block for page in PAGES for block in blocks(page, "console", "python")]
    for beginning in ELSEWHERE:
        assert any(block.startswith(beginning) for block in told), f"no page has {beginning!r} any more"
