"""Commands that use a deployed stack: in an AWS account, or the embedded one on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import msgspec

from darkroom.cli.main import cli, fail
from darkroom.cli.photos import find_recipe, read_file, with_progress, write_atomically
from darkroom.cli.reference import echo_json
from darkroom.client.api import Api
from darkroom.client.stack import Stack, Upload
from darkroom.errors import DarkroomError, StepFailed
from darkroom.recipe import find


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="IN…")
@click.option("--stack", "stack_name", metavar="NAME", help="The deployed stack (default: darkroom).")
@click.option("--local", is_flag=True, help="The embedded AWS that `darkroom local up` started.")
@click.option(
    "--api",
    "address",
    metavar="URL",
    help="An API's address instead; its key is in DARKROOM_API_KEY, or a token in DARKROOM_API_TOKEN.",
)
@click.option("--recipe", "recipe_source", metavar="NAME|FILE", help="A built-in recipe or a JSON file.")
@click.option("--step", "step_texts", multiple=True, metavar="NAME:key=value,…", help="A step to run; repeatable.")
@click.option("--blend", type=click.IntRange(0, 100), help="Percent of the result over the original.")
@click.option("-o", "--output", metavar="FOLDER", default=".", show_default=True, help="Where the results go.")
@click.option("--timeout", default=600, show_default=True, help="Seconds to wait for each job.")
def submit(
    inputs: tuple[str, ...],
    stack_name: str | None,
    local: bool,
    address: str | None,
    recipe_source: str | None,
    step_texts: tuple[str, ...],
    blend: int | None,
    output: str,
    timeout: int,
) -> None:
    """Upload photos to a deployed stack, wait for their jobs, and fetch results and manifests."""
    if bool(local) + bool(stack_name) + bool(address) > 1:
        raise click.UsageError("--local, --stack and --api exclude each other")
    if recipe_source and step_texts:
        raise click.UsageError("--recipe and --step exclude each other")
    metadata = upload_metadata(recipe_source, step_texts, blend)
    send, fetch = (
        by_api(address, metadata)
        if address
        else by_stack(Stack.find(stack_name or "darkroom", **(local_package().connection() if local else {})), metadata)
    )
    Path(output).mkdir(parents=True, exist_ok=True)
    uploads, failed = [], False
    for source in inputs:
        try:
            uploads.append((source, send(Path(source).name, read_file(source))))
        except (DarkroomError, OSError) as error:
            failed = True
            fail(f"{source}: {getattr(error, 'message', error)}")
    for source, upload in with_progress(uploads):
        try:
            for name, body in fetch(upload, timeout):
                target = Path(output) / name
                write_atomically(str(target), body)
                click.echo(target)
        except DarkroomError as error:
            failed = True
            fail(f"{source}: {error.message}")
    if failed:
        raise SystemExit(1)


Send = Callable[[str, bytes], Any]
"""Uploads a photo under a name, and gives what its job is known by."""

Fetch = Callable[[Any, float], Iterator[tuple[str, bytes]]]
"""Waits for a job, and gives the files that it left with their names."""


def by_stack(stack: Stack, metadata: dict[str, str]) -> tuple[Send, Fetch]:
    """Through the buckets and the table, with the caller's AWS credentials."""

    def fetch(upload: Upload, timeout: float) -> Iterator[tuple[str, bytes]]:
        job = stack.wait(upload, timeout)
        for place in (job["result"], job["manifest"]):
            yield Path(place["key"]).name, stack.download(place)

    return lambda name, body: stack.upload(name, body, metadata), fetch


def by_api(address: str, metadata: dict[str, str]) -> tuple[Send, Fetch]:
    """Through the HTTP API, with what the environment holds for it."""
    api = Api.find(address)
    wishes: dict[str, Any] = dict(metadata)
    if wishes.get("recipe", "").startswith("{"):
        wishes["recipe"] = json.loads(wishes["recipe"])
    if "blend" in wishes:
        wishes["blend"] = int(wishes["blend"])

    def fetch(job: str, timeout: float) -> Iterator[tuple[str, bytes]]:
        links = api.wait(job, timeout)["links"]
        name = PurePosixPath(unquote(urlsplit(links["result"]).path)).name
        yield name, api.download(links["result"])
        yield f"{name}.json", api.download(links["manifest"])

    return lambda name, body: api.submit(name, body, wishes), fetch


@cli.group()
def local() -> None:
    """The embedded AWS on this machine, with the stack deployed."""


@local.command()
def up() -> None:
    """Start it and deploy the stack (a minute or so the first time)."""
    echo_json(local_package().up())


@local.command()
def down() -> None:
    """Stop it. What it held is gone."""
    local_package().down()


@local.command()
def status() -> None:
    """Say whether it runs, and where."""
    echo_json(local_package().status())


def upload_metadata(recipe_source: str | None, step_texts: tuple[str, ...], blend: int | None) -> dict[str, str]:
    """The object metadata that asks for a recipe. Raises `RecipeInvalid` here, before anything is uploaded."""
    metadata: dict[str, str] = {}
    if recipe_source or step_texts:
        source = find_recipe(recipe_source, step_texts)
        chosen = find(source)
        plain = isinstance(source, str) or recipe_source == chosen.name
        # Metadata is ASCII, and JSON can be.
        metadata["recipe"] = chosen.name if plain else json.dumps(msgspec.to_builtins(chosen))
    if blend is not None:
        metadata["blend"] = str(blend)
    return metadata


def local_package() -> Any:
    """The package that runs the embedded AWS. It is part of the repository, not of what is installed from it."""
    try:
        import darkroom_local
    except ModuleNotFoundError:
        raise StepFailed("no-local", "the embedded AWS comes with darkroom's repository: run `make` there") from None
    assert isinstance(darkroom_local, ModuleType)
    return darkroom_local
