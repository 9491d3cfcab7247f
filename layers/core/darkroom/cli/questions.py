"""Commands that answer questions about photos, in this process and without AWS."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from darkroom.cli import inputs
from darkroom.cli.shared import Attempts, echo_json, named, read_file, shown

CLASSIFIER = "classify_digit"


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="IN…")
@click.option("--json", "as_json", is_flag=True, help="As JSON; of several photos a line each.")
def inspect(names: tuple[str, ...], as_json: bool) -> None:
    """Show what files are and what can be measured of them.

    Example: darkroom inspect in.jpg --json
    """
    attempts, several = Attempts(as_json=as_json), is_several(names)
    for source, _ in inputs.find(names):
        with attempts.on(source):
            found = inspect_one(read_file(source))
            if as_json:
                echo_one(source, found, several)
                continue
            if several:
                click.secho(shown(source), bold=True, underline=True)
            for section, values in found.items():
                click.secho(section, bold=True)
                for name, value in values.items():
                    click.echo(f"  {name.replace('_', ' ')}: {told(value)}")
    attempts.end()


def told(value: Any) -> str:
    """A value for people: numbers to four digits, none of them smaller than they can be measured."""
    match value:
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{round(value, 6):.4g}"
        case dict():
            return ", ".join(f"{name.replace('_', ' ')} {told(one)}" for name, one in value.items())
        case list() | tuple():
            return ", ".join(map(told, value))
        case _:
            return str(value)


def is_several(names: Sequence[str]) -> bool:
    """Whether answers need to say of which photo they are."""
    return len(names) > 1 or os.path.isdir(names[0])


def echo_one(source: str, found: Any, several: bool) -> None:
    """An answer as JSON: of one photo to be read, of several a line each that names its photo."""
    if several:
        click.echo(msgspec.json.encode({"input": named(source), **msgspec.to_builtins(found)}).decode())
    else:
        echo_json(found)


def inspect_one(data: bytes) -> dict[str, dict[str, Any]]:
    """What a file is, the picture in it, and what can be measured of that."""
    from darkroom import codec
    from darkroom.estimates.measure import measure
    from darkroom.limits import Limits

    header = codec.read_header(data, Limits())
    picture = codec.decode(data)
    return {
        "file": {"bytes": len(data), **msgspec.to_builtins(header, builtin_types=(bytes,), enc_hook=lambda _: None)},
        "picture": {
            "width": picture.width,
            "height": picture.height,
            "bit_depth": picture.bit_depth,
            "grey": picture.pixels.ndim == 2,
            "alpha": picture.alpha is not None,
            "notes": list(picture.metadata.notes),
        },
        "measurements": msgspec.to_builtins(measure(picture)),
    }


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="IN…")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all defects that were looked for.")
def diagnose(names: tuple[str, ...], as_json: bool) -> None:
    """Say what is wrong with photos, most certain first, and what would help.

    Example: darkroom diagnose in.jpg scans/
    """
    from darkroom import codec
    from darkroom.diagnosis import network

    attempts, several = Attempts(as_json=as_json), is_several(names)
    for source, _ in inputs.find(names):
        with attempts.on(source):
            found = network.diagnose(codec.decode(read_file(source)).shown())
            if as_json:
                echo_one(source, found, several)
                continue
            before = f"{shown(source)}: " if several else ""
            for defect in found.present:
                helps = ", ".join(defect.helps)
                click.echo(f"{before}{defect.words} ({defect.probability:.0%} sure); what would help: {helps}")
            if found.fine:
                click.echo(f"{before}fine as it is ({found.fine_probability:.0%} sure)")
            elif not found.present:
                click.echo(f"{before}no defect to speak of")
    attempts.end()


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="IN…")
@click.option("--rows", default=0, help="Rows of a sheet of equal boxes with one digit or nothing in each.")
@click.option("--columns", default=0, help="Columns of such a sheet.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line a photo, with each digit's probability and box.")
def classify(names: tuple[str, ...], rows: int, columns: int, as_json: bool) -> None:
    """Read the handwritten digits in photos, a line a photo; a sheet's rows are parted by spaces.

    Example: darkroom classify sheet.jpg --rows 5 --columns 8
    """
    from darkroom import codec, registry

    params = {"rows": rows, "columns": columns}
    registry.get(CLASSIFIER).params.parse(params, of=CLASSIFIER)
    attempts, several = Attempts(as_json=as_json), is_several(names)
    for source, _ in inputs.find(names):
        with attempts.on(source):
            found = registry.apply(CLASSIFIER, codec.decode(read_file(source)).pixels, **params)
            if as_json:
                click.echo(msgspec.json.encode({"input": named(source), **found}).decode())
            else:
                before = f"{shown(source)}: " if several else ""
                click.echo(before + (" ".join(found["text"].split()) or found["says"]))
    attempts.end()
