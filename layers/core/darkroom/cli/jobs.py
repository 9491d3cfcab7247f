"""`darkroom jobs` and `darkroom job`: what became of uploads."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from darkroom.cli.cloud import find_stack, of_a_stack
from darkroom.cli.shared import echo_json

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Span(click.ParamType[timedelta]):
    """A time such as 90s, 30m, 1h or 2d."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", value)
        if found is None:
            self.fail(f"'{value}' is not a time such as 90s, 30m, 1h or 2d", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.command()
@click.option("--failed", is_flag=True, help="Only those that failed: `darkroom redo` begins them anew.")
@click.option("--rejected", is_flag=True, help="Only those whose photo or recipe was at fault.")
@click.option("--since", type=Span(), default="1h", show_default=True, help="How long ago: 90s, 30m, 1h, 2d.")
@click.option("--json", "as_json", is_flag=True, help="A record a line, for programs.")
@of_a_stack
def jobs(failed: bool, rejected: bool, since: timedelta, as_json: bool, stack_name: str | None, local: bool) -> None:
    """List the jobs of late, newest first: id, state, beginning, seconds, recipe, key, error.

    Example: darkroom jobs --failed --since 1h
    """
    import msgspec

    from darkroom.client import history

    wanted = [name for name, asked in (("failed", failed), ("rejected", rejected)) if asked]
    for record in history.of_late(find_stack(stack_name, local), since, wanted):
        if as_json:
            click.echo(msgspec.json.encode(record).decode())
        else:
            click.echo(line(record, history.seconds(record)))


def line(record: dict[str, Any], seconds: float | None) -> str:
    """A job in a line. Keys may hold anything: what would break the line is escaped."""
    took = "" if seconds is None else f"{seconds:.1f} s"
    code = record.get("error", {}).get("code", "")
    columns = (record["id"], f"{record['status']:<10}", record["created"], f"{took:>9}", record.get("recipe", "-"))
    return "  ".join([*columns, repr(record.get("key", ""))[1:-1], *([code] if code else [])])


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@of_a_stack
def job(job_id: str, as_json: bool, stack_name: str | None, local: bool) -> None:
    """Tell all of one job: state, times, error, links that last an hour, and where its logs and traces are.

    Example: darkroom job 0123456789abcdef0123456789abcdef
    """
    from darkroom.client import history

    told = history.of_one(find_stack(stack_name, local), job_id)
    if as_json:
        echo_json(told)
        return
    click.echo(line(told, told["seconds"]))
    if error := told.get("error"):
        click.echo(f"error      {error['name']} at {error['state'] or '-'}: {error['code']}: {error['message']}")
    click.echo(f"execution  {told.get('execution', '-')}")
    for name, link in told["links"].items():
        click.echo(f"{name:<9}  {link}")
    click.echo(f"logs       {told['logs']}")
    click.echo(f"traces     {told['traces']}")
