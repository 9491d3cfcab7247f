"""The wheel in an empty environment, as `pip install` leaves it: built from the checkout by way of the sdist."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import darkroom
from darkroom.kernels import loops

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed, and sees nothing of this environment."""
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sources that the sdist holds, and nothing else."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    sources = next(path for path in folder.iterdir() if path.is_dir())
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=sources)
    shutil.rmtree(sources)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def bin(wheel: Path) -> Path:
    """The programs of an environment that has the wheel and what it asks for, at the locked versions."""
    environment = wheel.parent / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=wheel.parent)
    python = environment / "bin/python"
    run(UV, "pip", "install", "--quiet", "--python", python, "-c", ROOT / "requirements.lock", wheel, cwd=wheel.parent)
    return environment / "bin"


def test_it_enhances_and_diagnoses(bin: Path, tmp_path: Path) -> None:
    photo = Image.fromarray(skimage.data.astronaut()).point(lambda level: level // 4)
    photo.save(tmp_path / "in.jpg")
    run(bin / "darkroom", "enhance", "in.jpg", "-o", "out.jpg", cwd=tmp_path)
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == photo.size
        assert np.asarray(out).mean() > np.asarray(photo).mean()
    told = json.loads(run(bin / "darkroom", "diagnose", "in.jpg", "--json", cwd=tmp_path))
    assert "underexposed" in json.dumps(told)


def test_it_brings_the_compiled_loops(bin: Path, tmp_path: Path) -> None:
    """Where they were compiled; without them it works as well, by NumPy."""
    asked = "from darkroom.kernels import loops; print(loops.available())"
    assert run(bin / "python", "-c", asked, cwd=tmp_path).strip() == str(loops.available())


def test_it_tells_its_version_and_its_names(bin: Path, tmp_path: Path) -> None:
    assert darkroom.__version__ in run(bin / "darkroom", "--version", cwd=tmp_path)
    asked = "import darkroom, importlib.metadata as m; print(m.version('darkroom'), *dir(darkroom))"
    version, *names = run(bin / "python", "-c", asked, cwd=tmp_path).split()
    assert version == darkroom.__version__
    assert set(names) == {*darkroom.__all__, "__version__"}


def test_it_brings_licence_readme_and_types(bin: Path, tmp_path: Path) -> None:
    asked = (
        "import importlib.metadata as m; print(*m.files('darkroom'), m.metadata('darkroom')['Description'], sep='\\n')"
    )
    told = run(bin / "python", "-c", asked, cwd=tmp_path)
    assert "licenses/LICENSE" in told
    assert "darkroom/py.typed" in told
    assert "# darkroom" in told


@pytest.mark.parametrize("command", ["submit in.png -o out", "batch s3://archive/1990/", "doctor", "sign in.png"])
def test_without_the_extra_the_command_that_mends_it_is_told(command: str, bin: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "in.png")
    done = subprocess.run([bin / "darkroom", *command.split()], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'darkroom[aws]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_knows_no_emulator(bin: Path, tmp_path: Path) -> None:
    assert "local" not in run(bin / "darkroom", "--help", cwd=tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "in.png")
    for arguments, status, why in (
        (["local", "up"], 2, "No such command 'local'"),
        (["submit", "--local", "in.png", "-o", "out"], 1, "the embedded AWS comes with darkroom's repository"),
    ):
        done = subprocess.run([bin / "darkroom", *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == status
        assert why in done.stderr


@pytest.mark.parametrize(
    ("package", "command"), [("onnxruntime", "diagnose"), ("cv2", "enhance"), ("darkroom_models", "diagnose")]
)
def test_an_incomplete_installation_says_so(bin: Path, tmp_path: Path, package: str, command: str) -> None:
    """A package is taken out of the environment, and put back."""
    Image.new("RGB", (64, 64), (90, 80, 70)).save(tmp_path / "in.png")
    folder = next((bin.parent / "lib").glob(f"python*/site-packages/{package}"))
    hidden = folder.rename(folder.with_name(f"_{package}"))
    try:
        more = ["-o", "out.png", "--recipe", "vivid"] if command == "enhance" else []
        done = subprocess.run(
            [bin / "darkroom", command, "in.png", *more], cwd=tmp_path, capture_output=True, text=True
        )
    finally:
        hidden.rename(folder)
    assert done.returncode == 1, done.stderr
    assert "pip install --force-reinstall darkroom" in done.stderr
    assert len(done.stderr.splitlines()) == 1
