"""`darkroom redo`, `redrive` and `doctor`: the care of a deployed stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from darkroom.cli.cloud import DEFAULT_STACK, find_stack, of_a_stack
from darkroom.cli.shared import Attempts, echo_json

if TYPE_CHECKING:
    from darkroom.client.doctor import Finding


@click.command()
@click.argument("jobs", nargs=-1, required=True, metavar="JOB…")
@click.option("--without", multiple=True, metavar="DECISION", help="What was done, but for this decision; repeatable.")
@click.option("--more", multiple=True, metavar="QUALITY", help="With more exposure, contrast, warmth …; repeatable.")
@click.option("--less", multiple=True, metavar="QUALITY", help="With less of it; repeatable.")
@of_a_stack
def redo(
    jobs: tuple[str, ...],
    without: tuple[str, ...],
    more: tuple[str, ...],
    less: tuple[str, ...],
    stack_name: str | None,
    local: bool,
) -> None:
    """Begin jobs anew that failed; or do otherwise what was done to photos, by jobs or keys, without another upload.

    \b
    Example:
      darkroom redo 0123456789abcdef0123456789abcdef
      darkroom redo holiday/in.jpg --without "colour cast" --more exposure
    """
    from darkroom.client import care

    stack, attempts = find_stack(stack_name, local), Attempts()
    for job in jobs:
        with attempts.on(job):
            if without or more or less:
                click.echo(care.redo_changed(stack, job, without, more, less))
            else:
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
@click.option("--canary/--no-canary", default=True, help="Send a small photo through the whole path (the default).")
@click.option("--timeout", default=300, show_default=True, help="Seconds to wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Counts and findings, as JSON.")
@of_a_stack
def doctor(canary: bool, timeout: int, as_json: bool, stack_name: str | None, local: bool) -> None:
    """Look whether a stack is well, and say what to do where it is not. Exit status 1 where there is a fault.

    Example: darkroom doctor --stack darkroom
    """
    from darkroom.client import canary as photos
    from darkroom.client import care
    from darkroom.client import doctor as checks

    stack = find_stack(stack_name, local)
    findings = []
    for finding in checks.look(checks.admit(stack, stack_name or DEFAULT_STACK)):
        findings.append(finding)
        if not as_json:
            tell(finding)
    if canary:
        findings.append(photos.send(stack, timeout))
        if not as_json:
            tell(findings[-1])
    if as_json:
        echo_json({"counts": care.look(stack), "findings": findings})
    if any(finding.state == "fault" for finding in findings):
        raise SystemExit(1)


def tell(finding: Finding) -> None:
    """A finding in a line or two."""
    click.echo(f"{finding.state:<5}  {finding.check:<9}  {' '.join(finding.words.split())}")
    if finding.advice:
        click.echo(f"{'':<5}  {'':<9}  → {finding.advice}")
