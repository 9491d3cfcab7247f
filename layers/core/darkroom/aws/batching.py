"""Batches as all know them who begin, do or follow them: their settings, and where in the work bucket things lie.

``batches/listed/…`` names all, those of each owner too, so that a list of keys has the newest first. Of each
``batches/ID/batch.json`` has the settings, ``batches/ID/runs/N.jsonl`` the photos of each run (the first, and one more
for each redrive), and ``batches/ID/outcomes/…`` how each photo ended. A run is an execution that is called ``ID-N``.
Where photos are decided about as albums, ``batches/ID/albums/N.jsonl`` has the folders of a run's photos; see
`darkroom.aws.albums` for what is known of each.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from darkroom.errors import RecipeInvalid
from darkroom.ready import ready
from darkroom.recipe import Recipe
from darkroom.wanted import Wanted

ROOT = "batches/"

NEVER = (1 << 64) - 1
"""Milliseconds since 1970 that no batch begins after."""

OWNER = "batch-"
"""What the owner of a batch's jobs begins with, before the batch's id."""

MOST_AT_ONCE = 10_000
"""Children of a Distributed Map that run at once, as Step Functions bounds them."""

MOST_TOGETHER = 10
"""Photos of one child, which has five minutes for all of them, at once."""

MOST_OF_FOLDER = 2_000
"""Photos of a folder that are decided about together: one function holds what is known of all of them."""

MOST_OF_CODE = 80
"""Characters of a code in the name of an outcome; darkroom's own are shorter."""

Status = Literal["succeeded", "superseded", "skipped", "rejected", "failed"]

DONE = ("succeeded", "superseded", "skipped")
"""Ends after which nothing is left to do."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A photo, in a run's JSON Lines. asked: as an upload's metadata ask, where that differs from the batch's."""

    bucket: str
    key: str
    asked: dict[str, str] | None = None


class Folder(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """Of which photos may be decided about together. photos: those of a run, by `photo_of`; none: all of them."""

    bucket: str
    folder: str
    photos: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A batch.

    owner: who began it. source: where its photos are, in words. asked: what is done to them, as an upload's metadata
    has it. to: what stands before the photos' keys in the results bucket. sequencer: orders its results after those of
    batches before. force: whether what is done already is done again. at_once: photos that are worked on at once.
    together: photos of one child. tolerated: percent of the children that may fail before the others are not begun.
    album: whether photos of one occasion are decided about together. total: photos.
    """

    id: str
    owner: str
    source: str
    asked: dict[str, str]
    to: str
    created: str
    sequencer: str
    force: bool = False
    at_once: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 100
    together: Annotated[int, Meta(ge=1, le=MOST_TOGETHER)] = 1
    tolerated: Annotated[float, Meta(ge=0, le=100)] = 100
    album: bool = False
    total: int

    @property
    def salt(self) -> str:
        """What the ids of its jobs follow from besides photo and recipe, where each is to be done again."""
        return self.id if self.force else ""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a photo ended. result: where it lies."""

    bucket: str
    key: str
    status: Status
    job: str = ""
    code: str = ""
    message: str = ""
    result: dict[str, str] | None = None
    manifest: dict[str, str] | None = None


def place_of(address: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``. Raises `RecipeInvalid`."""
    parts = urlsplit(address, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise RecipeInvalid("bad-request", f"'{address:.200}' is not like s3://bucket/prefix")
    return parts.netloc, address.split("/", 3)[3] if address.count("/") > 2 else ""


def of_job(record: Mapping[str, Any]) -> str | None:
    """The batch that a job's record is of. Its upload's event alone would begin another job."""
    owner = str(record.get("owner", ""))
    return owner.removeprefix(OWNER) if owner.startswith(OWNER) else None


def is_id(text: str) -> bool:
    return bool(re.fullmatch("[0-9a-f]{32}", text))


def of_settings(batch: str) -> str:
    return f"{ROOT}{batch}/batch.json"


def listed_of(owner: str | None) -> str:
    """Under which an owner's batches are named, or all of them."""
    whose = "all" if owner is None else hashlib.sha256(owner.encode()).hexdigest()[:32]
    return f"{ROOT}listed/{whose}/"


def name_of(settings: Settings) -> str:
    """By which a batch stands in a list: the later it began, the further in front."""
    return f"{NEVER - int(settings.sequencer, 16):016X}-{settings.id}"


def is_name(text: str) -> bool:
    """Whether `name_of` gives such."""
    return bool(re.fullmatch("[0-9A-F]{16}-[0-9a-f]{32}", text))


def of_photos(batch: str, run: int) -> str:
    return f"{ROOT}{batch}/runs/{run:04d}.jsonl"


def of_albums(batch: str, run: int) -> str:
    """Where the folders of a run's photos lie, one a line."""
    return f"{ROOT}{batch}/albums/{run:04d}.jsonl"


def recipe_of(asked: dict[str, str]) -> Recipe:
    """What a batch, or a photo of its list, asks for: `auto` where nothing is named. Raises `RecipeInvalid`."""
    return Wanted.of_metadata(asked, "", "auto").to_recipe()


def folder_of(line: Line) -> Folder:
    return Folder(line.bucket, posixpath.dirname(line.key))


def evidence_in(batch: str, folder: Folder) -> str:
    """Under which that lies what is known of a folder's photos."""
    return f"{ROOT}{batch}/evidence/{photo_of(folder.bucket, folder.folder)}/"


def of_evidence(batch: str, line: Line) -> str:
    return f"{evidence_in(batch, folder_of(line))}{photo_of(line.bucket, line.key)}.json"


def of_seen(digest: str) -> str:
    """Where that lies what is known of a photo, for any batch. digest: of its content, and of who looked at it."""
    return f"{ROOT}seen/{digest}.json"


def of_agreed(batch: str, run: int, line: Line) -> str:
    """Where that lies by which a photo is to be decided in a run."""
    return f"{ROOT}{batch}/agreed/{run:04d}/{photo_of(line.bucket, line.key)}.json"


def of_results(batch: str, run: int) -> str:
    """Under which Step Functions writes what the children gave back."""
    return f"{ROOT}{batch}/map/{run:04d}"


def of_outcomes(batch: str) -> str:
    """Under which the outcomes of all runs lie."""
    return f"{ROOT}{batch}/outcomes/"


def photo_of(bucket: str, key: str) -> str:
    """What a photo is called among a batch's outcomes."""
    return hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()[:32]


def of_outcome(batch: str, run: int, outcome: Outcome) -> str:
    """Where the outcome of a photo lies. What it is, and why, stands in the name: a list of keys counts a batch."""
    why = re.sub("[^A-Za-z0-9.-]", "_", outcome.code)[:MOST_OF_CODE]
    name = f"{photo_of(outcome.bucket, outcome.key)}-{run:04d}-{outcome.status}{why and f'-{why}'}"
    return f"{of_outcomes(batch)}{name}.json"


def read_name(key: str) -> tuple[str, int, str, str]:
    """Photo, run, status and code of an outcome, by its key. The code is empty where all is well."""
    photo, run, status, *code = key.rpartition("/")[2].removesuffix(".json").split("-", 3)
    return photo, int(run), status, "".join(code)


def to_start(settings: Settings, work: str, run: int) -> dict[str, str]:
    """Name and input of a run's execution, as Step Functions takes them. work: the bucket."""
    together = min(settings.together, settings.at_once)
    batch = {
        "id": settings.id,
        "run": run,
        "asked": settings.asked,
        "to": settings.to,
        "sequencer": settings.sequencer,
        "salt": settings.salt,
        "album": settings.album,
    }
    given = {
        "batch": batch,
        "bucket": work,
        "photos": of_photos(settings.id, run),
        "album": settings.album,
        "albums": of_albums(settings.id, run),
        "results": of_results(settings.id, run),
        "together": together,
        "children": settings.at_once // together,
        "at_once": settings.at_once,
        "tolerated": settings.tolerated,
    }
    return {"name": f"{settings.id}-{run}", "input": msgspec.json.encode(given).decode()}


def checked(settings: Settings) -> Settings:
    """Raises `RecipeInvalid` naming what is out of bounds."""
    try:
        recipe = recipe_of(settings.asked)
        if settings.album and recipe.steps != "auto":
            raise RecipeInvalid("bad-request", f"an album is for the recipe auto: {recipe.name} decides nothing")
        return msgspec.convert(msgspec.to_builtins(settings), Settings)
    except msgspec.ValidationError as error:
        raise RecipeInvalid("bad-request", f"the batch is not valid: {error}") from None


ready(Line, Settings, Outcome)
