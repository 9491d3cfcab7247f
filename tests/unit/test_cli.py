"""The command line: names, exit statuses, one-line errors, and nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click import Context
from click.testing import CliRunner, Result

import darkroom
from darkroom import registry, report
from darkroom.cli.main import cli
from darkroom.picture import Array, Picture
from docs.make.handwriting import on_paper, write
from tests.support import networks


def run(*args: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)


@pytest.fixture
def pixels() -> Array:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:60, 0:80]
    plain = np.stack((x * 2, y * 3, 200 - x), axis=2) + rng.normal(0, 2, (60, 80, 3))
    return np.clip(plain, 0, 255).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path, pixels: Array) -> Path:
    path = tmp_path / "in.jpg"
    path.write_bytes(darkroom.encode(Picture(pixels), "jpeg"))
    return path


def test_enhance_writes_a_result_and_a_report(photo: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.png", tmp_path / "report.json"
    result = run("enhance", photo, "-o", out, "--recipe", "vivid", "--report", report)
    assert result.exit_code == 0, result.stderr
    assert darkroom.decode(out.read_bytes()).metadata.source_format == "PNG"
    written = json.loads(report.read_bytes())
    assert written["recipe"] == "vivid"
    assert [step["name"] for step in written["stages"][0]["steps"]] == [call.name for call in vivid()]
    assert written["result"]["width"] == 80


def test_enhance_takes_a_truncated_photo_as_far_as_it_goes_where_that_is_asked_for(photo: Path, tmp_path: Path) -> None:
    cut, out, report = tmp_path / "cut.jpg", tmp_path / "out.jpg", tmp_path / "report.json"
    cut.write_bytes(photo.read_bytes()[:-600])
    refused = run("enhance", cut, "-o", out, "--recipe", "none")
    assert refused.exit_code == 1
    assert "the JPEG ends" in refused.stderr
    taken = run("enhance", cut, "-o", out, "--recipe", "none", "--partial", "accept", "--report", report)
    assert taken.exit_code == 0
    assert any("is lost" in note for note in json.loads(report.read_bytes())["notes"])
    assert darkroom.decode(out.read_bytes()).pixels.shape == darkroom.decode(photo.read_bytes()).pixels.shape


def test_enhance_explains_what_it_did_in_the_report_s_sentences(photo: Path, tmp_path: Path) -> None:
    told = tmp_path / "report.json"
    result = run("enhance", photo, "-o", "-", "--step", "gamma:gamma=1.2", "--explain", "--report", told)
    written = report.read(told.read_bytes())
    assert result.stderr.splitlines() == [f"{photo}: {reason.words}" for reason in report.reasons(written)]
    assert "gamma, as asked" in result.stderr


def vivid() -> list[darkroom.StepCall]:
    from darkroom import recipe

    steps = recipe.built_in("vivid").steps
    assert steps != "auto"
    return steps


def test_without_an_output_the_result_lies_beside_the_photo(photo: Path) -> None:
    before = photo.read_bytes()
    assert run("enhance", photo, "--recipe", "none").exit_code == 0
    assert photo.with_name("in.enhanced.jpg").exists()
    assert photo.read_bytes() == before


def test_steps_on_the_command_line_are_what_the_library_does(tmp_path: Path, pixels: Array) -> None:
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(darkroom.encode(Picture(pixels), "png"))
    result = run(
        "enhance", source, "-o", out, "--step", "gamma:gamma=1.5", "--step", "gaussian_blur:sigma=2,strength=0.5"
    )
    assert result.exit_code == 0, result.stderr
    expected = darkroom.apply("gaussian_blur", darkroom.apply("gamma", pixels, gamma=1.5), sigma=2, strength=0.5)
    np.testing.assert_array_equal(darkroom.decode(out.read_bytes()).pixels, expected)


def test_a_recipe_from_a_file(photo: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.json"
    recipe.write_text('{"name": "mine", "format": "webp", "steps": [{"name": "gamma", "params": {"gamma": 1.2}}]}')
    assert run("enhance", photo, "-o", f"{tmp_path}/results/", "--recipe", recipe).exit_code == 0
    assert darkroom.decode((tmp_path / "results" / "in.jpg.webp").read_bytes()).metadata.source_format == "WEBP"


def test_blend_zero_is_the_original(tmp_path: Path, pixels: Array) -> None:
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(darkroom.encode(Picture(pixels), "png"))
    assert run("enhance", source, "-o", out, "--step", "gamma:gamma=3", "--blend", "0").exit_code == 0
    np.testing.assert_array_equal(darkroom.decode(out.read_bytes()).pixels, pixels)


def test_standard_input_and_output(photo: Path) -> None:
    result = run("enhance", "-", "-o", "-", "--recipe", "none", stdin=photo.read_bytes())
    assert result.exit_code == 0, result.stderr
    assert darkroom.decode(result.stdout_bytes).width == 80


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["enhance", "{photo}", "-o", "{tmp}/o.jpg", "--recipe", "vivit"], "did you mean 'vivid'?"),
        (["enhance", "{photo}", "-o", "{tmp}/o.jpg", "--step", "gama"], "did you mean 'gamma'?"),
        (["enhance", "{photo}", "-o", "{tmp}/o.jpg", "--step", "gamma:gamma=99"], "0.1 to 10"),
        (["enhance", "{photo}", "-o", "{tmp}/o.jpg", "--step", "gamma:gamma"], "is not key=value"),
        (["enhance", "{photo}", "-o", "{tmp}/o.xyz"], "does not end in a format that can be written"),
        (["enhance", "{tmp}/missing.jpg"], "missing.jpg: No such file"),
        (["enhance", "{text}"], "notes.txt: "),
        (["enhance", "{empty}"], "empty.jpg: the file is empty"),
        (["enhance", "{photo}", "--recipe", "{text}.json"], "notes.txt.json"),
        (["enhance", "{photo}", "--recipe", "{text}"], "notes.txt: the recipe is not JSON"),
        (["inspect", "{text}"], "darkroom: "),
        (["diagnose", "{text}"], "the file is not a picture"),
        (["diagnose", "{tmp}/missing.jpg"], "missing.jpg: No such file"),
        (["classify", "{text}"], "the file is not a picture"),
        (["classify", "{photo}", "--rows", "3"], "'rows' and 'columns' are both 0 or both at least 1"),
        (["classify", "{photo}", "--rows", "2000", "--columns", "1"], "'rows' is 2000 but must be integer 0 to 1000"),
        (["steps", "gama"], "did you mean 'gamma'?"),
        (["recipes", "vivit"], "did you mean 'vivid'?"),
    ],
)
def test_a_fault_of_the_input_is_one_line_and_status_1(args: list[str], says: str, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a picture, just a few words\n" * 20)
    (tmp_path / "empty.jpg").touch()
    names = {"photo": photo, "tmp": tmp_path, "text": tmp_path / "notes.txt", "empty": tmp_path / "empty.jpg"}
    result = run(*(arg.format(**names) for arg in args))
    assert result.exit_code == 1, result.output
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("darkroom: ")
    assert says in result.stderr
    assert not list(tmp_path.glob("o.*")), "nothing is written"


@pytest.mark.parametrize(
    "args",
    [
        ["enhance"],
        ["enhance", "{photo}", "--blend", "101"],
        ["enhance", "{photo}", "--recipe", "vivid", "--step", "gamma"],
        ["enhance", "{photo}", "{photo}", "-o", "-"],
        ["enlarge"],
        ["submit", "{photo}", "--local", "--stack", "other"],
    ],
)
def test_wrong_usage_is_status_2(args: list[str], photo: Path) -> None:
    before = photo.read_bytes()
    assert run(*(arg.format(photo=photo) for arg in args)).exit_code == 2
    assert photo.read_bytes() == before


def test_one_bad_photo_stops_no_other(photo: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(photo.read_bytes()[:400])
    result = run("enhance", bad, photo, "-o", f"{tmp_path}/results/", "--recipe", "none")
    assert result.exit_code == 1
    assert "bad.jpg: " in result.stderr
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["in.jpg"]


def test_steps_and_recipes_as_json() -> None:
    described = json.loads(run("steps", "--json").stdout)
    assert [step["name"] for step in described] == list(registry.STEPS)
    for step in described:
        jsonschema.Draft202012Validator.check_schema(step["schema"])
    one = json.loads(run("steps", "gamma", "--json").stdout)
    assert one["stage"] == "adjust_tone"
    assert one["schema"]["properties"]["gamma"]["maximum"] == 10
    assert [recipe["name"] for recipe in json.loads(run("recipes", "--json").stdout)][:2] == ["auto", "none"]


def test_steps_for_people() -> None:
    listing = run("steps").stdout
    assert all(name in listing for name in registry.STEPS)
    assert "gamma: number 0.1 to 10, default 1.0" in run("steps", "gamma").stdout


def test_inspect(photo: Path) -> None:
    found = json.loads(run("inspect", photo, "--json").stdout)
    assert found["file"]["format"] == "JPEG"
    assert (found["picture"]["width"], found["picture"]["height"]) == (80, 60)
    assert 0 <= found["measurements"]["luma_p50"] <= 1
    told = run("inspect", photo).stdout
    assert "luma p50" in told
    assert "has alpha: no\n" in told
    assert "dpi: none\n" in told
    numbers = re.findall(r"[0-9]+\.([0-9]+)", told)
    assert len(numbers) > 20
    assert not [digits for digits in numbers if len(digits) > 6], "numbers for people"


@pytest.mark.parametrize("name", cli.list_commands(Context(cli)))
def test_every_command_shows_an_example_in_its_help(name: str) -> None:
    usage, _, rest = run(name, "--help").stdout.partition("Options:")[0].partition("\n\n")
    assert usage.startswith("Usage: ")
    assert re.search(rf"xample:\s+darkroom {name}\b", rest)


def test_classify(photo: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.png"
    pixels = on_paper(write("20\n73", 60), (236, 232, 222), (30, 40, 110))
    note.write_bytes(darkroom.encode(Picture(pixels), "png"))
    assert run("classify", note).stdout == "20 73\n"
    done = run("classify", note, photo)
    assert (done.exit_code, done.stdout) == (0, f"{note}: 20 73\n{photo}: no digit here\n")
    found = json.loads(run("classify", note, "--json").stdout)
    assert (found["input"], found["text"], len(found["digits"])) == (str(note), "20\n73", 4)
    assert run("classify", note, "--rows", "2", "--columns", "2").stdout == "20 73\n"


def test_classify_names_each_file_that_is_none(photo: Path, tmp_path: Path) -> None:
    done = run("classify", tmp_path / "none.jpg", photo)
    assert (done.exit_code, done.stdout) == (1, f"{photo}: no digit here\n")
    assert done.stderr == f"darkroom: {tmp_path / 'none.jpg'}: No such file or directory\n"


def test_diagnose(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worse = {"noise": 0.66, "blur": 0.97, "haze": 0.3}
    networks.answer(monkeypatch, networks.Diagnostician(worse, {"noise_sigma_log2": 4.0, "blur_sigma_log2": 1.0}))
    assert run("diagnose", photo).stdout.splitlines() == [
        "blurred by about 2.0 px (97% sure); what would help: deblur",
        "probably noise of about 16 levels (66% sure); what would help: denoise",
    ]
    found = json.loads(run("diagnose", photo, "--json").stdout)
    assert [d["name"] for d in found["defects"] if d["present"]] == ["noise", "blur"]
    assert found["fine"] is False


def test_diagnose_a_photo_without_defects(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician({}))
    assert run("diagnose", photo).stdout == "fine as it is (98% sure)\n"
    networks.answer(monkeypatch, networks.Diagnostician({"blur": 0.4}))
    assert run("diagnose", photo).stdout == "no defect to speak of\n"


@pytest.mark.slow
def test_the_installed_command_never_shows_a_traceback(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("darkroom")
    done = subprocess.run([command, "enhance", tmp_path / "none.jpg"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"darkroom: {tmp_path}/none.jpg: No such file or directory\n"
    for listing in ("steps", "steps --json", "steps denoise"):
        piped = subprocess.run(f"{command} {listing} | head -c 10", shell=True, capture_output=True, text=True)
        assert piped.stderr == ""


@pytest.mark.slow
def test_a_progress_bar_only_where_someone_looks(photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(photo.read_bytes())
    command: list[str | Path] = [
        Path(sys.executable).with_name("darkroom"),
        "enhance",
        photo,
        other,
        "-o",
        f"{tmp_path}/out/",
        "--recipe",
        "none",
        "--force",
    ]
    assert subprocess.run(command, capture_output=True).stderr == b""
    controller, terminal = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, env={**os.environ, "TERM": "xterm"})
    os.close(terminal)
    assert done.returncode == 0
    said = b""
    with (
        os.fdopen(controller, "rb", buffering=0) as reader,
        contextlib.suppress(OSError),
    ):  # EIO: nobody writes any longer
        while part := reader.read(1 << 16):
            said += part
    assert b"100%" in said


LOADED = """
import sys
from darkroom.cli.main import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args",
    [["--help"], ["--version"], *([name, "--help"] for name in cli.list_commands(Context(cli)))],
    ids=" ".join,
)
def test_help_waits_for_no_library(args: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert {"click", "darkroom"} <= set(done.stderr.split())
    assert not {"boto3", "botocore", "urllib3", "numpy", "PIL", "cv2", "onnxruntime"} & set(done.stderr.split())
