"""`darkroom submit`: photos to a deployed stack, in an AWS account or where another distribution's entry point says."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click

from darkroom.cli import inputs, joined
from darkroom.cli.asking import also_read, asks, read_wanted
from darkroom.cli.shared import Attempts, is_there, read_file, shown, with_progress
from darkroom.errors import StepFailed

if TYPE_CHECKING:  # what a command works with is loaded when it runs: `--help` waits for no library
    from darkroom.cli.outputs import Outputs
    from darkroom.client.stack import Stack
    from darkroom.wanted import Wanted


DEFAULT_STACK = "darkroom"


def of_a_stack(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which stack."""
    named = click.option(
        "--stack", "stack_name", metavar="NAME", help=f"The deployed stack (default: {DEFAULT_STACK})."
    )
    embedded = click.option("--local", is_flag=True, help="The embedded AWS that `darkroom local up` started.")
    return named(embedded(command))


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="IN…")
@of_a_stack
@click.option(
    "--api",
    "address",
    metavar="URL",
    help="An API's address instead; its key is in DARKROOM_API_KEY, or a token in DARKROOM_API_TOKEN.",
)
@asks(default="")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what went well.")
@click.option("-o", "--output", metavar="FOLDER", default=".", show_default=True, help="Where the results go.")
@click.option("--force", is_flag=True, help="Replace files that are there; never the photos themselves.")
@click.option("--timeout", default=600, show_default=True, help="Seconds to wait for each job.")
def submit(
    names: tuple[str, ...],
    stack_name: str | None,
    local: bool,
    address: str | None,
    quiet: bool,
    output: str,
    force: bool,
    timeout: int,
    **asked: Any,
) -> None:
    """Upload photos to a deployed stack, wait for their jobs, and fetch results and manifests.

    Example: darkroom submit in.jpg scans/ -o better/ --recipe vivid
    """
    from darkroom import report
    from darkroom.cli import outputs, told

    if bool(local) + bool(stack_name) + bool(address) > 1:
        raise click.UsageError("--local, --stack and --api exclude each other")

    wanted = read_wanted(**asked)
    wanted.to_metadata()  # what an upload has no room for is refused now
    photos = inputs.find(inputs.without_results(names), output)
    paths = [path for path, _ in photos]
    files = outputs.Outputs([*paths, *also_read(asked["recipe_source"], wanted)], force=force)
    chosen = wanted.to_recipe()
    beside = chosen.sidecar == "beside"
    targets = outputs.plan_in(photos, output, chosen.format)
    for source, target in zip(paths, targets, strict=True):
        if is_there(source):
            claim(files, target, source, beside=beside)
    send, fetch = by_api(address, wanted) if address else by_stack(find_stack(stack_name, local), wanted)
    uploads, attempts = [], Attempts()
    for source, target in zip(paths, targets, strict=True):
        with attempts.on(source):
            uploads.append((source, target, send(os.path.basename(source), read_file(source))))
    for source, target, upload in with_progress(uploads):
        with attempts.on(source):
            done = fetch(upload, timeout)
            path = os.path.splitext(target)[0] + done.extension
            if path != target:  # the stack's own default recipe asks for another format
                claim(files, path, source, beside=beside)
            for name, body in ((path, done.photo), (f"{path}.json", done.manifest)):
                files.write(name, body)
            if done.sidecar is not None and not beside:  # the stack's own default recipe asks for it
                files.claim_sidecar(path, source, beside=True)
            files.write_sidecar(path, done.sidecar)
            if not quiet:
                click.echo(f"{shown(source)} → {shown(path)}  {told.line(report.read(done.manifest))}")
    attempts.end()


def find_stack(name: str | None, local: bool) -> Stack:
    embedded = joined.load(joined.STACKS, "local") if local else dict
    if embedded is None:
        raise StepFailed("no-local", "the embedded AWS comes with darkroom's repository: run `make` there")
    from darkroom.client.stack import Stack

    return Stack.find(name or DEFAULT_STACK, **embedded())


def claim(files: Outputs, target: str, source: str, *, beside: bool) -> None:
    """Keep the paths of a result, its manifest and a sidecar beside it. Raises click's usage error."""
    for path in (target, f"{target}.json"):
        files.claim(path, source)
    files.claim_sidecar(target, source, beside=beside)


class Fetched(NamedTuple):
    """What a job left."""

    extension: str
    photo: bytes
    manifest: bytes
    sidecar: bytes | None


Send = Callable[[str, bytes], Any]
"""Uploads a photo under a name, and gives what its job is known by."""

Fetch = Callable[[Any, float], Fetched]
"""Waits for a job, and gives what it left."""


def by_stack(stack: Stack, wanted: Wanted) -> tuple[Send, Fetch]:
    """Through the buckets and the table, with the caller's AWS credentials."""
    from msgspec import to_builtins

    from darkroom import report

    def fetch(upload: str, timeout: float) -> Fetched:
        job = stack.wait(upload, timeout)
        extension = posixpath.splitext(job["result"]["key"])[1]
        manifest = stack.download(job["manifest"])
        beside = report.read(manifest).sidecar
        sidecar = stack.download(to_builtins(beside)) if beside and beside.key else None
        return Fetched(extension, stack.download(job["result"]), manifest, sidecar)

    return lambda name, body: stack.upload(name, body, wanted), fetch


def by_api(address: str, wanted: Wanted) -> tuple[Send, Fetch]:
    """Through the HTTP API, with what the environment holds for it."""
    from darkroom.client import Client

    api = Client.find(address)

    def fetch(job: str, timeout: float) -> Fetched:
        links = api.wait(job, timeout).links
        if links.result is None or links.manifest is None:
            raise StepFailed("download", "the result is no longer there")
        extension = posixpath.splitext(urlsplit(links.result).path)[1]
        photo, manifest = api.download(links.result), api.download(links.manifest)
        return Fetched(extension, photo, manifest, api.download(links.sidecar) if links.sidecar else None)

    return lambda name, body: api.submit(body, wanted, filename=name), fetch
