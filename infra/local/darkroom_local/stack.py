"""The stack on the embedded AWS: the same template, built and deployed by the same tools as on AWS."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from darkroom_local.emulator import REPOSITORY, EmbeddedAws

STACK = "darkroom"
SAM = REPOSITORY / "infra" / "sam"
BUILDS = REPOSITORY / "build" / "local"
ARTIFACTS_BUCKET = "darkroom-artifacts"
"""The bucket that samconfig.toml's `local` uploads code to."""

UNKNOWN = {"SavedQueries": "false"}
"""Parameters that leave out what the emulator knows no resources for."""

SOURCES = (
    "template.yaml",
    "samconfig.toml",
    "functions",
    "layers",
    "models",
    "infra/batch.asl.json",
    "infra/enhance.asl.json",
    "infra/openapi.json",
    "infra/web",
    "infra/sam-cli.txt",
)


def deploy(aws: EmbeddedAws, **parameters: str) -> dict[str, str]:
    """Build where something changed, deploy with these of the template's parameters, and return the stack's outputs.

    Raises RuntimeError with the end of the tool's output where that fails.
    """
    build()
    s3 = aws.client("s3")
    if ARTIFACTS_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)
    overrides = [f"{name}={value}" for name, value in {**UNKNOWN, **parameters}.items()]
    _sam("deploy", "--parameter-overrides", *overrides, log=aws.home / "sam-deploy.log", environment=aws.environment())
    return outputs(aws)


def build(*, wheels: bool = False) -> Path:
    """`sam build`, unless there is a build of these very sources. Returns its folder.

    Without `wheels` the layers are bare: the emulator runs functions with our own interpreter, whose virtual
    environment has the same wheels, and would otherwise unpack 250 MB for each of its workers. With them, they are
    what AWS gets.
    """
    folder = BUILDS / ("sam-wheels" if wheels else "sam")
    folder.parent.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ) if wheels else {**os.environ, "DARKROOM_BARE_LAYERS": "1"}
    with folder.with_suffix(".sha256").open("a+") as stamp:
        fcntl.flock(stamp, fcntl.LOCK_EX)  # one build at a time: a demo, a test run and `local up` share it
        stamp.seek(0)
        digest = _digest(SOURCES)
        if stamp.read() != digest:
            stamp.truncate(0)
            log = folder.with_name(f"{folder.name}-build.log")
            _sam("build", "--build-dir", str(folder), log=log, environment=environment)
            stamp.write(digest)
    return folder


def outputs(aws: EmbeddedAws) -> dict[str, str]:
    """The deployed stack's outputs by name."""
    stack = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def address(aws: EmbeddedAws, outputs: Mapping[str, str]) -> str:
    """Where this emulator serves the deployed API; with a slash after it, its page."""
    host, stage = urlsplit(outputs["Api"]).hostname or "", urlsplit(outputs["Api"]).path.strip("/")
    return f"{aws.endpoint}/_aws/execute-api/{host.partition('.')[0]}/{stage}"


def key(aws: EmbeddedAws, outputs: Mapping[str, str]) -> str:
    """The API's key."""
    return str(aws.client("apigateway").get_api_key(apiKey=outputs["ApiKey"], includeValue=True)["value"])


def _sam(command: str, *options: str, log: Path, environment: dict[str, str]) -> None:
    with log.open("wb") as file:
        done = subprocess.run(  # noqa: S603
            [SAM, command, "--config-env", "local", *options],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"sam {command} failed ({log}):\n{log.read_text(errors='replace')[-4000:]}")


def _digest(paths: tuple[str, ...]) -> str:
    """A SHA-256 over names and contents below the given paths of the repository."""
    digest = hashlib.sha256()
    for name in paths:
        path = REPOSITORY / name
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(REPOSITORY)}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
