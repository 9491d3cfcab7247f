"""Recipes: ordered lists of steps with parameters, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from darkroom import registry
from darkroom.errors import RecipeInvalid, nearest
from darkroom.params import Params, from_json, once
from darkroom.ready import ready
from darkroom.step import Step

MAX_STEPS = 32

# The built-in recipes, in the order in which they are shown. A new one is a file in `darkroom/recipes` and a name here.
BUILT_IN = (
    "auto",
    "none",
    "natural",
    "vivid",
    "portrait",
    "lowlight",
    "backlit",
    "underwater",
    "old-photo",
    "scan",
    "document",
    "restore-jpeg",
    "display",
    "avatar",
    "digits",
)

Blend = Annotated[int, Meta(ge=0, le=100, description="how much of the result is mixed into the original, in percent")]
Format = Literal["jpeg", "png", "webp", "tiff", "avif"]
Quality = Annotated[int, Meta(ge=1, le=100, description="quality of a lossy output format")]
Progressive = Annotated[
    bool, Meta(description="whether a JPEG appears coarse first: a little smaller, and several times as long to write")
]
Partial = Annotated[
    Literal["reject", "accept"],
    Meta(description="what becomes of a JPEG or PNG that ends early: a rejection, or as much as is there, with a note"),
]
Sidecar = Annotated[
    Literal["none", "beside", "inside"],
    Meta(description="where the decisions are written as XMP: nowhere, in a file beside the result, or within it"),
]


Finish = Literal["none", "gentle", "full"]
"""How much of an editor's tone and colour `auto` ends with."""


class StepCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a recipe: its name, its parameters, and where its reference images are."""

    name: str
    params: dict[str, Any] = {}
    references: dict[str, str] = {}

    def resolve(self) -> tuple[Step, Params]:
        """The step and its validated parameters. Raises `RecipeInvalid`."""
        step = registry.get(self.name)
        for reference in self.references:
            if reference not in step.references:
                raise RecipeInvalid(
                    "unknown-reference",
                    f"step '{self.name}' takes no reference image '{reference}'{nearest(reference, step.references)}",
                )
        return step, step.params.parse(self.params, of=self.name)


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be done to a photo. ``steps: "auto"`` leaves the choice to darkroom."""

    steps: list[StepCall] | Literal["auto"]
    name: Annotated[str, Meta(min_length=1, max_length=64)] = "custom"
    description: Annotated[str, Meta(max_length=500)] = ""
    blend: Blend = 100
    format: Format | None = None
    quality: Quality | None = None
    progressive: Progressive = False
    finish: Annotated[
        Finish, Meta(description="of the steps `auto`: how much of an editor's tone and colour they end with")
    ] = "gentle"
    scene: Annotated[str, Meta(description="which of the documentation's scenes it is shown on")] = "photo"
    animation: Annotated[
        Literal["first", "keep"],
        Meta(description="what becomes of an animation: its first frame alone, or, as it cannot be kept, a rejection"),
    ] = "first"
    partial: Partial = "reject"
    sidecar: Sidecar = "none"

    def digest(self) -> str:
        """The first twelve digits of its steps' SHA-256: by it recipes of one name are told apart."""
        return hashlib.sha256(msgspec.json.encode(self.steps, order="deterministic")).hexdigest()[:12]

    def check(self) -> None:
        """Raise `RecipeInvalid` unless every step exists, is an image step and has valid parameters."""
        if self.steps == "auto":
            return
        if len(self.steps) > MAX_STEPS:
            raise RecipeInvalid("too-many-steps", f"the recipe has {len(self.steps)} steps; at most {MAX_STEPS} may be")
        for call in self.steps:
            call.resolve()


@cache
def built_in(name: str) -> Recipe:
    """The built-in recipe called `name`. Raises `RecipeInvalid`, naming the nearest, where there is none."""
    if name not in BUILT_IN:
        hint = f"{nearest(name, BUILT_IN)} (there are: {', '.join(BUILT_IN)})"
        raise RecipeInvalid("unknown-recipe", f"there is no recipe '{name:.80}'{hint}")
    text = resources.files("darkroom.recipes").joinpath(f"{name}.json").read_bytes()
    return parse(text)


def built_ins() -> list[Recipe]:
    return [built_in(name) for name in BUILT_IN]


def parse(source: bytes | str | Mapping[str, Any]) -> Recipe:
    """A recipe from JSON text or an equivalent mapping, checked. Raises `RecipeInvalid` that says where it is wrong."""
    try:
        recipe = from_json(source, Recipe) if isinstance(source, bytes | str) else msgspec.convert(source, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeInvalid("bad-recipe", f"the recipe is not valid: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeInvalid("bad-json", f"the recipe is not JSON: {error}") from None
    recipe.check()
    return recipe


def find(source: str | bytes | Mapping[str, Any] | Recipe | Iterable[StepCall]) -> Recipe:
    """A recipe from whatever a caller may have: a name, JSON text, a mapping, a list of steps, or a recipe."""
    if isinstance(source, Recipe):
        source.check()
        return source
    if isinstance(source, str) and not source.lstrip().startswith("{"):
        return built_in(source)
    if isinstance(source, bytes | str | Mapping):
        return parse(source)
    steps = list(source) if isinstance(source, Iterable) else [source]
    if not all(isinstance(each, StepCall) for each in steps):
        said = f"{source!r:.80}"
        raise RecipeInvalid("bad-recipe", f"a recipe is a name, JSON, a mapping, StepCalls or a Recipe, not {said}")
    recipe = Recipe(steps=steps)
    recipe.check()
    return recipe


def parse_step(text: str) -> StepCall:
    """A step from ``name:key=value,key=value``: what is said there, and no defaults.

    A value is a number, a word, or JSON; reference images are files. Raises `RecipeInvalid`.
    """
    name, _, rest = text.partition(":")
    step = registry.get(name)
    values: dict[str, Any] = {}
    references: dict[str, str] = {}
    for key, value in once(_pairs(text, rest)).items():
        if key in step.references:
            references[key] = value
        else:
            values[key] = _value(key, value) if value[:1] in ("[", "{") else value
    params = step.params.parse(values, of=name, from_text=True).to_dict()
    return StepCall(name, {key: params[key] for key in values}, references)


def spell_step(call: StepCall) -> str:
    """The text that `parse_step` reads as this step. Raises `RecipeInvalid` where none does."""
    values = {k: v if isinstance(v, str) else msgspec.json.encode(v).decode() for k, v in call.params.items()}
    pairs = [f"{name}={value}" for name, value in (values | call.references).items()]
    text = f"{call.name}:{','.join(pairs)}" if pairs else call.name
    if any("," in value for value in call.references.values()) or parse_step(text).resolve() != call.resolve():
        raise RecipeInvalid("bad-step", f"the step '{call.name}' cannot be said in a line")
    return text


def _pairs(text: str, rest: str) -> Iterator[tuple[str, str]]:
    for pair in _split_outside_brackets(rest):
        key, equals, value = pair.partition("=")
        if not equals:
            raise RecipeInvalid("bad-step", f"'{pair}' in the step {text!r} is not key=value")
        yield key, value


def _value(key: str, text: str) -> Any:
    try:
        return from_json(text, Any)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecipeInvalid("bad-step", f"'{key}' is {text!r:.80}, which is not JSON: {error}") from None


def _split_outside_brackets(text: str) -> Iterator[str]:
    """The parts of a comma-separated list, where commas within brackets do not count."""
    depth, part = 0, ""
    for char in text:
        depth += (char in "[{") - (char in "]}")
        if char == "," and depth == 0:
            yield part
            part = ""
        else:
            part += char
    if part:
        yield part


ready(Recipe)
