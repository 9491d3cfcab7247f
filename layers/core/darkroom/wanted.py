"""What an upload asks for, by its metadata and its key."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from darkroom import recipe
from darkroom.errors import RecipeInvalid
from darkroom.recipe import Recipe

OVERRIDES = ("blend", "format", "quality")


def wishes(metadata: Mapping[str, str], key: str, default: str) -> Recipe:
    """The recipe for an upload.

    Which one: the object's metadata ``recipe`` (a built-in's name, or a recipe as JSON), else the key's first path
    segment where it names a built-in recipe, else `default`. The metadata ``blend`` (0–100), ``format`` and ``quality``
    override what the recipe says. Raises `RecipeInvalid`.
    """
    folder = key.partition("/")[0] if "/" in key else ""
    chosen = recipe.find(metadata.get("recipe") or (folder if folder in recipe.BUILT_IN else default))
    overrides = {name: metadata[name] for name in OVERRIDES if name in metadata}
    if not overrides:
        return chosen
    try:
        return msgspec.convert({**msgspec.to_builtins(chosen), **overrides}, Recipe, strict=False)
    except msgspec.ValidationError as error:
        raise RecipeInvalid("bad-metadata", f"the upload's metadata is not valid: {error}") from None
