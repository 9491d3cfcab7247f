"""The real layers, built as for AWS: every function fits with its layers, and they hold what is needed and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from darkroom_local import stack
from darkroom_local.emulator import REPOSITORY

pytestmark = pytest.mark.slow

MOST_BYTES = 262_144_000
"""AWS's limit on a function with its layers, unzipped."""


@pytest.fixture(scope="module")
def built() -> Path:
    return stack.build(wheels=True)


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
            print(f"  {name:<22}{total:>12,} bytes unzipped ({total / MOST_BYTES:.0%} of what AWS allows)")
    assert totals
    assert max(totals.values()) <= MOST_BYTES


def test_layers_hold_nothing_that_is_never_imported(built: Path) -> None:
    waste = {"tests", "__pycache__"}
    for name in resources(built, "LayerVersion"):
        paths = list((built / name).rglob("*"))
        assert not [path for path in paths if path.name in waste or path.suffix in {".pyc", ".pyi", ".a"}]


def test_no_package_lies_in_two_layers(built: Path) -> None:
    packages = [path.name for name in resources(built, "LayerVersion") for path in (built / name / "python").iterdir()]
    assert len(packages) == len(set(packages))


def test_core_holds_the_library_without_its_command_line(built: Path) -> None:
    package = built / "CoreLayer" / "python" / "darkroom"
    assert (package / "registry.py").is_file()
    assert not (package / "cli").exists()


def test_inference_holds_every_model_and_nothing_else_of_their_folders(built: Path) -> None:
    models = {path.parent.name for path in (REPOSITORY / "models").glob("*/*.onnx")}
    packed = sorted(path.name for path in (built / "InferenceLayer" / "python" / "darkroom_models").iterdir())
    assert packed == sorted(f"{name}.onnx" for name in models)
