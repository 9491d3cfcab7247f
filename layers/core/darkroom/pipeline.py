"""Runs steps on a picture, in one process. The stages' functions, the command line and the library all come here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from darkroom.errors import StepFailed
from darkroom.picture import Array, Picture, fill_hidden
from darkroom.recipe import StepCall
from darkroom.report import StepReport
from darkroom.step import Step, split_alpha

LoadReference = Callable[[str], Array]
Deadline = Callable[[], float]
"""Seconds that are left."""

OnStep = Callable[[StepReport, int], None]
"""Told of a step that is done: its report, and how many pixels its result has."""


def run(
    picture: Picture,
    calls: Iterable[StepCall],
    *,
    load_reference: LoadReference | None = None,
    seconds_left: Deadline | None = None,
    on_step: OnStep | None = None,
) -> tuple[Picture, list[StepReport]]:
    """The picture after all steps, and a report of each.

    load_reference: reads a step's reference image by its name in the recipe (a file, an S3 key).
    seconds_left: asked before each step; `StepFailed` ("out-of-time") is raised where nothing is left.
    on_step: called after each step, for logs and progress. It is not given the picture, lest it keep it alive.
    """
    reports = []
    for call in calls:
        if seconds_left is not None and seconds_left() <= 0:
            raise StepFailed("out-of-time", f"no time is left for step '{call.name}' and those after it")
        step, params = call.resolve()
        started = time.perf_counter()
        references = {}
        for name, source in call.references.items():
            if load_reference is None:
                raise StepFailed("no-references", f"step '{call.name}' has a reference image that cannot be read")
            references[name] = load_reference(source)
        outcome = step(_given(picture, step), params, references)
        picture = picture.with_pixels(*split_alpha(outcome.image))
        milliseconds = round((time.perf_counter() - started) * 1000)
        reports.append(StepReport(call.name, params.to_dict(), milliseconds, outcome.details))
        if on_step is not None:
            on_step(reports[-1], picture.width * picture.height)
    return picture, reports


def _given(picture: Picture, step: Step) -> Array:
    """What a step is given: with alpha where there is one, but grey stays grey for all but those that resize."""
    if picture.alpha is None or picture.pixels.ndim == 3 or step.resizes:
        return picture.as_array()
    return fill_hidden(picture.pixels, picture.alpha > 0)
