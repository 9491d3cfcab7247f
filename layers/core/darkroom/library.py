"""The library's front door: a photo in, a better photo and a report out, in one process and without AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from darkroom import blending, pipeline, report
from darkroom.auto import guard, treatments
from darkroom.auto.albums import Evidence, Together
from darkroom.diagnosis.network import diagnose
from darkroom.estimates.measure import measure
from darkroom.limits import Limits
from darkroom.picture import Array, Picture, same_pixels
from darkroom.pipeline import LoadReference, OnStep
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Report, StageReport, StepReport
from darkroom.sources import Source, to_picture
from darkroom.step import to_float
from darkroom.wanted import Wanted

OnProgress = Callable[[str, float], None]
"""Told what begins, and how much is done, 0–1."""

READ, PLANNED, WORKED = 0.1, 0.2, 0.9
"""How much is done when the photo is read, the steps are chosen, and the last one is done."""


@dataclass(frozen=True, slots=True)
class Result:
    """An enhanced photo and what was done to it.

    image: HxW, HxWx3 or HxWx4. Given an array, one of its dtype (of ``float64``: ``float32``); given a file,
        ``uint8`` or ``uint16``.
    report: what was done and why, as in a job's manifest; `msgspec.to_builtins` makes it JSON types, and
        `darkroom.report.reasons` sentences. All the work is one stage, `library`.
    picture: the same pixels with the file's metadata, for `darkroom.encode`.
    recipe: the recipe that was used; its `format` and `quality` are what it asks of the file.
    unchanged: whether no pixel is another one than in the photo.
    """

    image: Array
    report: Report
    picture: Picture
    recipe: Recipe
    unchanged: bool = False


def enhance(
    photo: Source,
    recipe: str | bytes | Mapping[str, Any] | Recipe | Iterable[StepCall] | Wanted = "auto",
    blend: int | None = None,
    *,
    together: Together | None = None,
    limits: Limits | None = None,
    load_reference: LoadReference | None = None,
    on_step: OnStep | None = None,
    on_progress: OnProgress | None = None,
) -> Result:
    """Enhance a photo.

    photo: a file's bytes, its path, or a file opened for reading bytes; a Pillow image; a `Picture`; or an array HxW,
        HxWx3 (RGB) or HxWx4 (RGBA) of ``uint8``, ``uint16``, or ``float32`` or ``float64`` in 0–1, which is worked on
        in 16 bits. The input is never changed.
    recipe: a built-in recipe's name, a recipe as JSON text or mapping, a list of steps, or a `Wanted`.
    blend: 0–100, percent of the result over the original; None takes the recipe's own.
    together: what was found of the photo (`look`) together with others (`darkroom.auto.albums.together`): the recipe
        "auto" decides by that, and does not look anew.
    limits: what a file may be at most; `Limits()` if None.
    load_reference, on_step: see `darkroom.pipeline.run`.
    on_progress: told what begins now (``"reading"``, ``"diagnosing"`` or ``"planning"``, each step by its name,
        ``"looking again"``, ``"done"``), and how much is done, 0–1: of what there is to do, not of the time it takes.

    Raises `ImageRejected` for a bad file or array, `RecipeInvalid` for a bad recipe and `StepFailed`
    (`step.not-installed`, `step.no-model`) where a package or a model's file is missing; OSError for a path that
    cannot be read.
    """
    started = time.perf_counter()
    tell = on_progress or _untold
    tell("reading", 0.0)
    chosen = Wanted.of_arguments(recipe, blend).to_recipe()
    original, size = to_picture(photo, limits or Limits(), chosen)
    tell("diagnosing" if treatments.needs_diagnosis(chosen) else "planning", READ)
    told = report.begin(chosen, report.source_of(original, size), None, original.metadata.notes)
    by = None
    if treatments.needs_diagnosis(chosen):
        by = known = together.own if together else _seen(original)
        told = replace(told, measurements=known.measurements, diagnosis=known.diagnosis)
        if together:
            by, told = together.agreed, replace(told, album=together.album)
    calls, decisions = treatments.resolve(chosen, by.measurements if by else None, by.diagnosis if by else None)
    told = replace(told, decisions=decisions)
    picture, steps = pipeline.run(
        original, calls, load_reference=load_reference, on_step=_counting(calls, tell, on_step)
    )
    tell("looking again", WORKED)
    review = None
    if by is not None and calls:
        picture, review = guard.review(original, picture, by.diagnosis, told.treated)
    picture = blending.blend(original, picture, chosen.blend)
    stage = StageReport("library", round((time.perf_counter() - started) * 1000), steps)
    told = replace(told, review=review, stages=[stage])
    image = picture.as_array()
    if isinstance(photo, np.ndarray) and photo.dtype.kind == "f":
        image = to_float(image)
    unchanged = same_pixels(original, picture)
    tell("done", 1.0)
    return Result(image, told, picture, chosen, unchanged)


def look(
    photo: Source, recipe: str | bytes | Mapping[str, Any] | Recipe | Wanted = "auto", *, limits: Limits | None = None
) -> Evidence:
    """What is known of a photo before the recipe "auto" decides: what it decides by for several together.

    photo, recipe, limits, errors: as in `enhance`; the recipe says how the file is read.
    """
    original, _ = to_picture(photo, limits or Limits(), Wanted.of_arguments(recipe).to_recipe())
    return _seen(original)


def _seen(picture: Picture) -> Evidence:
    shown = Picture(picture.shown())
    return Evidence(measure(shown), diagnose(shown.pixels))


def _untold(_: str, __: float) -> None:
    pass


def _counting(calls: Sequence[StepCall], tell: OnProgress, on_step: OnStep | None) -> OnStep:
    """Tells of each step as it begins: the first one now, each other when the one before it is done."""
    shares = [PLANNED + (WORKED - PLANNED) * index / len(calls) for index in range(len(calls))]
    coming = iter([(call.name, share) for call, share in zip(calls, shares, strict=True)])

    def begin() -> None:
        following = next(coming, None)
        if following is not None:
            tell(*following)

    def done(report: StepReport, pixels: int) -> None:
        if on_step is not None:
            on_step(report, pixels)
        begin()

    begin()
    return done
