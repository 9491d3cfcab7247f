"""Commands that work on photos, in this process and without AWS."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkroom.cli.shared import Attempts, echo_json, is_stream, is_there, read_file, sentence, shown, with_progress
from darkroom.errors import DarkroomError, RecipeInvalid

if TYPE_CHECKING:  # what a command works with is loaded when it runs: `--help` waits for no library
    from darkroom.picture import Array
    from darkroom.report import Report
    from darkroom.wanted import Wanted

CLASSIFIER = "classify_digit"


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option("-o", "--output", metavar="OUT", help="A file for one photo ('-' for stdout), a folder for several.")
@click.option(
    "--recipe", "recipe_source", metavar="NAME|FILE", help="A built-in recipe (default: auto) or a JSON file."
)
@click.option("--step", "step_texts", multiple=True, metavar="NAME:key=value,…", help="A step to run; repeatable.")
@click.option("--blend", type=click.IntRange(0, 100), help="Percent of the result over the original.")
@click.option("--report", "report_path", metavar="FILE", help="Write what was done and why, as JSON.")
@click.option("--explain", is_flag=True, help="Say what was done and why, in sentences, on stderr.")
@click.option("--force", is_flag=True, help="Replace files that are there; never the photos themselves.")
def enhance(
    inputs: tuple[str, ...],
    output: str | None,
    recipe_source: str | None,
    step_texts: tuple[str, ...],
    blend: int | None,
    report_path: str | None,
    explain: bool,
    force: bool,
) -> None:
    """Enhance photos. Without -o, IN.jpg becomes IN.enhanced.jpg beside it."""
    import msgspec

    from darkroom import report
    from darkroom.cli import outputs

    wanted = read_wanted(recipe_source, step_texts, blend)
    chosen = wanted.to_recipe()
    files = outputs.Outputs([*inputs, *also_read(recipe_source, wanted)], force=force)
    targets = outputs.plan(inputs, output, chosen.format)
    for source, target in zip(inputs, targets, strict=True):
        if is_there(source):
            files.claim(target, source)
    if report_path:
        files.claim(report_path, "--report")
    reports, attempts = [], Attempts()
    for source, target in with_progress(list(zip(inputs, targets, strict=True))):
        with attempts.on(source):
            body, done = enhance_one(source, target, wanted)
            files.write(target, body)
            reports.append({"input": shown(source), "output": shown(target), **msgspec.to_builtins(done)})
            if explain:
                for reason in report.reasons(done):
                    click.echo(f"{shown(source)}: {reason.words}", err=True)
    if report_path:
        content = reports[0] if len(inputs) == 1 and reports else reports
        files.write(report_path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    attempts.end()


@click.command()
@click.argument("source", metavar="IN")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(source: str, as_json: bool) -> None:
    """Show what a file is and what can be measured of it."""
    attempts = Attempts()
    with attempts.on(source):
        found = inspect_one(read_file(source))
        if as_json:
            echo_json(found)
            return
        for section, values in found.items():
            click.secho(section, bold=True)
            for name, value in values.items():
                text = f"{value:.4g}" if isinstance(value, float) else value
                click.echo(f"  {name.replace('_', ' ')}: {text}")
    attempts.end()


def inspect_one(data: bytes) -> dict[str, dict[str, Any]]:
    """What a file is, the picture in it, and what can be measured of that."""
    import msgspec

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
@click.argument("source", metavar="IN")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all defects that were looked for.")
def diagnose(source: str, as_json: bool) -> None:
    """Say what is wrong with a photo, most certain first, and what would help."""
    from darkroom import codec
    from darkroom.diagnosis import network

    attempts = Attempts()
    with attempts.on(source):
        found = network.diagnose(codec.decode(read_file(source)).shown())
        if as_json:
            echo_json(found)
            return
        for defect in found.present:
            click.echo(f"{defect.words} ({defect.probability:.0%} sure); what would help: {', '.join(defect.helps)}")
        if found.fine:
            click.echo(f"fine as it is ({found.fine_probability:.0%} sure)")
        elif not found.present:
            click.echo("no defect to speak of")
    attempts.end()


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option("--rows", default=0, help="Rows of a sheet of equal boxes with one digit or nothing in each.")
@click.option("--columns", default=0, help="Columns of such a sheet.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line a photo, with each digit's probability and box.")
def classify(inputs: tuple[str, ...], rows: int, columns: int, as_json: bool) -> None:
    """Read the handwritten digits in photos, a line a photo; a sheet's rows are parted by spaces."""
    import msgspec

    from darkroom import codec, registry

    params = {"rows": rows, "columns": columns}
    registry.get(CLASSIFIER).params.parse(params, of=CLASSIFIER)
    attempts = Attempts()
    for source in inputs:
        with attempts.on(source):
            found = registry.apply(CLASSIFIER, codec.decode(read_file(source)).pixels, **params)
            if as_json:
                click.echo(msgspec.json.encode({"input": shown(source), **found}).decode())
            else:
                before = "" if len(inputs) == 1 else f"{shown(source)}: "
                click.echo(before + (" ".join(found["text"].split()) or found["says"]))
    attempts.end()


def read_wanted(recipe_source: str | None, step_texts: Sequence[str], blend: int | None) -> Wanted:
    """What the options ask for. recipe_source: a built-in recipe's name, or a file. Raises `RecipeInvalid`, OSError."""
    from darkroom.wanted import Wanted

    if recipe_source and step_texts:
        raise click.UsageError("--recipe and --step exclude each other")
    if recipe_source and is_file_of_a_recipe(recipe_source):
        return Wanted.of_options(read_file(recipe_source), (), blend)
    return Wanted.of_options(recipe_source, step_texts, blend)


def is_file_of_a_recipe(source: str) -> bool:
    from darkroom import recipe

    return source not in recipe.BUILT_IN and (source.endswith(".json") or os.path.exists(source))


def also_read(recipe_source: str | None, wanted: Wanted) -> list[str]:
    """The files beside the photos from which a command reads."""
    steps = wanted.recipe.steps if wanted.recipe else "auto"
    references = [] if steps == "auto" else [path for call in steps for path in call.references.values()]
    return [recipe_source, *references] if recipe_source else references


def format_for(target: str) -> str:
    """The output format that a file name asks for. Raises `RecipeInvalid` where its extension is none of them."""
    from darkroom import codec

    extension = Path(target).suffix.lower()
    for name, its in codec.OWN_EXTENSIONS.items():
        if extension in its:
            return name
    known = ", ".join(codec.EXTENSIONS.values())
    raise RecipeInvalid("unknown-format", f"'{target}' does not end in a format that can be written ({known})")


def enhance_one(source: str, target: str, wanted: Wanted) -> tuple[bytes, Report]:
    """What is to be written for one photo, and what was done."""
    from darkroom import blending, codec, library

    data = read_file(source)
    result = library.enhance(data, wanted, load_reference=load_reference)
    format_name = result.recipe.format or codec.output_format(result.picture.metadata.source_format)
    if not is_stream(target) and Path(target).suffix:
        format_name = format_for(target)
    source_bytes = data if result.unchanged and result.recipe.quality is None else None
    return blending.write(result.report, result.picture, format_name, source_bytes)


def load_reference(path: str) -> Array:
    """A reference image. Raises `RecipeInvalid` naming it where it cannot be had."""
    from darkroom import codec

    try:
        return codec.decode(read_file(path)).as_array()
    except (DarkroomError, OSError) as error:
        raise RecipeInvalid("bad-reference", f"the reference image {shown(path)}: {sentence(error)}") from None
