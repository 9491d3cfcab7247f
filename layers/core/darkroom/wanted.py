"""What is asked for of a photo: read and checked once, wherever it is said, and from then on passed on as a value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from darkroom import recipe
from darkroom.codec.formats import usual
from darkroom.errors import RecipeInvalid
from darkroom.params import FieldInvalid, convert, once
from darkroom.recipe import Blend, Finish, Format, Partial, Progressive, Quality, Recipe, Sidecar, StepCall

METADATA_BYTES = 2048
"""What S3 keeps with an object: the bytes of all names and values of its metadata together."""


class Overrides(msgspec.Struct, frozen=True, omit_defaults=True):
    """What overrides a recipe's own; None leaves it."""

    blend: Blend | None = None
    format: Format | None = None
    quality: Quality | None = None
    progressive: Progressive | None = None
    partial: Partial | None = None
    sidecar: Sidecar | None = None
    finish: Finish | None = None

    def of(self, chosen: Recipe | None) -> Wanted:
        """These overrides, of a recipe."""
        return Wanted(**_overrides(self), recipe=chosen)


class Body(Overrides, frozen=True):
    """The fields of a request's JSON by which it asks."""

    recipe: str | dict[str, Any] | None = None
    steps: list[StepCall] | None = None


class Query(Overrides, frozen=True):
    """The names of a query by which it asks, each once except `step`."""

    recipe: str | None = None
    step: tuple[str, ...] = ()


class Wanted(Overrides, frozen=True):
    """A recipe with what overrides it. `recipe` None leaves the choice to whoever does it.

    Made by the functions `of_…`, which raise `RecipeInvalid` naming what is wrong.
    """

    recipe: Recipe | None = None

    @staticmethod
    def of_options(source: str | bytes | None, steps: Iterable[str] = (), **overrides: Any) -> Wanted:
        """By a command line. source: a built-in recipe's name or a recipe as JSON; else steps, ``name:key=value,…``.

        overrides: of `Overrides`, as options have them.
        """
        calls = [recipe.parse_step(text) for text in steps]
        return _read(overrides, Overrides).of(_found(calls or source))

    @classmethod
    def of_arguments(
        cls,
        source: str | bytes | Mapping[str, Any] | Recipe | Iterable[StepCall] | Wanted,
        blend: int | None = None,
    ) -> Wanted:
        """By a call of the library. source: whatever `darkroom.recipe.find` takes, or what was read before."""
        said = source if isinstance(source, Wanted) else cls(recipe=recipe.find(source))
        if blend is None:
            return said
        return msgspec.structs.replace(said, blend=_read({"blend": blend}, Overrides).blend)

    @staticmethod
    def of_body(fields: Mapping[str, Any]) -> Wanted:
        """By a request's JSON, see `Body`."""
        said = _read(fields, Body)
        if said.recipe is not None and said.steps is not None:
            raise RecipeInvalid("bad-request", "'recipe' and 'steps' exclude each other")
        return said.of(_found(said.recipe if said.steps is None else said.steps))

    @staticmethod
    def of_query(query: Mapping[str, Sequence[str]]) -> Wanted:
        """By a query, see `Query`."""
        said = _read(once_each(query, "step"), Query, strict=False)
        if said.recipe is not None and said.step:
            raise RecipeInvalid("bad-request", "'recipe' and 'step' exclude each other")
        calls = [recipe.parse_step(text) for text in said.step]
        return said.of(_found(calls or said.recipe or None))

    @staticmethod
    def of_metadata(metadata: Mapping[str, str], key: str, default: str) -> Wanted:
        """By an upload.

        Which recipe: the object's metadata ``recipe`` (a built-in's name, or a recipe as JSON), else the key's first
        path segment where it names a built-in recipe, else `default`. The metadata ``blend`` (0–100), ``format``,
        ``quality``, ``progressive``, ``partial``, ``sidecar`` and ``finish`` override what the recipe says.
        """
        folder = key.partition("/")[0] if "/" in key else ""
        chosen = recipe.find(metadata.get("recipe") or (folder if folder in recipe.BUILT_IN else default))
        texts = {name: metadata[name] for name in Overrides.__struct_fields__ if name in metadata}
        try:
            said = convert(_usual(texts), Overrides, strict=False)
        except FieldInvalid as error:
            raise RecipeInvalid("bad-metadata", f"the upload's metadata is not valid: {error}") from None
        return said.of(chosen)

    def to_recipe(self, default: str = "auto") -> Recipe:
        """The recipe with what overrides it. default: the built-in one to take where none was asked for."""
        chosen = recipe.built_in(default) if self.recipe is None else self.recipe
        return msgspec.structs.replace(chosen, **_overrides(self))

    def to_metadata(self) -> dict[str, str]:
        """The metadata by which an object asks for this, all of it ASCII, as `of_metadata` reads it.

        Raises `RecipeInvalid` where it is more than S3 keeps.
        """
        said = {name: str(value) for name, value in _overrides(self).items()}
        if self.recipe is not None:
            named = self._named()
            said["recipe"] = named or json.dumps(msgspec.to_builtins(self.recipe), separators=(",", ":"))
        size = sum(len(name) + len(value) for name, value in said.items())
        if size > METADATA_BYTES:
            raise RecipeInvalid(
                "too-long",
                f"what is asked for takes {size:,} bytes of an upload's metadata; at most {METADATA_BYTES} may be: "
                "use fewer steps",
            )
        return said

    def to_body(self) -> dict[str, Any]:
        """The fields of a request's JSON that ask for this, as `of_body` reads them."""
        if self.recipe is None:
            return _overrides(self)
        return {"recipe": self._named() or msgspec.to_builtins(self.recipe), **_overrides(self)}

    def to_query(self) -> list[tuple[str, str]]:
        """The query that asks for this, as `of_query` reads it, but for the name of a recipe of one's own.

        Raises `RecipeInvalid` where none does.
        """
        said, pairs = _overrides(self), []
        if self.recipe is not None:
            named = self._named()
            if not named:
                if self.recipe.animation != "first":
                    raise RecipeInvalid("bad-request", "what becomes of an animation cannot be said in a query")
                said = _overrides(self.recipe) | said
            steps = self.recipe.steps
            if named or steps == "auto" or not steps:
                pairs = [("recipe", named or ("auto" if steps else "none"))]
            else:
                pairs = [("step", recipe.spell_step(call)) for call in steps]
        return pairs + [(name, str(value).lower()) for name, value in said.items()]

    def _named(self) -> str:
        """The recipe's name where that says all of it: it is a built-in one."""
        name = self.recipe.name if self.recipe else ""
        return name if name in recipe.BUILT_IN and recipe.built_in(name) == self.recipe else ""


def once_each(query: Mapping[str, Sequence[str]], *several: str) -> dict[str, Any]:
    """What a query says: a text by each name, a tuple of them by those in `several`. Raises `RecipeInvalid`."""
    single = once((name, text) for name, texts in query.items() if name not in several for text in texts)
    return single | {name: tuple(texts) for name, texts in query.items() if name in several}


def _overrides(said: Overrides | Recipe) -> dict[str, Any]:
    """What overrides a recipe, or what a recipe says of the same, by its name; None is left out."""
    values = {name: getattr(said, name) for name in Overrides.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}


def _found(source: str | bytes | Mapping[str, Any] | Sequence[StepCall] | None) -> Recipe | None:
    return None if source is None else recipe.find(source)


def _usual(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields with the output format by its own name."""
    said = fields.get("format")
    return {**fields, "format": usual(said)} if isinstance(said, str) else fields


def _read[T: msgspec.Struct](fields: Mapping[str, Any], kind: type[T], *, strict: bool = True) -> T:
    try:
        return convert(_usual(fields), kind, strict=strict)
    except FieldInvalid as error:
        raise RecipeInvalid("bad-request", str(error)) from None
