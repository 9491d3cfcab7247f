"""Albums of a batch: before any of its photos is enhanced each is looked at, and those of one occasion are agreed upon.

A photo is inspected and diagnosed by the functions that do so for any job. What is known of it then lies with its
folder's others under ``batches/ID/evidence/``, and by its content under ``batches/seen/``: a second batch looks at no
photo that did not change. Then each folder's photos are gathered and drawn together as `darkroom enhance --album` does
it, and what each is to be decided by lies under ``batches/ID/agreed/``, where its job is told to read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

import darkroom
from darkroom import models
from darkroom.auto import albums, occasions, treatments
from darkroom.auto.albums import Evidence, Together
from darkroom.aws import batching, clients, storage
from darkroom.aws.batching import Folder, Line
from darkroom.aws.runtime import about, setting
from darkroom.aws.stage import BUCKET, Job
from darkroom.diagnosis import network
from darkroom.errors import ImageRejected, RecipeInvalid, StepFailed
from darkroom.ready import ready
from darkroom.report import Report

MEDIA_TYPE = "application/json"


class Seen(msgspec.Struct, frozen=True):
    """What is known of a photo of a batch. content: see `content_of`. taken: when, by its own clock."""

    key: str
    content: str
    taken: datetime | None
    evidence: Evidence


class Agreed(msgspec.Struct, frozen=True):
    """What a photo of this content is decided by."""

    content: str
    together: Together


class Sight(msgspec.Struct, frozen=True):
    """What the workflow asks of an inspected photo: what is known of it, to be kept under these keys.

    inspected: what inspect told of its report.
    """

    job: str
    picture: str
    inspected: str
    photo: str
    content: str
    keep: list[str]


def content_of(photo: Line, head: dict[str, Any]) -> str:
    """A photo, and which content of it S3 tells of."""
    return f"{photo.bucket}/{photo.key}#{head.get('VersionId') or ''}#{head['ETag']}"


def to_look_at(work: str, batch: str, asked: dict[str, str], photo: Line, salt: str) -> dict[str, Any]:
    """The `Job` of which `inspect` is told, and where what is known of the photo is to be kept; nothing where that is
    known already, or not wanted, since its recipe leaves nothing open. What is wrong with it, its own job tells.

    salt: the batch's where all is to be done again: then only what was seen by the same salt is known.
    """
    try:
        recipe = batching.recipe_of(asked)
        if not treatments.needs_diagnosis(recipe):
            return {}
        head = storage.head(photo.bucket, photo.key)
    except (RecipeInvalid, ImageRejected):
        return {}
    content = content_of(photo, head)
    told_by = "\n".join((content, recipe.animation, str(recipe.partial), darkroom.__version__, models.identity()))
    texts = [f"{told_by}\n{salt}", told_by] if salt else [told_by]
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    seen, evidence = [batching.of_seen(digest) for digest in digests], batching.of_evidence(batch, photo)
    try:
        storage.write(work, evidence, storage.read(work, seen[0])[0], MEDIA_TYPE)
        return {}
    except ImageRejected:
        pass
    job = Job(digests[0][:32], photo.bucket, photo.key, "0", head.get("VersionId") or None, asked)
    return {"job": msgspec.to_builtins(job), "photo": photo.key, "content": content, "keep": [evidence, *seen]}


def look(request: Sight) -> dict[str, Any]:
    """Diagnose an inspected photo, and keep what is known of it."""
    about(request.job)
    if request.picture:  # else it was deleted meanwhile
        picture = BUCKET.load_picture(request.picture)
        measurements = BUCKET.left(request.inspected, Report).measurements
        assert measurements is not None
        evidence = Evidence(measurements, network.diagnose(picture.shown()))
        seen = Seen(request.photo, request.content, occasions.taken_at(picture), evidence)
        for key in request.keep:
            storage.write(setting("WORK_BUCKET"), key, msgspec.json.encode(seen), MEDIA_TYPE)
    return {}


def agree(work: str, batch: str, run: int, folder: Folder) -> dict[str, Any]:
    """Write down what each photo of a folder is to be decided by: those of its albums of which there are enough.

    Where the run is of some of the folder's photos, all agree, and what they agree upon is written for those alone.
    """
    with ThreadPoolExecutor(clients.AT_ONCE) as pool:
        bodies = pool.map(lambda key: storage.read(work, key)[0], _listed(work, batching.evidence_in(batch, folder)))
        known = {seen.key: seen for seen in (msgspec.json.decode(body, type=Seen) for body in bodies)}

        def write(key: str, together: Together) -> None:
            place = batching.of_agreed(batch, run, Line(folder.bucket, key))
            storage.write(work, place, msgspec.json.encode(Agreed(known[key].content, together)), MEDIA_TYPE)

        shared: dict[str, Together] = {}
        for name, members in occasions.gathered([(key, seen.taken) for key, seen in known.items()]):
            told = albums.together(name, [known[key].evidence for key in members])
            shared |= {key: one for key, one in zip(members, told, strict=True) if one.album is not None}
        if wanted := frozenset(folder.photos):
            shared = {key: one for key, one in shared.items() if batching.photo_of(folder.bucket, key) in wanted}
        list(pool.map(write, shared.keys(), shared.values()))  # and raise what one of them raised
    return {"photos": len(known), "shared": len(shared)}


def agreed(work: str, batch: str, run: int, photo: Line, content: str) -> tuple[str, str] | None:
    """Where that lies by which a photo of this content is to be decided, and its digest; None for by itself."""
    key = batching.of_agreed(batch, run, photo)
    try:
        body, _ = storage.read(work, key)
    except ImageRejected:
        return None
    return (key, hashlib.sha256(body).hexdigest()) if _decoded(body).content == content else None


def load(key: str) -> Together:
    """What `agree` wrote. Raises `StepFailed` where it is forgotten."""
    try:
        return _decoded(storage.read(setting("WORK_BUCKET"), key, listed=False)[0]).together
    except ImageRejected:
        raise StepFailed("expired", "what the photo's album agreed upon is gone: begin the batch anew") from None


def _decoded(body: bytes) -> Agreed:
    return msgspec.json.decode(body, type=Agreed)


def _listed(work: str, prefix: str) -> Iterable[str]:
    try:
        yield from (one["Key"] for one in clients.objects(clients.client("s3"), work, prefix))
    except (ClientError, BotoCoreError) as error:
        raise storage.translate(error) from error


ready(Seen, Agreed)
