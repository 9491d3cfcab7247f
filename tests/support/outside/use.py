"""The library as another project uses it: never run, checked by its types (tests/unit/test_types_from_outside.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import darkroom
from darkroom.client import Client, Job

photo = np.zeros((20, 30, 3), np.uint8)
for step in darkroom.steps():
    print(step.name, step.summary, step.schema())
result: darkroom.Result = darkroom.enhance(
    photo,
    recipe="vivid",
    on_step=lambda done, pixels: print(done.name, pixels),
    on_progress=lambda now, share: print(now, f"{share:.0%}"),
)
for source in (b"...", "in.jpg", Path("in.jpg"), Image.new("RGB", (3, 3)), photo):
    darkroom.enhance(source, [darkroom.StepCall("crop", {"aspect": "1:1"})], limits=darkroom.Limits(max_pixels=100))
with open("in.jpg", "rb") as file:
    darkroom.enhance(file)
names: list[str] = [done.name for done in result.report.steps]
data: bytes = darkroom.encode(result.picture, "JPG", quality=90)
picture: darkroom.Picture = darkroom.decode(data)
brighter = darkroom.apply("gamma", picture.pixels, gamma=1.2)
recipe = darkroom.Recipe(steps="auto", finish="none")
try:
    darkroom.enhance("in.jpg", recipe)
except darkroom.ImageRejected as error:
    print(error.code, error.message)
except (darkroom.RecipeInvalid, darkroom.StepFailed, darkroom.TransientError):
    raise


def told(job: Job) -> None:
    print(job.status, [stage.milliseconds for stage in job.stages])


client = Client("https://api.example/v1", key="k")
done: Job = client.wait(client.submit(Path("in.jpg"), darkroom.Recipe(steps="auto"), idempotency_key="one"), 60, told)
if done.links.result and done.report:
    print(len(client.download(done.links.result)), done.report.recipe)
for one in client.jobs():
    print(one.created.year, one.filename)
better: bytes = client.enhance(b"...", [darkroom.StepCall("gamma")]).photo
