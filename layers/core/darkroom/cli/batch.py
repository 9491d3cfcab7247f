"""`darkroom batch`: photos in masses through a deployed stack, begun, followed, begun anew and stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import click

from darkroom.cli.asking import asks, read_wanted
from darkroom.cli.cloud import find_stack, of_a_stack
from darkroom.cli.following import wait_for
from darkroom.cli.shared import STOPPED, echo_json, fail

if TYPE_CHECKING:  # what a command works with is loaded when it runs: `--help` waits for no library
    from darkroom.aws.batches import Batches, State
    from darkroom.aws.batching import Line, Settings
    from darkroom.client.stack import Stack


class Group(click.Group):
    """What is no command of its own is a source: `batch s3://…` begins one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        begins = args and args[0] not in {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, ["begin", *args] if begins else args)


@click.group(cls=Group)
def batch() -> None:
    """Enhance photos in masses: `darkroom batch s3://BUCKET/PREFIX`, then status, report, redrive and stop.

    What is no command begins a batch; `darkroom batch begin --help` has its options. For example:

    \b
      darkroom batch s3://archive/1990/ --recipe vivid --max-concurrency 200 --dry-run
      darkroom batch redrive 0123456789abcdef0123456789abcdef
    """


@batch.command()
@click.argument("source", required=False, metavar="[s3://BUCKET/PREFIX]")
@click.option(
    "--manifest", metavar="FILE|s3://…", help="A list of photos in CSV or JSON Lines, with a recipe for each."
)
@click.option("--inventory", metavar="s3://…", help="The manifest.json of an S3 inventory in CSV.")
@asks(default=" (default: auto)")
@click.option(
    "--album",
    is_flag=True,
    help="Photos of a folder, each taken within an hour of the one before, decide together: light, exposure, noise.",
)
@click.option("--to", metavar="PREFIX", help="What stands before the results' keys (default: the bucket's name).")
@click.option("--max-concurrency", "at_once", type=int, default=100, show_default=True, help="Photos at a time.")
@click.option("--together", type=int, default=1, show_default=True, help="Photos of one child of the workflow.")
@click.option(
    "--tolerate", "tolerated", type=float, default=100, show_default=True, help="Percent that may fail before it ends."
)
@click.option("--force", is_flag=True, help="Do again what is done already.")
@click.option("--dry-run", is_flag=True, help="Count and estimate, and begin nothing.")
@click.option("--detach", is_flag=True, help="Begin it and do not wait.")
@click.option("--report", "report_path", metavar="FILE", help="Where the report goes (default: batch-ID.html).")
@of_a_stack
def begin(
    source: str | None,
    manifest: str | None,
    inventory: str | None,
    album: bool,
    to: str | None,
    dry_run: bool,
    detach: bool,
    report_path: str | None,
    stack_name: str | None,
    local: bool,
    at_once: int,
    together: int,
    tolerated: float,
    force: bool,
    **asked: Any,
) -> None:
    """Begin a batch of all photos under a prefix, in a list or in an inventory; it goes on when this is closed."""
    from darkroom.client import batches as known
    from darkroom.client.estimating import USUAL_BYTES, estimate, pace

    if not (source or manifest or inventory) or (manifest and inventory):
        raise click.UsageError("give s3://BUCKET/PREFIX, --manifest or --inventory")
    wanted = read_wanted(**asked)
    metadata = {"recipe": "auto", **wanted.to_metadata()}
    stack = find_stack(stack_name, local)
    batches = known.of(stack)
    from darkroom.aws.batches import IN_MEMORY  # after the client, which says by what to install what is missing

    with SpooledTemporaryFile(IN_MEMORY) as kept:
        total, size, bucket = keep(kept, photos_of(stack, source, manifest, inventory, metadata))
        if not total:
            fail("no photos there")
            raise SystemExit(1)
        settings = batches.settings(
            "stack",
            manifest or inventory or source or "",
            metadata,
            (bucket if to is None else to).strip("/") + "/",
            total,
            at_once=at_once,
            together=together,
            tolerated=tolerated,
            album=album,
            force=force,
        )
        chosen = wanted.to_recipe().name
        guess = estimate(settings, size or total * USUAL_BYTES, pace(stack, chosen))
        told = f"as the stack's last {guess.after} jobs took" if guess.after else "as a usual photo takes"
        megabytes = f" ({guess.megabytes:,.1f} MB)" if size else ""
        looked = ", with a look at each before, for the albums" if album else ""
        click.echo(
            f"{total:,} photo{'s' * (total != 1)}{megabytes}, recipe {chosen}{looked}: at most {guess.minutes:,.1f} "
            f"minutes and ${guess.dollars:,.2f}, {told}; what is done already takes less",
            err=True,
        )
        if dry_run:
            return
        batches.begin(settings, again(kept))
    click.echo(settings.id)
    if not detach:
        follow(stack, batches, settings, report_path)


@batch.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--wait", is_flag=True, help="Show it until it has ended.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Without an ID: so many, newest first."
)
@of_a_stack
def status(ids: tuple[str, ...], wait: bool, limit: int, stack_name: str | None, local: bool) -> None:
    """Say as JSON how batches stand; without an ID, the newest."""
    from darkroom.client import batches as known

    batches = known.of(find_stack(stack_name, local))
    for settings in [known.find(batches, name) for name in ids] if ids else batches.newest(limit)[0]:
        if wait:
            wait_for(batches, settings)
        echo_json(as_told(batches.state(settings)))


@batch.command()
@click.argument("name", metavar="ID")
@click.option("-o", "--output", metavar="FILE", help="Default: batch-ID.html.")
@of_a_stack
def report(name: str, output: str | None, stack_name: str | None, local: bool) -> None:
    """Write a batch's report: a page that opens without a network."""
    from darkroom.client import batches as known

    stack = find_stack(stack_name, local)
    batches = known.of(stack)
    write_report(stack, batches, batches.state(known.find(batches, name)), output)


@batch.command()
@click.argument("name", metavar="ID")
@click.option("--detach", is_flag=True, help="Begin it and do not wait.")
@click.option("--report", "report_path", metavar="FILE", help="Where the report goes (default: batch-ID.html).")
@of_a_stack
def redrive(name: str, detach: bool, report_path: str | None, stack_name: str | None, local: bool) -> None:
    """Begin anew what a batch left undone: failed, rejected, or never begun."""
    from darkroom.client import batches as known

    stack = find_stack(stack_name, local)
    batches = known.of(stack)
    settings = known.find(batches, name)
    undone = batches.redrive(settings)
    click.echo(f"{undone:,} photos are begun anew" if undone else "nothing was left undone", err=True)
    if undone and not detach:
        follow(stack, batches, settings, report_path)


@batch.command()
@click.argument("name", metavar="ID")
@of_a_stack
def stop(name: str, stack_name: str | None, local: bool) -> None:
    """Begin no more photos of a batch; `redrive` goes on with it."""
    from darkroom.client import batches as known

    batches = known.of(find_stack(stack_name, local))
    batches.stop(known.find(batches, name))


def photos_of(
    stack: Stack, source: str | None, manifest: str | None, inventory: str | None, metadata: dict[str, str]
) -> Iterator[tuple[Line, int]]:
    """The photos that the arguments of `begin` name."""
    from darkroom.aws import batches as known
    from darkroom.aws import batching
    from darkroom.client import manifests

    bucket, prefix = batching.place_of(source) if source else ("", "")
    if manifest:
        return manifests.of_list(manifests.read(stack, manifest), manifest, bucket, metadata)
    if inventory:
        return manifests.of_inventory(stack, *batching.place_of(inventory), prefix)
    return known.photos_under(stack.client("s3"), bucket, prefix)


def keep(file: Any, photos: Iterable[tuple[Line, int]]) -> tuple[int, int, str]:
    """Write photos down, a line each. Gives their number, the bytes of their files, and the bucket of the first."""
    import msgspec

    total, size, bucket = 0, 0, ""
    for line, bytes_ in photos:
        file.write(msgspec.json.encode(line) + b"\n")
        total, size, bucket = total + 1, size + bytes_, bucket or line.bucket
    return total, size, bucket


def again(file: Any) -> Iterator[Line]:
    """What `keep` wrote."""
    import msgspec

    from darkroom.aws.batching import Line

    file.seek(0)
    for line in file:
        yield msgspec.json.decode(line, type=Line)


def follow(stack: Stack, batches: Batches, settings: Settings, report_path: str | None) -> None:
    """A bar until the batch has ended, then its report. Exit status 1 where photos are left undone."""
    with going_on(settings.id):
        state = wait_for(batches, settings)
        counts = state.counts
        click.echo(
            f"{counts.succeeded:,} enhanced, {counts.skipped:,} done before, {counts.rejected:,} rejected, "
            f"{counts.failed:,} failed, {state.unaccounted:,} not begun",
            err=True,
        )
        if state.execution != "SUCCEEDED" and state.cause:
            fail(state.cause)
        write_report(stack, batches, state, report_path)
    if counts.done < settings.total:
        fail(f"`darkroom batch redrive {settings.id}` begins anew what is left")
        raise SystemExit(1)


@contextmanager
def going_on(name: str) -> Iterator[None]:
    """Ctrl-C ends the look at a batch, and not the batch."""
    try:
        yield
    except KeyboardInterrupt:
        fail(f"the batch goes on: `darkroom batch status {name} --wait` shows it")
        raise SystemExit(STOPPED) from None


def as_told(state: State) -> dict[str, Any]:
    """A state for programs."""
    settings, counts = state.settings, state.counts
    return {
        "id": settings.id,
        "source": settings.source,
        "created": settings.created,
        "status": state.execution.lower(),
        "runs": state.runs,
        "photos": settings.total,
        "succeeded": counts.succeeded,
        "skipped": counts.skipped,
        "rejected": counts.rejected,
        "failed": counts.failed,
        "pending" if state.running else "unaccounted": settings.total - counts.ended,
        **({"cause": state.cause} if state.cause else {}),
    }


def write_report(stack: Stack, batches: Batches, state: State, path: str | None) -> None:
    from darkroom.cli import gathering, sheet

    path = path or f"batch-{state.settings.id}.html"
    with open(path, "w", encoding="utf-8") as file:
        file.write(sheet.page(gathering.of_batch(stack, batches, state)))
    click.echo(path, err=True)
