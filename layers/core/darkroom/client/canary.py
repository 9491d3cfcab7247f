"""A small photo sent through a stack, as an upload is, to see that it comes out."""

from __future__ import annotations

import time

import numpy as np

import darkroom
from darkroom import codec, report
from darkroom.client.doctor import Finding, fault
from darkroom.client.stack import Stack
from darkroom.errors import DarkroomError, StepFailed
from darkroom.picture import Picture
from darkroom.wanted import Wanted

SIDE = 96


def photo() -> bytes:
    """A dark, smooth picture, as PNG: something for `auto` to find."""
    across = np.linspace(0, 90, SIDE, dtype=np.float32)
    pixels = np.stack([across[None, :] + across[:, None] / 2, *2 * [np.broadcast_to(across, (SIDE, SIDE))]], axis=-1)
    return codec.encode(Picture(np.ascontiguousarray(pixels.astype(np.uint8))), "png")


def send(stack: Stack, timeout: float) -> Finding:
    """Upload, wait for the job, open its result, read its manifest, delete all of it. timeout: seconds to wait.

    What did not come out stays, to be looked at.
    """
    began, key = time.monotonic(), ""
    try:
        key = stack.upload("canary.png", photo(), Wanted.of_metadata({"recipe": "auto"}, "canary.png", "auto"))
        job = stack.wait(key, timeout)
        told = report.read(stack.download(job["manifest"]))
        picture = codec.decode(stack.download(job["result"]))
        if (told.job, picture.width, picture.height) != (job["id"], SIDE, SIDE):
            raise StepFailed("canary", "its manifest or its result is another job's")
        stack.forget(job)
    except DarkroomError as error:
        return fault("canary", f"a photo did not come out: {error.message}", _advice(stack, key))
    words = f"a photo came out in {time.monotonic() - began:.1f} s, by version {told.darkroom}"
    if told.darkroom != darkroom.__version__:
        advice = "deploy the stack again, or install its version here"
        return Finding("canary", "note", f"{words}; this is version {darkroom.__version__}", advice)
    return Finding("canary", "well", words)


def _advice(stack: Stack, key: str) -> str:
    """What to look at next, by how far the photo came."""
    try:
        jobs = stack.jobs(key) if key else []
    except DarkroomError:
        jobs = []
    if not key:
        return "see whether you may write to the uploads bucket"
    return f"darkroom job {jobs[0]['id']}" if jobs else "docs/operations.md#waiting-uploads: its job never began"
