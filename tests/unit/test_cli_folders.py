"""Folders on the command line: which photos are found, where their results go, and what is said of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import darkroom
from darkroom.cli.main import cli
from tests.support import photos


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as people have them: photos in folders, and what lies beside them."""
    monkeypatch.chdir(tmp_path)
    for name in ("scans/b.jpg", "scans/1990/a.jpg", "scans/1990/no-extension", "scans/old.enhanced.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(photos.encoded(seed=len(name)))
    Path("scans/.hidden.jpg").write_bytes(photos.encoded())
    Path("scans/notes.txt").write_text("words")
    os.mkfifo("scans/pipe.jpg")
    return tmp_path


def files(folder: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_a_folder_s_photos_keep_their_tree(tree: Path) -> None:
    done = run("enhance", "scans", "-o", "better/", "--recipe", "vivid")
    assert done.exit_code == 0, done.output
    assert files("better") == {"b.jpg", "1990/a.jpg", "1990/no-extension.photo.jpg"}
    assert done.stderr == "darkroom: scans: 3 pictures, 2 other files left out\n"
    first = done.stdout.splitlines()[0]
    assert first.startswith("scans/b.jpg → better/b.jpg  ")
    assert first.split("; ")[-1].count("KB") == 2


def test_folders_have_trees_of_their_own(tree: Path) -> None:
    Path("other").mkdir()
    Path("other/b.jpg").write_bytes(photos.encoded())
    assert run("enhance", "scans", "other", "-o", "better/", "--recipe", "none", "-q").exit_code == 0
    assert files("better") == {"scans/b.jpg", "scans/1990/a.jpg", "scans/1990/no-extension.photo.jpg", "other/b.jpg"}


def test_results_within_the_folder_are_no_photos(tree: Path) -> None:
    command = ("enhance", "scans", "-o", "scans/better/", "--recipe", "none")
    assert run(*command).exit_code == 0
    before = files("scans")
    again = run(*command, "--skip", "--quiet")
    assert (again.exit_code, again.stdout) == (0, "")
    assert files("scans") == before


def test_skip_goes_on_where_it_was_stopped(tree: Path) -> None:
    Path("better").mkdir()
    Path("better/b.jpg").write_bytes(b"from the first half")
    done = run("enhance", "scans", "-o", "better/", "--recipe", "none", "--skip")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 2
    assert Path("better/b.jpg").read_bytes() == b"from the first half"


@pytest.mark.slow
def test_jobs_give_the_same_in_the_same_order_and_a_bad_photo_stops_no_other(tree: Path) -> None:
    Path("scans/aa.jpg").write_bytes(b"\xff\xd8\xff but no more")
    one, two = (
        run("enhance", "scans", "-o", f"{jobs}/", "--step", "gamma:gamma=1.4", "--jobs", jobs) for jobs in ("1", "2")
    )
    assert one.exit_code == two.exit_code == 1
    assert one.stderr == two.stderr
    assert one.stdout == two.stdout.replace("→ 2/", "→ 1/")
    assert {name: Path("1", name).read_bytes() for name in files("1")} == {
        name: Path("2", name).read_bytes() for name in files("2")
    }


def test_a_line_of_json_a_photo_for_programs(tree: Path) -> None:
    Path("scans/bad.jpg").write_bytes(b"words")
    done = run("enhance", "scans", "-o", "better/", "--step", "gamma", "--json")
    assert done.exit_code == 1
    told = {line["input"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert told.keys() == {"scans/bad.jpg", "scans/b.jpg", "scans/1990/a.jpg", "scans/1990/no-extension"}
    assert told["scans/bad.jpg"]["error"]["code"] == "image.not-an-image"
    assert told["scans/b.jpg"]["output"] == "better/b.jpg"
    assert told["scans/b.jpg"]["stages"][0]["steps"][0]["name"] == "gamma"


def test_a_name_is_told_in_one_line_and_to_programs_as_it_is(tree: Path) -> None:
    name = "a\n\x1b[31mb  c\u2028.jpg"
    Path(name).write_bytes(photos.encoded())
    Path(f"bad{name}").write_bytes(b"words")
    done = run("enhance", name, f"bad{name}", "-o", "better/", "--recipe", "none")
    assert done.stdout.startswith(r"a\n\x1b[31mb  c\u2028.jpg → better/a\n\x1b[31mb  c\u2028.jpg  ")
    assert done.stderr.startswith(r"darkroom: bada\n\x1b[31mb  c\u2028.jpg: ")
    assert (done.stdout.count("\n"), done.stderr.count("\n")) == (1, 1)
    for command in (["enhance", "-o", "again/", "--recipe", "none"], ["inspect"], ["classify"]):
        told = [json.loads(line) for line in run(*command, name, f"bad{name}", "--json").stdout.split("\n")[:-1]]
        assert [line["input"] for line in told] == [name, f"bad{name}"]
    assert run("inspect", "").stderr == "darkroom: '': No such file or directory\n"


@pytest.mark.parametrize("command", ["inspect", "diagnose"])
def test_questions_about_a_folder(command: str, tree: Path) -> None:
    done = run(command, "scans", "--json")
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["input"] for line in done.stdout.splitlines()] == [
        "scans/b.jpg",
        "scans/1990/a.jpg",
        "scans/1990/no-extension",
    ]


@pytest.mark.parametrize("command", ["enhance", "inspect", "diagnose", "classify"])
def test_a_folder_without_a_photo(command: str, tree: Path) -> None:
    Path("empty").mkdir()
    done = run(command, "empty")
    assert (done.exit_code, done.stderr) == (1, "darkroom: empty: no pictures, nothing in it\n")


def test_earlier_results_are_not_enhanced_again(tree: Path) -> None:
    done = run("enhance", "scans/b.jpg", "scans/old.enhanced.jpg", "--recipe", "none")
    assert done.exit_code == 0, done.output
    assert "1 earlier result (.enhanced) left out" in done.stderr
    assert "scans/old.enhanced.enhanced.jpg" not in {str(path) for path in Path("scans").iterdir()}


@pytest.mark.parametrize("output", ["better", "nodir/x"])
def test_a_name_that_says_no_format_is_refused(tree: Path, output: str) -> None:
    for names in (["scans/b.jpg"], ["scans/b.jpg", "scans/1990/a.jpg"]):
        done = run("enhance", *names, "-o", output)
        assert done.exit_code == 2
        assert "at its end" in done.stderr
        assert not Path(output).exists()


def test_format_and_quality(tree: Path) -> None:
    command = ("enhance", "scans/b.jpg", "--step", "gamma:gamma=2", "-o")
    assert run(*command, "out/", "--format", "jpg", "--quality", "30").exit_code == 0
    assert run(*command, "out/", "--format", "webp").exit_code == 0
    assert darkroom.decode(Path("out/b.jpg.webp").read_bytes()).metadata.source_format == "WEBP"
    assert run(*command, "fine.jpg", "--quality", "95").exit_code == 0
    assert Path("fine.jpg").stat().st_size > Path("out/b.jpg").stat().st_size
    other = run("enhance", "scans/b.jpg", "-o", "x.png", "--format", "jpeg")
    assert other.exit_code == 1
    assert other.stderr == "darkroom: scans/b.jpg: 'x.png' is not called like the jpeg asked for\n"


def test_ctrl_c_says_what_is_done_and_is_status_130(tree: Path) -> None:
    """The second photo never comes: a pipe that nobody writes into.

    The pipe is closed after the signal: one that comes just before the process begins to read would not wake it.
    """
    os.mkfifo("never.jpg")
    command = [str(Path(sys.executable).with_name("darkroom")), "enhance", "scans/b.jpg", "never.jpg", "-o", "out/"]
    with subprocess.Popen(
        [*command, "--recipe", "none"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        writer = _opened_by_a_reader(Path("never.jpg"))
        running.send_signal(signal.SIGINT)
        os.close(writer)
        _, stderr = running.communicate()
    assert (running.returncode, stderr) == (130, "darkroom: stopped at never.jpg; 1 done before it\n")
    assert files("out") == {"b.jpg"}


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_ends_all_processes_at_once_however_often_it_is_pressed(tree: Path, times: int) -> None:
    with _two_at_work() as running:
        for _ in range(times):
            running.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, stderr = running.communicate(timeout=60)
    assert stderr == "darkroom: stopped at 0.jpg; 0 done before it\n"
    assert running.returncode in (130, -signal.SIGINT)  # the second where the last press came when all was done
    assert not files("out")


@pytest.mark.slow
def test_a_process_that_dies_is_told_of_in_a_line(tree: Path) -> None:
    with _two_at_work() as running:
        os.kill(_workers(running.pid)[0], signal.SIGKILL)  # as by a system that is out of memory
        _, stderr = running.communicate(timeout=60)
    assert (running.returncode, stderr) == (
        1,
        "darkroom: stopped at 0.jpg; 0 done before it; a process died, perhaps for want of memory: "
        "fewer --jobs need less\n",
    )


@pytest.mark.slow
def test_no_process_outlives_the_one_that_leads_them(tree: Path) -> None:
    with _two_at_work() as running:
        workers = _workers(running.pid)
        running.kill()
        running.wait()
        for _ in range(600):
            if not any(map(_works, workers)):
                return
            time.sleep(0.1)
    raise AssertionError(workers)


@contextmanager
def _two_at_work() -> Iterator[subprocess.Popen[str]]:
    """Two processes with a photo each that never comes: pipes that nobody writes into."""
    names = ["0.jpg", "1.jpg"]
    for name in names:
        os.mkfifo(name)
    running = subprocess.Popen(
        [str(Path(sys.executable).with_name("darkroom")), "enhance", *names, "-o", "out/", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    try:
        for name in names:
            _opened_by_a_reader(Path(name))
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def _workers(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if _works(int(child))]


def _works(pid: int) -> bool:
    try:
        return "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def _opened_by_a_reader(pipe: Path) -> int:
    """The pipe's other end, once somebody reads from it."""
    for _ in range(60_000):
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
    raise AssertionError("nobody reads from it")


@pytest.mark.slow
def test_a_folder_that_was_killed_in_the_middle_goes_on_and_loses_nothing(tree: Path) -> None:
    """The last photo is a pipe that nobody writes into, until the others' results are there."""
    for number in range(4):
        Path(f"scans/{number}.jpg").write_bytes(photos.encoded(seed=number))
    os.mkfifo("never.jpg")
    step = ("--step", "gamma:gamma=1.4", "--jobs", "2")
    command = [str(Path(sys.executable).with_name("darkroom")), "enhance", "scans", "never.jpg", "-o", "out/", *step]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as running:
        assert running.stdout is not None
        told = [running.stdout.readline() for _ in range(3)]  # so many are written whole
        os.killpg(running.pid, signal.SIGKILL)
    assert all(told)
    before = {name: Path("out", name).read_bytes() for name in files("out") if not Path(name).name.startswith(".")}
    assert len(before) >= 3
    again = run("enhance", "scans", "-o", "out/scans/", *step, "--skip")
    assert again.exit_code == 0, again.output
    assert run("enhance", "scans", "-o", "at-once/", *step).exit_code == 0
    assert {name: Path("out/scans", name).read_bytes() for name in files("at-once")} == {
        name: Path("at-once", name).read_bytes() for name in files("at-once")
    }
    assert all(Path("out", name).read_bytes() == body for name, body in before.items()), "nothing was written twice"
