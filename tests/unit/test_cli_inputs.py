"""What the command line cannot read is told of in one line."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkroom.cli.main import cli
from darkroom.codec.formats import ACCEPTED
from tests.support import photos

pytestmark = pytest.mark.slow

COMMANDS = ["enhance", "inspect", "diagnose", "classify", "submit"]
NOWHERE = ["--api", "http://127.0.0.1:9/", "-o", "out"]
"""An API that is not there: who asks it is told so."""

UNREADABLE = {
    "missing.jpg": "No such file or directory",
    "a.jpg/b.jpg": "Not a directory",
    "loop": "Too many levels of symbolic links",
    "n" * 300: "File name too long",
    "socket": "No such device or address",
    "not\udcffutf8.jpg": "No such file or directory",
}
NO_PICTURES = {
    "/dev/null": "the file is empty",
    "empty.jpg": "the file is empty",
    "words.jpg": f"the file is not a picture that can be read; accepted are {ACCEPTED}",
}


@pytest.mark.parametrize(
    ("command", "source", "says"),
    [
        *((command, *each) for command in COMMANDS for each in UNREADABLE.items()),
        *((command, *each) for command in COMMANDS if command != "submit" for each in NO_PICTURES.items()),
    ],
)
def test_what_cannot_be_read(
    command: str, source: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKROOM_API_KEY", "k1")
    Path("a.jpg").touch()
    Path("empty.jpg").touch()
    Path("words.jpg").write_text("just words, and more of them than a header has")
    os.symlink("loop", "loop")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    listener.close()
    done = CliRunner().invoke(cli, [command, source, *(NOWHERE if command == "submit" else [])])
    assert done.exit_code == 1, done.output
    assert done.stderr == f"darkroom: {source.replace(chr(0xDCFF), chr(0xFFFD))}: {says}\n"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user may enter, with a photo in one folder and another folder for results."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("photos", "out"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    (folder / "photos" / "a.jpg").write_bytes(photos.encoded())
    yield folder
    shutil.rmtree(folder)


AS_ANOTHER = """
import importlib, os, pkgutil, sys
import click
import darkroom
from darkroom import recipe
from darkroom.cli.main import cli
# Another user may not read all of Python's own files, nor ours: what is loaded late is loaded before.
for module in pkgutil.walk_packages(darkroom.__path__, "darkroom."):
    if "-" not in module.name:  # the compiled loops are no modules
        importlib.import_module(module.name)
recipe.built_ins()
cli.get_help(click.Context(cli))
if os.geteuid() == 0:  # who may do all things
    os.setgid(65534)
    os.setuid(65534)
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [
        *((command, forbidden) for command in COMMANDS for forbidden in ("photos/a.jpg", "photos")),
        ("enhance", "out"),
        ("submit", "out"),
    ],
)
def test_what_may_not_be_read_or_written(command: str, forbidden: str, shared: Path) -> None:
    (shared / forbidden).chmod(0)
    photo, out = shared / "photos" / "a.jpg", shared / "out"
    args = [command, str(photo)]
    if command in ("enhance", "submit"):
        args += ["-o", str(out), "--recipe", "none"]
    if command == "submit":
        args += NOWHERE[:2]
    environment = {**os.environ, "DARKROOM_API_KEY": "k1"}
    done = subprocess.run([sys.executable, "-c", AS_ANOTHER, *args], capture_output=True, text=True, env=environment)
    if forbidden == "out":
        assert done.returncode == 2, done.stderr
        assert done.stderr.splitlines()[-1] == f"Error: the folder {out} may not be written to"
    else:
        assert done.returncode == 1, done.stderr
        assert done.stderr == f"darkroom: {photo}: Permission denied\n"
