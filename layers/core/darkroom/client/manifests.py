"""Where a batch's photos stand: a prefix of a bucket, a list in CSV or JSON Lines, or an inventory of S3's."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import keys
from darkroom.aws.batches import Found
from darkroom.aws.batching import Line, place_of
from darkroom.client.stack import Stack
from darkroom.errors import DarkroomError, RecipeInvalid, StepFailed
from darkroom.wanted import Query, Wanted

PLACES = ("bucket", "key")


def of_list(text: str, name: str, bucket: str, asked: Mapping[str, str]) -> Iterator[Found]:
    """The photos of a list, which may ask for something of its own for each.

    text: CSV with a header, or JSON Lines. Columns and members: ``key``, ``bucket``, and what `POST /jobs` takes.
    name: of the file; ``.csv`` is CSV. bucket: of those that name none. asked: of the batch, in an upload's metadata.
    Raises `RecipeInvalid` naming the line that is wrong.
    """
    seen: set[tuple[str, str]] = set()
    rows = _csv(text) if name.lower().endswith(".csv") else _lines(text)
    for number, fields in rows:
        try:
            if fields is None:
                raise RecipeInvalid("bad-json", "not a JSON object")
            line = _line(fields, bucket, asked)
            if (line.bucket, line.key) in seen:
                raise RecipeInvalid("bad-request", f"'{line.key:.200}' stands there twice")
        except DarkroomError as error:
            raise RecipeInvalid(error.code.partition(".")[2], f"line {number} of {name}: {error.message}") from None
        seen.add((line.bucket, line.key))
        yield line, 0


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        for row in reader:
            said = {name: value for name, value in row.items() if value}
            yield reader.line_num, said
    except csv.Error as error:
        raise RecipeInvalid("bad-request", f"the CSV cannot be read after line {reader.line_num}: {error}") from None


def _lines(text: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, RecursionError):
                yield number, None


def _line(fields: Mapping[str, Any], bucket: str, asked: Mapping[str, str]) -> Line:
    place = {name: fields.get(name, "") for name in PLACES}
    place["bucket"] = place["bucket"] or bucket
    if not all(isinstance(value, str) and value for value in place.values()):
        raise RecipeInvalid(
            "bad-request", "it names no key and no bucket" if not place["key"] else "it names no bucket"
        )
    said = {name: value for name, value in fields.items() if name not in PLACES}
    unknown = set(said) - set(Query.__struct_fields__) - {"steps"}
    if unknown:
        raise RecipeInvalid("unknown-field", f"there is no '{min(unknown):.80}'")
    if not said:
        return Line(**place)
    texts = all(isinstance(value, str) for value in said.values())
    own = Wanted.of_query({n: [str(v)] for n, v in said.items()}) if texts else Wanted.of_body(said)
    return Line(**place, asked={**asked, **own.to_metadata()})


def of_inventory(stack: Stack, bucket: str, key: str, prefix: str) -> Iterator[Found]:
    """The photos of an S3 inventory in CSV, by its `manifest.json`. prefix: of the keys that are taken.

    Raises `RecipeInvalid` where it is none, or in ORC or Parquet.
    """
    try:
        manifest = json.loads(_object(stack, bucket, key))
        source, schema = manifest["sourceBucket"], [name.strip() for name in manifest["fileSchema"].split(",")]
        files, format_name = [one["key"] for one in manifest["files"]], manifest["fileFormat"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecipeInvalid("bad-request", f"s3://{bucket}/{key} is not an inventory's manifest: {error!r}") from None
    if format_name != "CSV":
        raise RecipeInvalid("bad-request", f"the inventory is in {format_name}: only CSV is read")
    for one in files:
        for row in csv.reader(io.StringIO(gzip.decompress(_object(stack, bucket, one)).decode(), newline="")):
            said = dict(zip(schema, row, strict=False))
            name = unquote_plus(said["Key"])
            old = said.get("IsLatest", "true") == "false" or said.get("IsDeleteMarker", "false") == "true"
            if not old and name.startswith(prefix) and keys.may_be_photo(name) and said.get("Size") != "0":
                yield Line(source, name), int(said.get("Size") or 0)


def read(stack: Stack, address: str) -> str:
    """A list's text, from a file or from S3. Raises OSError, `StepFailed` and `RecipeInvalid`."""
    if address.startswith("s3://"):
        body = _object(stack, *place_of(address))
    else:
        with open(address, "rb") as file:
            body = file.read()
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeInvalid("bad-request", f"'{address:.200}' is not text in UTF-8") from None


def _object(stack: Stack, bucket: str, key: str) -> bytes:
    try:
        body: bytes = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise StepFailed("batch", f"s3://{bucket}/{key:.200} could not be read: {error}") from None
    return body
