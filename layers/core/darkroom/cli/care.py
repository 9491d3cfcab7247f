"""`darkroom redo`, `redrive` and `doctor`: the care of a deployed stack."""

from __future__ import annotations

import click

from darkroom.cli.cloud import find_stack, of_a_stack
from darkroom.cli.shared import Attempts, echo_json


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB…")
@of_a_stack
def redo(jobs: tuple[str, ...], stack_name: str | None, local: bool) -> None:
    """Begin jobs anew that failed.

    Example: darkroom redo 0123456789abcdef0123456789abcdef
    """
    from darkroom.client import care

    stack, attempts = find_stack(stack_name, local), Attempts()
    for job in jobs:
        with attempts.on(job):
            care.redo(stack, job)
            click.echo(job)
    attempts.end()


@click.command()
@of_a_stack
def redrive(stack_name: str | None, local: bool) -> None:
    """Send the uploads again that could not be delivered; say how many.

    Example: darkroom redrive --stack darkroom
    """
    from darkroom.client import care

    click.echo(care.redrive(find_stack(stack_name, local)))


@click.command()
@of_a_stack
def doctor(stack_name: str | None, local: bool) -> None:
    """Say how many uploads wait, run, and could not be delivered. Exit status 1 where some could not be.

    Example: darkroom doctor --stack darkroom
    """
    from darkroom.client import care

    found = care.look(find_stack(stack_name, local))
    echo_json(found)
    if found["undelivered"]:
        raise SystemExit(1)
