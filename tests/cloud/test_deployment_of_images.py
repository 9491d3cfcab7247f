"""`make deploy PACKAGE=image`: a stack of images, made by the embedded AWS, which does not run them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from darkroom_local.emulator import REPOSITORY, EmbeddedAws
from darkroom_local.stack import STACK, UNKNOWN, outputs

pytestmark = [pytest.mark.cloud, pytest.mark.slow]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/darkroom:1"


def test_each_function_is_of_the_image_and_of_the_release(tmp_path: Path) -> None:
    asked = {"PACKAGE": "image", "IMAGE_URI": IMAGE, "STACK": STACK, "DEPLOYMENT": "ALL_AT_ONCE", "RELEASE": "one"}
    asked["PARAMETERS"] = " ".join(f"{name}={value}" for name, value in UNKNOWN.items())
    with EmbeddedAws.start(tmp_path) as aws:
        done = subprocess.run(
            ["make", "deploy", *(f"{name}={value}" for name, value in asked.items())],
            cwd=REPOSITORY,
            env=aws.environment(),
            input="y\n",  # to what CloudFormation would change
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        functions = aws.client("lambda")
        made = functions.list_functions()["Functions"]
        workflow = aws.client("stepfunctions").describe_state_machine(stateMachineArn=outputs(aws)["EnhanceArn"])
        for one in made:
            found = functions.get_function(FunctionName=one["FunctionName"])
            assert (found["Configuration"]["PackageType"], found["Code"]["ImageUri"]) == ("Image", IMAGE)
            assert found["Configuration"]["Environment"]["Variables"]["RELEASE"] == "one"
    assert len(made) == len(list((REPOSITORY / "functions").glob("*/app.py")))
    assert f"{next(one['FunctionArn'] for one in made if 'Sharpen' in one['FunctionName'])}:1" in workflow["definition"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["PACKAGE=tar"], "PACKAGE is zip or image, not tar"),
        (["PACKAGE=image"], "PACKAGE=image needs IMAGE_URI, an image in ECR"),
    ],
)
def test_what_cannot_be_deployed_is_told_before_anything_is(asked: list[str], words: str) -> None:
    done = subprocess.run(["make", "-n", "deploy", *asked], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr
