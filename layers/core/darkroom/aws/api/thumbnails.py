"""`POST /thumbnails`: what each recipe would make of a photo, small, in one call."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from darkroom import codec, pipeline, recipe, registry
from darkroom.auto import treatments
from darkroom.aws.api import annotate, preview, synchronous
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.picture import Picture
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Diagnosis
from darkroom.wanted import once_each

USUAL_SIDE, MOST_SIDE, QUALITY = 192, 512, 76


class Thumbnail(msgspec.Struct, frozen=True):
    """A recipe's, as a JPEG or WebP in base64."""

    recipe: str
    media_type: str
    image: str


def answer(site: Site, body: bytes, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A thumbnail for each of the recipes, in their order; without a word of which, of all that make a picture.

    The steps work on the small picture. What `auto` would do follows from the diagnosis of the photo as it was sent;
    the last look that a job takes at its result is left out.
    """
    synchronous.check_size(body, "/thumbnails", "A smaller one does as well.")
    chosen = _chosen(query)
    side = preview.side_of(once_each(query, "recipe"), USUAL_SIDE, MOST_SIDE)
    photo = codec.decode(body, limits=site.limits, partial="accept")
    picture = preview.small(photo, side)
    calls = {one.name: one.steps for one in chosen if one.steps != "auto"}
    if undecided := [one for one in chosen if treatments.needs_diagnosis(one)]:
        from darkroom.estimates.measure import measure  # OpenCV, which no other request waits for

        diagnosis = msgspec.convert(annotate.answer(site, "/thumbnails", "diagnose", body, {}), Diagnosis)
        measurements = measure(photo)
        calls |= {one.name: treatments.resolve(one, measurements, diagnosis)[0] for one in undecided}
    return {"thumbnails": [_thumbnail(one.name, picture, calls[one.name]) for one in chosen]}


def _thumbnail(name: str, picture: Picture, calls: Sequence[StepCall]) -> Thumbnail:
    done, _ = pipeline.run(picture, calls)
    media_type, body = preview.drawn(
        done if max(done.width, done.height) <= MOST_SIDE else preview.small(done, MOST_SIDE)
    )
    return Thumbnail(name, media_type, base64.b64encode(body).decode())


def _chosen(query: Mapping[str, Sequence[str]]) -> list[Recipe]:
    drawable = [one for one in recipe.built_ins() if all(map(_makes_a_picture, _names(one)))]
    names = [one.name for one in drawable]
    for name in query.get("recipe", ()):
        recipe.built_in(name)  # or it names the nearest
        if name not in names:
            raise Problem(HTTPStatus.BAD_REQUEST, "http.no-thumbnail", f"The recipe '{name}' makes no other picture.")
    return [one for one in drawable if one.name in query.get("recipe", names)]


def _names(one: Recipe) -> Iterator[str]:
    return iter(()) if one.steps == "auto" else (call.name for call in one.steps)


def _makes_a_picture(step: str) -> bool:
    """Whether the step is one that this function has the libraries for, which is all but those with networks."""
    return registry.stage_of(step) != registry.CLASSIFY
