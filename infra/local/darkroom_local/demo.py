"""`make demo`: one photo through the deployed workflow on an embedded AWS, from the upload to the result.

Leaves before.jpg, after.jpg, comparison.png and manifest.json in build/demo, and stops what it started.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from click import echo

import darkroom
from darkroom import report
from darkroom.cli.asking import read_wanted
from darkroom.client.stack import Stack
from darkroom.picture import Array, Picture
from darkroom_local import comparison, sample, stack
from darkroom_local.emulator import REPOSITORY, EmbeddedAws

OUTPUT = REPOSITORY / "build" / "demo"
POLL_SECONDS = 0.1
JOB_SECONDS = 300.0
MARKS = {"found": "?", "done": "+", "left": "-", "kept": "=", "file": "·"}
ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


def main() -> int:
    options = _options()
    try:
        run(options.photo, options.recipe)
    except (darkroom.DarkroomError, OSError, RuntimeError) as error:
        echo(f"demo: {error}", err=True)
        return 1
    return 0


def run(photo: Path | None, recipe: str) -> None:
    """Enhance a photo, or the sample, and write what came of it. Raises the job's error."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    body = photo.read_bytes() if photo else sample.spoiled_photo()
    name = photo.name if photo else "eileen-collins.jpg"
    wanted = read_wanted(recipe)
    echo(f"photo   {name}" + ("" if photo else f": {sample.STORY}"))
    with _timed("build the functions and layers"):
        stack.build()
    with _timed("start the embedded AWS"):
        aws = EmbeddedAws.start(OUTPUT / "aws")
    with aws:
        with _timed("deploy the template"):
            stack.deploy(aws)
        deployed = Stack.find(stack.STACK, **aws.connection())
        started = time.monotonic()
        upload = deployed.upload(name, body, wanted)
        echo(f"upload  s3://{deployed.outputs['UploadsBucket']}/{upload}, recipe {recipe}")
        follow(aws, deployed, upload)
        job = deployed.wait(upload, JOB_SECONDS)
        seconds = time.monotonic() - started
        result, manifest = deployed.download(job["result"]), deployed.download(job["manifest"])
        echo(f"result  s3://{job['result']['bucket']}/{job['result']['key']}, {seconds:.1f} s after the upload")
    _explain(manifest)
    _write(body, result, manifest, f"recipe {recipe}" + ("" if photo else f"  ·  spoiled: {sample.STORY}"))


def follow(aws: EmbeddedAws, deployed: Stack, upload: str) -> None:
    """Print a line for each stage of an upload's job, as it happens, until the workflow ends."""
    states = aws.client("stepfunctions")
    deadline = time.monotonic() + JOB_SECONDS
    execution = None
    while execution is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        execution = next((job["execution"] for job in deployed.jobs(upload)), None)
    if execution is None:
        raise RuntimeError("the upload started no job")
    entered: dict[str, Any] = {}
    shown = 0
    while time.monotonic() < deadline:
        status = states.describe_execution(executionArn=execution)["status"]
        pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
        events = [event for page in pages for event in page["events"]]
        for event in events[shown:]:
            _tell(event, entered)
        shown = len(events)
        if status in ENDED:
            return
        time.sleep(POLL_SECONDS)


def _tell(event: Mapping[str, Any], entered: dict[str, Any]) -> None:
    """The name of a task when it begins, and its time on the same line when it ends."""
    if event["type"] == "TaskStateEntered":
        name = event["stateEnteredEventDetails"]["name"]
        entered[name] = event["timestamp"]
        echo(f"  {name:<22}", nl=False)
    elif event["type"] == "TaskStateExited":
        name = event["stateExitedEventDetails"]["name"]
        echo(f"{(event['timestamp'] - entered[name]).total_seconds():7.2f} s")


def _explain(manifest: bytes) -> None:
    for reason in report.reasons(report.read(manifest)):
        echo(f"  {MARKS[reason.about]} {reason.words}")


def _write(body: bytes, result: bytes, manifest: bytes, caption: str) -> None:
    before, after = darkroom.decode(body), darkroom.decode(result)
    (OUTPUT / "before.jpg").write_bytes(_as_jpeg(body, before))
    (OUTPUT / "after.jpg").write_bytes(_as_jpeg(result, after))
    (OUTPUT / "manifest.json").write_text(msgspec.json.format(manifest.decode(), indent=2) + "\n")
    comparison.draw(_eight_bit(before), _eight_bit(after), caption, OUTPUT / "comparison.png")
    for name in ("before.jpg", "after.jpg", "comparison.png", "manifest.json"):
        echo(f"wrote   {(OUTPUT / name).relative_to(REPOSITORY)}")


def _as_jpeg(file: bytes, picture: Picture) -> bytes:
    """A file as it is where it is a JPEG: encoded once more, it would be another photo, to `auto` too."""
    return file if picture.metadata.source_format == "JPEG" else darkroom.encode(picture, "jpeg")


def _eight_bit(picture: Picture) -> Array:
    pixels = picture.pixels
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257.0).astype(np.uint8)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    echo(f"  {what:<34}", nl=False)
    started = time.monotonic()
    yield
    echo(f"{time.monotonic() - started:5.1f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m darkroom_local.demo", description=__doc__)
    parser.add_argument("--photo", type=Path, help="your own photo (default: a sample)")
    parser.add_argument("--recipe", default="auto", help="a built-in recipe or a JSON file (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
