"""The real layers, built as for AWS: every function fits with its layers, and they hold what is needed and no more."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from darkroom import registry
from darkroom.kernels import loops
from darkroom_local import stack
from darkroom_local.emulator import REPOSITORY
from tests.bench import startup
from tests.support import heic
from tests.support.deployed import Deployed
from tests.support.photographs import FOLDER, photo

pytestmark = pytest.mark.slow

AWS_ALLOWS_BYTES = 262_144_000
"""AWS's limit on a function with its layers, unzipped."""

MOST_BYTES = 230_000_000
"""Ours: the less there is to fetch, the sooner a function starts; and room for what is to come."""

MOST_INFERENCE_BYTES = 50_000_000


TURNS = 8

UNLOADED = {"scipy", "skimage", "sklearn", "matplotlib", "keras", "torch", "click", "moto"}
"""Packages that no function may load."""


@pytest.fixture(scope="module")
def built() -> Path:
    return stack.build(wheels=True)


@pytest.fixture(scope="module")
def deployed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    return Deployed(built, tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def starts() -> list[float]:
    """Seconds that NumPy, OpenCV and boto3 took, each time that they were measured."""
    return []


def resources(built: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The built template's resources of a kind by name."""
    template = yaml_parse((built / "template.yaml").read_text())
    return {n: r["Properties"] for n, r in template["Resources"].items() if r["Type"] == f"AWS::Serverless::{kind}"}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_every_function_fits_with_its_layers(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = yaml_parse((built / "template.yaml").read_text())["Globals"]["Function"]["Layers"]
    layers = {name: size(built / p["ContentUri"]) for name, p in resources(built, "LayerVersion").items()}
    totals = {
        name: size(built / p["CodeUri"]) + sum(layers[layer["Ref"]] for layer in [*shared, *p.get("Layers", [])])
        for name, p in resources(built, "Function").items()
    }
    with capsys.disabled():
        print()
        for name, total in {**layers, **totals}.items():
            print(f"  {name:<22}{total:>12,} bytes unzipped ({total / AWS_ALLOWS_BYTES:.0%} of what AWS allows)")
    assert totals
    assert max(totals.values()) <= MOST_BYTES
    assert layers["InferenceLayer"] <= MOST_INFERENCE_BYTES


def test_layers_hold_nothing_that_is_never_read(built: Path) -> None:
    for name in resources(built, "LayerVersion"):
        paths = list((built / name).rglob("*"))
        assert not [path for path in paths if path.name in {"tests", "RECORD"} or path.suffix in {".pyi", ".a"}]


def test_opencv_comes_with_its_licences_once(built: Path) -> None:
    names = sorted(path.name for path in (built / "ImagingLayer").rglob("LICENSE*"))
    assert names == ["LICENSE-3RD-PARTY.txt", "LICENSE.txt"]


def test_every_module_comes_compiled_for_the_runtime(built: Path) -> None:
    """As Python 3.13, this one, would compile it; and nobody compares it with its source at a cold start."""
    assert yaml_parse((built / "template.yaml").read_text())["Globals"]["Function"]["Runtime"] == "python3.13"
    for name in resources(built, "LayerVersion"):
        modules = set((built / name).rglob("*.py"))
        compiled = {Path(importlib.util.cache_from_source(str(module))): module for module in modules}
        assert compiled.keys() == set((built / name).rglob("*.pyc"))
        for code, module in compiled.items():
            head = code.read_bytes()[:16]
            assert head[:4] == importlib.util.MAGIC_NUMBER, code
            assert int.from_bytes(head[4:8], "little") == 0b01, code  # by hash, unchecked (PEP 552)
            assert head[8:] == importlib.util.source_hash(module.read_bytes()), code


def make(layer: str, target: str, folder: Path, architecture: str) -> subprocess.CompletedProcess[str]:
    """What `sam build` does for a layer, with the wheels of an architecture."""
    source = REPOSITORY / "layers" / layer
    environment = {**os.environ, "ARTIFACTS_DIR": str(folder), "ARCHITECTURE": architecture}
    environment.pop("DARKROOM_BARE_LAYERS", None)
    return subprocess.run(
        ["make", "--makefile", source / "Makefile", target],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_layer_is_built_for_the_functions_architecture(tmp_path: Path) -> None:
    """The smallest with libraries; all of it is for arm64, from this host."""
    done = make("inference", "build-InferenceLayer", tmp_path, "arm64")
    assert done.returncode == 0, done.stderr
    libraries = [path.read_bytes()[:20] for path in tmp_path.rglob("*.so*") if path.is_file()]
    assert libraries
    assert {struct.unpack_from("<H", head, 18)[0] for head in libraries} == {183}, "ELF's e_machine of aarch64"


def test_an_architecture_that_lambda_has_not_is_refused(tmp_path: Path) -> None:
    done = make("inference", "wheels", tmp_path, "riscv64")
    assert done.returncode != 0
    assert "ARCHITECTURE is x86_64 or arm64, not riscv64" in done.stderr
    assert not list(tmp_path.iterdir())


LOADED = """
import app, json
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_every_function_starts_from_its_layers_alone(deployed: Deployed) -> None:
    of_layers = {"ImagingLayer": "cv2", "InferenceLayer": "onnxruntime"}
    for name in deployed.functions():
        loaded = set(json.loads(deployed.run(name, LOADED)))
        others = {package for layer, package in of_layers.items() if layer not in deployed.layers(name)}
        assert not loaded & (UNLOADED | others), name


STEPS = """
from pathlib import Path
import numpy as np
from darkroom import codec, registry
picture = codec.decode(Path(sys.argv[1]).read_bytes())
small = picture.with_pixels(np.ascontiguousarray(picture.pixels[:96, :128]), None)
for step in registry.steps():
    if step.stage != registry.CLASSIFY:
        step(small.pixels, step.params.parse(step.params.example, of=step.name))
        print(step.name)
"""


def test_every_step_runs_from_the_layers(deployed: Deployed) -> None:
    """Their libraries lost what is not mapped, and packages what is not imported."""
    ran = deployed.run("filter", STEPS, str(FOLDER / "dog.webp")).split()
    assert ran == [step.name for step in registry.steps() if step.stage != registry.CLASSIFY]


FACES = """
from pathlib import Path
from darkroom import codec
from darkroom.estimates.faces import faces
print(len(faces(codec.decode(Path(sys.argv[1]).read_bytes()).pixels)))
"""


def test_faces_are_found_from_the_layers(deployed: Deployed) -> None:
    assert deployed.run("resize", FACES, str(FOLDER / "girl.webp")).strip() == "1"


def test_the_layers_bring_the_compiled_loops(deployed: Deployed) -> None:
    asked = "from darkroom.kernels import loops; print(loops.available())"
    assert deployed.run("filter", asked).strip() == str(loops.available())


NETWORKS = """
from pathlib import Path
import numpy as np
from darkroom import codec, models, registry
picture = codec.decode(Path(sys.argv[1]).read_bytes())
for name in sys.argv[2:]:
    print(models.load(name).get_inputs()[0].name)
for name in registry.STEPS:
    if registry.stage_of(name) == registry.CLASSIFY:
        step = registry.get(name)
        print(step.name, step(picture.pixels, step.params.parse(step.params.example, of=step.name)).details.keys())
"""


def test_every_model_runs_from_the_layers(deployed: Deployed) -> None:
    models = {path.parent.name for path in (REPOSITORY / "models").glob("*/*.onnx")}
    told = deployed.run("classify", NETWORKS, str(FOLDER / "dog.webp"), *models).splitlines()
    steps = [step.name for step in registry.steps() if step.stage == registry.CLASSIFY]
    assert [line.partition(" ")[0] for line in told[len(models) :]] == steps


FORMATS = """
from pathlib import Path
from PIL import Image, ImageCms
from darkroom import codec
for path in sys.argv[1:]:
    picture = codec.decode(Path(path).read_bytes())
    for format in codec.OUTPUT_FORMATS:
        assert codec.decode(codec.encode(picture, format)).pixels.shape == picture.pixels.shape
    print(path)
srgb = ImageCms.createProfile("sRGB")
ImageCms.profileToProfile(Image.new("RGB", (4, 4)), srgb, srgb)
"""


def test_every_format_is_read_and_written_from_the_layers(deployed: Deployed, tmp_path: Path) -> None:
    heif = tmp_path / "photo.heic"
    heif.write_bytes(heic.write(photo("dog", 64)))
    paths = [str(FOLDER / "dog.webp"), str(heif)]
    assert deployed.run("publish", FORMATS, *paths).split() == paths


def test_no_package_lies_in_two_layers(built: Path) -> None:
    """Models do, each in the layer whose library runs it: their folder is no package."""
    packages = [path.name for name in resources(built, "LayerVersion") for path in (built / name / "python").iterdir()]
    assert [name for name in set(packages) if packages.count(name) > 1] == ["darkroom_models"]
    models = built / "ImagingLayer" / "python" / "darkroom_models"
    assert [path.name for path in models.iterdir()] == ["faces.tflite"]


def test_core_holds_the_library_without_its_command_line(built: Path) -> None:
    package = built / "CoreLayer" / "python" / "darkroom"
    assert (package / "registry.py").is_file()
    assert not (package / "cli").exists()


def test_inference_holds_every_model_and_nothing_else_of_their_folders(built: Path) -> None:
    models = {path.parent.name for path in (REPOSITORY / "models").glob("*/*.onnx")}
    packed = sorted(path.name for path in (built / "InferenceLayer" / "python" / "darkroom_models").iterdir())
    assert packed == sorted(f"{name}.onnx" for name in models)


@pytest.mark.parametrize("function", sorted(path.parent.name for path in REPOSITORY.glob("functions/*/app.py")))
def test_a_function_starts_within_twice_what_its_libraries_take(
    deployed: Deployed, starts: list[float], function: str
) -> None:
    """By the processor's time, the least of several turns: what else the machine does makes each one longer."""
    handler = math.inf
    for _ in range(TURNS):
        starts.append(sum(json.loads(deployed.run("filter", startup.FLOOR))))
        handler = min(handler, json.loads(deployed.run(function, startup.START, "[]", "[]", str(REPOSITORY)))[0])
        if handler <= startup.MOST * min(starts):
            return
    pytest.fail(f"{handler:.2f} s, and NumPy, OpenCV and boto3 take {min(starts):.2f} s")
