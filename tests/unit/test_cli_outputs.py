"""The files that the command line writes: none that is there is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import darkroom
from darkroom.cli.main import cli
from darkroom.cli.outputs import Outputs, result_name
from darkroom.picture import Picture
from tests.support.listening import listening

pytestmark = pytest.mark.slow

PIXELS = np.arange(60 * 80 * 3, dtype=np.uint32).reshape(60, 80, 3).astype(np.uint8)
FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".JPG": "jpeg", ".png": "png"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands are run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What `submit --api` asks of an API that has nothing to say; its address is in `API`."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("DARKROOM_API_KEY", "k1")
    with listening(Handler) as host:
        monkeypatch.setenv("API", f"http://{host}/")
        yield heard


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def make(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(darkroom.encode(Picture(PIXELS), FORMATS.get(path.suffix, "jpeg")))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_place() -> list[str]:
    make("a.jpg")
    return ["a.jpg", "-o", "."]


def by_another_spelling() -> list[str]:
    make("photos/a.jpg")
    return ["photos/../photos/./a.jpg", "-o", "photos/"]


def through_a_linked_folder() -> list[str]:
    make("photos/a.jpg")
    os.symlink("photos", "album")
    return ["photos/a.jpg", "-o", "album/"]


def through_a_linked_photo() -> list[str]:
    make("photos/a.jpg")
    os.symlink("photos/a.jpg", "a.jpg")
    return ["a.jpg", "-o", "photos/"]


def onto_a_link_to_the_photo() -> list[str]:
    make("a.jpg")
    os.mkdir("out")
    os.symlink("../a.jpg", "out/a.jpg")
    return ["a.jpg", "-o", "out/"]


def onto_a_hard_link_of_the_photo() -> list[str]:
    make("a.jpg")
    os.mkdir("out")
    os.link("a.jpg", "out/a.jpg")
    return ["a.jpg", "-o", "out/"]


def onto_another_input() -> list[str]:
    make("a.jpeg", "other/a.jpg")
    return ["a.jpeg", "other/a.jpg", "-o", "other/"]


def two_of_one_name() -> list[str]:
    make("one/a.jpg", "two/a.jpg")
    return ["one/a.jpg", "two/a.jpg", "-o", "out/"]


def one_twice() -> list[str]:
    make("a.jpg")
    return ["a.jpg", "./a.jpg", "-o", "out/"]


def two_that_differ_in_case() -> list[str]:
    make("one/Ä.jpg", "two/ä.jpg")
    return ["one/Ä.jpg", "two/ä.jpg", "-o", "out/"]


def two_that_differ_in_how_a_letter_is_written() -> list[str]:
    make("one/\u00e4.jpg", "two/a\u0308.jpg")
    return ["one/\u00e4.jpg", "two/a\u0308.jpg", "-o", "out/"]


def a_result_that_is_there() -> list[str]:
    make("a.jpg", "out/a.jpg")
    return ["a.jpg", "-o", "out/"]


def a_link_to_nothing() -> list[str]:
    make("a.jpg")
    os.mkdir("out")
    os.symlink("nothing", "out/a.jpg")
    return ["a.jpg", "-o", "out/"]


def a_folder_in_the_way() -> list[str]:
    make("a.jpg")
    os.makedirs("out/a.jpg")
    return ["a.jpg", "-o", "out/"]


NEVER = [
    in_place,
    by_another_spelling,
    through_a_linked_folder,
    through_a_linked_photo,
    onto_a_link_to_the_photo,
    onto_a_hard_link_of_the_photo,
    onto_another_input,
    two_of_one_name,
    one_twice,
    two_that_differ_in_case,
    two_that_differ_in_how_a_letter_is_written,
    a_folder_in_the_way,
]
UNLESS_FORCED = [a_result_that_is_there, a_link_to_nothing]


@pytest.mark.parametrize("command", ["enhance", "submit"])
@pytest.mark.parametrize("case", [*NEVER, *UNLESS_FORCED], ids=lambda case: case.__name__)
def test_no_file_is_lost(command: str, case: Callable[[], list[str]], here: Path, requests: list[str]) -> None:
    args = case()
    before = snapshot(here)
    api = ["--api", os.environ["API"]] if command == "submit" else []
    for force in ([], ["--force"]) if case in NEVER else ([],):
        done = run(command, *args, *api, *force)
        assert done.exit_code == 2, done.output
        assert done.stderr.splitlines()[-1].startswith("Error: "), done.stderr
        assert snapshot(here) == before
    assert not requests, "nothing is uploaded"


@pytest.mark.parametrize(
    "args",
    [
        ["submit", "a.jpg.json", "a.jpg", "-o", "."],  # one's manifest would lie over the other
        ["submit", "a.jpg", "-o", "out"],  # a manifest that is there
        ["enhance", "a.jpg", "--recipe", "none", "--report", "a.jpg"],
        ["enhance", "a.jpg", "--recipe", "mine.json", "--report", "mine.json"],
        ["enhance", "a.jpg", "--recipe", "none", "-o", "b.jpg", "--report", "b.jpg"],
        ["enhance", "a.jpg", "--step", "adjust_distribution:reference=other.png", "-o", "other.png"],
        ["enhance", "a.jpg", "--recipe", "none"],  # a.enhanced.jpg is there
        ["enhance", "a.jpg", "--recipe", "none", "-o", "missing/a.jpg"],
    ],
    ids=" ".join,
)
def test_nor_is_any_other_file(args: list[str], here: Path, requests: list[str]) -> None:
    make("a.jpg", "a.jpg.json", "other.png", "a.enhanced.jpg")
    Path("mine.json").write_text('{"steps": []}')
    Path("out").mkdir()
    Path("out/a.jpg.json").write_text("a manifest")
    before = snapshot(here)
    done = run(*args, *(["--api", os.environ["API"]] if args[0] == "submit" else []))
    assert done.exit_code == 2, done.output
    assert snapshot(here) == before
    assert not requests


def test_force_replaces_what_is_there(here: Path) -> None:
    make("a.jpg")
    for name in ("b.jpg", "report.json"):
        Path(name).write_text("something else")
    os.symlink("b.jpg", "link.jpg")
    done = run("enhance", "a.jpg", "--recipe", "none", "-o", "link.jpg", "--report", "report.json", "--force")
    assert done.exit_code == 0, done.output
    assert darkroom.decode(Path("b.jpg").read_bytes()).width == 80
    assert Path("link.jpg").is_symlink()
    assert json.loads(Path("report.json").read_text())["output"] == "link.jpg"


def test_what_comes_to_lie_there_meanwhile_stays(here: Path) -> None:
    files = Outputs([])
    files.claim("late.jpg", "a.jpg")
    Path("late.jpg").write_text("somebody else's")
    with pytest.raises(FileExistsError):
        files.write("late.jpg", b"ours")
    assert snapshot(here) == {"late.jpg": b"somebody else's"}


def test_a_result_is_there_whole_or_not_at_all(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At no time does an empty file have its name, which whoever goes on would take for it."""
    seen: list[list[str]] = []

    def killed(*_: object) -> None:
        seen.append([path.name for path in here.iterdir() if path.name.startswith("new")])
        raise KeyboardInterrupt

    for name in ("link", "replace"):
        monkeypatch.setattr(os, name, killed)
    with pytest.raises(KeyboardInterrupt):
        Outputs([]).write("new.jpg", b"whole")
    assert seen == [[]]
    assert not Path("new.jpg").exists()


def test_a_file_system_without_links_has_results_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    Outputs([]).write("new.jpg", b"whole")
    assert Path("new.jpg").read_bytes() == b"whole"
    with pytest.raises(FileExistsError):
        Outputs([]).write("new.jpg", b"another")
    assert Path("new.jpg").read_bytes() == b"whole"


def test_a_device_is_written_to_and_not_replaced(here: Path) -> None:
    make("a.jpg")
    os.symlink("/dev/null", "sink")
    done = run("enhance", "a.jpg", "--recipe", "none", "-o", "sink")
    assert done.exit_code == 0, done.output
    assert Path("sink").is_char_device()


def test_a_pipe_is_read_once(here: Path) -> None:
    make("a.jpg")
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(Path("a.jpg").read_bytes()))
    writer.start()
    done = run("enhance", "pipe", "--recipe", "none", "-o", "out.jpg")
    writer.join()
    assert done.exit_code == 0, done.output
    assert darkroom.decode(Path("out.jpg").read_bytes()).width == 80


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a/b.JPG", "b.JPG.webp"),
        ("photo.heic", "photo.heic.webp"),
        ("photo.WEBP", "photo.WEBP"),
        ("img.v2", "img.v2.photo.webp"),
        (".jpg", ".jpg.photo.webp"),
    ],
)
def test_a_result_is_called_like_its_photo(source: str, expected: str) -> None:
    assert result_name(source, "webp") == expected


@pytest.mark.parametrize(
    ("names", "results"),
    [
        (["a.jpeg", "a.jpg"], {"a.jpeg", "a.jpg"}),
        (["a.png", "a.jpg"], {"a.png.webp", "a.jpg.webp"}),
    ],
)
def test_photos_that_differ_in_their_extension_have_results_of_their_own(
    names: list[str], results: set[str], here: Path
) -> None:
    make(*names)
    Path("mine.json").write_text('{"steps": [], "format": "webp"}')
    recipe = "none" if "a.jpeg" in names else "mine.json"
    done = run("enhance", *names, "--recipe", recipe, "-o", "out/")
    assert done.exit_code == 0, done.output
    assert set(os.listdir("out")) == results


def test_what_cannot_be_written_is_named_and_not_the_photo(here: Path) -> None:
    make("a.jpg")
    os.symlink("nowhere/b.jpg", "link.jpg")
    for command, says in {
        ("-o", "link.jpg", "--force"): "a.jpg: link.jpg cannot be written: No such file or directory",
        ("-o", "/dev/full"): "a.jpg: /dev/full cannot be written: No space left on device",
        ("-o", "b.jpg", "--report", "/dev/full"): "/dev/full cannot be written: No space left on device",
    }.items():
        done = run("enhance", "a.jpg", "--recipe", "none", *command)
        assert (done.exit_code, done.stderr) == (1, f"darkroom: {says}\n")


def test_a_file_is_no_folder_for_results(here: Path) -> None:
    make("a.jpg", "b.jpg")
    before = snapshot(here)
    for folder in ("b.jpg/", "b.jpg/in/"):
        done = run("enhance", "a.jpg", "--recipe", "none", "-o", folder)
        assert done.exit_code == 2
        assert "Error: the folder b.jpg" in done.stderr
    assert snapshot(here) == before


@pytest.mark.parametrize(
    ("redirection", "says"),
    [
        ("<&-", "-: Bad file descriptor"),
        ("< a.jpg >&-", "-: - cannot be written: Bad file descriptor"),
        ("< a.jpg > /dev/full", "-: - cannot be written: No space left on device"),
    ],
)
def test_a_stream_that_is_closed_or_full_is_told_of(here: Path, redirection: str, says: str) -> None:
    Path("a.jpg").write_bytes(darkroom.encode(Picture(PIXELS[:8, :8].copy()), "jpeg"))
    command = f"{Path(sys.executable).with_name('darkroom')} enhance - --recipe none {redirection}"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, f"darkroom: {says}\n")
