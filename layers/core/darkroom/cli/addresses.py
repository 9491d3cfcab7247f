"""`darkroom sign`: addresses of pictures that a deployed stack answers to whoever has them."""

from __future__ import annotations

import time

import click

from darkroom.cli.cloud import find_stack, of_a_stack
from darkroom.cli.shared import shown
from darkroom.errors import RecipeInvalid

SECRET = "DARKROOM_SIGNING_SECRET"  # noqa: S105 - the variable's name
DAY_SECONDS = 86_400


@click.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY…")
@click.option("--recipe", "recipe_name", metavar="NAME", help="A built-in recipe (default: none, the photo as it is).")
@click.option("--step", "step_texts", multiple=True, metavar="NAME:key=value,…", help="A step instead; repeatable.")
@click.option("--width", type=click.IntRange(1), metavar="PX", help="The widest that the picture may be.")
@click.option("--format", "format_name", metavar="NAME", help="jpeg, png, webp, avif or tiff, whatever a browser asks.")
@click.option("--quality", type=click.IntRange(1, 100), help="Of the formats that lose something.")
@click.option("--days", type=click.IntRange(1), help="For how long the address is good (default: for ever).")
@click.option("--base", metavar="URL", help="What the address begins with (default: the stack's CDN, or its API).")
@click.option("--secret", envvar=SECRET, metavar="TEXT", help=f"Of the stack, or {SECRET}: then --base is needed too.")
@of_a_stack
def sign(
    keys: tuple[str, ...],
    recipe_name: str | None,
    step_texts: tuple[str, ...],
    width: int | None,
    format_name: str | None,
    quality: int | None,
    days: int | None,
    base: str | None,
    secret: str | None,
    stack_name: str | None,
    local: bool,
) -> None:
    """Print signed addresses of photos in the bucket of uploads, one a line.

    Example: darkroom sign holiday/a.jpg --recipe vivid --width 640
    """
    from darkroom import recipe, signing
    from darkroom.codec.formats import check_output, usual

    if recipe_name and step_texts:
        raise click.UsageError("--recipe and --step exclude each other")
    if secret and not base:
        raise click.UsageError("with a secret of your own, --base says what the address begins with")
    for text in step_texts:
        recipe.parse_step(text)
    transform = ";".join(step_texts) or recipe.built_in(recipe_name or "none").name
    if format_name is not None:
        format_name = usual(format_name)
        check_output(format_name)
    expires = None if days is None else int(time.time()) + days * DAY_SECONDS
    asked = {"w": width, "format": format_name, "quality": quality, "expires": expires}
    if not secret:
        stack = find_stack(stack_name, local)
        secret = stack.signing_secret()
        base = base or stack.images
    assert base
    for key in keys:
        try:
            query = {name: str(value) for name, value in asked.items() if value is not None}
            address = signing.address(secret.encode(), transform, key, query)
        except ValueError as error:
            raise RecipeInvalid("no-address", f"{shown(key)}: {error}") from None
        click.echo(f"{base.rstrip('/')}/{address}")
