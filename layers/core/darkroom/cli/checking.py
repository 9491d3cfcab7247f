"""`darkroom check`: whether photos got worse, by whatever they were worked on with."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import click

from darkroom.cli import inputs
from darkroom.cli.pool import begun
from darkroom.cli.shared import Attempts, named, naming, read_file, shown

if TYPE_CHECKING:
    from darkroom.auto.compared import Comparison

MISSING = "missing: there is no result"


@click.command()
@click.argument("before", type=click.Path(exists=True))
@click.argument("after", type=click.Path(exists=True))
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Photos at a time.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what did not get worse.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a line of JSON a photo, with its evidence.")
def check(before: str, after: str, jobs: int, quiet: bool, as_json: bool) -> None:
    """Say whether photos got worse, by stated evidence: two folders, or two files. Exit status 1 where one did.

    Each photo of BEFORE is compared with what is called alike in AFTER, in any format. For example:

    \b
      darkroom check scans/ better/ --json | jq -r 'select(.worse != []).input'
    """
    import msgspec

    if os.path.isdir(before) != os.path.isdir(after):
        raise click.UsageError("give two folders, or two files")
    pairs: list[tuple[str, str | None]] = [(before, after)]
    if os.path.isdir(before):
        pairs = [(photo.path, result_of(photo, after)) for photo in inputs.find([before], after)]
    attempts = Attempts(as_json=as_json)
    there = [(first, second) for first, second in pairs if second]
    with closing(begun(compare_two, there, jobs)) as compared:
        for first, second in pairs:
            with attempts.on(first):
                found = next(compared)() if second else None
                worse = found.worse if found else (MISSING,)
                attempts.failed |= bool(worse)
                if as_json:
                    told = {"worse": worse} if found is None else msgspec.to_builtins(found)
                    line = {"input": named(first), "output": second and named(second), **told}
                    click.echo(msgspec.json.encode(line).decode())
                elif worse or not quiet:
                    click.echo(f"{shown(first)}: {'worse; ' + '; '.join(worse) if worse else 'not worse'}")
    attempts.end()


def result_of(photo: inputs.Photo, folder: str) -> str | None:
    """The file in a folder that is called as a photo's result would be, in any format; None where there is none.

    What is called as another photo is, is that one's.
    """
    from darkroom import codec
    from darkroom.cli.outputs import beside, result_name

    own_place, name = os.path.split(photo.path)
    root, place = os.path.splitext(name)[0], os.path.normpath(os.path.join(folder, photo.below))
    plain = [f"{root}{extension}" for extensions in codec.OWN_EXTENSIONS.values() for extension in sorted(extensions)]
    others = [other for other in plain if not os.path.exists(os.path.join(own_place, other))]
    names = [name, *(result_name(photo.path, format_name) for format_name in codec.EXTENSIONS), *others]
    return next(filter(os.path.isfile, (os.path.join(place, one) for one in [*names, *map(beside, names)])), None)


def compare_two(paths: tuple[str, str]) -> Comparison:
    """Raises what reading either raises."""
    from darkroom import codec
    from darkroom.auto.compared import compare

    before = codec.decode(read_file(paths[0]))
    with naming(f"its result {shown(paths[1])}"):
        after = codec.decode(read_file(paths[1]))
    return compare(before, after)
