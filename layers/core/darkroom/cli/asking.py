"""The options by which a command is told what is wanted of photos."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from darkroom.cli.shared import naming, read_file, shown

if TYPE_CHECKING:  # what a command works with is loaded when it runs: `--help` waits for no library
    from darkroom.wanted import Wanted


def asks(*, default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares the options, which `read_wanted` takes. default: what the help says of the recipe if none is given."""
    options = (
        click.option(
            "--recipe", "recipe_source", metavar="NAME|FILE", help=f"A built-in recipe{default} or a JSON file."
        ),
        click.option(
            "--step", "step_texts", multiple=True, metavar="NAME:key=value,…", help="A step to run; repeatable."
        ),
        click.option("--blend", type=click.IntRange(0, 100), help="Percent of the result over the original."),
        click.option("--format", metavar="NAME", help="jpeg, png, webp, avif or tiff (default: as the photo)."),
        click.option(
            "--quality", type=click.IntRange(1, 100), help="Of the formats that lose something (default: as the photo)."
        ),
        click.option(
            "--progressive/--baseline",
            default=None,
            help="A JPEG that appears coarse first: a little smaller, longer to write (default: baseline).",
        ),
        click.option(
            "--finish",
            type=click.Choice(["none", "gentle", "full"]),
            help="How much of an editor's tone and colour `auto` ends with (default: gentle).",
        ),
        click.option(
            "--partial",
            type=click.Choice(["reject", "accept"]),
            help="Whether a JPEG or PNG that ends early is taken as far as it goes (default: reject).",
        ),
        click.option(
            "--sidecar",
            type=click.Choice(["none", "beside", "inside"]),
            help="Write the decisions as XMP, into RESULT.xmp or the result itself (default: none).",
        ),
    )

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return declare


def read_wanted(recipe_source: str | None, step_texts: Sequence[str] = (), **overrides: Any) -> Wanted:
    """What the options of `asks` ask for. Raises `RecipeInvalid`, OSError.

    recipe_source: a built-in recipe's name, or a file.
    overrides: of `darkroom.wanted.Overrides`; None for what is not asked for.
    """
    from darkroom.wanted import Wanted

    if recipe_source and step_texts:
        raise click.UsageError("--recipe and --step exclude each other")
    if recipe_source and is_file_of_a_recipe(recipe_source):
        content = read_file(recipe_source)
        with naming(shown(recipe_source)):
            return Wanted.of_options(content, **overrides)
    return Wanted.of_options(recipe_source, step_texts, **overrides)


def is_file_of_a_recipe(source: str) -> bool:
    from darkroom import recipe

    return source not in recipe.BUILT_IN and (source.endswith(".json") or os.path.exists(source))


def also_read(recipe_source: str | None, wanted: Wanted) -> list[str]:
    """The files beside the photos from which a command reads."""
    steps = wanted.recipe.steps if wanted.recipe else "auto"
    references = [] if steps == "auto" else [path for call in steps for path in call.references.values()]
    return [recipe_source, *references] if recipe_source else references
