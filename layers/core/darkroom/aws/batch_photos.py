"""What a batch's children do around the workflow: look which photos are to be done, and account for each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

import darkroom
from darkroom import models
from darkroom.aws import albums, batching, clients, endings, items, storage
from darkroom.aws.batching import Folder, Line, Outcome
from darkroom.errors import ImageRejected, RecipeInvalid, StepFailed

ELSEWHERE = "step.elsewhere", "another execution has the photo, and did not end"
FORGOTTEN = "step.forgotten", "the job's record was deleted while it ran"


class Batch(msgspec.Struct, frozen=True):
    """Of `batching.Settings`, what a child needs, and which run it is of."""

    id: str
    run: int
    asked: dict[str, str]
    to: str
    sequencer: str
    salt: str
    album: bool = False


class Ended(msgspec.Struct, frozen=True):
    """How the workflow ended: Step Functions' status, what it gave back, or its error and cause."""

    status: str
    answer: dict[str, Any]
    error: str
    cause: str


class Photo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A photo on its way through a child.

    upload: the workflow's input, where the photo is to be done; else it has its outcome already. tries: how often it
    was looked at.
    """

    photo: Line
    batch: Batch
    upload: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    tries: int = 0
    outcome: Outcome | None = None
    ended: Ended | None = None


class Album(msgspec.Struct, frozen=True):
    """A folder's photos, of which albums are made."""

    folder: Folder
    batch: Batch


class Asked(msgspec.Struct, frozen=True):
    """What the workflow asks: to look at photos, or to account for them; of those of albums, whether one is to be
    measured and diagnosed, and to agree about those of a folder."""

    look: list[Photo] = []
    account: list[Photo] | None = None
    evidence: Photo | None = None
    agree: Album | None = None


@dataclass(frozen=True)
class Stores:
    """The table of jobs, and the work bucket."""

    table: str
    work: str


def look(stores: Stores, asked: Photo) -> Photo:
    """The photo with what the workflow is to be given for it, or with its outcome where that is known.

    What was done follows from the photo's content, the recipe, darkroom's version, its networks and what its album
    agreed upon: so does the id of its job. It is done where that job's record says so and its result is the one that
    now lies there.
    """
    photo, batch = asked.photo, asked.batch
    tried = replace(asked, tries=asked.tries + 1, upload=msgspec.UNSET, outcome=None, ended=None)
    wanted = _wanted(asked)
    try:
        recipe = batching.recipe_of(wanted)
        head = storage.head(photo.bucket, photo.key)
    except (RecipeInvalid, ImageRejected, StepFailed) as error:  # of this photo, and no reason to leave others undone
        status: batching.Status = "failed" if isinstance(error, StepFailed) else "rejected"
        return replace(tried, outcome=_outcome(photo, status, code=error.code, message=error.message))
    version = head.get("VersionId") or ""
    content = albums.content_of(photo, head)
    agreed = albums.agreed(stores.work, batch.id, batch.run, photo, content) if batch.album else None
    whole = "\n".join(
        (content, batch.to, msgspec.json.encode(recipe).decode(), darkroom.__version__, models.identity())
        + ((agreed[1],) if agreed else ())
    )
    job = ""
    for salt in dict.fromkeys((batch.salt, batch.id)):
        job = hashlib.sha256(f"{whole}\n{salt}".encode()).hexdigest()[:32]
        record = _record(stores.table, job)
        if record is None or record["status"] not in ("succeeded", "superseded"):
            break
        if record["status"] == "superseded" or _lies_there(record, job):
            places = _places(record)
            return replace(tried, outcome=_outcome(photo, "skipped", job=job, **places))
    named: dict[str, Any] = {"key": photo.key, "sequencer": batch.sequencer}
    if version:
        named["version-id"] = version
    ours = {"job": job, "owner": f"{batching.OWNER}{batch.id}", "asked": wanted, "to": f"{batch.to}{photo.key}"}
    if agreed:
        ours["together"] = agreed[0]
    return replace(tried, upload={"detail": {"bucket": {"name": photo.bucket}, "object": named, "batch": ours}})


def to_look_at(stores: Stores, asked: Photo) -> dict[str, Any]:
    """What `inspect` is to be told of a photo of an album."""
    batch = asked.batch
    return albums.to_look_at(stores.work, batch.id, _wanted(asked), asked.photo, batch.salt)


def agree(stores: Stores, asked: Album) -> dict[str, Any]:
    return albums.agree(stores.work, asked.batch.id, asked.batch.run, asked.folder)


def _wanted(asked: Photo) -> dict[str, str]:
    """As an upload's metadata ask."""
    return asked.batch.asked if asked.photo.asked is None else asked.photo.asked


def account(stores: Stores, photos: list[Photo]) -> dict[str, Any]:
    """Write down how each ended. Gives the number of those left undone, and why."""
    outcomes = [one.outcome or _of_end(one) for one in photos]
    batch = photos[0].batch
    for one in outcomes:
        key = batching.of_outcome(batch.id, batch.run, one)
        storage.write(stores.work, key, msgspec.json.encode(one), "application/json")
    undone = [one for one in outcomes if one.status not in batching.DONE]
    return {"undone": len(undone), "why": "; ".join(f"{one.code}: {one.message}" for one in undone)[:1000]}


def _of_end(photo: Photo) -> Outcome:
    """The outcome of a photo that went through the workflow, or could not be looked at."""
    ended = photo.ended
    assert ended is not None
    job = photo.upload["detail"]["batch"]["job"] if photo.upload else ""
    status = ended.answer.get("status")
    if ended.status == "SUCCEEDED" and status in ("succeeded", "superseded"):
        places = _places(ended.answer)
        return _outcome(photo.photo, status, job=job, **places)
    if ended.status == "SUCCEEDED":
        code, message = ELSEWHERE if status == "duplicate" else FORGOTTEN
        return _outcome(photo.photo, "failed", job=job, code=code, message=message)
    if ended.status == "TIMED_OUT" or ended.error == "States.Timeout":
        code, message = endings.REASONS["TIMED_OUT"]
        return _outcome(photo.photo, "failed", job=job, code=code, message=message)
    said = _said(ended.cause)
    code, _, message = said.partition(": ")
    if not code.startswith(("image.", "recipe.", "step.", "transient.")):
        code, message = ended.error, said
    rejected = code.startswith(("image.", "recipe."))
    return _outcome(photo.photo, "rejected" if rejected else "failed", job=job, code=code, message=message[:2000])


def _said(cause: str) -> str:
    """A cause in words. A Lambda function's is JSON."""
    try:
        return str(msgspec.json.decode(cause, type=dict[str, Any])["errorMessage"])
    except (msgspec.MsgspecError, KeyError):
        return cause


def _outcome(photo: Line, status: batching.Status, **more: Any) -> Outcome:
    return Outcome(photo.bucket, photo.key, status, **more)


def _places(told: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Where result and manifest lie, with a version where there is one."""
    places = {name: told[name] for name in ("result", "manifest") if told.get(name)}
    return {name: {part: value for part, value in place.items() if value} for name, place in places.items()}


def _record(table: str, job: str) -> items.Record | None:
    try:
        return items.find(clients.client("dynamodb"), table, job)
    except (ClientError, BotoCoreError) as error:
        raise items.translate(error) from error


def _lies_there(record: Mapping[str, Any], job: str) -> bool:
    """Whether what now lies under the result's key is this job's."""
    place = record["result"]
    try:
        return bool(storage.head(place["bucket"], place["key"])["Metadata"].get("job") == job)
    except ImageRejected:
        return False
