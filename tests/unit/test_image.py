"""The container image: what it is built of, without an engine that builds it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

from darkroom_local import image
from tests.support import definition

PINNED = r"^([a-z0-9-]+==\S+)"


def test_its_packages_are_the_locked_ones() -> None:
    """`make lock` makes both."""
    locked = set(re.findall(PINNED, (definition.ROOT / "requirements.lock").read_text(), re.MULTILINE))
    needed = re.findall(PINNED, (definition.ROOT / "infra/docker/requirements.txt").read_text(), re.MULTILINE)
    assert {name.partition("==")[0] for name in needed} > {"awslambdaric", "boto3", "gunicorn", "numpy", "onnxruntime"}
    assert set(needed) <= locked


def test_nobody_is_root_in_it() -> None:
    lines = (definition.ROOT / "Dockerfile").read_text().splitlines()
    last = max(index for index, line in enumerate(lines) if line.startswith("FROM "))
    assert "USER 10001:10001" in lines[last:]


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    """The resources of the template of images, as SAM expands it."""
    template = image.as_images(image.template(), definition.ROOT / "build")
    for resource in template["Resources"].values():
        if "DefinitionUri" in resource["Properties"]:
            path = definition.ROOT / "build" / resource["Properties"]["DefinitionUri"]
            assert path.resolve().is_file()
            resource["Properties"]["DefinitionUri"] = "s3://bucket/key"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        resources: dict[str, Any] = transform(template, {}, SimpleNamespace(load=dict))["Resources"]
    return resources


def test_each_function_is_the_image_with_its_own_handler(expanded: dict[str, Any]) -> None:
    handlers = set()
    for resource in expanded.values():
        if resource["Type"] == "AWS::Lambda::Function":
            function = resource["Properties"]
            assert (function["PackageType"], function["Code"]) == ("Image", {"ImageUri": {"Ref": "ImageUri"}})
            assert not {"Runtime", "Handler", "Layers"} & set(function)
            (command,) = function["ImageConfig"]["Command"]
            assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == command.split(".")[1]
            handlers.add(command)
    folders = {path.parent.name for path in (definition.ROOT / "functions").glob("*/app.py")}
    assert handlers == {f"functions.{folder}.app.handler" for folder in folders}
    assert not [one for one in expanded.values() if one["Type"] == "AWS::Lambda::LayerVersion"]


@pytest.mark.parametrize("kind", [{"Ref": "Package"}, {"Fn::If": ["IsImage", "Image", "Zip"]}], ids=["Ref", "If"])
def test_sam_takes_no_package_type_by_a_parameter(kind: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Why there are two templates: where this fails, one may do."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    code = {"CodeUri": "s3://bucket/key", "Runtime": "python3.13", "Handler": "app.handler"}
    either = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Package": {"Type": "String", "Default": "Zip"}},
        "Conditions": {"IsImage": {"Fn::Equals": [{"Ref": "Package"}, "Image"]}},
        "Resources": {"Function": {"Type": "AWS::Serverless::Function", "Properties": {**code, "PackageType": kind}}},
    }
    with pytest.raises(InvalidDocumentException) as refused:
        transform(either, {"Package": "Zip"}, SimpleNamespace(load=dict))
    assert [cause.message for cause in refused.value.causes] == [
        f"Resource with id [Function] is invalid. invalid 'PackageType' : {kind}"
    ]


def test_all_but_functions_and_layers_is_the_template_s() -> None:
    ours, theirs = (
        {name: one for name, one in resources.items() if one["Type"] not in apart}
        for apart in [("AWS::Serverless::Function", "AWS::Serverless::LayerVersion", "AWS::Serverless::StateMachine")]
        for resources in (
            image.template()["Resources"],
            image.as_images(image.template(), definition.ROOT / "build")["Resources"],
        )
    )
    assert ours == theirs
