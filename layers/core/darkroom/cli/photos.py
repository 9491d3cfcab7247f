"""`darkroom enhance`: photos on this machine, without AWS."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from darkroom.cli import inputs
from darkroom.cli.asking import also_read, asks, read_wanted
from darkroom.cli.pool import begun
from darkroom.cli.shared import (
    Attempts,
    Move,
    is_stream,
    is_there,
    moving_bar,
    named,
    read_file,
    sentence,
    shown,
)
from darkroom.errors import DarkroomError, RecipeInvalid

if TYPE_CHECKING:  # what a command works with is loaded when it runs: `--help` waits for no library
    from darkroom.auto.albums import Together
    from darkroom.cli.sheet import Pair
    from darkroom.library import OnProgress
    from darkroom.picture import Array
    from darkroom.report import Report
    from darkroom.wanted import Wanted


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="IN…")
@click.option(
    "-o", "--output", metavar="OUT", help="A file for one photo ('-' for stdout), a folder (with / at its end)."
)
@asks(default=" (default: auto)")
@click.option(
    "--album",
    is_flag=True,
    help="Photos of a folder, each taken within an hour of the one before, decide together: light, exposure, noise.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Photos at a time.")
@click.option(
    "--report",
    "report_path",
    metavar="FILE",
    help="Write what was done and why, as JSON; as one page, where it ends in .html.",
)
@click.option("--explain", is_flag=True, help="Say what was done and why, in sentences, on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what went well.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a line of JSON a photo, with its report or error.")
@click.option("--force", is_flag=True, help="Replace files that are there; never the photos themselves.")
@click.option("--skip", is_flag=True, help="Leave out photos whose results are there: goes on where it was stopped.")
def enhance(
    names: tuple[str, ...],
    output: str | None,
    album: bool,
    jobs: int,
    report_path: str | None,
    explain: bool,
    quiet: bool,
    as_json: bool,
    force: bool,
    skip: bool,
    **asked: Any,
) -> None:
    """Enhance photos, and those in folders, whose tree is kept.

    Without -o, IN.jpg becomes IN.enhanced.jpg beside it. For example:

    \b
      darkroom enhance in.jpg -o out.jpg
      darkroom enhance scans/ -o better/ --jobs 4 --skip --report better.html
      darkroom enhance *.jpg -o better/ --step denoise --step unsharp_mask:radius=1.5
    """
    import msgspec

    from darkroom import report
    from darkroom.cli import albums, gathering, outputs, sheet, told
    from darkroom.sidecar import packet

    if force and skip:
        raise click.UsageError("--force and --skip exclude each other")
    wanted = read_wanted(**asked)
    chosen = wanted.to_recipe()
    if album and chosen.steps != "auto":
        raise click.UsageError(f"--album is for the recipe auto: {chosen.name} decides nothing")
    photos = inputs.find(inputs.without_results(names), output)
    files = outputs.Outputs([*(path for path, _ in photos), *also_read(asked["recipe_source"], wanted)], force=force)
    targets = outputs.plan(photos, output, chosen.format)
    beside = chosen.sidecar == "beside"
    if beside and any(map(is_stream, targets)):
        raise click.UsageError("a sidecar beside a stream has no place: use --sidecar inside")
    work = [(photo.path, target) for photo, target in zip(photos, targets, strict=True)]
    gathered = gathering.Folder(names, chosen.name) if (report_path or "").endswith(".html") else None
    if skip:
        if gathered:
            gathered.skipped(source for source, target in work if os.path.lexists(target))
        work = [(source, target) for source, target in work if not os.path.lexists(target)]
    for source, target in work:
        if is_there(source):
            files.claim(target, source)
            files.claim_sidecar(target, source, beside=beside)
    if report_path:
        files.claim(report_path, "--report")
    reports, attempts = [], Attempts(as_json=as_json)
    told_together = albums.together((photo.path for photo in photos), chosen, jobs) if album and work else {}
    to_do = [Work(source, target, told_together.get(source)) for source, target in work]
    with closing(each(to_do, wanted, jobs, look=gathered is not None)) as results:
        for source, target, result in results:
            with attempts.on(source), gathered.trying(source) if gathered else nullcontext():
                body, done, pair = result()
                files.write(target, body)
                if gathered:
                    gathered.done(source, done, pair)
                files.write_sidecar(target, packet(done) if beside else None)
                whole = {"input": named(source), "output": named(target), **msgspec.to_builtins(done)}
                reports.append(whole)
                if explain:
                    for reason in report.reasons(done):
                        click.echo(f"{shown(source)}: {reason.words}", err=True)
                if as_json:
                    click.echo(msgspec.json.encode(whole).decode())
                elif not quiet and not is_stream(target):
                    click.echo(f"{shown(source)} → {shown(target)}  {told.line(done)}")
    if report_path and gathered:
        files.write(report_path, sheet.page(gathered.sheet()).encode())
    elif report_path:
        content = reports[0] if len(photos) == 1 and reports else reports
        files.write(report_path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    attempts.end()


type Result = Callable[[], tuple[bytes, Report, Pair | None]]
"""Gives what is to be written for a photo, what was done and, if wanted, how it looks, or raises why there is none."""


class Work(NamedTuple):
    """A photo, and where its result goes. together: what it tells with its album's others, if it is of one."""

    source: str
    target: str
    together: Together | None = None


def each(work: Sequence[Work], wanted: Wanted, jobs: int, *, look: bool = False) -> Generator[tuple[str, str, Result]]:
    """Each photo with its target and its result, in order. jobs: processes that work at the same time. look: whether
    each is looked at for a page."""
    if jobs == 1 or len(work) < 2:
        with moving_bar(len(work)) as move:
            for index, one in enumerate(work):
                progress = _within(move, index, shown(one.source))
                yield one.source, one.target, partial(enhance_one, one, wanted, progress, look=look)
        return
    for one, result in zip(work, begun(partial(enhance_one, wanted=wanted, look=look), work, jobs), strict=True):
        yield one.source, one.target, result


def _within(move: Move, index: int, name: str) -> OnProgress:
    """Moves the bar within one of the photos."""
    return lambda now, share: move(index + share, f"{name}: {now}" if share < 1 else "")


def format_for(target: str) -> str:
    """The output format that a file name asks for. Raises `RecipeInvalid` where its extension is none of them."""
    from darkroom import codec

    extension = Path(target).suffix.lower()
    for name, its in codec.OWN_EXTENSIONS.items():
        if extension in its:
            return name
    known = ", ".join(codec.EXTENSIONS.values())
    raise RecipeInvalid("unknown-format", f"'{target}' does not end in a format that can be written ({known})")


def enhance_one(
    work: Work, wanted: Wanted, on_progress: OnProgress | None = None, *, look: bool = False
) -> tuple[bytes, Report, Pair | None]:
    """What is to be written for one photo, what was done, and how it looks where that is wanted."""
    from darkroom import blending, codec, library

    source, target, together = work

    data, asked = read_file(source), None
    if not is_stream(target) and Path(target).suffix:
        asked = format_for(target)
        if wanted.format not in (None, asked):
            raise RecipeInvalid("unknown-format", f"'{target}' is not called like the {wanted.format} asked for")
    result = library.enhance(data, wanted, together=together, load_reference=load_reference, on_progress=on_progress)
    format_name = asked or result.recipe.format or codec.output_format(result.picture.metadata.source_format)
    source_bytes = data if result.unchanged and result.recipe.quality is None else None
    body, told = blending.write(result.report, result.picture, format_name, source_bytes)
    if not look:
        return body, told, None
    from darkroom.cli.gathering import pair

    return body, told, pair(data, body)


def load_reference(path: str) -> Array:
    """A reference image. Raises `RecipeInvalid` naming it where it cannot be had."""
    from darkroom import codec

    try:
        return codec.decode(read_file(path)).as_array()
    except (DarkroomError, OSError) as error:
        raise RecipeInvalid("bad-reference", f"the reference image {shown(path)}: {sentence(error)}") from None
