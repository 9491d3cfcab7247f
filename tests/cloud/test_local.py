"""`make local`: page and API with their logs, until Ctrl-C."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom.client import Client
from darkroom_local import serve
from darkroom_local.emulator import HOME, REPOSITORY, EmbeddedAws
from tests.cloud.cloud import start_functions
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


def test_it_says_where_follows_the_logs_and_stops(
    server: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.stdout
    said: list[str] = []
    try:
        for line in server.stdout:
            said.append(line.strip())
            if line.startswith("logs"):
                break
        page = next(line for line in said if "#key=" in line)
        lines = [line for line in said if line.startswith(("export ", "curl "))]
        told = dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export "))
        monkeypatch.setenv("SSL_CERT_FILE", told["SSL_CERT_FILE"])
        start_functions(Client(told["API"], told["KEY"]))
        lines.append(f"curl --fail '{page}' -o page.html")
        (tmp_path / "in.jpg").write_bytes(photos.encoded())
        subprocess.run(["bash", "-euc", "\n".join(lines)], cwd=tmp_path, check=True, capture_output=True)
        assert photos.decoded((tmp_path / "out.jpg").read_bytes()).shape == photos.pixels().shape
        assert "<title>darkroom" in (tmp_path / "page.html").read_text()
        line = next(line for line in server.stdout if "publish" in line)
        assert re.search(r"done job_id=[0-9a-f]{32} milliseconds=\d+", line)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        rest = server.communicate(timeout=600)[0]
    assert (server.returncode, rest.rstrip().splitlines()[-1]) == (0, "stopped")
    assert not (HOME / "emulator.json").exists()


@pytest.mark.parametrize("message", ["START RequestId: 1", '{"_aws": {}}', "[]", "3"])
def test_what_is_not_a_log_entry_is_left_out(message: str) -> None:
    assert serve.tell(message) == ""
