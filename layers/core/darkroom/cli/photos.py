"""Commands that work on photos, in this process and without AWS."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from darkroom import blending, codec, library, recipe, registry
from darkroom.cli.main import cli, fail
from darkroom.cli.reference import echo_json
from darkroom.codec.formats import identify
from darkroom.diagnosis import network
from darkroom.errors import DarkroomError, RecipeInvalid
from darkroom.estimates.measure import measure
from darkroom.limits import Limits
from darkroom.picture import Array
from darkroom.recipe import Recipe, StepCall

STDIO = "-"
CLASSIFIER = "classify_digit"
ALIASES = {".jpeg": ".jpg", ".jpe": ".jpg", ".tiff": ".tif"}


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option("-o", "--output", metavar="OUT", help="A file for one photo ('-' for stdout), a folder for several.")
@click.option(
    "--recipe", "recipe_source", metavar="NAME|FILE", help="A built-in recipe (default: auto) or a JSON file."
)
@click.option("--step", "step_texts", multiple=True, metavar="NAME:key=value,…", help="A step to run; repeatable.")
@click.option("--blend", type=click.IntRange(0, 100), help="Percent of the result over the original.")
@click.option("--report", "report_path", metavar="FILE", help="Write what was done and why, as JSON.")
def enhance(
    inputs: tuple[str, ...],
    output: str | None,
    recipe_source: str | None,
    step_texts: tuple[str, ...],
    blend: int | None,
    report_path: str | None,
) -> None:
    """Enhance photos. Without -o, IN.jpg becomes IN.enhanced.jpg beside it."""
    if recipe_source and step_texts:
        raise click.UsageError("--recipe and --step exclude each other")
    chosen = library.find_recipe(find_recipe(recipe_source, step_texts), blend)
    targets = plan_outputs(inputs, output, chosen)
    reports, failed = [], False
    for source, target in with_progress(list(zip(inputs, targets, strict=True))):
        try:
            reports.append({"input": source, "output": target, **enhance_one(source, target, chosen)})
        except (DarkroomError, OSError) as error:
            failed = True
            reason = error.message if isinstance(error, DarkroomError) else error.strerror or str(error)
            fail(f"{source}: {reason}")
    if report_path:
        body = reports[0] if len(inputs) == 1 and reports else reports
        write_atomically(report_path, msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n")
    if failed:
        raise SystemExit(1)


@cli.command()
@click.argument("source", metavar="IN")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(source: str, as_json: bool) -> None:
    """Show what a file is and what can be measured of it."""
    data = read_file(source)
    header = codec.read_header(data, Limits())
    picture = codec.decode(data)
    found = {
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
    if as_json:
        echo_json(found)
        return
    for section, values in found.items():
        click.secho(section, bold=True)
        for name, value in values.items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            click.echo(f"  {name.replace('_', ' ')}: {shown}")


@cli.command()
@click.argument("source", metavar="IN")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all defects that were looked for.")
def diagnose(source: str, as_json: bool) -> None:
    """Say what is wrong with a photo, most certain first, and what would help."""
    found = network.diagnose(codec.decode(read_file(source)).pixels)
    if as_json:
        echo_json(found)
        return
    for defect in found.present:
        click.echo(f"{defect.words} ({defect.probability:.0%} sure); what would help: {', '.join(defect.helps)}")
    if found.fine:
        click.echo(f"fine as it is ({found.fine_probability:.0%} sure)")
    elif not found.present:
        click.echo("no defect to speak of")


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option("--rows", default=0, help="Rows of a sheet of equal boxes with one digit or nothing in each.")
@click.option("--columns", default=0, help="Columns of such a sheet.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line a photo, with each digit's probability and box.")
def classify(inputs: tuple[str, ...], rows: int, columns: int, as_json: bool) -> None:
    """Read the handwritten digits in photos, a line a photo; a sheet's rows are parted by spaces."""
    params = {"rows": rows, "columns": columns}
    registry.get(CLASSIFIER).params.parse(params, of=CLASSIFIER)
    failed = False
    for source in inputs:
        try:
            found = registry.apply(CLASSIFIER, codec.decode(read_file(source)).pixels, **params)
        except (DarkroomError, OSError) as error:
            failed = True
            fail(f"{source}: {error.message if isinstance(error, DarkroomError) else error.strerror or error}")
            continue
        if as_json:
            click.echo(msgspec.json.encode({"input": source, **found}).decode())
        else:
            click.echo(("" if len(inputs) == 1 else f"{source}: ") + (" ".join(found["text"].split()) or found["says"]))
    if failed:
        raise SystemExit(1)


def find_recipe(source: str | None, step_texts: Iterable[str]) -> Recipe | str | list[StepCall] | bytes:
    """The recipe that the options name. Raises `RecipeInvalid`."""
    steps = [recipe.parse_step(text) for text in step_texts]
    if steps:
        return steps
    if source is None:
        return "auto"
    if source in recipe.BUILT_IN or not (source.endswith(".json") or Path(source).exists()):
        return recipe.built_in(source)
    return Path(source).read_bytes()


def plan_outputs(inputs: tuple[str, ...], output: str | None, chosen: Recipe) -> list[str]:
    """Where each result goes. Raises click's usage error where two would be one, or one would replace its input."""
    folder = output is not None and output != STDIO and (Path(output).is_dir() or output.endswith("/"))
    if output is not None and len(inputs) > 1 and not folder:
        if output == STDIO or Path(output).exists() or Path(output).suffix:
            raise click.UsageError(f"-o must be a folder for {len(inputs)} photos")
        folder = True
    if output is not None and folder:
        Path(output).mkdir(parents=True, exist_ok=True)
        targets = [str(Path(output) / f"{Path(source).stem}{extension(source, chosen)}") for source in inputs]
    elif output is not None:
        targets = [output]
    else:
        if STDIO in inputs:
            return [STDIO] * len(inputs)
        targets = [f"{Path(source).with_suffix('')}.enhanced{extension(source, chosen)}" for source in inputs]
    if len(set(targets)) < len(targets):
        raise click.UsageError("two photos have the same name: give them folders of their own")
    for source, target in zip(inputs, targets, strict=True):
        if STDIO not in (source, target) and os.path.realpath(source) == os.path.realpath(target):
            raise click.UsageError(f"{target} would replace the original: give another -o")
    return targets


def extension(source: str, chosen: Recipe) -> str:
    """A result's extension: of the recipe's format, else of the format that goes with the source's first bytes."""
    if chosen.format:
        return codec.EXTENSIONS[chosen.format]
    try:
        with open(source, "rb") as file:
            return codec.EXTENSIONS[codec.output_format(identify(file.read(64)))]
    except (DarkroomError, OSError):
        return ".jpg"  # nothing will be written: the file is refused, with its reason, when its turn comes


def format_for(target: str) -> str:
    """The output format that a file name asks for. Raises `RecipeInvalid` where its extension is none of them."""
    extension = ALIASES.get(Path(target).suffix.lower(), Path(target).suffix.lower())
    for name, its in codec.EXTENSIONS.items():
        if extension == its:
            return name
    known = ", ".join(codec.EXTENSIONS.values())
    raise RecipeInvalid("unknown-format", f"'{target}' does not end in a format that can be written ({known})")


def enhance_one(source: str, target: str, chosen: Recipe) -> dict[str, Any]:
    """Enhance one file into another, and say what was done."""
    result = library.enhance(read_file(source), chosen, load_reference=load_reference)
    format_name = chosen.format or codec.output_format(result.picture.metadata.source_format)
    if target != STDIO and Path(target).suffix:
        format_name = format_for(target)
    body = codec.encode(result.picture, format_name, quality=chosen.quality)
    if target == STDIO:
        sys.stdout.buffer.write(body)
    else:
        write_atomically(target, body)
    return {**result.report, "result": blending.describe(result.picture, format_name, len(body))}


def read_file(source: str) -> bytes:
    """A file's bytes, or stdin's. Too large a file is refused before it is read."""
    limits = Limits()
    if source == STDIO:
        return sys.stdin.buffer.read(limits.max_bytes + 1)
    limits.check_bytes(os.stat(source).st_size)
    return Path(source).read_bytes()


def load_reference(path: str) -> Array:
    return codec.decode(read_file(path)).as_array()


def write_atomically(target: str, body: bytes) -> None:
    """All of it or nothing: a result that is cut off looks like a result."""
    path = Path(target)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(body)
            file.close()
            os.chmod(file.name, 0o666 & ~_umask())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def with_progress[T](items: list[T]) -> Iterable[T]:
    """A progress bar on stderr for several items, where someone looks."""
    if len(items) < 2 or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, file=sys.stderr) as bar:
        yield from bar
