"""`make image-template`: the template with every function as the image, in build/image-template.json.

One template cannot have both by a parameter: SAM decides by `PackageType` which properties a function may have (layers,
runtime and handler are none of an image's), and refuses one that is no plain word. `make deploy PACKAGE=image` deploys
this one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from samtranslator.yaml_helper import yaml_parse

from darkroom_local.emulator import REPOSITORY

PATH = REPOSITORY / "build" / "image-template.json"
ENTRY_POINT = ["python", "-m", "awslambdaric"]
"""The runtime interface client, which asks Lambda for events and hands them to a handler."""

OF_ZIPS = ("Runtime", "Handler", "Layers", "CodeUri")


def main() -> None:
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(as_images(template(), PATH.parent), indent=1) + "\n", "utf-8")
    name = PATH.relative_to(REPOSITORY)
    click.echo(f"{name}: docs/containers.md#the-image-as-lambda-functions tells how it is deployed")


def template() -> dict[str, Any]:
    read: dict[str, Any] = yaml_parse((REPOSITORY / "template.yaml").read_text("utf-8"))
    return read


def as_images(template: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The template with functions of an image, `ImageUri`. folder: where it will lie."""
    parameter = {
        "Type": "String",
        "AllowedPattern": "[0-9]{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com([.]cn)?/.+[:@].+",
        "Description": "The image in ECR, by its tag or digest.",
    }
    resources = {
        name: _resource(one, folder)
        for name, one in template["Resources"].items()
        if one["Type"] != "AWS::Serverless::LayerVersion"
    }
    usual = {name: value for name, value in template["Globals"]["Function"].items() if name not in OF_ZIPS}
    return {
        **template,
        "Parameters": {"ImageUri": parameter, **template["Parameters"]},
        "Globals": {**template["Globals"], "Function": usual},
        "Resources": resources,
    }


def _resource(resource: dict[str, Any], folder: Path) -> dict[str, Any]:
    properties = dict(resource["Properties"])
    if "DefinitionUri" in properties:
        properties["DefinitionUri"] = os.path.relpath(REPOSITORY / properties["DefinitionUri"], folder)
    if resource["Type"] == "AWS::Serverless::Function":
        command = f"{properties['CodeUri'].replace('/', '.')}.app.handler"
        properties = {name: value for name, value in properties.items() if name not in OF_ZIPS}
        properties |= {
            "PackageType": "Image",
            "ImageUri": {"Ref": "ImageUri"},
            "ImageConfig": {"EntryPoint": ENTRY_POINT, "Command": [command]},
        }
    return {**resource, "Properties": properties}


if __name__ == "__main__":
    main()
