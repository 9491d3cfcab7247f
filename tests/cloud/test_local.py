"""`make local`: page and API with their logs, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from darkroom_local import serve
from darkroom_local.emulator import HOME, REPOSITORY, EmbeddedAws
from tests.support import photos

pytestmark = pytest.mark.cloud


@pytest.fixture
def server() -> subprocess.Popen[str]:
    if EmbeddedAws.recall() is not None:
        pytest.skip("an embedded AWS of yours runs already")
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "darkroom_local.serve"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # as a terminal's job has it
    )


def test_it_says_where_follows_the_logs_and_stops(server: subprocess.Popen[str]) -> None:
    assert server.stdout
    said: dict[str, str] = {}
    try:
        for line in server.stdout:
            name, _, value = line.rstrip("\n").partition("  ")
            said[name] = value.strip()
            if line.startswith("logs"):
                break
        assert said["page"] == f"{said['API']}#key={said['API key']}"
        request = urllib.request.Request(
            f"{said['API']}enhance?recipe=vivid",
            data=photos.encoded(),
            headers={"x-api-key": said["API key"], "Accept": "image/jpeg", "Content-Type": "image/jpeg"},
        )
        trust = ssl.create_default_context(cafile=Path(said["certificate"]))
        with urllib.request.urlopen(request, context=trust) as answer:
            assert photos.decoded(answer.read()).shape == photos.pixels().shape
        line = next(line for line in server.stdout if "publish" in line)
        assert re.search(r"done job_id=[0-9a-f]{32} milliseconds=\d+", line)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        rest = server.communicate(timeout=60)[0]
    assert (server.returncode, rest.rstrip().splitlines()[-1]) == (0, "stopped")
    assert not (HOME / "emulator.json").exists()


@pytest.mark.parametrize("message", ["START RequestId: 1", '{"_aws": {}}', "[]", "3"])
def test_what_is_not_a_log_entry_is_left_out(message: str) -> None:
    assert serve.tell(message) == ""
