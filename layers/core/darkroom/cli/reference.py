"""Commands that list what there is: steps and recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from darkroom.cli.shared import echo_json

if TYPE_CHECKING:
    from darkroom.step import Step


@click.command("steps")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the parameters' JSON schema.")
def steps_command(name: str | None, as_json: bool) -> None:
    """List the steps, or show one with its parameters.

    Example: darkroom steps unsharp_mask
    """
    from darkroom import registry

    chosen = [registry.get(name)] if name else registry.steps()
    if as_json:
        described = [registry.describe(step) for step in chosen]
        echo_json(described[0] if name else described)
    elif name:
        show(chosen[0])
    else:
        width = max(len(step.name) for step in chosen)
        for stage in registry.stages():
            click.secho(stage, bold=True)
            for step in (s for s in chosen if s.stage == stage):
                click.echo(f"  {step.name:<{width}}  {step.summary}")


@click.command("recipes")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def recipes_command(name: str | None, as_json: bool) -> None:
    """List the built-in recipes, or show one with its steps.

    Example: darkroom recipes vivid --json > mine.json
    """
    from darkroom import recipe

    chosen = [recipe.built_in(name)] if name else recipe.built_ins()
    if as_json or name:
        echo_json(chosen[0] if name else chosen)
        return
    width = max(len(each.name) for each in chosen)
    for each in chosen:
        click.echo(f"{each.name:<{width}}  {each.description}")


def show(step: Step) -> None:
    from darkroom.params import describe_bounds

    click.secho(f"{step.name} ({step.stage})", bold=True)
    click.echo(f"\n{step.doc}\n")
    for name, schema in step.schema()["properties"].items():
        unit = f" {schema['unit']}" if "unit" in schema else ""
        default = "" if schema.get("default") is None else f", default {schema['default']}"
        click.echo(f"  {name}: {describe_bounds(schema)}{unit}{default}\n      {schema['description']}")
    for name, meaning in step.references.items():
        click.echo(f"  {name}: an image\n      {meaning}")
