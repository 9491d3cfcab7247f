"""`darkroom local`: joins the command line by entry point. What a command works with is loaded when it runs."""

from __future__ import annotations

import click

from darkroom.cli.shared import echo_json


@click.group()
def local() -> None:
    """The embedded AWS on this machine, with the stack deployed."""


@local.command()
def up() -> None:
    """Start it and deploy the stack (a minute or so the first time)."""
    from darkroom_local import control

    echo_json(control.up())


@local.command()
def down() -> None:
    """Stop it. What it held is gone."""
    from darkroom_local import control

    control.down()


@local.command()
def status() -> None:
    """Say whether it runs, and where."""
    from darkroom_local import control

    echo_json(control.status())
