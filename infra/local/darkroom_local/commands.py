"""`darkroom local`: joins the command line by entry point. What a command works with is loaded when it runs."""

from __future__ import annotations

from typing import NoReturn

import click

from darkroom.cli.shared import echo_json


@click.group()
def local() -> None:
    """The embedded AWS on this machine, with the stack deployed. For example:

    \b
      darkroom local up
      eval "$(darkroom local env)"
      darkroom submit in.jpg --local -o better/
      darkroom local down
    """


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
def env() -> None:
    """Print what a shell needs to call it: eval "$(darkroom local env)"."""
    from darkroom_local import control

    lines = control.shell()
    if lines is None:
        _not_running()
    click.echo(lines)


@local.command()
def status() -> None:
    """Say where it runs; exit 1 where it does not."""
    from darkroom_local import control

    found = control.status()
    if found is None:
        _not_running()
    echo_json(found)


def _not_running() -> NoReturn:
    click.echo("not running", err=True)
    raise SystemExit(1)
